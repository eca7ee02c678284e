"""A council's file: what may stand in it, and what is wrong with one that does not fit, everything at once.

python site/councils.py [FILE ...]        (or: heard council check)
"""

import os
import re
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import yaml
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from yaml.error import MarkedYAMLError

from content import CONTENT, ROOT, SPOKEN_OF_A_HELPLINE, ContentWrong, read_forms, read_helplines, read_yaml, write_json
from heard.clock import DAY_ONES
from heard.procedure import STARTS
from heard.wiring import MOST_KEEP_DAYS

COUNCILS = CONTENT / "councils"
MOST_DAYS = 365
MOST_STAGES = 3  # what an update of a case can name
OPTIONAL_STEPS = ("mediation",)


class Said:
    """How every field says what is wrong with it: the end of a sentence that begins with its path."""

    default_error_messages: ClassVar = {"required": "is missing", "null": "is empty"}


class Text(Said, fields.String):
    default_error_messages: ClassVar = {"invalid": "has to be a text; put a number in quotes"}

    def _deserialize(self, value: Any, *given: Any, **more: Any) -> str:
        text = str(super()._deserialize(value, *given, **more)).strip()
        if not text:
            raise self.make_error("null")
        return text


class Day(Text):
    default_error_messages: ClassVar = {"invalid": "has to be a day such as 2026-04-01"}

    def _deserialize(self, value: Any, *given: Any, **more: Any) -> str:
        try:
            return date.fromisoformat(super()._deserialize(value, *given, **more)).isoformat()
        except ValueError:
            raise self.make_error("invalid") from None


class Days(Said, fields.Field[int]):
    default_error_messages: ClassVar = {"invalid": "has to be a whole number of days from 1 to {most}, or left out"}

    def __init__(self, most: int = MOST_DAYS, **more: Any) -> None:
        super().__init__(**({"load_default": None} | more if "required" not in more else more))
        self.most = most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= self.most:
            raise self.make_error("invalid", most=self.most)
        return value


class Flag(Said, fields.Boolean):
    default_error_messages: ClassVar = {"invalid": "has to be true or false"}

    def __init__(self, **more: Any) -> None:
        super().__init__(truthy={True}, falsy={False}, **more)


class Several(Said, fields.List):
    default_error_messages: ClassVar = {"invalid": "has to be a list"}


class ByName(Said, fields.Dict):
    default_error_messages: ClassVar = {"invalid": "has to be a list of names, each with what belongs to it"}


class Part(Said, fields.Nested):
    pass


def one_of(*known: str) -> validate.OneOf:
    return validate.OneOf(known, error="has to be one of " + ", ".join(known))


def shaped(pattern: str, error: str) -> validate.Regexp:
    return validate.Regexp(rf"(?:{pattern})\Z", error=error)


AT_LEAST_ONE = validate.Length(min=1, error="needs at least one")
EMAIL = shaped(r"[^@\s]+@[^@\s]+\.[^@\s.]+", "has to be an email address")
PHONE = shaped(r"\+?\d[\d ]{6,16}\d", "has to be a telephone number of digits and spaces")
COLOUR = shaped(r"#[0-9a-fA-F]{6}", 'has to be a colour such as "#0b5c5e", in quotes')
PLACEMENT = shaped(r"[a-z0-9]{2,8}", "has to be a code of 2 to 8 small letters and digits")


class Facts(Schema):
    error_messages: ClassVar = {"unknown": "is not a key that belongs here", "type": "has to hold keys with values"}


class BodyFacts(Facts):
    name = Text(required=True)
    phone = Text(load_default=None, validate=PHONE)
    email = Text(load_default=None, validate=EMAIL)


# Python keeps `for` for itself, so it cannot be written like the others.
AdvocacyFacts = BodyFacts.from_dict({"for": Text(load_default=None)}, name="AdvocacyFacts")


class SignInFacts(Facts):
    provider = Text(required=True)
    emails = Several(Text(validate=EMAIL), required=True, validate=AT_LEAST_ONE)


class StageFacts(Facts):
    run_by = Text(load_default=None)
    answer = Days()
    longest = Days()
    starts = Text(load_default=None, validate=one_of(*STARTS))

    @validates_schema(skip_on_field_errors=False)
    def the_longest_is_not_shorter(self, stage: dict[str, Any], **_: Any) -> None:
        if (stage.get("longest") or MOST_DAYS) < (stage.get("answer") or 0):
            raise ValidationError("is fewer days than answer", "longest")


