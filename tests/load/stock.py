"""A data folder as it is after years: cases delivered and nearly all closed, and a queue the council has emptied."""

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import Any

from heard.case import Case, Update
from heard.clock import moment, stamp
from heard.message import build
from heard.receipt import receipt_for
from heard.receive import Submission, open_case
from heard.services import Services

SENTENCE = "We waited for the meeting and nobody came to tell us that it had been moved to another day. "
STORY = ("with_council", "looking_into_it", "reply_sent", "closed")
ONE_STILL_OPEN_IN = 50
APART = timedelta(minutes=15)  # 100,000 cases go back about three years


def answers(chance: Random) -> dict[str, Any]:
    """A complaint as people write them: some lines or a page, and a few choices. One in five wants a letter."""
    given = {
        "what_happened": SENTENCE * chance.choice([1, 4, 8, 8, 20]),
        "what_would_help": SENTENCE * chance.choice([1, 2]),
        "safe_now": "yes",
        "themes": ["communication", "delay"],
        "who": "foster_carer",
        "name": "A. Carer",
    }
    letter = {"contact": "email", "email": "carer@example.org", "contact_is_safe": "yes", "acknowledge": "yes"}
    return given | letter if chance.random() < 0.2 else given


def fill(services: Services, count: int) -> list[str]:
    """Keeps `count` cases with the host's own adapters, and returns the codes of some of them."""
    chance = Random(count)
    patterns = [_a_case(services, chance) for _ in range(20)]
    messages = {
        case.id: build(case, replace(case.outbox[0], attempts=1), possible_duplicate=False) for case in patterns
    }
    codes = []
    with services.store.database.writing(), services.queue.database.writing():
        for number in range(count):
            pattern = chance.choice(patterns)
            receipt = receipt_for(chance.randbytes(16).hex(), services.peppers[0])
            own = {"id": receipt.case_id, "reference": receipt.reference}
            services.store.accept(replace(_later(pattern, number), **own, code_hash=receipt.code_hash))
            services.queue.send(messages[pattern.id] | own)
            codes.append(receipt.code)
    take_all(services)
    return chance.sample(codes, min(count, 50))


def take_all(services: Services) -> None:
    """The council takes everything off its queue: what `delete` leaves of each message, in one write."""
    services.queue.database.connection().execute("UPDATE messages SET body = NULL WHERE body IS NOT NULL")


def _a_case(services: Services, chance: Random) -> Case:
    submission = Submission(chance.randbytes(16).hex(), "complaint", 1, "en", "standard", answers(chance))
    receipt = receipt_for(submission.key, services.peppers[0])
    return open_case(submission, receipt, services.council, services.calendar, services.clock())


def _later(case: Case, number: int) -> Case:
    """The case when it is months or years old: delivered, told about, and closed, but for a few."""
    received = moment(case.received_at) - timedelta(days=30) - number * APART
    story = STORY if number % ONE_STILL_OPEN_IN else STORY[:2]
    updates = tuple(
        Update(version, status, stamp(received + timedelta(days=5 * version)), note=SENTENCE)
        for version, status in enumerate(story, start=1)
    )
    then = {"received_at": stamp(received), "delivered_at": stamp(received)}
    return replace(case, **then, outbox=(), updates=updates, revision=7)
