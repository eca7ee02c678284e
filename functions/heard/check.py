"""Use case: are these answers fit to be sent?"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heard.answers import ADDRESS_FOR, Answers, accept
from heard.forms import form_named


@dataclass(frozen=True)
class Checked:
    """Answers that fit, and codes of things the person may want to know before sending. None of them blocks."""

    answers: Answers
    notices: tuple[str, ...]


def check(form_name: str, raw: Mapping[str, Any]) -> Checked:
    """Raises FormUnknown or AnswersRejected. Touches no store: checking is free."""
    answers = accept(form_named(form_name), raw)
    return Checked(answers, tuple(_notices(answers)))


def _notices(answers: Answers) -> list[str]:
    """Only the message is ever required, so a wish we cannot fulfil is pointed out and not refused."""
    found = []
    channel = answers.get("contact")
    if channel in ADDRESS_FOR:
        question, notice = ADDRESS_FOR[channel]
        if question not in answers:
            found.append(notice)
        elif answers.get("contact_is_safe") != "yes":
            found.append("not_said_safe")
    return found
