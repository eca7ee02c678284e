"""The languages of the site: which can be published, how they write a day, and the pages each is built from."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import babel
import yaml

from content import CONTENT, read_yaml, write_json
from heard.places import VOICE_FOLDER
from words import status_of, translations

ENGLISH = "en"
PAGES = CONTENT / "pages"
TRANSLATED = ("help", "what-happens", "rights", "privacy", "leaving", "contact", "index")
"""Prose that every language has of its own."""
IN_ENGLISH = ("accessibility",)
"""Prose that stays English and says so."""
FRONT_MATTER = re.compile(r"\A---\n(.*?)\n---\n", re.S)
PATTERN = {
    "EEEE": "{day_name}", "MMMM": "{month}", "M": "{month_number}", "dd": "{day}", "d": "{day}", "y": "{year}",
}  # fmt: skip


def rows() -> dict[str, dict[str, Any]]:
    """content/languages.yml: English first."""
    found: dict[str, dict[str, Any]] = read_yaml(CONTENT / "languages.yml")
    return found


def is_draft(row: dict[str, Any]) -> bool:
    return "checked" not in row


def published(council: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The languages that this council's site is built in: complete, wanted, and checked unless it takes drafts."""
    wanted = council["languages"] or rows()
    return {
        tag: {
            "name": row["name"],
            "direction": row["direction"],
            "draft": is_draft(row),
            "voices": row.get("voices", tag),
        }
        for tag, row in rows().items()
        if tag == ENGLISH or (tag in wanted and is_complete(tag) and (not is_draft(row) or council["publish_drafts"]))
    }


def is_complete(tag: str) -> bool:
    """Every text and every prose page is there and made from the English as it is now."""
    done = all(row.missing == row.fuzzy == 0 for row in status_of(tag))
    return done and not missing_prose(tag) and not stale_prose(tag)


def prose() -> list[str]:
    """Every page that a language has of its own, by its path below the language's folder."""
    return [f"{folder}{page}.md" for folder in VOICE_FOLDER.values() for page in TRANSLATED]


def missing_prose(tag: str) -> list[str]:
    return [path for path in prose() if not (PAGES / tag / path).exists()]


def stale_prose(tag: str) -> list[str]:
    """Pages made from an English page that has changed since."""
    there = [path for path in prose() if (PAGES / tag / path).exists()]
    return [path for path in there if front_matter(PAGES / tag / path).get("english") != fingerprint(path)]


def fingerprint(path: str) -> str:
    """Of an English page; a translation carries that of the page it was made from as `english`."""
    return hashlib.sha256((PAGES / ENGLISH / path).read_bytes()).hexdigest()[:12]


def front_matter(path: Path) -> dict[str, Any]:
    found = FRONT_MATTER.match(path.read_text(encoding="utf-8"))
    facts: dict[str, Any] = yaml.load(found.group(1), yaml.BaseLoader) if found else {}  # noqa: S506 - texts only
    return facts


def words_of(tag: str, english: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What the functions read of a language."""
    texts = english if tag == ENGLISH else translations(tag)
    locale = babel.Locale.parse(rows()[tag].get("like", tag), sep="-")
    plurals = [locale.plural_form(number) for number in range(200)]
    return {"words": texts, "calendar": calendar_words(locale), "plurals": plurals}


def calendar_words(locale: babel.Locale) -> dict[str, Any]:
    """Month and day names and the long date pattern, so that the functions need no Babel."""
    return {
        "months": [locale.months["format"]["wide"][month] for month in range(1, 13)],
        "days": [locale.days["format"]["wide"][day] for day in range(7)],
        "pattern": "{day_name} {day} {month} {year}"
        if locale.language == ENGLISH
        else _pattern(locale.date_formats["full"].pattern),
    }


def _pattern(cldr: str) -> str:
    """CLDR's pattern of a long date, e.g. `EEEE, d MMMM y`, with names of our own; what it quotes stays as it is."""
    parts = re.findall(r"'([^']*)'|(E{4}|M{4}|M|d{1,2}|y)|([^'])", cldr)
    return "".join(quoted or PATTERN.get(field, "") or other for quoted, field, other in parts)


def pages_for(tag: str, folder: Path) -> Path:
    """The Markdown a language is built from: its own prose, and English pages that hold no words of their own."""
    if tag == ENGLISH:
        return PAGES / ENGLISH
    target = folder / tag
    shutil.rmtree(target, ignore_errors=True)
    for english in sorted((PAGES / ENGLISH).rglob("*.md")):
        path = english.relative_to(PAGES / ENGLISH)
        own = PAGES / tag / path
        written = target / path
        written.parent.mkdir(parents=True, exist_ok=True)
        if path.stem in IN_ENGLISH:
            written.write_text(_as_english(english.read_text(encoding="utf-8"), path.stem), encoding="utf-8")
        else:
            shutil.copy(own if path.stem in TRANSLATED else english, written)
    return target


def _as_english(markdown: str, page: str) -> str:
    """A page that stays English inside a page of another language."""
    body = FRONT_MATTER.sub("", markdown)
    return f'---\nwords: {page}\n---\n<div lang="en" dir="ltr" markdown>\n\n{body}\n</div>\n'


def compile_languages(compiled: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Writes what the functions read of each published language; takes and follows compile_content.

    Packed: a function that starts reads one language, and carries all of them.
    """
    found = published(compiled["council"])
    write_json("languages.json", found)
    for tag in found:
        write_json(f"words/{tag}.json.gz", words_of(tag, compiled["words"]))
    return found
