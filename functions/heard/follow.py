"""Use case: what has become of it? Answered to whoever holds the secret code: the person, or their advocate."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from heard.case import PERSON, Case
from heard.holder import Holder, advocates_code, holder_of
from heard.ports import StaleCase, Store
from heard.receipt import Peppers
from heard.timeline import EVERYTHING, Timeline, for_advocate, timeline_of


def follow(typed_code: str, store: Store, peppers: Peppers, now: datetime, *, look: bool = True) -> Timeline:
    """The timeline of the case with this code; raises CodeUnknown. `look`: its news are seen by that."""
    holder = holder_of(typed_code, store, peppers)
    if holder.by == PERSON and look:
        _mark_as_seen(holder.case, store)
    return timeline_for(holder, peppers, now)


def timeline_for(holder: Holder, peppers: Peppers, now: datetime) -> Timeline:
    """What this holder may see of the case."""
    case, told = holder.case, timeline_of(holder.case, now)
    if holder.by == PERSON:
        return replace(told, advocates_code=advocates_code(case, peppers))
    return for_advocate(
        told, sees_everything=bool(case.advocate and case.advocate.answers["advocate_sees"] == EVERYTHING)
    )


def _mark_as_seen(case: Case, store: Store) -> None:
    """One write, and only after news. Whoever changes the case at this moment wins: then it stays marked as new."""
    last = max((update.version for update in case.updates), default=0)
    if last > case.seen:
        with suppress(StaleCase):
            store.replace(replace(case, seen=last))
