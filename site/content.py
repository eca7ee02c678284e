"""Turns content/ into the data that the functions read: YAML in, JSON and compiled templates out.

The functions never see YAML, Markdown or a template's source: they start with no work left to do.
"""

import csv
import gzip
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jinja2 import ChainableUndefined, Environment, FileSystemLoader, PackageLoader, PrefixLoader
from jinja2.loaders import ChoiceLoader

ROOT = Path(__file__).resolve().parent.parent
CONTENT = ROOT / "content"
COMPILED = ROOT / "functions" / "heard" / "compiled"
VOICES = ("standard", "easy", "young")
WORDS_OF_A_QUESTION = ("label", "hint", "errors")
SPOKEN_OF_A_HELPLINE = ("name", "about")
GOVUK_COMPONENTS = ("input", "textarea", "radios", "checkboxes", "error-summary", "button")


class ContentWrong(Exception):
    """Something in content/ does not fit; the message says where."""


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def flatten(tree: Any, key: str = "") -> dict[str, dict[str, str]]:
    """Nested words to {"dotted.key": {voice: text}}; a plain string is the standard text of its key."""
    if not isinstance(tree, dict):
        return {key: {"standard": str(tree)}}
    if tree and set(tree) <= set(VOICES) and all(isinstance(text, str) for text in tree.values()):
        return {key: {voice: text.strip() for voice, text in tree.items()}}
    words: dict[str, dict[str, str]] = {}
    for name, branch in tree.items():
        words |= flatten(branch, f"{key}.{name}" if key else str(name))
    return words


def question_words(words_key: str, question: dict[str, Any]) -> dict[str, dict[str, str]]:
    words = flatten({name: question[name] for name in WORDS_OF_A_QUESTION if name in question}, words_key)
    for option in question.get("options", []):
        spoken = {name: option[name] for name in ("label", "hint") if name in option}
        words |= flatten(spoken, f"{words_key}.options.{option['code']}")
    return words


def compile_question(words_key: str, question: dict[str, Any]) -> dict[str, Any]:
    """The question as the functions know it: rules and codes, no words."""
    rules = {name: value for name, value in question.items() if name not in WORDS_OF_A_QUESTION}
    rules["words"] = words_key
    rules["options"] = [
        {name: value for name, value in option.items() if name not in ("label", "hint")}
        for option in question.get("options", [])
    ]
    return rules


def compile_form(path: Path, shared: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """One content/forms/*.yml to (rules, words)."""
    source = read_yaml(path)
    words: dict[str, dict[str, str]] = {}
    sections = []
    for section in source["sections"]:
        section_key = f"{source['form']}.sections.{section['id']}"
        words |= flatten({name: section[name] for name in ("heading", "intro") if name in section}, section_key)
        questions = []
        for entry in section["questions"]:
            if isinstance(entry, str):
                if entry not in shared:
                    raise ContentWrong(f"{path.name}: shared.yml has no question {entry!r}")
                question, words_key = {"id": entry, **shared[entry]}, f"shared.{entry}"
            else:
                question, words_key = entry, f"{source['form']}.{entry['id']}"
            words |= question_words(words_key, question)
            questions.append(compile_question(words_key, question))
        sections.append({"id": section["id"], "words": section_key, "questions": questions})
    return {"name": source["form"], "version": source["version"], "sections": sections}, words


def icon(name: str) -> str:
    """The drawing inside one of Material's icons, e.g. `material/phone`; wrapped in <svg> by the templates."""
    source = files("material") / "templates" / ".icons" / f"{name}.svg"
    try:
        found = re.search(r"<svg[^>]*>(.*)</svg>", source.read_text(encoding="utf-8"), re.S)
    except FileNotFoundError:
        found = None
    if not found:
        raise ContentWrong(f"Material has no icon {name!r}")
    return found.group(1)


def pictures_of(forms: list[dict[str, Any]]) -> dict[str, str]:
    """Every icon that forms or templates name, by name."""
    named = set(re.findall(r"material/[a-z0-9-]+", json.dumps(forms)))
    for template in (ROOT / "site" / "templates").glob("*.html"):
        named |= set(re.findall(r"material/[a-z0-9-]+", template.read_text(encoding="utf-8")))
    return {name: icon(name) for name in sorted(named)}


def compile_templates(target: Path) -> None:
    """Jinja sources to Python modules: our templates and the GOV.UK components they call."""
    wanted = {f"govuk_frontend_jinja/components/{name}/macro.html" for name in GOVUK_COMPONENTS}
    wanted |= {f"govuk_frontend_jinja/components/{name}/macro.html" for name in ("label", "hint", "fieldset")}
    wanted |= {
        "govuk_frontend_jinja/components/error-message/macro.html",
        "govuk_frontend_jinja/macros/attributes.html",
    }
    ours = FileSystemLoader(ROOT / "site" / "templates")
    wanted |= set(ours.list_templates())
    environment = Environment(
        loader=ChoiceLoader([ours, PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=ChainableUndefined,
    )
    environment.compile_templates(target, zip=None, filter_func=wanted.__contains__, ignore_errors=False)


def bank_holidays() -> list[str]:
    with (CONTENT / "bank_holidays.csv").open(encoding="utf-8", newline="") as source:
        return [row["date"] for row in csv.DictReader(source)]


def write_json(name: str, data: Any) -> None:
    path = COMPILED / name
    path.parent.mkdir(parents=True, exist_ok=True)
    content = (json.dumps(data, ensure_ascii=False, indent=1) + "\n").encode()
    path.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)


def read_forms() -> tuple[list[dict[str, Any]], dict[str, dict[str, str]]]:
    """All forms, and the words of all forms."""
    shared = read_yaml(CONTENT / "forms" / "shared.yml")["questions"]
    sources = [path for path in sorted((CONTENT / "forms").rglob("*.yml")) if path.name != "shared.yml"]
    forms, words = zip(*(compile_form(path, shared) for path in sources), strict=True)
    return list(forms), {key: voices for of_form in words for key, voices in of_form.items()}


def english_words() -> dict[str, dict[str, str]]:
    """Every English text but the prose pages: {key: {voice: text}}."""
    helplines = {name: {part: line[part] for part in SPOKEN_OF_A_HELPLINE} for name, line in read_helplines().items()}
    return flatten(read_yaml(CONTENT / "wording.yml")) | read_forms()[1] | flatten({"helplines": helplines})


def read_helplines() -> dict[str, dict[str, Any]]:
    lines: dict[str, dict[str, Any]] = read_yaml(CONTENT / "helplines.yml")
    return lines


def without(form: dict[str, Any], left_out: frozenset[str]) -> dict[str, Any]:
    """The form without these questions. Their words stay, so that each language has the same for every council."""
    sections = [
        section | {"questions": [question for question in section["questions"] if question["id"] not in left_out]}
        for section in form["sections"]
    ]
    return form | {"sections": sections}


def compile_content(left_out: frozenset[str]) -> dict[str, Any]:
    """Writes functions/heard/compiled/ and returns what the site build needs of it. `left_out`: ids of questions."""
    forms, words = [without(form, left_out) for form in read_forms()[0]], english_words()
    for form in forms:
        write_json(f"forms/{form['name']}.json", form)
    write_json("bank_holidays.json", bank_holidays())
    write_json("icons.json", pictures_of(forms))
    compile_templates(COMPILED / "templates")
    return {"forms": forms, "words": words}
