"""One life of a case, told while calls fail, and what must be true of it in the end.

The people in it do what people do: they try again until it went through.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from heard import web
from heard.answers import digest
from heard.bounce import UNDELIVERABLE, bounced
from heard.clock import stamp
from heard.exchange import Request
from heard.follow import follow
from heard.holder import CodeUnknown
from heard.message import EVENTS
from heard.remind import remind
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
WORD = "qzx-said-since"
SAID = {
    "tell_more": {"more": f"They moved me again. {WORD}"},
    "next_stage": {"still_wrong": WORD},
    "ask_for": {"help_wanted": ["meeting"], "help_words": WORD},
    "name_advocate": {"advocate_is": WORD, "advocate_sees": "steps"},
    "remove_advocate": {},
    "change_contact": {"contact": "post", "postal_address": WORD},
    "withdraw": {"why_stop": WORD},
    "carry_on": {},
    "closing_questions": {"closing_rights": "partly"},
}
"""What the child says since, one of these in each story."""
FORM = {"form": "complaint", "lang": "en", "voice": "young", "form_version": 1, "key": KEY}
UPDATES = [
    {"version": 2, "status": "looking_into_it", "at": "2026-11-21T09:00:00Z"},
    {"version": 1, "status": "with_council", "at": "2026-11-20T12:00:00Z"},
    {"version": 3, "status": "closed", "at": "2026-11-22T09:00:00Z"},
]
VERSIONS = [1, 2, 3]


@dataclass
class Seen:
    """What people out there saw: receipts, refusals, what the council took off its queue, and the page at the end.

    `said`: the form that was sent since. `around_it`: how many calls there were before it, and once it was passed on.
    """

    said: str = "tell_more"
    around_it: tuple[int, int] = (0, 0)
    receipts: list[dict[str, Any]] = field(default_factory=list)
    other: int = 0
    taken: list[dict[str, Any]] = field(default_factory=list)
    timeline: Timeline | None = None
    removed_early: bool = False


def tell(world: World, form: str = "tell_more") -> Seen:
    """A child sends a complaint, twice, and once with other words; it is passed on; the child says more, twice;
    the council is reminded, and answers out of order; retention looks; all goes out that can; it is closed;
    the letter comes back; the council takes what is there; the child looks."""
    seen = Seen(said=form)
    for _ in range(2):
        seen.receipts.append(world.insist(lambda s: sent(world, s, ANSWERS, {200, 201})))
    other = world.insist(lambda s: sent(world, s, ANSWERS | {"name": "another"}, {409}))
    seen.other = other["status"]
    world.sweep()
    reference = seen.receipts[0]["reference"]
    before = world.points.passed
    for _ in range(2):
        world.insist(lambda s: added(s, seen.receipts[0]["code"], form))
    world.sweep()
    seen.around_it = before, world.points.passed
    world.wait(timedelta(days=12))
    world.insist(reminded)
    for said in UPDATES[:-1]:
        world.insist(lambda s, said=said: update(reference, said, s.store, s.clock()))
    case_id = world.services.store.with_reference(reference).id
    world.insist(lambda s: s.store.forget("2026-11-22T09:00:00.000Z") + 1)  # long before its time
    seen.removed_early = world.services.store.with_id(case_id) is None
    world.sweep_until_quiet()
    world.insist(lambda s: update(reference, UPDATES[-1], s.store, s.clock()))
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


def added(services: Services, code: str, form: str) -> bool:
    """The child says more on the page of the timeline; True once it is kept."""
    body = json.dumps({"form": form, "code": code, "key": "e" * 32, **SAID[form]}).encode()
    return web.answer("say", Request("application/json", body), services).status == 200


def reminded(services: Services) -> bool | None:
    """One look of the host's or the schedule's at what is due; it comes back in any case."""
    remind(services.store, services.clock())
    return None if list(services.store.to_remind(stamp(services.clock()))) else True


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
    since = [message for message in seen.taken if message.get("event") == EVENTS[seen.said]]
    stopped = seen.said == "withdraw"  # then nothing is due, and that is where it stands
    reminders = {m["id"] for m in seen.taken if m.get("event") == "due_soon"}
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
        "I14 reminded": len(reminders) == (0 if stopped else 1),
        "I13 said twice": case is not None and len(case.said) == 1,
        "I12 said since, changed": all(told_in(m) == SAID[seen.said] for m in since),
        "page": seen.timeline is not None and seen.timeline.status == ("withdraw" if stopped else "closed"),
        "passed on": case is not None and case.delivered_at is not None,
    }
    return [name for name, held in promises.items() if not held]


def told_in(event: dict[str, Any]) -> dict[str, Any]:
    """The answers that an event carries."""
    details = event["details"]
    if "contact" in details:
        return {"contact": details["contact"]["channel"], "postal_address": details["contact"]["postal_address"]}
    return details["text"] | details["choices"]


def leaks(seen: Seen, world: World) -> list[str]:
    """Whatever quotes an answer outside the store, the queue and the person's own pages."""
    letters = [text.replace(ADDRESS, "") for _, text in world.letters()]  # the address is where a letter goes
    own_page = repr(seen.timeline).replace(WORD, "")
    quoted = (CANARY, ADDRESS, WORD)
    return [text for text in [*world.said, *letters, own_page] if any(words in text for words in quoted)]
