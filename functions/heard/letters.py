"""What we write to a person who said that it is safe: that we have it, and never what they wrote."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from heard.answers import Answers
from heard.case import Case
from heard.places import path_of
from heard.wording import Words, languages

ISOLATE, POP = "\u2066", "\u2069"
"""Around what runs left to right inside a line that runs right to left (UAX 9)."""

PAGE = Markup("""\
<!doctype html>
<html lang="{language}" dir="{direction}">
<head><meta charset="utf-8"><title>{subject}</title></head>
<body dir="{direction}" style="max-width: 36em; font: 18px/1.6 sans-serif">
{body}
</body>
</html>
""")


@dataclass(frozen=True)
class Letter:
    """One email, in words alone and as HTML. `to` is the only thing in it that the person typed."""

    to: str
    subject: str
    text: str
    html: str


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


@dataclass(frozen=True)
class Paragraph:
    """One text of a letter. `values`: what runs left to right in every language, by placeholder."""

    text: str
    values: dict[str, str]

    def plain(self, direction: str) -> str:
        """An address of a page stands on a line of its own: mail programs make a link of what stands beside it too."""
        if direction == "ltr":
            return self.text.format_map(self.values)
        apart = {name: f"{ISOLATE}{value}{POP}" for name, value in self.values.items()}
        apart |= {"address": f"\n{self.values['address']}\n"} if "address" in self.values else {}
        return self.text.format_map(apart).rstrip("\n")

    def html(self) -> Markup:
        apart = {name: Markup('<bdi dir="ltr">{}</bdi>').format(value) for name, value in self.values.items()}
        if "address" in self.values:
            apart["address"] = Markup('<a dir="ltr" href="{0}">{0}</a>').format(self.values["address"])
        return Markup("<p>{}</p>").format(escape(self.text).format_map(apart))


def acknowledgement(case: Case, council: dict[str, Any]) -> Letter:
    """The acknowledgement in the language and voice the person used."""
    words = Words(case.language, case.voice)
    direction = languages()[case.language]["direction"]
    paragraphs = list(_acknowledgement(words, case, council))
    text = "\n\n".join(paragraph.plain(direction) for paragraph in paragraphs) + "\n"
    return Letter(case.answers["email"], words("letter.subject"), text, _page(words, direction, paragraphs))


def _acknowledgement(words: Words, case: Case, council: dict[str, Any]) -> Iterator[Paragraph]:
    yield Paragraph(words("letter.received"), {})
    yield Paragraph(words("letter.reference"), {"reference": case.reference})
    if case.answer_due:
        yield Paragraph(words("letter.due", due=words.date(date.fromisoformat(case.answer_due))), {})
    address = council["address"] + path_of("follow", case.language, case.voice)
    yield Paragraph(words("letter.follow"), {"address": address})
    yield Paragraph(words("letter.no_reply"), {"phone": council["phone"]})


def _page(words: Words, direction: str, paragraphs: list[Paragraph]) -> str:
    """The letter as HTML: the same words, with their language and their direction. It fetches nothing."""
    body = Markup("\n").join(paragraph.html() for paragraph in paragraphs)
    return str(PAGE.format(language=words.language, direction=direction, subject=words("letter.subject"), body=body))
