"""Use case: a letter did not reach its reader, or was not wanted. From then on the case says so."""

from dataclasses import replace
from datetime import datetime

from heard.case import Case
from heard.clock import stamp
from heard.ports import StaleCase, Store
from heard.receipt import read_reference

UNDELIVERABLE = "undeliverable"
UNWANTED = "unwanted"
REASONS = (UNDELIVERABLE, UNWANTED)


def bounced(named: str, reason: str, store: Store, now: datetime) -> Case | None:
    """Marks the contact as failed on the case that a letter's id or a reference names. The first reason stays.

    None when there is no such case: a letter may come back after its case was deleted. A reason outside
    REASONS is a ValueError: what mail servers say quotes addresses, and must not be kept.
    """
    if reason not in REASONS:
        raise ValueError("not a reason a letter fails for")
    while True:
        case = _case_named(named, store)
        if case is None or case.contact_failed:
            return case
        try:
            return store.replace(replace(case, contact_failed=f"{stamp(now)} {reason}"))
        except StaleCase:
            continue


def _case_named(named: str, store: Store) -> Case | None:
    """A letter's id begins with its case's id, see deliver."""
    reference = read_reference(named)
    return store.with_reference(reference) if reference else store.with_id(named.partition("-")[0])
