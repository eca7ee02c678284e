"""From a question to the parameters of the GOV.UK macro that draws it, by a table from type to builder."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from heard.council import council, provider_with_a_list
from heard.forms import Form, Option, Question
from heard.wording import Words, read_compiled

Params = dict[str, Any]


def icon(name: str) -> Markup:
    """One of Material's icons, hidden from screen readers: words always stand beside it."""
    drawing = read_compiled("icons.json")[name]
    svg = f'<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{drawing}</svg>'
    return Markup(svg)  # noqa: S704 - drawn from the icon set, not from anybody's answer


def problem_text(form: Form, name: str, code: str, words: Words) -> str:
    """The sentence for a problem: the question's own words for it where there are some."""
    question = next((question for question in form.questions if question.id == name), None)
    limits = {"max_length": words.number(question.max_length)} if question else {}
    if question is None:
        return words(f"errors.{code}")
    return words.first_of(f"{question.words}.errors.{code}", f"errors.{code}", **limits)


def control(form: Form, question: Question, words: Words, answer: Any, problem: str | None) -> tuple[str, Params]:
    """The kind of control and its parameters. `answer` may be anything the person sent, fitting or not."""
    kind, build = CONTROLS[question.type]
    params: Params = {"name": question.id, "id": question.id, "idPrefix": question.id}
    hint = words.find(f"{question.words}.hint")
    if hint:
        params["hint"] = {"text": hint}
    if problem:
        params["errorMessage"] = {
            "text": problem_text(form, question.id, problem, words),
            "visuallyHiddenText": error_word(words),
        }
    return kind, params | build(question, words, answer)


def error_word(words: Words) -> str:
    """`Error` without the colon of whatever script: the macro adds one."""
    return words("frame.error_prefix").rstrip(":：፦")


def direction(question: Question) -> str:
    """Which way an answer runs, whatever the page is in: words as they are written, addresses and numbers always so."""
    return "ltr" if question.type in ("email", "phone") else "auto"


def _label(question: Question, words: Words) -> Params:
    """Where it names the advocacy service, that stands in it in English, whatever the page is in."""
    text, named = words(f"{question.words}.label"), {"classes": "question-label"}
    if "{provider}" not in text:
        return {"text": text, **named}
    provider = Markup('<span lang="en" dir="ltr">{}</span>').format(provider_with_a_list(council()))
    return {"html": Markup("<span>{}</span>").format(escape(text).format(provider=provider)), **named}


def _input(question: Question, words: Words, answer: Any) -> Params:
    kinds = {"email": ("email", "email"), "phone": ("tel", "tel")}
    html_type, input_mode = kinds.get(question.type, ("text", "text"))
    return {
        "label": _label(question, words),
        "value": answer if isinstance(answer, str) else "",
        "type": html_type,
        "inputmode": input_mode,
        "autocomplete": question.autocomplete or "off",
        "spellcheck": question.type == "text" and question.autocomplete is None,
        "attributes": {"dir": direction(question)},
    }


def _textarea(question: Question, words: Words, answer: Any) -> Params:
    text = answer if isinstance(answer, str) else ""
    return {
        "label": _label(question, words),
        "value": "\n" + text if text.startswith("\n") else text,  # HTML drops the first line break in a textarea
        "rows": question.rows,
        "autocomplete": question.autocomplete,  # never "off": browsers would then not bring a story back after Back
        "attributes": {"dir": "auto"},
    }


def _options(question: Question, words: Words, answer: Any) -> Params:
    chosen = answer if isinstance(answer, list) else [answer]
    items = [_item(question, option, words, option.code in chosen) for option in question.options_in(words.voice)]
    return {"fieldset": {"legend": _label(question, words)}, "items": items}


def _item(question: Question, option: Option, words: Words, checked: bool) -> Params:
    key = f"{question.words}.options.{option.code}"
    picture = icon(option.picture) if option.picture and words.voice != "standard" else Markup()
    item: Params = {
        "value": option.code,
        "html": picture + Markup('<span class="option-words">{}</span>').format(words(f"{key}.label")),
        "checked": checked,
    }
    hint = words.find(f"{key}.hint")
    return item | ({"hint": {"text": hint}} if hint else {})


CONTROLS: dict[str, tuple[str, Callable[[Question, Words, Any], Params]]] = {
    "text": ("input", _input),
    "email": ("input", _input),
    "phone": ("input", _input),
    "long_text": ("textarea", _textarea),
    "choice": ("radios", _options),
    "choices": ("checkboxes", _options),
}


def error_summary(form: Form, problems: Mapping[str, str], words: Words) -> Params:
    """The GOV.UK error summary: the same words as beside each question, linked to it, first in the page's order."""
    asked = [question.id for question in form.questions]
    named = sorted(problems, key=lambda name: asked.index(name) if name in asked else len(asked))
    items = []
    for name in named:
        text = problem_text(form, name, problems[name], words)
        linked = name in asked or name == HONEYPOT
        items.append({"text": text, "href": f"#{name}"} if linked else {"text": text})
    return {
        "titleText": words("errors.title"),
        "errorList": items,
        "attributes": {"tabindex": "-1", "autofocus": "autofocus", "id": "error-summary"},
    }


HONEYPOT = "homepage"
"""A box that people do not see. Only machines fill it in; a person who did is asked to empty it."""


def spoken(question: Question, answer: Any, words: Words) -> list[Markup]:
    """An answer in the person's own words: what they typed, or the labels of what they chose."""
    if question.type not in ("choice", "choices"):
        return [escape(answer)]
    codes = answer if isinstance(answer, list) else [answer]
    return [escape(words(f"{question.words}.options.{code}.label")) for code in codes]
