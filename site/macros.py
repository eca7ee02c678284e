"""What Markdown pages can call: forms, cards and council facts. Works in MkDocs and in Zensical alike.

The theme's own templates get their words through `extra`, because macros reach Markdown only.
"""

import os
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from compiling import compile_all
from heard import pages
from heard.clock import day_in_england
from heard.council import council
from heard.forms import form_named
from heard.places import PAGES, VOICE_FOLDER, path_of
from heard.procedure import CORPORATE, STATUTORY, clocks_on, procedure_on
from heard.wording import VOICES, Words, languages, read_compiled

COMPILED_ALREADY = "HEARD_COMPILED"
"""Set by the build, which compiles once for all languages."""
ADVOCACYS_OWN_WORDS = ("name", "for")
COUNCILS_OWN_WORDS = ("name", "team", "visit", "opening_hours")


def define_env(env: Any) -> None:
    """Called by the macros plugin once a build, with the MkDocs configuration of one language."""
    if not os.environ.get(COMPILED_ALREADY):
        compile_all()
    read_compiled.cache_clear()
    language = Path(env.conf["docs_dir"]).name
    _tell_the_theme(env, language)
    env.variables.update(_council_facts(env, language))
    for macro in (_page_macros(env, language) | _contact_macros(env, language)).items():
        env.macro(macro[1], macro[0])


def in_english(text: str, language: str) -> str:
    """What a council says of itself in its file, on a page of this language."""
    return text if language == "en" else f'<span lang="en" dir="ltr">{text}</span>'


class NotStated:
    """Stands for a fact that the council's file does not state: written out, it is the words for that."""

    def __init__(self, words: Callable[[], Words]) -> None:
        self.words = words

    def __str__(self) -> str:
        return self.words()("frame.not_stated")


def _today() -> date:
    """The day of the build: a site is built anew on the day on which new rules begin."""
    return day_in_england(datetime.now(UTC))


def _advocacy() -> dict[str, Any]:
    """Those who are named where there is room for one."""
    return next(iter(council()["advocacy"]), {})


def _council_facts(env: Any, language: str) -> dict[str, Any]:
    unstated = NotStated(lambda: Words(language, voice_of(env.page.url)))

    def own(facts: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
        return facts | {name: in_english(facts[name], language) if facts.get(name) else unstated for name in names}

    def stated(facts: dict[str, Any]) -> dict[str, Any]:
        return {
            name: stated(fact) if isinstance(fact, dict) else unstated if fact is None else fact
            for name, fact in facts.items()
        }

    return {
        "council": own(council(), COUNCILS_OWN_WORDS),
        "advocacy": own(_advocacy(), ADVOCACYS_OWN_WORDS),
        "clocks": stated(clocks_on(council(), _today())),
    }


def _below(words: Words) -> dict[str, str]:
    """What a council's file adds to a page below its prose, by page."""
    procedures = [procedure_on(council(), name, _today()) for name in (STATUTORY, CORPORATE)]
    added = {"what-happens": str(pages.render("stages.html", words, procedures=procedures))}
    if council()["areas"]:
        added["contact"] = str(pages.render("areas.html", words, areas=council()["areas"]))
    if len(council()["advocacy"]) > 1:
        added["help"] = str(pages.render("advocates.html", words, advocacy=council()["advocacy"]))
    return added


def _tell_the_theme(env: Any, language: str) -> None:
    spoken = {voice: Words(language, voice) for voice in VOICES}
    english = read_compiled("words/en.json.gz")["words"]
    frame = [key for key in english if key.startswith(("frame.", "pages.", "sorry."))]
    env.conf["extra"].update(
        {
            "language": language,
            "direction": languages()[language]["direction"],
            "draft": languages()[language]["draft"],
            "english_draft": {voice: Words("en", voice)("frame.draft") for voice in VOICES},
            "languages": languages(),
            "council": council(),
            "words": {
                voice: {key: words(key, council=council()["name"]) for key in frame} for voice, words in spoken.items()
            },
            "paths": {voice: {page: path_of(page, language, voice) for page in PAGES} for voice in VOICES},
            "below": {voice: _below(words) for voice, words in spoken.items()},
            "folders": VOICE_FOLDER,
            "fingerprint": read_compiled("assets.json")["fingerprint"],
        }
    )


def voice_of(url: str) -> str:
    """A page's voice is its folder."""
    return next((voice for voice, folder in VOICE_FOLDER.items() if folder and url.startswith(folder)), "standard")


def _page_macros(env: Any, language: str) -> dict[str, Any]:
    def words() -> Words:
        return Words(language, voice_of(env.page.url))

    def form(name: str) -> str:
        return str(pages.form_content(pages.Filled(form_named(name), words())))

    def follow() -> str:
        return str(pages.follow_content(words()))

    def home() -> str:
        return str(pages.render("home.html", words()))

    def page_link(page: str, text: str) -> str:
        return f'<a href="{path_of(page, language, words().voice)}">{text}</a>'

    def counted(number: int | NotStated, **forms: str) -> str:
        return words().counted(None if isinstance(number, NotStated) else number, **forms)

    return {"form": form, "follow": follow, "home": home, "page_link": page_link, "counted": counted}


def _contact_macros(env: Any, language: str) -> dict[str, Any]:
    def words() -> Words:
        return Words(language, voice_of(env.page.url))

    def part(name: str, *arguments: Any) -> str:
        return str(getattr(pages.environment().get_template("parts.html").module, name)(*arguments)).strip()

    def helplines(audience: str) -> str:
        wanted = {audience, "both"}
        lines = [line for line in council()["helplines"].values() if line["audience"] in wanted]
        return part("helpline_list", words(), lines)

    def helpline(key: str) -> str:
        line = council()["helplines"][key]
        return f"{words()(f'helplines.{key}.name')} ({part('phone', line['phone'])})"

    def reached(kind: str, given: dict[str, Any], name: str) -> Callable[[], str]:
        """A macro for one way to reach somebody."""
        return lambda: part(kind, given[name]) if given.get(name) else words()("frame.not_stated")

    def post() -> str:
        lines = council()["post"]
        return in_english(", ".join(lines), language) if lines else words()("frame.not_stated")

    return {
        "helplines": helplines,
        "helpline": helpline,
        "council_phone": reached("phone", council(), "phone"),
        "council_text": reached("phone", council(), "text"),
        "council_email": reached("email", council(), "email"),
        "council_post": post,
        "advocacy_phone": reached("phone", _advocacy(), "phone"),
        "advocacy_email": reached("email", _advocacy(), "email"),
    }