class StepFacts(Facts):
    name = Text(required=True, validate=one_of(*OPTIONAL_STEPS))
    after = Days(required=True)
    run_by = Text(load_default=None)


class ProcedureFacts(Facts):
    stages = Several(
        Part(StageFacts), required=True,
        validate=validate.Length(min=1, max=MOST_STAGES, error="has to hold one to three stages"),
    )  # fmt: skip
    optional_steps = Several(Part(StepFacts), load_default=list)
    ask_for_next_stage = Days()

    @validates_schema(skip_on_field_errors=False)
    def clocks_start_where_a_stage_can(self, procedure: dict[str, Any], **_: Any) -> None:
        wrong = {}
        for place, stage in enumerate(procedure.get("stages") or []):
            starts = stage.get("starts")
            if place == 0 and starts not in (None, "receipt", "acknowledgement"):
                wrong[place] = {"starts": ["of the first stage can only be receipt or acknowledgement"]}
            if place > 0 and starts == "receipt":
                wrong[place] = {"starts": ["can only be receipt in the first stage; try request"]}
        if wrong:
            raise ValidationError({"stages": wrong})

    @validates_schema(skip_on_field_errors=False)
    def a_step_follows_a_stage(self, procedure: dict[str, Any], **_: Any) -> None:
        stages = len(procedure.get("stages") or [])
        wrong = {
            place: {"after": ["names a stage that is not there"]}
            for place, step in enumerate(procedure.get("optional_steps") or [])
            if step.get("after", 0) > stages
        }
        if wrong:
            raise ValidationError({"optional_steps": wrong})


class ProceduresFacts(Facts):
    statutory = Part(ProcedureFacts, required=True)
    corporate = Part(ProcedureFacts, required=True)
    concern = Part(ProcedureFacts)
    compliment = Part(ProcedureFacts, required=True)
    comment = Part(ProcedureFacts, required=True)


class RulesFacts(Facts):
    version = Text(required=True)
    since = Day(required=True)
    acknowledge = Days()
    adult_matters = Several(Text(), load_default=list)
    corporate_services = Several(Text(), load_default=list)
    procedures = Part(ProceduresFacts, required=True)

    @validates_schema(skip_on_field_errors=False)
    def matters_are_themes(self, rules: dict[str, Any], **_: Any) -> None:
        known = themes()
        wrong = {
            place: [f"is {matter}, which is no theme of the complaint form"]
            for place, matter in enumerate(rules.get("adult_matters") or [])
            if matter not in known
        }
        if wrong:
            raise ValidationError({"adult_matters": wrong})


class ExampleFacts(Facts):
    of = Text(required=True)
    compiled_from = Text(required=True)
    as_of = Day(required=True)


class AreaFacts(BodyFacts):
    council = Text(required=True)


class SenderFacts(Facts):
    name = Text(required=True)
    address = Text(required=True, validate=EMAIL)


class BrandFacts(Facts):
    light = Text(required=True, validate=COLOUR)
    dark = Text(required=True, validate=COLOUR)


class PlacementFacts(Facts):
    description = Text(required=True)


