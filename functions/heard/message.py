"""The messages a council's systems receive, version 1: a submission, and what happens to a case after it.

Their shapes are message.v1.schema.json and event.v1.schema.json, a promise to councils.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from heard import log
from heard.answers import Answers
from heard.case import CONTACT_FAILED, COUNCIL_MESSAGE, SAID, Case, Entry
from heard.forms import form_named
from heard.letters import EMAIL, wants_acknowledgement, wants_news
from heard.ports import NeverSent

VERSION = 1
EVENTS = {
    "tell_more": "told_more",
    "next_stage": "next_stage_asked",
    "ask_for": "help_asked",
    "change_contact": "contact_changed",
    "withdraw": "withdrawn",
    "carry_on": "carried_on",
    "closing_questions": "closing_answered",
    "name_advocate": "advocate_named",
    "remove_advocate": "advocate_removed",
}
"""What a form beside the timeline is called as an event."""
NOT_THE_STORY = frozenset(
    {"contact", "email", "phone", "postal_address", "contact_is_safe", "contact_notes", "acknowledge"}
    | {"advocate", "advocate_name", "advocate_email", "meet", "needs", "interpreter_language"}
)
"""Questions whose answers have a place of their own in the message."""


class MessageMalformed(Exception):
    """A message does not fit its own schema: a mistake of ours. Names the place in it, never a value."""


@cache
def schema(name: str = "message") -> dict[str, Any]:
    """The JSON Schema of a `message`, an `event`, an `update` or a `reply`."""
    document: dict[str, Any] = json.loads((Path(__file__).parent / f"{name}.v1.schema.json").read_text("utf-8"))
    return document


@cache
def _validator(name: str) -> Any:
    return fastjsonschema.compile(schema(name))


def build(case: Case, entry: Entry, possible_duplicate: bool, *, texts: bool = False) -> dict[str, Any]:
    """What an entry of the outbox tells the council, checked against its schema; raises MessageMalformed.

    `texts`: see letters.may_write.
    """
    kind, _, about = entry.kind.partition(":")
    if kind == COUNCIL_MESSAGE:
        return _submission(case, entry.attempts, possible_duplicate, texts)
    common = {
        "version": VERSION,
        "type": "event",
        "attempt": entry.attempts,
        "possible_duplicate": possible_duplicate,
        "reference": case.reference,
        "due": case.answer_due,
    }
    return checked(common | _event(case, entry, about, texts), "event")


def _event(case: Case, entry: Entry, about: str, texts: bool) -> dict[str, Any]:
    if entry.what == CONTACT_FAILED:
        return _contact_failed(case, about or case.contact_failed or "")
    return _said(case, about, texts) if entry.what == SAID else _reminder(case, entry, about)


def _reminder(case: Case, entry: Entry, due: str) -> dict[str, Any]:
    """`due`: the day that the reminder is about."""
    return {
        "id": hashlib.sha256(f"{case.id}\0{entry.kind}".encode()).hexdigest()[:32],
        "event": entry.what,
        "at": entry.since,
        "due": due,
        "details": {},
    }


def _contact_failed(case: Case, what_became: str) -> dict[str, Any]:
    at, reason, *by = what_became.split(" ")
    return {
        "id": hashlib.sha256(f"{case.id}\0contact_failed\0{at}".encode()).hexdigest()[:32],
        "event": CONTACT_FAILED,
        "at": at,
        "details": {"channel": by[0] if by else EMAIL, "reason": reason},
    }


def _said(case: Case, said_id: str, texts: bool) -> dict[str, Any]:
    said = next((said for said in case.said if said.id == said_id), None)
    if said is None:
        raise NeverSent("said_is_gone")
    details: dict[str, Any] = {"by": said.by, "language": case.language, "voice": case.voice}
    if said.form == "change_contact":
        details["contact"] = _contact(said.answers, texts) | _news(said.answers, texts)
    else:
        chosen = _choice_questions(said.form)
        details["text"] = {name: answer for name, answer in said.answers.items() if name not in chosen}
        details["choices"] = {name: answer for name, answer in said.answers.items() if name in chosen}
    return {"id": said.id, "event": EVENTS[said.form], "at": said.at, "details": details}


def _submission(case: Case, attempt: int, possible_duplicate: bool, texts: bool) -> dict[str, Any]:
    story = {name: answer for name, answer in case.answers.items() if name not in NOT_THE_STORY}
    chosen = {
        name for name, answer in story.items() if name in _choice_questions(case.form) or isinstance(answer, list)
    }
    message = {
        "version": VERSION,
        "type": "submission",
        "id": case.id,
        "attempt": attempt,
        "possible_duplicate": possible_duplicate,
        "reference": case.reference,
        "kind": case.form,
        "form_version": case.form_version,
        "language": case.language,
        "voice": case.voice,
        "received_at": case.received_at,
        "placement": case.placement,
        "text": {name: answer for name, answer in story.items() if name not in chosen},
        "choices": {name: answer for name, answer in story.items() if name in chosen},
        "contact": _contact(case.answers, texts),
        "advocate": _advocate(case.answers),
        "needs": _needs(case.answers),
        "urgency": {"urgent": bool(case.urgency), "reasons": list(case.urgency)},
        "suggested_procedure": {
            "procedure": case.procedure,
            "rules": case.procedure_version,
            "reasons": list(case.reasons),
        },
        "due": case.due,
        "answers_sha256": case.digest,
    }
    return checked(message, "message")


def read(body: str) -> dict[str, Any] | None:
    """A message as a queue holds it, or None when it is none: that must not hold up the others."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        log.note("queue", "unreadable")
        return None
    return message


def checked(message: dict[str, Any], schema_name: str) -> dict[str, Any]:
    """The same message, which fits the schema of this name; raises MessageMalformed."""
    try:
        _validator(schema_name)(message)
    except fastjsonschema.JsonSchemaException as malformed:
        raise MessageMalformed(".".join(map(str, getattr(malformed, "path", [])))) from None
    return message


def _choice_questions(form_name: str) -> set[str]:
    return {question.id for question in form_named(form_name).questions if question.options}


def _contact(answers: Answers, texts: bool) -> dict[str, Any]:
    """How the person may be reached. `safe` is true only if they said so; then alone may anything be sent unasked."""
    safe = answers.get("contact_is_safe") == "yes"
    return {
        "channel": answers.get("contact"),
        "safe": safe,
        "notes": answers.get("contact_notes"),
        "email": answers.get("email"),
        "phone": answers.get("phone"),
        "postal_address": answers.get("postal_address"),
        "acknowledgement_wanted": safe and answers.get("acknowledge") == "yes",
        "acknowledgement_sent_by": "heard" if wants_acknowledgement(answers, texts=texts) else None,
    }


def _news(answers: Answers, texts: bool) -> dict[str, Any]:
    """Whether they want to be told of anything new, and by whom they are."""
    wanted = answers.get("contact_is_safe") == "yes" and answers.get("news") == "yes"
    return {"news_wanted": wanted, "news_sent_by": "heard" if wants_news(answers, texts=texts) else None}


def _advocate(answers: Answers) -> dict[str, Any]:
    return {
        "wish": answers.get("advocate"),
        "name": answers.get("advocate_name"),
        "email": answers.get("advocate_email"),
        "meet_in_person": answers.get("meet"),
    }


def _needs(answers: Answers) -> dict[str, Any]:
    return {"codes": answers.get("needs", []), "interpreter_language": answers.get("interpreter_language")}
