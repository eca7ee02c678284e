"""The words a person reads, by language and voice. Codes come in, sentences go out."""

import gzip
import json
import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

COMPILED = Path(__file__).parent / "compiled"
VOICES = ("standard", "easy", "young")
COUNTED = re.compile(r"\{(\w+), plural, ((?:\w+ \{[^{}]*\} ?)+)\}")
"""A number and the word that goes with it, as ICU writes it: `{days, plural, one {# day} other {# days}}`."""
FORM = re.compile(r"(\w+) \{([^{}]*)\}")


class NotBuilt(Exception):
    """The compiled content is not there: the site has to be built first."""


class WordsMissing(KeyError):
    """No text in any voice under this key: a mistake in content/, found by the tests before a person meets it."""


@cache
def read_compiled(name: str) -> Any:
    """One file of the compiled content, read once. Callers must not change what they get."""
    try:
        content = (COMPILED / name).read_bytes()
        return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)
    except FileNotFoundError:
        raise NotBuilt("the content is not built yet; run `heard build` first") from None


def languages() -> dict[str, dict[str, Any]]:
    """Published languages: tag to own name, direction, and whether it is a draft."""
    languages: dict[str, dict[str, Any]] = read_compiled("languages.json")
    return languages


@dataclass(frozen=True)
class Words:
    """The texts of one language in one voice."""

    language: str
    voice: str

    def __call__(self, key: str, **values: object) -> str:
        """The text under `key`, its placeholders filled; raises WordsMissing.

        Looks in (language, voice), (language, standard), (English, voice), (English, standard).
        """
        text = self.find(key)
        if text is None:
            raise WordsMissing(key)
        return COUNTED.sub(lambda found: self._counted(found, values), text).format_map(values) if values else text

    def find(self, key: str) -> str | None:
        for language in dict.fromkeys((self.language, "en")):
            texts = read_compiled(f"words/{language}.json.gz")["words"].get(key, {})
            for voice in (self.voice, "standard"):
                if voice in texts:
                    return str(texts[voice])
        return None

    def first_of(self, *keys: str, **values: object) -> str:
        """The text of the first key that has one: the specific words where somebody wrote them."""
        for key in keys:
            if self.find(key) is not None:
                return self(key, **values)
        raise WordsMissing(keys[-1])

    def counted(self, number: int | None, **forms: str) -> str:
        """A number with its word in the form the language wants: `counted(3, one="# day", other="# days")`.

        None is a figure that the council's file does not state.
        """
        if number is None:
            return self("frame.not_stated")
        plurals = self._rules["plurals"]  # CLDR's names for 0 to 199; whole numbers above them repeat by hundreds
        form = plurals[number if number < len(plurals) else 100 + number % 100]
        return (forms.get(form) or forms["other"]).replace("#", self.number(number))

    def _counted(self, found: re.Match[str], values: dict[str, Any]) -> str:
        return self.counted(values[found[1]], **dict(FORM.findall(found[2])))

    @property
    def _rules(self) -> dict[str, Any]:
        rules: dict[str, Any] = read_compiled(f"words/{self.language}.json.gz")
        return rules

    def number(self, number: int) -> str:
        """In groups of three: `10,000` in English, elsewhere with a space, which nobody takes for a decimal mark."""
        return f"{number:,}" if self.language == "en" else f"{number:,}".replace(",", "\u00a0")

    def date(self, day: date) -> str:
        """A day in plain words, e.g. `Friday 4 December 2026`."""
        calendar = self._rules["calendar"]
        pattern: str = calendar["pattern"]
        return pattern.format(
            day_name=calendar["days"][day.weekday()],
            day=day.day,
            month=calendar["months"][day.month - 1],
            month_number=day.month,
            year=day.year,
        )
