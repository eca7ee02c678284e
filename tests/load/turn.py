"""One crowd's turn at one host: how long people wait, and that everything arrives, once."""

import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from statistics import median

from heard.case import ACKNOWLEDGEMENT, Case
from heard.clock import moment
from tests.load.people import Host, Line, Sent, crowd
from tests.load.stock import take_all

PATIENCE = 30  # seconds after which what was not passed on is lost
FOLLOWED = 20  # codes tried after each turn


class NotKept(Exception):
    """A promise was broken: something was lost or doubled."""


@dataclass(frozen=True)
class Turn:
    """Waits in seconds, for the receipt and until the council's queue has it; memory in bytes."""

    accepted: int
    a_second: float
    receipt: float
    receipt_p99: float
    queue: float
    queue_p99: float
    memory: int


def one_turn(host: Host, people: int, seconds: float) -> Turn:
    """A crowd, then time to pass everything on. Then the council counts, and takes all off. Raises NotKept."""
    begun = time.monotonic()
    sent = crowd(host, people, seconds)
    ended = time.monotonic()
    while host.services.store.waiting() and time.monotonic() < ended + PATIENCE:
        time.sleep(0.05)
    queued = [message["reference"] for message in host.services.inbox.peek(limit=sys.maxsize)]
    take_all(host.services)
    agree([one.reference for one in sent], queued)
    cases = [kept_whole(host, one) for one in sent]
    follow_some(host, sent)
    receipts, deliveries = [one.waited for one in sent], [until_queued(case) for case in cases]
    return Turn(
        accepted=len(sent),
        a_second=len(sent) / (ended - begun),
        receipt=median(receipts),
        receipt_p99=p99(receipts),
        queue=median(deliveries),
        queue_p99=p99(deliveries),
        memory=host.memory(),
    )


def agree(receipts: list[str], queued: list[str]) -> None:
    """Raises NotKept unless each receipt has one message in the queue, and each message a receipt of its own."""
    given, arrived = Counter(receipts), Counter(queued)
    if given != arrived:
        raise NotKept(f"{(given - arrived).total()} lost, {(arrived - given).total()} doubled")


def kept_whole(host: Host, sent: Sent) -> Case:
    """The case of a receipt, delivered and with its letter sent; raises NotKept."""
    case = host.services.store.with_reference(sent.reference)
    if case is None or case.delivered_at is None:
        raise NotKept("a receipt has no case, or the case does not say that it was delivered")
    if sent.letter and not (host.data / "letters" / f"{case.id}-{ACKNOWLEDGEMENT}.eml").exists():
        raise NotKept("a letter was not sent")
    return case


def follow_some(host: Host, sent: list[Sent]) -> None:
    """Raises NotKept when one of some codes does not show that the council has the case."""
    with closing(Line(host)) as line:
        for one in sent[:: len(sent) // FOLLOWED + 1]:
            _, told = line.call("follow", {"code": one.code})
            if (told.get("reference"), told.get("status")) != (one.reference, "delivered"):
                raise NotKept("a code does not tell what became of its case")


def until_queued(case: Case) -> float:
    return (moment(case.delivered_at) - moment(case.received_at)).total_seconds()


def p99(seconds: Iterable[float]) -> float:
    """What all but the slowest of a hundred stay under."""
    ordered = sorted(seconds)
    return ordered[int(0.99 * (len(ordered) - 1))]
