"""Use case: an advocacy service opens its list of cases with a link by email. No password, nothing to remember.

Whoever asks for a link learns nothing: the answer is the same for an address that is registered and one that is not.
"""

import re
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from heard.case import Case
from heard.council import provider_with_a_list
from heard.letters import link_letter
from heard.link import MINUTES, address_id
from heard.ports import Messenger, StaleCase, Store
from heard.receipt import Peppers
from heard.wording import Words

SENT, UNREGISTERED, TOO_MANY = "sent", "unregistered", "too_many"
A_TOKEN = r"[0-9a-f]{32}-[0-9a-f]{32}"  # noqa: S105 - the shape of one: 128 random bits, and whose it is


class LinkUnknown(LookupError):
    """Nothing opens with this link: it was used, it is too old, a newer one was sent, or it never was one."""


def is_token(text: str) -> bool:
    return re.fullmatch(A_TOKEN, text) is not None


def ask(
    typed: str,
    words: Words,
    store: Store,
    messenger: Messenger,
    peppers: Peppers,
    council: dict[str, Any],
    now: datetime,
) -> str:
    """Sends a link to a registered address, which ends the link before it. What came of it is for the log alone."""
    address = next((known for known in _registered(council) if known.casefold() == typed.strip().casefold()), None)
    if address is None:
        return UNREGISTERED
    whose = address_id(address, peppers[0])
    token = f"{secrets.token_hex(16)}-{whose}"
    if not _is_kept(token, whose, store, now):
        return TOO_MANY
    link = f"{council['address']}/api/sign-in?{urlencode({'token': token, 'lang': words.language})}"
    messenger.send(link_letter(address, words, link, MINUTES), f"{_hash_of(token)[:32]}-link")
    return SENT


def _is_kept(token: str, whose: str, store: Store, now: datetime) -> bool:
    """False when there were too many lately."""
    while True:
        link = store.link(whose)
        if not link.may_be_asked_for(now):
            return False
        try:
            store.keep_link(link.asked_for(_hash_of(token), now))
        except StaleCase:  # somebody asks with the same address
            continue
        return True


def open_list(token: str, store: Store, peppers: Peppers, council: dict[str, Any], now: datetime) -> list[Case]:
    """The cases on the service's list, the oldest first: once for a link, whoever comes first. Raises LinkUnknown."""
    whose = token.rpartition("-")[2]
    if not is_token(token) or whose not in _known(council, peppers):
        raise LinkUnknown
    link = store.link(whose)
    if not link.is_opened_by(_hash_of(token), now):
        raise LinkUnknown
    cases = sorted(store.listed(provider_with_a_list(council) or ""), key=lambda case: case.received_at)
    try:
        store.keep_link(link.used())  # once the list is there: a store that fails uses up nothing
    except StaleCase:
        raise LinkUnknown from None
    return cases


def _registered(council: dict[str, Any]) -> list[str]:
    return list((council.get("advocacy_sign_in") or {}).get("emails", ()))


def _known(council: dict[str, Any], peppers: Peppers) -> set[str]:
    """An address that was taken off the council's file opens nothing from then on."""
    return {address_id(address, pepper) for address in _registered(council) for pepper in peppers}


def _hash_of(token: str) -> str:
    """No pepper: a token is random, and cannot be found by trying."""
    return sha256(token.encode()).hexdigest()
