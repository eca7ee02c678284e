"""The translations: English from YAML to a catalogue, each language's PO file held against it.

    heard words extract       content/translations/words.pot, for translators and their tools
    heard words merge         every PO file brought up to date with the English
    heard words status        what is complete, fuzzy or missing, by language and voice

A text's permanent key is its msgctxt: `complaint.what_happened.label/easy`. When the English under a key changes, its
translation stays and becomes fuzzy, with the English it was made from beside it. Fuzzy counts as missing.
"""

import sys
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from content import CONTENT, ContentWrong, english_words, read_yaml

TRANSLATIONS = CONTENT / "translations"
TEMPLATE = TRANSLATIONS / "words.pot"
HEADER = """# Words of Heard: {name}.
# msgctxt is the permanent key of a text and the voice that reads it. Made by `heard words`.
"""


def notes() -> dict[str, str]:
    """What translators should know, by the beginning of a key."""
    found: dict[str, str] = read_yaml(TRANSLATIONS / "notes.yml")
    return found


def template() -> Catalog:
    """Every English text, sorted by key, without line numbers: a change in the English is all that changes it."""
    told = notes()
    catalogue = _empty(None)
    for key, voices in sorted(english_words().items()):
        for voice, text in sorted(voices.items()):
            comments = [note for beginning, note in sorted(told.items()) if key.startswith(beginning)]
            catalogue.add(text, context=f"{key}/{voice}", auto_comments=comments)
    return catalogue


def _empty(language: str | None) -> Catalog:
    name = language or "the English, to be translated"
    return Catalog(locale=None, header_comment=HEADER.format(name=name).rstrip(), fuzzy=False, charset="utf-8")


def path_of(language: str) -> Path:
    return TRANSLATIONS / f"{language}.po"


def read(language: str) -> dict[str, Message]:
    """A language's texts by msgctxt; empty when nobody has begun."""
    if not path_of(language).exists():
        return {}
    with path_of(language).open("rb") as source:
        catalogue = read_po(source, abort_invalid=True)
    return {str(message.context): message for message in catalogue if message.id}


def merged(language: str, english: Catalog, known: dict[str, Message]) -> Catalog:
    """The English with this language's texts: by key, so that no text moves to another place that looks alike."""
    catalogue = _empty(language)
    for message in english:
        if not message.id:
            continue
        before = known.get(str(message.context))
        entry = catalogue.add(message.id, context=message.context, auto_comments=message.auto_comments)
        if before is None or not before.string:
            continue
        entry.string = before.string
        if before.id != message.id or before.fuzzy:
            entry.flags.add("fuzzy")
            entry.previous_id = before.previous_id if before.id == message.id else (str(before.id),)
    return catalogue


def write(catalogue: Catalog, path: Path) -> None:
    with path.open("wb") as target:
        write_po(target, catalogue, width=110, omit_header=True, sort_output=False, include_previous=True)


def translations(language: str) -> dict[str, dict[str, str]]:
    """{key: {voice: text}} of all that is translated and up to date with the English."""
    found: dict[str, dict[str, str]] = {}
    for context, message in read(language).items():
        if message.string and not message.fuzzy:
            key, _, voice = context.rpartition("/")
            found.setdefault(key, {})[voice] = str(message.string)
    return found
