"""The translations: English from YAML to a catalogue, each language's PO file held against it.

    heard words extract       content/translations/words.pot, for translators and their tools
    heard words merge         every PO file brought up to date with the English
    heard words status        what is complete, fuzzy or missing, by language and voice

A text's permanent key is its msgctxt: `complaint.what_happened.label/easy`. When the English under a key changes, its
translation stays and becomes fuzzy, with the English it was made from beside it. Fuzzy counts as missing.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

from content import CONTENT, VOICES, english_words, read_yaml

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


@dataclass(frozen=True)
class Status:
    """How far one voice of one language is, in texts. A missing text that is critical keeps the language back."""

    language: str
    voice: str
    complete: int
    fuzzy: int
    missing: int
    critical: int


def status_of(language: str) -> list[Status]:
    """A row for each voice, counted against the English as it is now."""
    critical = tuple(read_yaml(TRANSLATIONS / "critical.yml"))
    now = merged(language, template(), read(language))
    found = []
    for voice in VOICES:
        texts = [message for message in now if message.id and str(message.context).endswith(f"/{voice}")]
        fuzzy = [message for message in texts if message.string and message.fuzzy]
        missing = [message for message in texts if not message.string]
        kept_back = [message for message in [*fuzzy, *missing] if str(message.context).startswith(critical)]
        done = len(texts) - len(fuzzy) - len(missing)
        found.append(Status(language, voice, done, len(fuzzy), len(missing), len(kept_back)))
    return found


def languages() -> list[str]:
    """The tags that need a translation."""
    return [tag for tag in read_yaml(CONTENT / "languages.yml") if tag != "en"]


def extract() -> None:
    write(template(), TEMPLATE)


def merge() -> None:
    english = template()
    for language in languages():
        write(merged(language, english, read(language)), path_of(language))


def show_status() -> None:
    from languages import missing_prose, stale_prose  # which asks here for the texts

    print(f"{'':10}{'voice':10}{'complete':>9}{'fuzzy':>7}{'missing':>9}{'critical':>10}   pages missing, stale")
    for language in languages():
        pages = f"   {len(missing_prose(language))}, {len(stale_prose(language))}"
        for row in status_of(language):
            counts = f"{row.complete:9}{row.fuzzy:7}{row.missing:9}{row.critical:10}"
            print(f"{language:10}{row.voice:10}{counts}{pages}")
            pages = ""


def main() -> None:
    {"extract": extract, "merge": merge, "status": show_status}[sys.argv[1]]()


if __name__ == "__main__":
    main()