class CouncilFacts(Facts):
    """The whole file. What has a default may be left out: it is not stated, and pages say so."""

    name = Text(required=True)
    short_name = Text(required=True)
    demonstration = Flag(required=True)
    example = Part(ExampleFacts, load_default=None)
    publish_drafts = Flag(load_default=False)
    languages = Several(Text(), load_default=None)
    address = Text(
        required=True, validate=shaped(r"https?://[^/\s]+", "has to begin with https:// and end without a slash")
    )
    team = Text(required=True)
    phone = Text(load_default=None, validate=PHONE)
    text = Text(load_default=None, validate=PHONE)
    text_messages = Flag(load_default=False)
    email = Text(load_default=None, validate=EMAIL)
    post = Several(Text(), load_default=None)
    visit = Text(load_default=None)
    opening_hours = Text(load_default=None)
    leave_to = Text(required=True, validate=shaped(r"https://\S+", "has to be an address that begins with https://"))
    sender = Part(SenderFacts, required=True)
    brand = Part(BrandFacts, required=True)
    day_one = Text(required=True, validate=one_of(*DAY_ONES))
    keep_days = Days(most=MOST_KEEP_DAYS)
    bodies = ByName(keys=Text(), values=Part(BodyFacts), load_default=dict)
    rules = Several(Part(RulesFacts), required=True, validate=AT_LEAST_ONE)
    advocacy = Several(Part(AdvocacyFacts), load_default=list)
    advocacy_sign_in = Part(SignInFacts, load_default=None)
    closing_questions = Several(Text(), load_default=None, validate=AT_LEAST_ONE)
    areas = Several(Part(AreaFacts), load_default=list)
    ombudsman = Text(required=True)
    placements = ByName(keys=Text(validate=PLACEMENT), values=Part(PlacementFacts), load_default=dict)

    @validates_schema(skip_on_field_errors=False)
    def who_runs_a_stage_is_named(self, council: dict[str, Any], **_: Any) -> None:
        bodies = council.get("bodies") or {}
        wrong: dict[Any, Any] = {}
        for path, body in runners(council):
            if body not in bodies:
                _put(wrong, path, f"names {body}, which is not one of the bodies")
        if wrong:
            raise ValidationError(wrong)

    @validates_schema(skip_on_field_errors=False)
    def rules_follow_one_another(self, council: dict[str, Any], **_: Any) -> None:
        rules = council.get("rules") or []
        wrong: dict[Any, Any] = {}
        for place, (before, after) in enumerate(pairwise(rules), start=1):
            if after.get("since", "9") <= before.get("since", ""):
                _put(wrong, ("rules", place, "since"), "has to be later than that of the rules before")
        versions = [each.get("version") for each in rules]
        for place, version in enumerate(versions):
            if version and version in versions[:place]:
                _put(wrong, ("rules", place, "version"), "is the name of other rules as well")
        if wrong:
            raise ValidationError(wrong)

    @validates_schema(skip_on_field_errors=False)
    def the_public_can_reach_somebody(self, council: dict[str, Any], **_: Any) -> None:
        if council.get("demonstration") is not False:
            return
        bare = [key for key in ("phone", "email", "advocacy") if key in council and not council[key]]
        wrong = {key: ["may only be left out of a demonstration"] for key in bare}
        if council.get("example"):
            wrong["example"] = ["is for demonstrations only; leave it out of a live council's file"]
        if wrong:
            raise ValidationError(wrong)

    @validates_schema(skip_on_field_errors=False)
    def whose_list_it_is_is_one_of_the_advocates(self, council: dict[str, Any], **_: Any) -> None:
        provider = (council.get("advocacy_sign_in") or {}).get("provider")
        if provider and provider not in [advocates.get("name") for advocates in council.get("advocacy") or []]:
            raise ValidationError({"advocacy_sign_in": {"provider": ["is not the name of one of advocacy"]}})

    @validates_schema(skip_on_field_errors=False)
    def closing_questions_are_there(self, council: dict[str, Any], **_: Any) -> None:
        wrong = {
            place: ["is not one of the questions of content/forms/follow/closing_questions.yml"]
            for place, name in enumerate(council.get("closing_questions") or [])
            if name not in questions_of("closing_questions")
        }
        if wrong:
            raise ValidationError({"closing_questions": wrong})

    @validates_schema(skip_on_field_errors=False)
    def what_is_named_is_there(self, council: dict[str, Any], **_: Any) -> None:
        wrong: dict[str, Any] = {}
        if council.get("ombudsman") not in (None, *read_helplines()):
            wrong["ombudsman"] = ["is not an entry of content/helplines.yml"]
        tags = council.get("languages")
        if tags is not None:
            known = read_yaml(CONTENT / "languages.yml")
            strange = {place: ["is not in content/languages.yml"] for place, tag in enumerate(tags) if tag not in known}
            if strange:
                wrong["languages"] = strange
            elif "en" not in tags:
                wrong["languages"] = ["has to hold en"]
        if wrong:
            raise ValidationError(wrong)


@cache
def themes() -> frozenset[str]:
    """Every code that an answer about themes can hold, in any form."""
    questions = (q for form in read_forms()[0] for section in form["sections"] for q in section["questions"])
    return frozenset(o["code"] for question in questions if question["id"] == "themes" for o in question["options"])


@cache
def questions_of(form: str) -> frozenset[str]:
    """The ids of everything that a form can ask."""
    sections = next(known["sections"] for known in read_forms()[0] if known["name"] == form)
    return frozenset(question["id"] for section in sections for question in section["questions"])


def not_asked(council: dict[str, Any]) -> frozenset[str]:
    """The ids of the questions that this council's forms leave out."""
    closing = questions_of("closing_questions")
    left_out = closing - frozenset(council["closing_questions"] or closing)
    return left_out if council["advocacy_sign_in"] else left_out | {"advocate_lists"}


