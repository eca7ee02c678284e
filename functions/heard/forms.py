"""What is asked: questions by id, options by code. The words for them are in wording, by the same keys."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from heard.wording import VOICES, read_compiled

FORMS = ("complaint", "compliment", "comment")
FOLLOW_UPS = (
    "tell_more", "next_stage", "ask_for", "name_advocate", "remove_advocate", "change_contact", "withdraw", "carry_on",
    "closing_questions",
)  # fmt: skip
"""Forms beside a timeline: what a person may say after the first message."""


class FormUnknown(LookupError):
    """There is no form of this name."""


@dataclass(frozen=True)
class Option:
    """One answer that can be chosen; its code is permanent."""

    code: str
    picture: str | None = None
    asked_in: tuple[str, ...] = VOICES


@dataclass(frozen=True)
class Question:
    """One question of a form; its id is permanent."""

    id: str
    type: str
    words: str
    picture: str
    options: tuple[Option, ...] = ()
    required: bool = False
    max_length: int = 200
    asked_in: tuple[str, ...] = VOICES
    asked_when: Mapping[str, list[str]] = field(default_factory=dict)
    autocomplete: str | None = None
    rows: int = 5
    shows: Mapping[str, list[str]] = field(default_factory=dict)

    @property
    def codes(self) -> tuple[str, ...]:
        return tuple(option.code for option in self.options)

    def options_in(self, voice: str) -> list[Option]:
        return [option for option in self.options if voice in option.asked_in]

    def ruled_out_by(self, answers: Mapping[str, Any]) -> bool:
        """True when another answer says that this question does not apply. Silence rules nothing out."""
        return any(
            name in answers and not _chosen(answers[name]) & set(codes) for name, codes in self.asked_when.items()
        )


def _chosen(answer: Any) -> set[str]:
    """The codes in an answer that may not have been judged yet, and so may be of any type."""
    return {code for code in (answer if isinstance(answer, list) else [answer]) if isinstance(code, str)}


@dataclass(frozen=True)
class Section:
    """Questions that stand together under one heading."""

    id: str
    words: str
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Form:
    """What is asked on one occasion, in which order."""

    name: str
    version: int
    sections: tuple[Section, ...]

    @property
    def questions(self) -> Iterator[Question]:
        return (question for section in self.sections for question in section.questions)


@cache
def form_named(name: str) -> Form:
    """The form, built from the compiled content; raises FormUnknown."""
    if name not in FORMS + FOLLOW_UPS:
        raise FormUnknown(name)
    source = read_compiled(f"forms/{name}.json")
    sections = tuple(
        Section(row["id"], row["words"], tuple(_question(entry) for entry in row["questions"]))
        for row in source["sections"]
    )
    return Form(source["name"], source["version"], sections)


def _question(source: dict[str, Any]) -> Question:
    rules: dict[str, Any] = {name: tuple(value) if name == "asked_in" else value for name, value in source.items()}
    rules["options"] = tuple(
        Option(row["code"], row.get("picture"), tuple(row.get("asked_in", VOICES))) for row in source["options"]
    )
    return Question(**rules)
