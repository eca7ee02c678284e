"""The link by which a registered address opens a list: one for each address, for one use, for a quarter of an hour."""

import hashlib
import hmac
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from heard.clock import moment, stamp

MINUTES = 15
QUARTER, DAY = timedelta(minutes=MINUTES), timedelta(days=1)
MOST_LINKS, MOST_A_DAY = 3, 20
"""To one address in so many minutes, and in 24 hours. Beyond them nothing is sent: no stranger fills a mailbox."""


def address_id(address: str, pepper: bytes) -> str:
    """Whose link it is, for whoever knows the pepper; to anybody else it names nobody."""
    return hmac.digest(pepper, f"link\0{address.casefold()}".encode(), hashlib.sha256).hex()[:32]


@dataclass(frozen=True)
class Link:
    """All that is kept of an address: an id that nobody can make the address of, and when links were asked for lately.

    `token_hash`: of the last link, while it has not been used. `revision` counts its stored states, from 0 for none.
    """

    address_id: str
    asked_at: tuple[str, ...] = ()
    token_hash: str | None = None
    revision: int = 0

    def may_be_asked_for(self, now: datetime) -> bool:
        return len(self._since(now - QUARTER)) < MOST_LINKS and len(self._since(now - DAY)) < MOST_A_DAY

    def asked_for(self, token_hash: str, now: datetime) -> "Link":
        """The same with a new link, which ends the one before."""
        return replace(self, asked_at=(*self._since(now - DAY), stamp(now)), token_hash=token_hash)

    def is_opened_by(self, token_hash: str, now: datetime) -> bool:
        known = self.token_hash or ""
        return hmac.compare_digest(known, token_hash) and self._since(now - QUARTER) != ()

    def used(self) -> "Link":
        return replace(self, token_hash=None)

    def _since(self, then: datetime) -> tuple[str, ...]:
        return tuple(at for at in self.asked_at if moment(at) > then)

    def to_record(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Link":
        return cls(record["address_id"], tuple(record["asked_at"]), record["token_hash"], record["revision"])
