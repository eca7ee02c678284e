"""One life of a case, told while calls fail, and what must be true of it in the end.

The people in it do what people do: they try again until it went through.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from heard import web
from heard.answers import digest
from heard.bounce import UNDELIVERABLE, bounced
from heard.exchange import Request
from heard.follow import follow
from heard.holder import CodeUnknown
from heard.services import Services
from heard.timeline import Timeline
from heard.update import update
from tests.faults.world import PEPPERS, World

CANARY = "qzx-canary-word"
ADDRESS = "canary.person@home.example"
KEY = "0123456789abcdef0123456789abcdef"
ANSWERS = {
    "what_happened": f"They moved me. {CANARY}",
    "name": f"{CANARY} name",
    "contact": "email",
    "email": ADDRESS,
    "contact_is_safe": "yes",
    "acknowledge": "yes",
}
SAID = "They moved me again. qzx-said-since"
FORM = {"form": "complaint", "lang": "en", "voice": "young", "form_version": 1, "key": KEY}
UPDATES = [
    {"version": 2, "status": "looking_into_it", "at": "2026-11-21T09:00:00Z"},
    {"version": 1, "status": "with_council", "at": "2026-11-20T12:00:00Z"},
    {"version": 3, "status": "closed", "at": "2026-11-22T09:00:00Z"},
]
VERSIONS = [1, 2, 3]


@dataclass
class Seen:
    """What people out there saw: receipts, refusals, what the council took off its queue, and the page at the end."""

    receipts: list[dict[str, Any]] = field(default_factory=list)
    other: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    timeline: Timeline | None = None
    removed_early: bool = False


def tell(world: World) -> Seen:
    """A child sends a complaint, twice, and once with other words; it is passed on; the child adds something, twice;
    the council answers out of order; all goes out that can; the letter comes back; the council takes what is there;
    the child looks."""
    seen = Seen()
    for _ in range(2):
        seen.receipts.append(world.insist(lambda s: sent(world, s, ANSWERS, {200, 201})))
    other = world.insist(lambda s: sent(world, s, ANSWERS | {"name": "another"}, {409}))
    seen.other = other["status"]
    world.sweep()
    reference = seen.receipts[0]["reference"]
    for _ in range(2):
        world.insist(lambda s: added(s, seen.receipts[0]["code"]))
    world.sweep()
    for said in UPDATES:
        world.insist(lambda s, said=said: update(reference, said, s.store, s.clock()))
    case_id = world.services.store.with_reference(reference).id
    world.insist(lambda s: s.store.forget("2026-11-22T09:00:00.000Z") + 1)  # long before its time
    seen.removed_early = world.services.store.with_id(case_id) is None
    world.sweep_until_quiet()
    world.insist(lambda s: bounced(f"{case_id}-acknowledgement", UNDELIVERABLE, s.store, s.clock()))
    world.sweep_until_quiet()
    seen.taken = taken(world)
    seen.timeline = world.insist(lambda s: looked(s, seen.receipts[0]["code"]))
    return seen


def sent(world: World, services: Services, answers: dict[str, Any], fine: set[int]) -> dict[str, Any] | None:
    """One press of Send: what came back, or None when it has to be pressed again."""
    body = json.dumps({**FORM, **answers}).encode()
    response = web.answer("send", Request("application/json", body), services)
    world.said.append(response.body + repr(response.headers))
    return {"status": response.status, **json.loads(response.body)} if response.status in fine else None


def added(services: Services, code: str) -> bool:
    """The child adds something on the page of the timeline; True once it is kept."""
    body = json.dumps({"form": "tell_more", "code": code, "key": "e" * 32, "more": SAID}).encode()
    return web.answer("say", Request("application/json", body), services).status == 200


def looked(services: Services, code: str) -> Timeline | None:
    try:
        return follow(code, services.store, PEPPERS, services.clock())
    except CodeUnknown:
        return None


def taken(world: World) -> list[dict[str, Any]]:
    """All there is in the queue, taken by a council that dies now and then: what it has kept, each time it had it."""
    kept: list[dict[str, Any]] = []

    def take(services: Services) -> bool:
        for message, handle in services.inbox.receive(10, visibility_seconds=20):
            kept.append(message)
            services.inbox.delete(handle)
        return True

    for _ in range(3):  # a council looks again and again; SQS need not hand out everything at once
        world.insist(take)
        world.wait(world.gap)
    return kept


def wrongs(seen: Seen, world: World) -> list[str]:
    """The promises that were broken, by name; none is as it should be."""
    case = world.services.store.with_reference(seen.receipts[0]["reference"])
    submissions = [message for message in seen.taken if message["type"] == "submission"]
    since = [message for message in seen.taken if message.get("event") == "told_more"]
    copies = {(m["id"], m["attempt"]) for m in seen.taken if not m["possible_duplicate"]}
    promises = {
        "I1 lost": bool(submissions) and any(message["type"] == "event" for message in seen.taken),
        "I2 unflagged duplicate": len(copies) == len({message_id for message_id, _ in copies}),
        "I3 two receipts": len({(r["reference"], r["code"]) for r in seen.receipts}) == 1,
        "I4 two cases": len({m["id"] for m in submissions}) == 1,
        "I5 digest": {m["answers_sha256"] for m in submissions} == {digest(ANSWERS)},
        "I6 other answers taken": seen.other == 409 and case is not None and case.answers == ANSWERS,
        "I7 version lost": case is not None and [u.version for u in case.updates] == VERSIONS,
        "I8 removed too early": not seen.removed_early,
        "I9 letter twice": len({name for name, _ in world.letters()}) == len(world.letters()) <= 1,
        "I10 leak": not leaks(seen, world),
        "I11 said since": {m["id"] for m in since} == {said.id for said in (case.said if case else ())}
        and len(since) > 0,
        "I13 said twice": case is not None and len(case.said) == 1,
        "I12 said since, changed": all(m["details"]["text"] == {"more": SAID} for m in since),
        "page": seen.timeline is not None and seen.timeline.status == "closed",
        "passed on": case is not None and case.delivered_at is not None,
    }
    return [name for name, held in promises.items() if not held]


def leaks(seen: Seen, world: World) -> list[str]:
    """Whatever quotes an answer outside the store, the queue and the person's own pages."""
    letters = [text.replace(ADDRESS, "") for _, text in world.letters()]  # the address is where a letter goes
    own_page = repr(seen.timeline).replace(SAID, "")
    quoted = (CANARY, ADDRESS, SAID.split()[-1])
    return [text for text in [*world.said, *letters, own_page] if any(words in text for words in quoted)]
