"""When the council is to be reminded that an answer is due, reckoned from the day it is due as that stands now.

Nothing is kept but which reminders were sent: a new day has reminders of its own, and an answered case has none.
"""

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta

from heard.case import DUE_SOON, OVERDUE, Case, Entry
from heard.clock import CalendarEnds, england, start_of

DAYS_BEFORE = 3
"""Working days before the day an answer is due."""


def reminders_of(case: Case) -> dict[str, str]:
    """What the council is still to be reminded of, with the time from which on; the earliest first. Never raises."""
    if case.answer_due is None or not case.is_awaited:
        return {}
    due, times = date.fromisoformat(case.answer_due), {}
    with suppress(CalendarEnds):  # then nobody knows which day that is
        times[f"{DUE_SOON}:{due}"] = start_of(england().working_day_before(due, DAYS_BEFORE))
    with suppress(OverflowError):  # the last day that a calendar has
        times[f"{OVERDUE}:{due}"] = start_of(due + timedelta(days=1))
    return {kind: at for kind, at in times.items() if kind not in case.reminded}


def remind_at(case: Case) -> str | None:
    """When the council is to be reminded next."""
    return min(reminders_of(case).values(), default=None)


def with_reminder(case: Case, now: str) -> Case:
    """The same case with what the council is to be reminded of now in its outbox: of what is past, no more."""
    kinds = [kind for kind, at in reminders_of(case).items() if at <= now]
    told = tuple(Entry(kind, due=now, since=now) for kind in kinds[-1:])
    return replace(case, reminded=(*case.reminded, *kinds), outbox=(*case.outbox, *told))


def is_true(reminder: Entry, case: Case) -> bool:
    """False when it was answered in the meantime, or another day is named."""
    return case.is_awaited and reminder.kind == f"{reminder.what}:{case.answer_due}"
