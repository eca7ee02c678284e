"""Use case: the council says what it did. Updates carry a number each, so their order of arrival does not matter."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from heard.answers import readable
from heard.case import STATUSES, Case, Update
from heard.clock import stamp
from heard.ports import StaleCase, Store
from heard.receipt import read_reference

HOLD_REASONS = ("court", "police", "other_investigation")


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

    @validates_schema
    def a_pause_says_why(self, said: dict[str, Any], **_: Any) -> None:
        if said.get("status") == "on_hold" and "reason" not in said:
            raise ValidationError("on_hold needs a reason: " + ", ".join(HOLD_REASONS), "reason")
        if said.get("status") != "on_hold" and {"reason", "resubmit_by"} & set(said):
            raise ValidationError("reason and resubmit_by belong to on_hold", "status")

    @post_load
    def as_update(self, said: dict[str, Any], **_: Any) -> Update:
        days: dict[str, Any] = {name: said[name].isoformat() for name in ("due", "resubmit_by") if name in said}
        said |= days
        said["at"] = stamp(said["at"])
        return Update(**said)


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
        try:
            return store.replace(case.with_update(new))
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
