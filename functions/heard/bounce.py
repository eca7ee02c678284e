"""Use case: a letter did not reach its reader, or was not wanted. The case says so, and the council is told."""

import re
from dataclasses import replace
from datetime import datetime

from heard import log
from heard.case import CONTACT_FAILED, Case, Entry
from heard.clock import stamp
from heard.letters import channel_of, quiet
from heard.ports import Messenger, StaleCase, Store
from heard.receipt import read_reference

UNDELIVERABLE = "undeliverable"
UNWANTED = "unwanted"
REASONS = (UNDELIVERABLE, UNWANTED)
LETTER_ID = r"[0-9a-f]{32}-(?:acknowledgement|news-(?:\d+|late-[\d-]{10}))(?:-c(\d+))?"
"""Others may send letters by the same account."""


def bounced(named: str, reason: str, store: Store, now: datetime) -> Case | None:
    """Marks the contact as failed on the case that a letter's id or a reference names. The first reason stays.

    A second one counts after the person has said another way to reach them.

    None when there is no such case: a letter may come back after its case was deleted. A reason outside
    REASONS is a ValueError: what mail servers say quotes addresses, and must not be kept.
    """
    if reason not in REASONS:
        raise ValueError("not a reason a letter fails for")
    while True:
        case = _case_named(named, store)
        if case is None or not case.contact_works or not _is_to_this_contact(named, case):
            return case
        try:
            return store.replace(_marked(case, reason, stamp(now)))
        except StaleCase:
            continue


def collect(messenger: Messenger, store: Store, now: datetime) -> int:
    """Asks a messenger that does not tell by itself which letters reached nobody; of how many cases they were."""
    ours = (letter_id for letter_id in messenger.returned() if re.fullmatch(LETTER_ID, letter_id))
    return sum(_is_marked(letter_id, store, now) for letter_id in ours)


def _is_marked(letter_id: str, store: Store, now: datetime) -> bool:
    try:
        return bounced(letter_id, UNDELIVERABLE, store, now) is not None
    except Exception as broken:  # a case that cannot be read holds up no other
        log.note("bounce", "broken", problem=log.where(broken))
        return False


def _marked(case: Case, reason: str, now: str) -> Case:
    to_tell = Entry(f"{CONTACT_FAILED}:{now} {reason} {channel_of(case.contact)}", due=now, since=now)
    return quiet(replace(case, contact_failed=f"{now} {reason}", outbox=(*case.outbox, to_tell)))


def _is_to_this_contact(named: str, case: Case) -> bool:
    """False for a letter to an address that the person has replaced since. Messengers tell of one for days."""
    letter = re.fullmatch(LETTER_ID, named)
    return letter is None or int(letter[1] or 0) == case.contact_number


def _case_named(named: str, store: Store) -> Case | None:
    """A letter's id begins with its case's id, see deliver."""
    reference = read_reference(named)
    return store.with_reference(reference) if reference else store.with_id(named.partition("-")[0])
