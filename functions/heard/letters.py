"""What we write to a person who said that it is safe: that we have it, that there is news, and never what was said."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from markupsafe import Markup, escape

from heard.answers import Answers
from heard.case import ACKNOWLEDGEMENT, NEWS, PARKED, PERSON, Case, Entry
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

SUBJECTS = {ACKNOWLEDGEMENT: "letter.subject", NEWS: "letter.news_subject"}


@dataclass(frozen=True)
class Letter:
    """One email, in words alone and as HTML. `to` is the only thing in it that the person typed."""

    to: str
    subject: str
    text: str
    html: str


def may_email(contact: Answers) -> bool:
    """True only when email is wanted, the address is there, and it was said to be safe; silence means no."""
    by_email = contact.get("contact") == "email" and bool(contact.get("email"))
    return by_email and contact.get("contact_is_safe") == "yes"


def wants_acknowledgement(answers: Answers) -> bool:
    """What the first message says about it."""
    return may_email(answers) and answers.get("acknowledge") == "yes"


def is_wanted(kind: str, case: Case) -> bool:
    """True only when the person asked for this letter and may be written to by email, by what they said last.

    The one place that decides whether anything is sent by itself. Nothing goes to an address from which a letter came
    back, and nothing to who has stopped. Who is reached through their advocate, by telephone or by post is written to
    by people; how old they are and how urgent it is changes nothing.
    """
    wish = case.answers.get("acknowledge") if kind == ACKNOWLEDGEMENT else case.contact.get("news")
    return wish == "yes" and may_email(case.contact) and case.contact_works and not case.is_withdrawn


def quiet(case: Case) -> Case:
    """The same case without the letters in its outbox that are not wanted any more: a change holds at once.

    Nor those that could not be sent: whoever changes how they are reached begins anew.
    """
    kept = (
        entry
        for entry in case.outbox
        if entry.recipient != PERSON or (entry.due != PARKED and is_wanted(entry.what, case))
    )
    return replace(case, outbox=tuple(kept))


def with_news(case: Case, version: int, now: str) -> Case:
    """The same case with a letter that there is something new, where one is wanted and none is on its way."""
    if not is_wanted(NEWS, case) or any(entry.what == NEWS and entry.due != PARKED for entry in case.outbox):
        return case
    return replace(case, outbox=(*case.outbox, Entry(f"{NEWS}:{version}", due=now, since=now)))


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


def letter_for(kind: str, case: Case, council: dict[str, Any]) -> Letter:
    """The letter of this kind, in the language and voice the person used."""
    words = Words(case.language, case.voice)
    subject, paragraphs = SUBJECTS[kind], list(_paragraphs(kind, words, case, council))
    direction = languages()[case.language]["direction"]
    text = "\n\n".join(paragraph.plain(direction) for paragraph in paragraphs) + "\n"
    return Letter(case.contact["email"], words(subject), text, _page(words, words(subject), direction, paragraphs))


def _paragraphs(kind: str, words: Words, case: Case, council: dict[str, Any]) -> Iterator[Paragraph]:
    yield Paragraph(words("letter.news" if kind == NEWS else "letter.received"), {})
    yield Paragraph(words("letter.reference"), {"reference": case.reference})
    if case.answer_due and kind == ACKNOWLEDGEMENT:
        yield Paragraph(words("letter.due", due=words.date(date.fromisoformat(case.answer_due))), {})
    address = council["address"] + path_of("follow", case.language, case.voice)
    yield Paragraph(words("letter.follow"), {"address": address})
    yield Paragraph(words("letter.no_reply"), {"phone": council["phone"] or words("frame.not_stated")})


def _page(words: Words, subject: str, direction: str, paragraphs: list[Paragraph]) -> str:
    """The letter as HTML: the same words, with their language and their direction. It fetches nothing."""
    body = Markup("\n").join(paragraph.html() for paragraph in paragraphs)
    return str(PAGE.format(language=words.language, direction=direction, subject=subject, body=body))
