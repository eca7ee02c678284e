"""Arrows point inwards: host and handlers -> verbs -> nouns; adapters are wiring's alone."""

import ast
import sys
from pathlib import Path

import pytest

import heard

PACKAGE = Path(heard.__file__).parent
FRONTS = {
    "cli",
    "__main__",
    "qr",
    "web",
    "web_send",
    "web_follow",
    "web_list",
    "host.app",
    "host.serve",
    "host",
    "council.commands",
}
VERBS = {"bounce", "check", "receive", "deliver", "follow", "update", "reconcile", "remind", "say", "sign_in"}
FOR_COUNCILS = {"council.consume", "council.verify"}
NOUNS = {
    "answers", "case", "clock", "controls", "council", "envelope", "forms", "headers", "holder", "letters",
    "exchange", "link", "log", "message", "pages", "places", "ports", "procedure", "receipt", "reminders",
    "reply", "services",
    "timeline", "triage", "wording",
}  # fmt: skip
ADAPTERS = {"adapters", "adapters.sqlite", "adapters.mail", "adapters.dynamodb", "adapters.sqs"}
ADAPTERS |= {"adapters.ses", "adapters.notify", "adapters.pepper"}
HANDLERS = {
    "handlers", "handlers.gateway", "handlers.metrics", "handlers.check", "handlers.send", "handlers.receipt",
    "handlers.follow", "handlers.say", "handlers.deliver", "handlers.council_update", "handlers.health",
    "handlers.bounce", "handlers.sign_in",
}  # fmt: skip
BEYOND_THE_STANDARD_LIBRARY = {  # see docs/adr: what a noun may import besides marshmallow
    "pages": {"jinja2", "markupsafe"},
    "controls": {"markupsafe"},
    "letters": {"markupsafe"},
    "message": {"fastjsonschema"},
}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith("compiled") and name != "__init__":
            yield name, path


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (
                (f"{node.module}.{alias.name}" for alias in node.names) if node.module == "heard" else [node.module]
            )


def ours(path):
    return {name.removeprefix("heard.") for name in imports_of(path) if name.startswith("heard.")}


def others(path):
    tops = {name.partition(".")[0] for name in imports_of(path)}
    return tops - set(sys.stdlib_module_names) - {"heard"}


def test_every_module_has_a_room():
    assert {name for name, _ in modules()} == FRONTS | HANDLERS | VERBS | FOR_COUNCILS | NOUNS | ADAPTERS | {"wiring"}


@pytest.mark.parametrize(("name", "path"), [pair for pair in modules() if pair[0] in NOUNS])
def test_a_noun_imports_nouns_the_standard_library_and_marshmallow(name, path):
    drawn_from_a_verb = {"follow"} if name == "pages" else set()  # the shape of a timeline
    assert ours(path) <= NOUNS | drawn_from_a_verb
    assert others(path) <= {"marshmallow"} | BEYOND_THE_STANDARD_LIBRARY.get(name, set())


@pytest.mark.parametrize("path", [path for name, path in modules() if name in VERBS])
def test_a_verb_imports_only_nouns(path):
    assert ours(path) <= NOUNS
    assert others(path) <= {"marshmallow"}


@pytest.mark.parametrize("path", [path for name, path in modules() if name in FOR_COUNCILS])
def test_what_a_council_may_copy_imports_only_nouns_and_the_standard_library(path):
    assert ours(path) <= NOUNS
    assert others(path) == set()


@pytest.mark.parametrize(("name", "path"), list(modules()))
def test_adapters_are_imported_by_wiring_alone(name, path):
    if name != "wiring" and name not in ADAPTERS:
        assert not any(imported.startswith("adapters") for imported in ours(path))


@pytest.mark.parametrize("path", [path for name, path in modules() if name in ADAPTERS])
def test_an_adapter_imports_only_nouns_and_how_an_email_is_written(path):
    assert ours(path) <= NOUNS | {"adapters.mail"}
