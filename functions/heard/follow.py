"""Use case: what has become of it? Answered to whoever holds the secret code: the person, or their advocate."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from heard.case import Case
from heard.holder import case_with_code
from heard.ports import StaleCase, Store
from heard.receipt import Peppers
from heard.timeline import Timeline, timeline_of


def follow(typed_code: str, store: Store, peppers: Peppers, now: datetime) -> Timeline:
    """The timeline of the case with this code, and its news are seen now; raises CodeUnknown."""
    case = case_with_code(typed_code, store, peppers)
    timeline = timeline_of(case, now)
    _mark_as_seen(case, store)
    return timeline


def _mark_as_seen(case: Case, store: Store) -> None:
    """One write, and only after news. Whoever changes the case at this moment wins: then it stays marked as new."""
    last = max((update.version for update in case.updates), default=0)
    if last > case.seen:
        with suppress(StaleCase):
            store.replace(replace(case, seen=last))