def runners(council: dict[str, Any]) -> Iterator[tuple[tuple[Any, ...], str]]:
    """Where somebody is named who runs a stage or a step, and who."""
    for place, rules in enumerate(council.get("rules") or []):
        for name, procedure in (rules.get("procedures") or {}).items():
            for kind in ("stages", "optional_steps"):
                for number, stage in enumerate(procedure.get(kind) or []):
                    if stage.get("run_by"):
                        yield ("rules", place, "procedures", name, kind, number, "run_by"), stage["run_by"]


def _put(wrong: dict[Any, Any], path: tuple[Any, ...], message: str) -> None:
    *above, last = path
    for key in above:
        wrong = wrong.setdefault(key, {})
    wrong[last] = [message]


class EachKeyOnce(yaml.SafeLoader):
    """YAML in which a key that is written twice is a mistake; by itself the second would hide the first."""

    def __init__(self, stream: Any) -> None:
        super().__init__(stream)
        self.seen: set[int] = set()

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        keys = [key for key, _ in node.value]
        twice = [key for place, key in enumerate(keys) if key.value in [before.value for before in keys[:place]]]
        if twice and id(node) not in self.seen:  # one that was merged into another comes again, with keys of both
            raise MarkedYAMLError(problem=f"{twice[0].value} stands there twice", problem_mark=twice[0].start_mark)
        self.seen.add(id(node))
        super().flatten_mapping(node)


def plain(tree: Any) -> Any:
    """YAML reads 2026-04-01 as a date: here it is text again, as in every other file."""
    if isinstance(tree, dict):
        return {key: plain(branch) for key, branch in tree.items()}
    if isinstance(tree, list):
        return [plain(branch) for branch in tree]
    return tree.isoformat() if isinstance(tree, date) else tree


def loaded(path: Path) -> dict[str, Any]:
    """The file with every key in it, None where nothing is stated; raises ContentWrong with all that is wrong."""
    shown = path.resolve()
    name = shown.relative_to(ROOT).as_posix() if shown.is_relative_to(ROOT) else str(path)
    try:
        given = plain(yaml.load(path.read_text(encoding="utf-8"), EachKeyOnce))  # noqa: S506 - a SafeLoader
    except (OSError, UnicodeDecodeError):
        raise ContentWrong(f"{name}: there is no such file, or it is no text.") from None
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        line = f", at line {mark.line + 1}" if mark else ""
        why = getattr(problem, "problem", None) or "it holds a character that does not belong there"
        raise ContentWrong(f"{name}: the file cannot be read as YAML{line}: {why}.") from None
    try:
        facts: dict[str, Any] = CouncilFacts().load(given)
    except ValidationError as wrong:
        raise ContentWrong("\n".join(f"{name}: {sentence}" for sentence in sentences(wrong.messages))) from None
    return facts


def sentences(messages: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """One sentence a problem. List entries are counted from 1, as people do: the first stage is `stages.1`."""
    if isinstance(messages, list):
        yield from (f"{'.'.join(path) or 'the file'} {message}." for message in messages)
        return
    for key, branch in messages.items():
        if key == "_schema" or set(messages) <= {"key", "value"}:  # marshmallow's own, not a key of the file
            yield from sentences(branch, path)
        else:
            yield from sentences(branch, (*path, str(key + 1 if type(key) is int else key)))


def council_name() -> str:
    return os.environ.get("HEARD_COUNCIL", "demo")


def chosen_file() -> Path:
    path = COUNCILS / f"{council_name()}.yml"
    if not re.fullmatch(r"[\w-]+", council_name()) or not path.exists():
        known = ", ".join(sorted(file.stem for file in COUNCILS.glob("*.yml")))
        raise ContentWrong(f"HEARD_COUNCIL={council_name()}: no such file in content/councils, which has {known}.")
    return path


def compile_council() -> dict[str, Any]:
    """Writes what the functions read of the council this build is for."""
    council = {"id": council_name(), **loaded(chosen_file())}
    council["helplines"] = {name: _without_words(name, line) for name, line in read_helplines().items()}
    write_json("council.json", council)
    return council


def _without_words(name: str, line: dict[str, Any]) -> dict[str, Any]:
    facts = {part: fact for part, fact in line.items() if part not in SPOKEN_OF_A_HELPLINE}
    return {**facts, "id": name, "verified_on": line["verified_on"].isoformat()}


def main() -> int:
    files = [Path(name) for name in sys.argv[1:]] or sorted(COUNCILS.glob("*.yml"))
    wrong = 0
    for path in files:
        try:
            loaded(path)
        except ContentWrong as problem:
            wrong += 1
            print(problem)
        else:
            print(f"{path.name}: fits.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
