"""Use case: what has become of it? Answered to whoever holds the secret code: the person, or their advocate."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from heard import log
from heard.case import PERSON, Case
from heard.clock import stamp
from heard.holder import Holder, advocates_code, holder_of
from heard.ports import StaleCase, Store
from heard.receipt import Peppers
from heard.timeline import EVERYTHING, Timeline, for_advocate, timeline_of


def follow(typed_code: str, store: Store, peppers: Peppers, now: datetime, *, look: bool = True) -> Timeline:
    """The timeline of the case with this code; raises CodeUnknown. `look`: its news are seen by that."""
    holder = holder_of(typed_code, store, peppers)
    if holder.by == PERSON and look:
        _mark_as_seen(holder.case, store, stamp(now))
    return timeline_for(holder, peppers, now)


def timeline_for(holder: Holder, peppers: Peppers, now: datetime) -> Timeline:
    """What this holder may see of the case."""
    case, told = holder.case, timeline_of(holder.case, now)
    if holder.by == PERSON:
        return replace(told, advocates_code=advocates_code(case, peppers), advocate=_allowed(case))
    return for_advocate(
        told, sees_everything=bool(case.advocate and case.advocate.answers["advocate_sees"] == EVERYTHING)
    )


def _allowed(case: Case) -> dict[str, Any] | None:
    """What the person allows their advocate. Not the name: others may look on."""
    if case.advocate is None:
        return None
    return {name: said for name, said in case.advocate.answers.items() if name in ("advocate_sees", "advocate_lists")}


def _mark_as_seen(case: Case, store: Store, now: str) -> None:
    """One write, and only after news. When it does not go through they stay new; looking never fails by it."""
    if any(case.is_new(update) for update in case.updates):
        try:
            store.replace(replace(case, seen_at=now))
        except StaleCase:
            return
        except Exception as broken:
            log.note("follow", "broken", problem=log.where(broken))
