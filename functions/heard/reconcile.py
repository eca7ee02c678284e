"""Use case: what the council says it has received of one day, held against what was accepted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from heard import log
from heard.clock import stamp
from heard.ports import Store
from heard.reply import Refused

RECEIVED = "received"
MISSING, ALTERED, UNKNOWN = "missing_at_council", "other_answers", "unknown_here"


class ReportRejected(Refused):
    """The report cannot be compared. Says what is wrong with it, and repeats nothing of it."""

    def __init__(self, text: str, *names: str) -> None:
        """`names`: the fields it is about; none for the whole."""
        sentence = f"{text[0].upper()}{text[1:]}."
        super().__init__(text, {name: [sentence] for name in names or ("body",)})


class ReceivedSchema(Schema):
    """The submissions of one day, in UTC, that the council has: their digests by id.

    `at`: when the council wrote this down; what was passed on later is not missing. `beginning`: only those whose id
    begins with it, and of these all. A day may come in several reports.
    """

    type = fields.String(required=True, validate=validate.Equal(RECEIVED))
    day = fields.Date(required=True, format="iso")
    at = fields.AwareDateTime(format="iso")
    beginning = fields.String(load_default="", validate=validate.Regexp(r"[0-9a-f]{0,32}\Z"))
    messages = fields.Dict(
        required=True,
        keys=fields.String(validate=validate.Regexp(r"[0-9a-f]{32}\Z")),
        values=fields.String(validate=validate.Regexp(r"[0-9a-f]{64}\Z")),
    )


@dataclass(frozen=True)
class Difference:
    """One submission that is not the same on both sides. `name`: its reference, or an id that is none of ours."""

    name: str
    problem: str


@dataclass(frozen=True)
class Reconciled:
    """What was found. `waiting`: accepted and not passed on yet, which is no difference."""

    day: str
    accepted: int
    received: int
    waiting: int
    differences: tuple[Difference, ...]


def reconcile(report: dict[str, Any], store: Store, now: datetime) -> Reconciled:
    """Compares one report with the cases of its day; changes nothing. Raises ReportRejected."""
    said = _read(report, now)
    unmatched: dict[str, str] = dict(said["messages"])
    written = stamp(said.get("at", now))
    accepted = waiting = 0
    differences = []
    for case in store.accepted_on(said["day"].isoformat(), said["beginning"]):
        accepted += 1
        digest = unmatched.pop(case.id, None)
        if digest is None and (case.delivered_at is None or case.delivered_at > written):
            waiting += 1
        elif digest != case.digest:
            differences.append(Difference(case.reference, MISSING if digest is None else ALTERED))
    differences += [Difference(message_id, UNKNOWN) for message_id in unmatched]
    return Reconciled(said["day"].isoformat(), accepted, len(said["messages"]), waiting, tuple(differences))


def _read(report: dict[str, Any], now: datetime) -> dict[str, Any]:
    try:
        said: dict[str, Any] = ReceivedSchema().load(report)
    except ValidationError as rejected:
        wrong = sorted(set(rejected.messages_dict) & set(ReceivedSchema().fields))
        raise ReportRejected(f"the report does not fit: {', '.join(wrong) or 'its fields'}", *wrong) from None
    if any(not message_id.startswith(said["beginning"]) for message_id in said["messages"]):
        raise ReportRejected("an id does not begin with what the report says", "messages")
    if said["day"] >= now.astimezone(UTC).date():
        raise ReportRejected("the day is not over yet, in UTC", "day")
    return said


def note(found: Reconciled) -> None:
    """A log line for each difference, and one for all of them."""
    for difference in found.differences:
        log.note("reconcile", difference.problem, reference=difference.name)
    log.note("reconcile", "differs" if found.differences else "agrees")
