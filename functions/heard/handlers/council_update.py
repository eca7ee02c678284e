"""What the council says: what it did with a case, and each night what it has received.

Something that does not fit is left in the queue for the dead-letter queue; the others go on.
"""

import json
from functools import cache
from typing import Any

from heard import log
from heard.handlers.metrics import EmbeddedMetrics, tell_unreconciled
from heard.ports import Store
from heard.reconcile import RECEIVED, ReportRejected, note, reconcile
from heard.update import CaseUnknown, UpdateConflicts, UpdateRejected, update
from heard.wiring import cases_only, now_utc

REFUSED = (CaseUnknown, UpdateConflicts, UpdateRejected, ReportRejected, KeyError, TypeError, ValueError)


@cache
def store() -> Store:
    log.to_stderr(EmbeddedMetrics())
    return cases_only()


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands over both
    """Answers which messages failed, so that only those come back."""
    failed = [record["messageId"] for record in event["Records"] if not _taken(record["body"])]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _taken(body: str) -> bool:
    try:
        said = json.loads(body)
        if isinstance(said, dict) and said.get("type") == RECEIVED:
            _compare(said)
        else:
            _apply(said)
    except REFUSED as refused:
        log.note("update", "refused", problem=type(refused).__name__)
        return False
    except Exception as broken:
        log.note("update", "broken", problem=log.where(broken))
        return False
    return True


def _apply(said: dict[str, Any]) -> None:
    case = update(said.pop("reference"), said, store(), now_utc())
    log.note("update", "applied", reference=case.reference)


def _compare(report: dict[str, Any]) -> None:
    found = reconcile(report, store(), now_utc())
    note(found)
    tell_unreconciled(len(found.differences))
