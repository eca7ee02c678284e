"""A council's procedures: their stages, who runs each and how long it may take. Every figure is in the council's file.

What the file does not state is None. Whoever shows it says that it is not stated; nobody fills it in.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from heard.clock import Calendar, england

STATUTORY, CORPORATE, CONCERN = "statutory", "corporate", "concern"
PROCEDURES = (STATUTORY, CORPORATE, CONCERN, "compliment", "comment")
STARTS = ("receipt", "acknowledgement", "request", "statement_agreed", "terms_signed")
"""What the days of a stage are counted from: of the first stage one of the first two, of a later one never receipt."""


class ProcedureUnknown(LookupError):
    """The council's file has no procedure of this name."""


class StageUnknown(LookupError):
    """The procedure has no stage of this number."""


@dataclass(frozen=True)
class Body:
    """Who runs a stage, and how to reach them; what is None is not stated."""

    name: str
    phone: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class Stage:
    """One stage. `answer` and `longest`: working days. `starts`: what they are counted from."""

    number: int
    run_by: Body | None
    answer: int | None
    longest: int | None
    starts: str | None


@dataclass(frozen=True)
class Step:
    """Something offered after a stage that nobody has to take, such as mediation. Saying no leads to the next stage."""

    name: str
    after: int
    run_by: Body | None


@dataclass(frozen=True)
class Procedure:
    """The stages of one procedure as they were on one day. `rules`: the version of the council's rules they are from.

    `ask_for_next_stage`: within how many working days it is best to ask. A later request is passed on like any other.
    """

    name: str
    rules: str
    day_one: str
    stages: tuple[Stage, ...]
    optional_steps: tuple[Step, ...] = ()
    ask_for_next_stage: int | None = None


@dataclass(frozen=True)
class Dates:
    """The days an answer is due: as a rule, and at the latest. None where the council's file states no figure."""

    answer: date | None
    longest: date | None


def rules_on(council: dict[str, Any], day: date) -> dict[str, Any]:
    """The rules that hold for what was received on this day. Before the first day in the file: the oldest there are."""
    begun = [rules for rules in council["rules"] if date.fromisoformat(rules["since"]) <= day]
    found: dict[str, Any] = max(begun, key=_begins) if begun else min(council["rules"], key=_begins)
    return found


def _begins(rules: dict[str, Any]) -> date:
    return date.fromisoformat(rules["since"])


def procedure_on(council: dict[str, Any], name: str, day: date) -> Procedure:
    """The procedure of this name for what was received on this day; raises ProcedureUnknown."""
    rules = rules_on(council, day)
    given = rules["procedures"].get(name)
    if given is None:
        known = ", ".join(rules["procedures"])
        raise ProcedureUnknown(f"the rules {rules['version']} have no procedure {name}: they have {known}")
    return Procedure(
        name=name,
        rules=rules["version"],
        day_one=council["day_one"],
        stages=tuple(
            Stage(number, _body(council, stage["run_by"]), stage["answer"], stage["longest"], stage["starts"])
            for number, stage in enumerate(given["stages"], start=1)
        ),
        optional_steps=tuple(
            Step(step["name"], step["after"], _body(council, step["run_by"])) for step in given["optional_steps"]
        ),
        ask_for_next_stage=given["ask_for_next_stage"],
    )


def _body(council: dict[str, Any], key: str | None) -> Body | None:
    return Body(**council["bodies"][key]) if key else None


def stage_of(procedure: Procedure, number: int) -> Stage:
    """Raises StageUnknown."""
    if not 1 <= number <= len(procedure.stages):
        raise StageUnknown(f"the {procedure.name} procedure has stages 1 to {len(procedure.stages)}, and no {number}")
    return procedure.stages[number - 1]


def next_stage(procedure: Procedure, number: int) -> Stage | None:
    """The stage after this one, or None after the last: then there is the Ombudsman. Raises StageUnknown."""
    return procedure.stages[number] if stage_of(procedure, number).number < len(procedure.stages) else None


def dates_for(procedure: Procedure, number: int, started: date, calendar: Calendar | None = None) -> Dates:
    """When a stage that started on this day is due. Raises StageUnknown, and CalendarEnds rather than guess a day.

    `started`: the day in England of what the stage's `starts` names; where that is not stated, of the request.
    """
    stage, days = stage_of(procedure, number), calendar or england()

    def due(count: int | None) -> date | None:
        return None if count is None else days.add_working_days(started, count, procedure.day_one)

    return Dates(due(stage.answer), due(stage.longest))


def clocks_on(council: dict[str, Any], day: date) -> dict[str, Any]:
    """The figures people are told, flat: `clocks.statutory.answer`. They are those of stage 1; None is not stated."""
    rules = rules_on(council, day)
    clocks: dict[str, Any] = {name: _first_figures(rules["procedures"].get(name)) for name in PROCEDURES}
    return clocks | {
        "acknowledge": rules["acknowledge"],
        "ask_for_next_stage": rules["procedures"][STATUTORY]["ask_for_next_stage"],
    }


def _first_figures(procedure: dict[str, Any] | None) -> dict[str, int | None]:
    first = procedure["stages"][0] if procedure else {}
    return {name: first.get(name) for name in ("answer", "longest")}
