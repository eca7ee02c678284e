"""Use case: the council says what it did. Updates carry a number each, so their order of arrival does not matter.

As a program hands it in, an update has the shape of update.v1.schema.json. A test holds that to the rules here.
"""

from collections.abc import Iterator
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
from heard.reply import Refused
from heard.timeline import OUTCOMES

HOLD_REASONS = ("court", "police", "other_investigation")
MOST_POINTS = 30
NO_MOMENT = "Not a moment with its offset from UTC, such as 2026-11-20T14:00:00Z."
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
ONLY_WITH = {
    "reason": ("on_hold",),
    "investigation": ("on_hold",),
    "resubmit_by": ("on_hold", "hold_ended"),
    "to": ("assigned", "handed_over"),
}


class CaseUnknown(Refused):
    """No case has this reference, or the reference has a mistake in it."""

    def __init__(self) -> None:
        sentence = "There is no case with this reference."
        super().__init__("there is no case with this reference", {"reference": [sentence]})


class UpdateConflicts(Refused):
    """Another update with this number is already there."""

    def __init__(self, version: int, reference: str) -> None:
        sentence = "An update of this case with this number says something else already."
        super().__init__(f"update {version} of {reference} says something else already", {"version": [sentence]})


class UpdateRejected(Refused):
    """The update does not fit."""

    def __init__(self, problems: dict[str, list[str]]) -> None:
        text = "; ".join(f"{name}: {' '.join(sentences)}" for name, sentences in problems.items())
        super().__init__(text.removesuffix("."), problems)


def in_living_memory(moment: date) -> None:
    if not 2000 <= moment.year < 2100:
        raise ValidationError("Not a year that can be meant.")


def of_whole_characters(text: str) -> None:
    """`readable`, in a sentence for the council."""
    try:
        readable(text)
    except ValidationError:
        raise ValidationError("It holds a control character, or half a character.") from None


class PointSchema(Schema):
    """One point of a complaint, and what was found. The same number again says something new about the same point."""

    number = fields.Integer(required=True, strict=True, validate=validate.Range(min=1, max=MOST_POINTS))
    title = fields.String(required=True, validate=[validate.Length(min=1, max=200), of_whole_characters])
    theme = fields.String(validate=[validate.Length(max=50), of_whole_characters])
    outcome = fields.String(validate=validate.OneOf(OUTCOMES))
    reason = fields.String(validate=[validate.Length(max=2000), of_whole_characters])

    @post_load
    def as_point(self, said: dict[str, Any], **_: Any) -> Point:
        return Point(**said)


class UpdateSchema(Schema):
    """What the council may say in one update, and of which case. Loads the reference, as typed, and the update."""

    error_messages = {"type": "This is not a JSON object."}  # noqa: RUF012 - as marshmallow has it

    reference = fields.String(required=True)
    type = fields.String(validate=validate.Equal("update", error="Must be update, or left out."))
    version = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    at = fields.AwareDateTime(
        required=True,
        format="iso",
        validate=in_living_memory,
        error_messages=dict.fromkeys(("invalid", "invalid_awareness"), NO_MOMENT),
    )
    stage = fields.Integer(strict=True, validate=validate.Range(min=1, max=3))
    due = fields.Date(format="iso", validate=in_living_memory)
    note = fields.String(validate=[validate.Length(max=2000), of_whole_characters])
    reason = fields.String(validate=validate.OneOf(HOLD_REASONS))
    investigation = fields.String(validate=[validate.Length(min=1, max=200), of_whole_characters])
    resubmit_by = fields.Date(format="iso", validate=in_living_memory)
    to = fields.String(validate=[validate.Length(min=1, max=200), of_whole_characters])
    points = fields.List(fields.Nested(PointSchema), validate=validate.Length(max=MOST_POINTS))

    @validates_schema
    def says_what_it_needs_to(self, said: dict[str, Any], **_: Any) -> None:
        status = said.get("status")
        for name in NEEDS.get(str(status), ()):
            if name not in said:
                raise ValidationError(f"This status needs it: {WHY[name]}.", name)
        for name, statuses in ONLY_WITH.items():
            if name in said and status not in statuses:
                raise ValidationError(f"It belongs to {' and '.join(statuses)} alone.", name)
        numbers = [point.number for point in said.get("points", ())]
        if len(set(numbers)) < len(numbers):
            raise ValidationError("Two points have the same number.", "points")

    @post_load
    def as_update(self, said: dict[str, Any], **_: Any) -> tuple[str, Update]:
        said.pop("type", None)
        if said["status"] == "hold_ended":
            said.setdefault("resubmit_by", a_year_after(day_in_england(said["at"])))
        days: dict[str, Any] = {name: said[name].isoformat() for name in ("due", "resubmit_by") if name in said}
        said |= days | {"points": tuple(said.get("points", ()))}
        said["at"] = stamp(said["at"])
        return said.pop("reference"), Update(**said)


