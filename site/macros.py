"""What Markdown pages can call: forms, cards and council facts. Works in MkDocs and in Zensical alike.

The theme's own templates get their words through `extra`, because macros reach Markdown only.
"""

import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from compiling import compile_all
from heard import pages
from heard.council import council
from heard.forms import form_named
from heard.places import PAGES, VOICE_FOLDER, path_of
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
    env.variables.update(_council_facts(language))
    for macro in (_page_macros(env, language) | _contact_macros(env, language)).items():
        env.macro(macro[1], macro[0])


def in_english(text: str, language: str) -> str:
    """What a council says of itself in its file, on a page of this language."""
    return text if language == "en" else f'<span lang="en" dir="ltr">{text}</span>'


def _council_facts(language: str) -> dict[str, Any]:
    facts, advocacy = dict(council()), dict(council()["advocacy"])
    facts |= {name: in_english(facts[name], language) for name in COUNCILS_OWN_WORDS}
    advocacy |= {name: in_english(advocacy[name], language) for name in ADVOCACYS_OWN_WORDS}
    return {"council": facts, "advocacy": advocacy, "clocks": facts["clocks"]}


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

    return {"form": form, "follow": follow, "home": home, "page_link": page_link}


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

    facts = council()
    return {
        "helplines": helplines,
        "helpline": helpline,
        "council_phone": lambda: part("phone", facts["phone"]),
        "council_text": lambda: part("phone", facts["text"]),
        "council_email": lambda: part("email", facts["email"]),
        "council_post": lambda: in_english(", ".join(facts["post"]), language),
        "advocacy_phone": lambda: part("phone", facts["advocacy"]["phone"]),
        "advocacy_email": lambda: part("email", facts["advocacy"]["email"]),
    }
