"""What we write to a person who said that it is safe: that we have it, that there is news, and never what was said."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from markupsafe import Markup, escape

from heard.answers import ADDRESS_FOR, Answers
from heard.case import ACKNOWLEDGEMENT, NEWS, PARKED, PERSON, Case, Entry
from heard.clock import by_day, moment, stamp
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

Channel = Literal["email", "text"]
EMAIL: Channel = "email"
TEXT: Channel = "text"

SUBJECTS = {ACKNOWLEDGEMENT: "letter.subject", NEWS: "letter.news_subject"}


@dataclass(frozen=True)
class Letter:
    """One email, in words alone and as HTML. `to` is the only thing in it that the person typed.

    Or one text message, by its `channel`: words alone, without a subject.
    """

    to: str
    subject: str
    text: str
    html: str
    channel: Channel = EMAIL


def channel_of(contact: Answers) -> Channel:
    """By which of the two a letter to this contact goes; whether one may go at all is another question."""
    return TEXT if contact.get("contact") == TEXT else EMAIL


def may_write(contact: Answers, *, texts: bool) -> bool:
    """True only when it was said to be safe, and the address is there for the way they chose; silence means no.

    `texts`: whether this site sends text messages by itself (`text_messages` in the council's file).
    """
    channel = contact.get("contact")
    by_ourselves = channel == EMAIL or (texts and channel == TEXT)
    return by_ourselves and bool(_address(contact)) and contact.get("contact_is_safe") == "yes"


def _address(contact: Answers) -> Any:
    question, _ = ADDRESS_FOR[channel_of(contact)]
    return contact.get(question)


def wants_acknowledgement(answers: Answers, *, texts: bool) -> bool:
    """What the first message says about it."""
    return may_write(answers, texts=texts) and answers.get("acknowledge") == "yes"


def wants_news(contact: Answers, *, texts: bool) -> bool:
    """What the person said last about it."""
    return may_write(contact, texts=texts) and contact.get("news") == "yes"


def is_wanted(kind: str, case: Case, *, texts: bool) -> bool:
    """True only when the person asked for this letter and may be written to by email or text, by what they said last.

    The one place that decides whether anything is sent by itself. Nothing goes to an address from which a letter came
    back, and nothing to who has stopped. Who is reached through their advocate, by telephone or by post is written to
    by people, and so is who chose texts where this site sends none; how old they are and how urgent it is changes
    nothing.
    """
    wish = case.answers.get("acknowledge") if kind == ACKNOWLEDGEMENT else case.contact.get("news")
    return wish == "yes" and may_write(case.contact, texts=texts) and case.contact_works and not case.is_withdrawn


def quiet(case: Case, *, texts: bool = False) -> Case:
    """The same case without the letters in its outbox that are not wanted any more: a change holds at once.

    Nor those that could not be sent: whoever changes how they are reached begins anew.
    """
    kept = (
        entry
        for entry in case.outbox
        if entry.recipient != PERSON or (entry.due != PARKED and is_wanted(entry.what, case, texts=texts))
    )
    return replace(case, outbox=tuple(kept))


def with_news(case: Case, about: int | str, now: str, *, texts: bool = False) -> Case:
    """The same case with a letter that there is something new, where one is wanted and none is on its way.

    It goes out by day. `about`: the number of an update, or `late-DAY`.
    """
    on_its_way = any(entry.what == NEWS and entry.due != PARKED for entry in case.outbox)
    if on_its_way or not is_wanted(NEWS, case, texts=texts):
        return case
    letter = Entry(f"{NEWS}:{about}", due=stamp(by_day(moment(now))), since=now)
    return replace(case, outbox=(*case.outbox, letter))


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
    """The letter of this kind, in the language and voice the person used, for the way they chose."""
    words = Words(case.language, case.voice)
    direction = languages()[case.language]["direction"]
    to = _address(case.contact)
    if channel_of(case.contact) == TEXT:
        return Letter(to, "", _text_message(kind, words, direction, council), "", TEXT)
    subject, paragraphs = SUBJECTS[kind], list(_paragraphs(kind, words, case, council))
    text = "\n\n".join(paragraph.plain(direction) for paragraph in paragraphs) + "\n"
    return Letter(to, words(subject), text, _page(words, words(subject), direction, paragraphs))


def link_letter(to: str, words: Words, address: str, minutes: int) -> Letter:
    """A link that somebody asked for. `to` is as the council registered it, and nothing is as it was typed."""
    direction = languages()[words.language]["direction"]
    link = Paragraph(words("letter.link"), {"minutes": words.number(minutes), "address": address})
    paragraphs = [link, Paragraph(words("letter.link_not_asked"), {})]
    text = "\n\n".join(paragraph.plain(direction) for paragraph in paragraphs) + "\n"
    subject = words("letter.link_subject")
    return Letter(to, subject, text, _page(words, subject, direction, paragraphs))


def _text_message(kind: str, words: Words, direction: str, council: dict[str, Any]) -> str:
    """Short, and such as may be read on a locked screen.

    The name has a line of its own, the last: a line takes its direction from its first letter.
    """
    lines = [paragraph.plain(direction) for paragraph in (_told(kind, words), _where_to_look(words, council))]
    return "\n".join([*lines, council["sender"]["name"]]) + "\n"


def _told(kind: str, words: Words) -> Paragraph:
    return Paragraph(words("letter.news" if kind == NEWS else "letter.received"), {})


def _where_to_look(words: Words, council: dict[str, Any]) -> Paragraph:
    address = council["address"] + path_of("follow", words.language, words.voice)
    return Paragraph(words("letter.follow"), {"address": address})


def _paragraphs(kind: str, words: Words, case: Case, council: dict[str, Any]) -> Iterator[Paragraph]:
    yield _told(kind, words)
    yield Paragraph(words("letter.reference"), {"reference": case.reference})
    if case.answer_due and kind == ACKNOWLEDGEMENT:
        yield Paragraph(words("letter.due", due=words.date(date.fromisoformat(case.answer_due))), {})
    yield _where_to_look(words, council)
    yield Paragraph(words("letter.no_reply"), {"phone": council["phone"] or words("frame.not_stated")})


def _page(words: Words, subject: str, direction: str, paragraphs: list[Paragraph]) -> str:
    """The letter as HTML: the same words, with their language and their direction. It fetches nothing."""
    body = Markup("\n").join(paragraph.html() for paragraph in paragraphs)
    return str(PAGE.format(language=words.language, direction=direction, subject=subject, body=body))
