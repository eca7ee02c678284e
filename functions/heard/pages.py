"""Whole pages as HTML: the templates of site/templates inside the frame that the site's own theme drew.

One renderer serves the static site (a form nobody has filled in yet) and every answer of the functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from jinja2 import ChainableUndefined, Environment, ModuleLoader
from markupsafe import Markup, escape

from heard.case import Case
from heard.clock import day_in_england, moment
from heard.controls import HONEYPOT, control, direction, error_summary, error_word, icon, spoken
from heard.council import council
from heard.forms import Form, Question, form_named
from heard.link import MINUTES
from heard.places import path_of
from heard.procedure import clocks_on
from heard.receipt import Receipt
from heard.timeline import Step, Timeline
from heard.wording import COMPILED, VOICES, Words

TITLE_MARK = "@@title@@"
CONTENT_MARK = "@@content@@"


@dataclass(frozen=True)
class Filled:
    """A form and what is in it so far. `problems` maps question id to code; `key` is there once one was given."""

    form: Form
    words: Words
    answers: Mapping[str, Any] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)
    key: str | None = None
    placement: str | None = None

    def hidden(self) -> list[tuple[str, str]]:
        """What travels with the answers, unseen."""
        facts = {"form": self.form.name, "form_version": self.form.version}
        facts |= {"lang": self.words.language, "voice": self.words.voice}
        facts |= {"key": self.key or "", "placement": self.placement or ""}
        return [(name, str(value)) for name, value in facts.items()]

    def hidden_answers(self) -> list[tuple[str, str]]:
        pairs = ((name, value if isinstance(value, list) else [value]) for name, value in self.answers.items())
        return [(name, one) for name, values in pairs for one in values]


@dataclass(frozen=True)
class Offered:
    """A form beside the timeline that was sent: what was in it, what did not fit, or why it was not kept."""

    form: str
    answers: Mapping[str, Any]
    problems: Mapping[str, str]
    warning: str | None = None

    @property
    def kept(self) -> bool:
        """True when what was sent is in the case now."""
        return not self.problems and self.warning is None


@dataclass(frozen=True)
class Held:
    """What the page of a timeline carries along: the code, and a fresh key for what is said from it."""

    code: str
    key: str
    offered: Offered | None = None


@cache
def environment() -> Environment:
    """Templates compiled at build time; nothing is parsed here."""
    templates = Environment(
        loader=ModuleLoader(COMPILED / "templates"), autoescape=True, undefined=ChainableUndefined, auto_reload=False
    )
    templates.globals |= {
        "icon": icon, "control": control, "direction": direction, "error_summary": error_summary,
        "error_word": error_word, "spoken": spoken, "stated": stated,
        "honeypot": HONEYPOT, "council": council(), "path_of": path_of, "voices": VOICES,
    }  # fmt: skip
    return templates


def stated(words: Words, fact: Any) -> Any:
    """A fact from the council's file, or the words for one that it does not state."""
    return words("frame.not_stated") if fact is None else fact


def render(template: str, words: Words, **values: Any) -> Markup:
    """A part of a page, in one language and voice."""

    def link(page: str) -> str:
        return path_of(page, words.language, words.voice)

    html = (
        environment()
        .get_template(template)
        .render(w=words, lang=words.language, voice=words.voice, link=link, **values)
    )
    return Markup(html)  # noqa: S704 - templates escape


@cache
def _frame(language: str, voice: str) -> str:
    return (COMPILED / "frames" / f"{language}-{voice}.html").read_text(encoding="utf-8")


def framed(words: Words, title: str, content: Markup) -> str:
    """A whole page. Content goes in first, so that nothing in it can pass for a mark."""
    before, after = _frame(words.language, words.voice).split(CONTENT_MARK)
    return before.replace(TITLE_MARK, str(escape(title))) + str(content) + after


def form_content(filled: Filled) -> Markup:
    """A form, empty or with answers and problems: heading, error summary and controls."""
    return render("form.html", filled.words, filled=filled, form=filled.form)


def form_page(filled: Filled) -> str:
    title = filled.words(f"pages.{filled.form.name}")
    if filled.problems:
        title = f"{filled.words('frame.error_prefix')} {title}"
    return framed(filled.words, title, form_content(filled))


