"""The adapters that have to keep the promises of ports.py. Another technology is one more row."""

from contextlib import closing

import pytest

from heard.adapters.sqlite import SqliteQueue, SqliteStore
from heard.case import COUNCIL_MESSAGE, Case, Entry


@pytest.fixture(params=["sqlite"])
def store(tmp_path):
    with closing(SqliteStore(tmp_path / "cases.sqlite")) as store:
        yield store


@pytest.fixture(params=["sqlite"])
def queue(tmp_path, clock):
    with closing(SqliteQueue(tmp_path / "queue.sqlite", clock)) as queue:
        yield queue


def a_case(number=1, due="2026-11-20T09:30:00.000Z", **changes):
    """A case that differs from another only by its number."""
    facts = {
        "id": f"{number:032x}", "reference": f"REF-{number}", "code_hash": f"{number:064x}", "form": "comment",
        "form_version": 1, "language": "en", "voice": "easy", "received_at": "2026-11-20T09:30:00.000Z",
        "answers": {"what_you_want_to_say": "مرحبا 👋\n"}, "digest": "d" * 64, "procedure": "comment",
        "procedure_version": "1", "reasons": ("sent_as_comment",), "due": {"answer": "2026-12-04"},
        "outbox": (Entry(COUNCIL_MESSAGE, due),) if due else (),
    }  # fmt: skip
    return Case(**{**facts, **changes})
