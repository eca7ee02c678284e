"""Use case: the council says what it did. Updates carry a number each, so their order of arrival does not matter."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from heard.answers import readable
from heard.case import STATUSES, Case, Point, Update, size_of
from heard.clock import day_in_england, stamp
from heard.letters import with_news
from heard.ports import StaleCase, Store
from heard.receipt import read_reference
from heard.timeline import OUTCOMES

HOLD_REASONS = ("court", "police", "other_investigation")
MOST_POINTS = 30
MOST_BYTES = 120_000  # of all updates of a case: a store's record has a largest size
NEEDS = {
    "on_hold": ("reason",),
    "extended": ("due", "note"),
    "handed_over": ("to",),
    "asked": ("note",),
    "stage_moved": ("stage",),
}
WHY = {
    "reason": "why it is on hold: " + ", ".join(HOLD_REASONS),
    "due": "the new day the answer is due",
    "note": "words for the person: why, or the question",
    "to": "the role or the body that has it now, and no person's name unless the council wants it",
    "stage": "the number of the stage it is in now",
}
ONLY_WITH = {"reason": ("on_hold",), "resubmit_by": ("on_hold", "hold_ended"), "to": ("assigned", "handed_over")}


class CaseUnknown(LookupError):
    """No case has this reference, or the reference has a mistake in it."""


class UpdateConflicts(Exception):
    """Another update with this number is already there. Nothing was changed."""


class UpdateRejected(Exception):
    """The update does not fit. `problems` maps field to a plain sentence for the council."""

    def __init__(self, problems: dict[str, Any]) -> None:
        super().__init__("; ".join(f"{name}: {', '.join(map(str, found))}" for name, found in problems.items()))
        self.problems = problems


def in_living_memory(moment: datetime) -> None:
    if not 2000 <= moment.year < 2100:
        raise ValidationError("Not a year that can be meant.")


class PointSchema(Schema):
    """One point of a complaint, and what was found. The same number again says something new about the same point."""

    number = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MOST_POINTS))
    title = fields.String(required=True, validate=[validate.Length(min=1, max=200), readable])
    theme = fields.String(validate=validate.Length(max=50))
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    reason = fields.String(validate=[validate.Length(max=2000), readable])

    @post_load
    def as_point(self, said: dict[str, Any], **_: Any) -> Point:
        return Point(**said)


class UpdateSchema(Schema):
    """What the council may say in one update."""

    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    at = fields.AwareDateTime(required=True, format="iso", validate=in_living_memory)
    stage = fields.Integer(strict=True, validate=validate.Range(min=1, max=3))
    due = fields.Date(format="iso")
    note = fields.String(validate=[validate.Length(max=2000), readable])
    reason = fields.String(validate=validate.OneOf(HOLD_REASONS))
    resubmit_by = fields.Date(format="iso")
    to = fields.String(validate=[validate.Length(min=1, max=200), readable])
    points = fields.List(fields.Nested(PointSchema), validate=validate.Length(max=MOST_POINTS))

    @validates_schema
    def says_what_it_needs_to(self, said: dict[str, Any], **_: Any) -> None:
        status = said.get("status")
        for name in NEEDS.get(str(status), ()):
            if name not in said:
                raise ValidationError(f"{status} needs {name}: {WHY[name]}", name)
        for name, statuses in ONLY_WITH.items():
            if name in said and status not in statuses:
                raise ValidationError(f"{name} belongs to {' and '.join(statuses)}", "status")
        numbers = [point.number for point in said.get("points", ())]
        if len(set(numbers)) < len(numbers):
            raise ValidationError("two points have the same number", "points")

    @post_load
    def as_update(self, said: dict[str, Any], **_: Any) -> Update:
        if said["status"] == "hold_ended":
            said.setdefault("resubmit_by", a_year_after(day_in_england(said["at"])))
        days: dict[str, Any] = {name: said[name].isoformat() for name in ("due", "resubmit_by") if name in said}
        said |= days | {"points": tuple(said.get("points", ()))}
        said["at"] = stamp(said["at"])
        return Update(**said)


def a_year_after(day: date) -> date:
    """Until when a complaint can be sent again that had to wait for a court, the police or another investigation.

    For up to a year after the end of what it waited for: published council procedures under SI 2006/1738, reg 8.
    """
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + 1, day=28)


def update(typed_reference: str, said: dict[str, Any], store: Store, now: datetime) -> Case:
    """Adds one update to a case and returns it. The same update again changes nothing.

    Raises CaseUnknown, UpdateRejected, UpdateConflicts.
    """
    try:
        new = replace(UpdateSchema().load(said), noted_at=stamp(now))
    except ValidationError as rejected:
        raise UpdateRejected(rejected.messages_dict) from None
    while True:
        case = _case_with(typed_reference, store)
        known = next((known for known in case.updates if known.version == new.version), None)
        if known == new:
            return case
        if known is not None:
            raise UpdateConflicts(f"update {new.version} of {case.reference} says something else already")
        if size_of([*case.updates, new]) > MOST_BYTES:
            raise UpdateRejected({"note": ["there is no room left in this case; answer the person in another way"]})
        try:
            return store.replace(with_news(case.with_update(new), new.version, stamp(now)))
        except StaleCase:
            continue


def next_version(typed_reference: str, store: Store) -> int:
    """The number after the last one used for this case; raises CaseUnknown."""
    return max((known.version for known in _case_with(typed_reference, store).updates), default=0) + 1


def _case_with(typed_reference: str, store: Store) -> Case:
    reference = read_reference(typed_reference)
    case = store.with_reference(reference) if reference else None
    if case is None:
        raise CaseUnknown("there is no case with this reference")
    return case