def check_page(filled: Filled, notices: tuple[str, ...] = (), warning: str | None = None) -> str:
    """The answers read back before sending. `warning`: a wording key for what went wrong last time."""
    asked = [question for question in filled.form.questions if filled.words.voice in question.asked_in]
    given = [question for question in filled.form.questions if question.id in filled.answers]
    skipped = [q for q in asked if q.id not in filled.answers and not q.ruled_out_by(filled.answers)]
    content = render(
        "check.html", filled.words, filled=filled, given=given, skipped=_worth_asking(skipped, filled.answers),
        notices=notices, warning=warning,
    )  # fmt: skip
    return framed(filled.words, filled.words("check.title"), content)


def _worth_asking(skipped: list[Question], answers: Mapping[str, Any]) -> list[Question]:
    """Questions that hang on another nobody answered are not offered again: that other one is."""
    return [question for question in skipped if all(name in answers for name in question.asked_when)]


def receipt_page(words: Words, receipt: Receipt, case: Case, key: str) -> str:
    content = render(
        "receipt.html",
        words,
        receipt=receipt,
        case=case,
        key=key,
        digits=grouped(receipt.code_digits),
        clocks=clocks_on(council(), day_in_england(moment(case.received_at))),
        **_dates(words, case),
    )
    return framed(words, words(f"receipt.title.{case.form}"), content)


def receipt_text(words: Words, receipt: Receipt, case: Case) -> str:
    """The receipt as a text file to keep. Nothing of what was written is in it."""
    return str(
        render(
            "receipt.txt", words, receipt=receipt, case=case, digits=grouped(receipt.code_digits), **_dates(words, case)
        ).unescape()
    )


def _dates(words: Words, case: Case) -> dict[str, Any]:
    """The days promised at receipt. Without a day for the answer the page says so; `longest` stands in a sentence."""
    promised = {name: words.date(date.fromisoformat(day)) for name, day in (case.due or {}).items()}
    return {"answer": promised.get("answer"), "longest": stated(words, promised.get("longest"))}


def grouped(digits: str) -> str:
    """Twenty digits in fours, easier to copy."""
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


def follow_content(words: Words, problem: str | None = None) -> Markup:
    """The form that takes a code. What was typed is never shown again: every wrong code gives the same page."""
    return render("follow.html", words, problem=problem)


def follow_page(words: Words, problem: str) -> str:
    return framed(words, f"{words('frame.error_prefix')} {words('pages.follow')}", follow_content(words, problem))


def timeline_page(words: Words, timeline: Timeline, held: Held) -> str:
    content = render(
        "timeline.html", words, timeline=timeline, held=held, on=date.fromisoformat,
        forms={name: _offered(name, words, held.offered) for name in timeline.can}, told=_told,
        thanks=held.offered is not None and held.offered.kept,
        clocks=clocks_on(council(), timeline.steps[0].on), naming=form_named("name_advocate"),
    )  # fmt: skip
    return framed(words, words("timeline.title"), content)


def timeline_text(words: Words, timeline: Timeline) -> str:
    """The timeline as a text file to keep: what the page shows, and no code."""
    return str(render("timeline.txt", words, timeline=timeline, on=date.fromisoformat, told=_told).unescape())


def cases_page(words: Words, found: Mapping[str, Timeline], missed: int, *, listed: bool = False) -> str:
    """Several cases by their codes, which travel on in this page alone. `missed`: how many codes opened none.

    `listed`: they came by a link that works no second time, so the page has to stay when one is opened.
    """
    content = render("cases.html", words, found=found, missed=missed, listed=listed, on=date.fromisoformat)
    return framed(words, words("cases.title"), content)


def sign_in_page(words: Words, state: str, token: str = "", *, empty: bool = False) -> str:
    """Around a link: `ask` for one, it may be `sent`, `open` the list with its token, or it is `gone`.

    `empty`: no address was typed. What was typed is never shown again.
    """
    title = words(f"sign_in.{state}.title")
    content = render("sign_in.html", words, state=state, token=token, empty=empty, minutes=words.number(MINUTES))
    return framed(words, f"{words('frame.error_prefix')} {title}" if empty else title, content)


def _told(step: Step) -> list[Question]:
    """The questions whose answers this step reads back."""
    return list(form_named(step.step).questions) if "answers" in step.said else []


def _offered(name: str, words: Words, offered: Offered | None) -> Filled:
    """A form beside the timeline, with the answers that did not fit where it is the one that was sent."""
    if offered is None or offered.form != name or offered.kept:
        return Filled(form_named(name), words)
    return Filled(form_named(name), words, offered.answers, offered.problems)


def sorry_page(words: Words, reason: str) -> str:
    """An error with no dead end: what to do now, and other ways to reach somebody."""
    return framed(words, words(f"sorry.{reason}.title"), render("sorry.html", words, reason=reason))