NAMES = {*UpdateSchema().fields, *PointSchema().fields}


def by_field(found: dict[Any, Any]) -> dict[str, list[str]]:
    """What marshmallow found, as problems of Refused. A name that is not ours is not repeated: it could be anything."""
    problems: dict[str, list[str]] = {}
    for place, sentence in _one_by_one(found, ()):
        sentences = problems.setdefault(".".join(place) or "body", [])
        if sentence not in sentences:
            sentences.append(sentence)
    return problems


def _one_by_one(found: Any, place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(found, dict):
        yield from ((place, sentence) for sentence in found)
        return
    for name, inner in found.items():
        is_ours = isinstance(name, int) or name in NAMES
        yield from _one_by_one(inner, (*place, str(name)) if is_ours else place)


def a_year_after(day: date) -> date:
    """Until when a complaint can be sent again that had to wait for a court, the police or another investigation.

    For up to a year after the end of what it waited for: published council procedures under SI 2006/1738, reg 8.
    """
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # the 29th of February
        return day.replace(year=day.year + 1, day=28)


def update(typed_reference: str, said: dict[str, Any], store: Store, now: datetime, *, texts: bool = False) -> Case:
    """Adds one update to a case and returns it. The same update again changes nothing. `texts`: see letters.may_write.

    Raises CaseUnknown, UpdateRejected, UpdateConflicts.
    """
    return hand_in({**said, "reference": typed_reference}, store, now, texts=texts)


def hand_in(said: dict[str, Any] | None, store: Store, now: datetime, *, texts: bool = False) -> Case:
    """`update`, with the reference among what is said. None, for what could not be read, is rejected too."""
    try:
        typed_reference, new = UpdateSchema().load(said)  # type: ignore[arg-type] # None is what it judges too
    except ValidationError as rejected:
        raise UpdateRejected(by_field(rejected.messages_dict)) from None
    new = replace(new, noted_at=stamp(now))
    while True:
        case = _case_with(typed_reference, store)
        known = next((known for known in case.updates if known.version == new.version), None)
        if known == new:
            return case
        if known is not None:
            raise UpdateConflicts(new.version, case.reference)
        if size_of([*case.updates, new]) > MOST_BYTES:
            raise UpdateRejected({"note": ["There is no room left in this case; answer the person in another way."]})
        try:
            return store.replace(with_news(case.with_update(new), new.version, stamp(now), texts=texts))
        except StaleCase:
            continue


def next_version(typed_reference: str, store: Store) -> int:
    """The number after the last one used for this case; raises CaseUnknown."""
    return max((known.version for known in _case_with(typed_reference, store).updates), default=0) + 1


def _case_with(typed_reference: str, store: Store) -> Case:
    reference = read_reference(typed_reference)
    case = store.with_reference(reference) if reference else None
    if case is None:
        raise CaseUnknown
    return case
