"""What was answered: one marshmallow schema a form, and the rules every answer keeps.

Problems are codes (`too_long`), never sentences: the words for them are in wording, in the person's voice.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from heard.forms import Form, Question, form_named

CODES: dict[str, Any] = {"invalid": "not_text", "too_large": "not_text", "null": "required", "required": "required"}
Answers = dict[str, Any]
"""By question id: text, a code, or a list of codes. A question nobody answered is not there."""


ADDRESS_FOR = {"email": ("email", "no_email"), "text": ("phone", "no_phone"), "phone": ("phone", "no_phone")}
ADDRESS_FOR |= {"post": ("postal_address", "no_address")}
"""What a way to be reached needs, and what is pointed out when it is not there."""


class AnswersRejected(Exception):
    """Some answers do not fit. `problems` maps question id to a code; the answers themselves are not carried."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(f"{len(problems)} answers do not fit")
        self.problems = problems


def readable(text: str) -> None:
    """Refuses what no person types and no store should hold: control characters and halves of characters.

    Line breaks and tabs are text. So are joiners, marks of direction, emoji and every script.
    """
    if any(unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t" for character in text):
        raise ValidationError("unreadable")


def enough_digits(text: str) -> None:
    if sum(character.isdecimal() for character in text) < 5:
        raise ValidationError("not_a_phone")


def _text(question: Question, *rules: Callable[[str], Any], **about: str) -> fields.Field[Any]:
    """`about`: what OpenAPI is told beyond the rules."""
    length = validate.Length(max=question.max_length, error="too_long")
    told = about | ({"pattern": r"\S"} if question.required else {})
    return fields.String(
        required=question.required, validate=[readable, length, *rules], error_messages=CODES, metadata=told
    )


def _email(question: Question) -> fields.Field[Any]:
    return _text(question, validate.Email(error="not_an_email"), format="email")


def _phone(question: Question) -> fields.Field[Any]:
    return _text(question, enough_digits)


def _choice(question: Question) -> fields.Field[Any]:
    one_of = validate.OneOf(question.codes, error="unknown_choice")
    codes = {**CODES, "invalid": "unknown_choice"}
    return fields.String(required=question.required, validate=one_of, error_messages=codes)


def _choices(question: Question) -> fields.Field[Any]:
    codes = {**CODES, "invalid": "not_a_list"}
    told = {"uniqueItems": True} | ({"minItems": 1} if question.required else {})
    return fields.List(
        _choice(question), required=question.required, validate=_no_code_twice, error_messages=codes, metadata=told
    )


def _no_code_twice(codes: list[str]) -> None:
    if len(set(codes)) < len(codes):
        raise ValidationError("repeated")


BUILDERS: dict[str, Callable[[Question], fields.Field[Any]]] = {
    "text": _text,
    "long_text": _text,
    "email": _email,
    "phone": _phone,
    "choice": _choice,
    "choices": _choices,
}


@cache
def schema_for(form_name: str) -> Schema:
    """The marshmallow schema of a form. Raises FormUnknown."""
    built = {question.id: BUILDERS[question.type](question) for question in form_named(form_name).questions}
    return Schema.from_dict(built, name=form_name.capitalize())()


def tidy(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Takes off what is not part of an answer: blank answers, and the carriage returns that HTML forms add.

    Nothing else is touched: spaces, blank lines inside a text and its script stay as typed.
    """
    answers = {}
    for name, answer in raw.items():
        if isinstance(answer, str):
            answer = re.sub(r"\r\n?", "\n", answer)
            if not answer.strip():
                continue
        if answer is None or answer == []:
            continue
        answers[name] = answer
    return answers


def accept(form: Form, raw: Mapping[str, Any]) -> Answers:
    """Answers that fit the form, in the form's order; raises AnswersRejected.

    An answer that another answer rules out is set aside before it is judged: nobody is
    corrected for a box they can no longer see.
    """
    answers = tidy(raw)
    for question in form.questions:
        if question.id in answers and question.ruled_out_by(answers):
            del answers[question.id]
        elif question.type == "email" and isinstance(answers.get(question.id), str):
            answers[question.id] = answers[question.id].strip()
    try:
        loaded = schema_for(form.name).load(answers)
    except ValidationError as rejected:
        raise AnswersRejected(problem_codes(rejected)) from None
    return {question.id: loaded[question.id] for question in form.questions if question.id in loaded}


def problem_codes(rejected: ValidationError) -> dict[str, str]:
    """marshmallow's findings as one code a field."""
    found: dict[str, Any] = rejected.normalized_messages()  # type: ignore[no-untyped-call]
    return {str(name): _first_code(codes) for name, codes in found.items()}


def _first_code(found: Any) -> str:
    """marshmallow's messages nest by list position; a person needs one."""
    while isinstance(found, (dict, list)):
        found = next(iter(found.values() if isinstance(found, dict) else found))
    return "unknown" if found == "Unknown field." else str(found)


def digest(answers: Answers) -> str:
    """sha256 of the answers as canonical JSON (UTF-8, sorted keys, no spaces), in hex."""
    canonical = json.dumps(answers, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
