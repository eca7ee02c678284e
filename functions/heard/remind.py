"""Use case: the council is reminded that an answer is due, some days before and once the day has gone by.

The person is told of the second only as they chose: as of anything new, and what it is stands on their page.
"""

from datetime import datetime

from heard import log
from heard.case import OVERDUE, Case
from heard.clock import stamp
from heard.letters import with_news
from heard.ports import StaleCase, Store
from heard.reminders import reminders_of, with_reminder


def remind(store: Store, now: datetime, *, texts: bool = False) -> int:
    """Puts the reminders whose time has come into the outboxes, once each. Says for how many cases.

    `texts`: see letters.may_write.
    """
    reminded = 0
    try:
        due = [case.id for case in store.to_remind(stamp(now))]  # read to the end before anything is written
    except Exception as broken:  # what else is to be done must not wait for this
        log.note("remind", "broken", problem=log.where(broken))
        return 0
    for case_id in due:
        try:
            reminded += _remind(case_id, store, stamp(now), texts)
        except Exception as broken:  # a case that the store cannot read or write holds up no other
            log.note("remind", "broken", problem=log.where(broken))
    return reminded


def _remind(case_id: str, store: Store, now: str, texts: bool) -> bool:
    """False when there is nothing to remind of any more: it was answered, or somebody else was faster."""
    while True:
        case = store.with_id(case_id)
        if case is None or not any(at <= now for at in reminders_of(case).values()):
            return False
        try:
            store.replace(_told(case, now, texts))
        except StaleCase:
            continue
        return True


def _told(case: Case, now: str, texts: bool) -> Case:
    reminded = with_reminder(case, now)
    late = any(entry.what == OVERDUE for entry in reminded.outbox[len(case.outbox) :])
    return with_news(reminded, f"late-{case.answer_due}", now, texts=texts) if late else reminded
