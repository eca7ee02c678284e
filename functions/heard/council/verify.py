"""A kit that tries a council's system: every example, repeats, the wrong order, and what a later Heard may send.

Each run gives the examples ids and references of their own, so that a system can be tried again and again.
"""

import http.client
import json
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from heard.receipt import receipt_for

TIMEOUT_SECONDS = 10
NO_ANSWER = 0
LONGEST = 10_000  # characters; the forms take no more
ENVELOPE = ("version", "attempt", "possible_duplicate", "reference")
EXAMPLES = Path(__file__).parent / "examples"

Message = dict[str, Any]
HandOver = Callable[[Message], int | None]
"""Gives one message to the council's system. The status it answered with, NO_ANSWER, or None where none can be seen."""

RULES = {
    "first": "answer 2xx once a message is kept",
    "handed over again": "a repeat is no mistake: answer 2xx, and make no second case",
    "a later attempt": "possible_duplicate asks you to look the id up: answer 2xx, and make no second case",
    "before its submission": "an event may come first after a redrive: keep it, and answer 2xx",
    "with fields added": "pass over fields and questions that you do not know",
    "as long as can be": f"a text has up to {LONGEST} characters of any script",
    "an event added later": "pass over events that you do not know: answer 2xx, and make no case",
    "a type added later": "pass over types that you do not know: answer 2xx, and make no case",
}


@dataclass(frozen=True)
class Step:
    """One message as it is handed over. `name`: of the example. `way`: why, a key of RULES."""

    name: str
    way: str
    message: Message

    @property
    def makes_a_case(self) -> bool:
        return bool(self.message["type"] == "submission")

    @property
    def title(self) -> str:
        return self.name if self.way == "first" else f"{self.name}, {self.way}"


@cache
def examples() -> dict[str, Message]:
    """The example messages by name. A test compares them with what Heard really sends."""
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(EXAMPLES.glob("*.json"))}


def a_run() -> list[Step]:
    """Every hand-over of one run, in order."""
    plain = list(_renewed(examples()))
    events = [replace(step, way="before its submission") for step in plain if not step.makes_a_case]
    newest_first = sorted((step for step in plain if step.makes_a_case), key=_received_at, reverse=True)
    late = {"attempt": 3, "possible_duplicate": True}
    return [
        *events,
        *newest_first,
        *(replace(step, way="handed over again") for step in plain),
        *(replace(step, way="a later attempt", message=step.message | late) for step in plain),
        *_unheard_of(examples()["smallest"], examples()["contact_failed"]),
    ]


def _received_at(step: Step) -> str:
    return str(step.message["received_at"])


def _renewed(messages: dict[str, Message]) -> Iterator[Step]:
    """The messages under new ids. What was about one case stays about one case."""
    pepper = secrets.token_bytes(32)
    receipts = {m["reference"]: receipt_for(secrets.token_hex(16), pepper) for m in messages.values()}
    for name, message in messages.items():
        receipt = receipts[message["reference"]]
        new_id = receipt.case_id if message["type"] == "submission" else secrets.token_hex(16)
        yield Step(name, "first", message | {"id": new_id, "reference": receipt.reference})


def _unheard_of(submission: Message, event: Message) -> Iterator[Step]:
    """What version 1 allows and no example shows. Each is a case, or about a case, of its own."""
    (question,) = submission["text"]
    longest = {"text": {question: ("ő👋 " * LONGEST)[:LONGEST]}}
    added = {
        "added_later": {"anything": [1, None]},
        "text": submission["text"] | {"question_added_later": "An example."},
        "choices": submission["choices"] | {"choice_added_later": ["a_code"]},
    }
    changed = {
        "as long as can be": submission | longest,
        "with fields added": submission | added,
        "an event added later": event | {"event": "added_later", "details": {"anything": 1}},
        "a type added later": {name: event[name] for name in ENVELOPE} | {"type": "added_later"},
    }
    for way, message in changed.items():
        (step,) = _renewed({"one more": message})
        yield replace(step, way=way)


def verify(hand_over: HandOver, seen: Callable[[], Any] | None = None) -> tuple[int, list[str]]:
    """Hands over a whole run, and then looks. How many messages, and what was wrong, in plain words."""
    steps = a_run()
    wrong: list[str] = []
    for number, step in enumerate(steps, start=1):
        status = hand_over(step.message)
        wrong += _judged(step, status)
        if status == NO_ANSWER and number == 1:
            return number, wrong
    if seen is not None:
        wrong += _looked_at(steps, seen())
    return len(steps), wrong


def _judged(step: Step, status: int | None) -> Iterator[str]:
    if status is not None and not 200 <= status < 300:
        answered = "gave no answer" if status == NO_ANSWER else f"answered {status}"
        yield f"{step.title}: {answered}. The rule: {RULES[step.way]}."


def _looked_at(steps: list[Step], cases: Any) -> Iterator[str]:
    """Is each submission one case, with its text, and nothing else any?"""
    if not isinstance(cases, list):
        yield "what --seen answers is no JSON list, so the cases were not looked at."
        return
    made = [case if isinstance(case, dict) else {"id": case} for case in cases]
    first: dict[str, Step] = {}
    for step in steps:
        first.setdefault(step.message["id"], step)
    for step in first.values():
        mine = [case for case in made if case.get("id") == step.message["id"]]
        if step.makes_a_case and len(mine) != 1:
            yield f"{step.title}: became {len(mine)} cases and should be one. Repeats are told by their `id`."
        if not step.makes_a_case and mine:
            yield f"{step.title}: became a case. Only a submission is one."
        if any(not _has_text(case, step.message) for case in mine):
            yield f"{step.title}: the case does not hold the text that was sent, character by character."


def _has_text(case: dict[str, Any], message: Message) -> bool:
    """True also where the council's system does not show the text. A question it does not know may be missing."""
    if "text" not in case or not isinstance(case["text"], dict):
        return "text" not in case
    known = {name: text for name, text in message.get("text", {}).items() if name != "question_added_later"}
    return all(case["text"].get(name) == text for name, text in known.items())


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A message that is led elsewhere has not been taken."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(_StayHere)


def posting_to(endpoint: str, timeout: float = TIMEOUT_SECONDS) -> HandOver:
    """POSTs each message as JSON in UTF-8."""

    def post(message: Message) -> int:
        body = json.dumps(message, ensure_ascii=False).encode()
        request = urllib.request.Request(endpoint, body, {"Content-Type": "application/json"})  # noqa: S310 - see cli
        try:
            with _opener.open(request, timeout=timeout) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            refused.close()
            return refused.code
        except (OSError, http.client.HTTPException):
            return NO_ANSWER

    return post


def looking_at(address: str, timeout: float = TIMEOUT_SECONDS) -> Callable[[], Any]:
    """What the council's system says it has made cases of; None when it does not say so in JSON."""

    def look() -> Any:
        try:
            with _opener.open(address, timeout=timeout) as answer:
                return json.load(answer)
        except (OSError, http.client.HTTPException, ValueError):
            return None

    return look
