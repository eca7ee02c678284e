"""Passes on what is due. The table's stream rings at once and a schedule makes sure: one code path for both."""

from dataclasses import replace
from functools import cache
from typing import Any

from heard import log
from heard.case import COUNCIL, PARKED, PERSON
from heard.deliver import Deliverer, Outcome
from heard.handlers.metrics import EmbeddedMetrics, tell_oldest
from heard.remind import remind
from heard.wiring import deliverer, passing_on

LONGEST_SEND = 32_000  # milliseconds: SES may take ten seconds to reach and twenty to answer
NOT_PARKED = PARKED[:4]
"""Due by then is everything that is still tried: what is parked waits for people, and could be much."""


@cache
def passing() -> Deliverer:
    log.to_stderr(EmbeddedMetrics())
    return deliverer(passing_on())


def handle(event: dict[str, Any], context: Any) -> dict[str, int]:
    """The cases the stream names, before their index knows them, and then whatever else is due.

    The council's messages go first: a slow mail service must not hold them up. Nothing is begun that Lambda might cut
    off: a letter whose outcome nobody knows is never sent again.
    """
    in_time = replace(passing(), has_time=lambda: context.get_remaining_time_in_millis() > LONGEST_SEND)
    named = list(dict.fromkeys(record["dynamodb"]["Keys"]["id"]["S"] for record in event.get("Records", [])))
    outcomes: list[Outcome] = []
    for recipient in (COUNCIL, PERSON):
        outcomes += in_time.deliver_cases(named, recipient)
        outcomes += in_time.deliver_due(recipient)
    if not event.get("Records"):  # by the schedule; what it puts into outboxes goes out with the next
        remind(in_time.store, in_time.clock(), texts=in_time.council["text_messages"])
    tell_oldest(passing().store.due(NOT_PARKED), passing().clock())
    return {"attempted": len(outcomes)}
