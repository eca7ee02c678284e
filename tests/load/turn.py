"""One crowd's turn at one host: how long people wait, and whether everything arrived, once."""

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from heard.case import ACKNOWLEDGEMENT, Case
from heard.clock import moment
from tests.load.people import Host, Sent, crowd, followed
from tests.load.stock import take_all

PATIENCE = 30  # seconds after which what was not passed on is lost
FOLLOWED = 20  # codes tried after each turn


@dataclass(frozen=True)
class Turn:
    """Waits in seconds, for the receipt and until the council's queue has it; memory in bytes."""

    a_second: float
    receipt: float
    receipt_p99: float
    queue: float
    queue_p99: float
    memory: int
    lost: int
    doubled: int


def one_turn(host: Host, people: int, seconds: float) -> Turn:
    """A crowd, then time to pass everything on. Then the council counts, and takes everything off the queue."""
    begun = time.monotonic()
    sent = crowd(host, people, seconds)
    ended = time.monotonic()
    while host.services.store.waiting() and time.monotonic() < ended + PATIENCE:
        time.sleep(0.05)
    cases = [host.services.store.with_reference(one.reference) for one in sent]
    queued = [message["reference"] for message in host.services.inbox.peek(limit=sys.maxsize)]
    take_all(host.services)
    lost, doubled = losses([one.reference for one in sent], queued)
    receipts, deliveries = [one.waited for one in sent], [until_queued(case) for case in cases]
    return Turn(
        a_second=len(sent) / (ended - begun),
        receipt=median(receipts),
        receipt_p99=p99(receipts),
        queue=median(deliveries),
        queue_p99=p99(deliveries),
        memory=host.memory(),
        lost=lost + letters_missing(host, sent, cases) + codes_that_do_not_tell(host, sent),
        doubled=doubled,
    )


def losses(receipts: list[str], queued: list[str]) -> tuple[int, int]:
    """How many receipts have no message in the queue, and how many messages there have no receipt of their own."""
    given, arrived = Counter(receipts), Counter(queued)
    return (given - arrived).total(), (arrived - given).total()


def letters_missing(host: Host, sent: list[Sent], cases: list[Case | None]) -> int:
    wanted = [case.id for one, case in zip(sent, cases, strict=True) if one.letter and case]
    return sum(not (host.data / "letters" / f"{each}-{ACKNOWLEDGEMENT}.eml").exists() for each in wanted)


def codes_that_do_not_tell(host: Host, sent: list[Sent]) -> int:
    """How many of some codes do not say that the council has the case."""
    some = sent[:: len(sent) // FOLLOWED + 1]
    told = [(said.get("reference"), said.get("status")) for said in followed(host, [one.code for one in some])]
    return sum(found != (one.reference, "delivered") for one, found in zip(some, told, strict=True))


def until_queued(case: Case | None) -> float:
    if case is None or case.delivered_at is None:
        return float("inf")
    return (moment(case.delivered_at) - moment(case.received_at)).total_seconds()


def p99(seconds: Iterable[float]) -> float:
    """What all but the slowest of a hundred stay under."""
    ordered = sorted(seconds)
    return ordered[int(0.99 * (len(ordered) - 1))]
