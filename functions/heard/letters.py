"""What we write to a person who said that it is safe: that we have it, and never what they wrote."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from heard.answers import Answers
from heard.case import Case
from heard.places import path_of
from heard.wording import Words


@dataclass(frozen=True)
class Letter:
    """One email. `to` is the only thing in it that the person typed."""

    to: str
    subject: str
    text: str


def wants_acknowledgement(answers: Answers) -> bool:
    """True only when an email is wanted, the address is there, and contact was said to be safe.

    The one place that decides whether anything is sent by itself; silence means no.
    """
    return (
        answers.get("contact") == "email"
        and bool(answers.get("email"))
        and answers.get("contact_is_safe") == "yes"
        and answers.get("acknowledge") == "yes"
    )


def acknowledgement(case: Case, council: dict[str, Any]) -> Letter:
    """The acknowledgement in the language and voice the person used."""
    words = Words(case.language, case.voice)
    address = council["address"] + path_of("follow", case.language, case.voice)
    lines = [words("letter.received"), words("letter.reference", reference=case.reference)]
    if case.answer_due:
        lines.append(words("letter.due", due=words.date(date.fromisoformat(case.answer_due))))
    lines += [words("letter.follow", address=address), words("letter.no_reply", phone=council["phone"])]
    return Letter(case.answers["email"], words("letter.subject"), "\n\n".join(lines) + "\n")
