"""How hard a page is to read: its sentences, their length, and their Flesch-Kincaid grade.

The measure leans towards too hard, never towards too easy: syllables are rather counted twice than missed, and
headings, buttons and other scraps do not make a page look as if its sentences were shorter.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser

import pyphen

INLINE = {"a", "abbr", "b", "em", "i", "output", "span", "strong", "u"}
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}
SILENT = {"bdi", "q", "script", "style", "svg", "textarea", "time"}
"""Numbers, codes and addresses are in <bdi>; what people wrote themselves is in <q> and <textarea>."""
SET_APART = {"helpline-about", "helpline-name", "option-words", "answer-text"}
"""Inline elements that the stylesheet puts on lines of their own, as it does all <strong> and <span> in a <nav>."""


@dataclass(frozen=True)
class Element:
    """An open element, as far as reading goes."""

    tag: str
    silent: bool
    ends_sentences: bool


class Reader(HTMLParser):
    """Collects the visible text of <main>; every block stands on a line of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[Element] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            self.text += "\n" if tag == "br" else ""
            return
        attributes = dict(attrs)
        classes = set((attributes.get("class") or "").split())
        hidden = attributes.get("aria-hidden") == "true" or "hidden" in attributes or "visually-hidden" in classes
        apart = tag not in INLINE or classes & SET_APART or (tag in ("strong", "span") and self.inside("nav"))
        self.open.append(Element(tag, hidden or tag in SILENT, bool(apart)))
        self.end_sentence(self.open[-1])

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self.end_sentence(self.open.pop())

    def handle_data(self, data: str) -> None:
        if self.inside("main") and not any(element.silent for element in self.open):
            self.text += re.sub(r"\s+", " ", data)

    def end_sentence(self, element: Element) -> None:
        if element.ends_sentences and not element.silent:
            self.text += "\n"

    def inside(self, tag: str) -> bool:
        return any(element.tag == tag for element in self.open)


def blocks(page: str, names: Iterable[str] = ()) -> list[str]:
    """The visible texts of a page's <main>, one a block, without the given proper names."""
    reader = Reader()
    reader.feed(page)
    return without(reader.text, names)


def without(text: str, names: Iterable[str]) -> list[str]:
    """The lines of a text that say something, without the given names, numbers and addresses."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return [line for raw in text.split("\n") if (line := " ".join(raw.split()))]


def sentences(texts: Iterable[str]) -> list[str]:
    """Every sentence, whole or not: a heading and a button count too."""
    cut = (re.split(r"(?<=[.?!])[\"”’')]*\s+", text) for text in texts)
    return [sentence for parts in cut for sentence in parts if words(sentence)]


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’.,-][^\W_]+)*", text)


@cache
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_GB")


@cache
def syllables(word: str) -> int:
    """Rather one too many than one too few: the larger of two counts, one by vowels, one by hyphenation."""
    if word[0].isdigit():
        return sum(letter.isdigit() for letter in word)
    if word.isupper():
        return len(word)  # initials
    spelled = re.sub(r"[^a-z]", "", word.lower())
    spoken = re.sub(r"(?<=[^aeiouy])(?:e|es|ed)$", _silent_ending, spelled)
    spoken = re.sub(
        r"(?<=[iu])(?=[aeo])|(?<=e)(?=o)|(?<=[iy])(?=ng$)|(?<=e)(?=as?$)|(?<=[^aeiou]y)(?=[aeou])|(?<=[aeiou])(?=y[aeiou])",
        "-",
        spoken,
    )
    spoken = re.sub(r"(?<=[csgtx]i)-(?=[aou])|(?<=[qg]u)-", "", spoken)
    by_vowels = len(re.findall(r"[aeiouy]+", spoken))
    return max(1, by_vowels, len(_hyphens().positions(word)) + 1)


def _silent_ending(ending: re.Match[str]) -> str:
    """The last e is not spoken in `made`, `moves` and `asked`; it is in `table`, `places` and `wanted`."""
    before = ending.string[: ending.start()]
    spoken = {"e": r"[^aeiouy]l$", "es": r"(?:[^aeiouy]l|[sxz]|c|g|sh|ch)$", "ed": r"[dt]$"}[ending.group()]
    return ending.group() if re.search(spoken, before) or not re.search(r"[aeiouy]", before) else ""


def grade(texts: Iterable[str]) -> float:
    """The Flesch-Kincaid grade of running text: blocks that hold at least one whole sentence.

    0.39 (words / sentences) + 11.8 (syllables / words) - 15.59 (Kincaid et al. 1975).
    """
    running = sentences(text for text in texts if re.search(r"[.?!][\"”’')]*(\s|$)", text))
    spoken = [word for sentence in running for word in words(sentence)]
    return 0.39 * len(spoken) / len(running) + 11.8 * sum(map(syllables, spoken)) / len(spoken) - 15.59
