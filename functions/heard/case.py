"""A case: what was sent, what is still to be passed on, and what has become of it."""

from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from heard.answers import Answers
from heard.clock import day_in_england, moment

COUNCIL, PERSON = "council", "person"
COUNCIL_MESSAGE = "council_message"
CONTACT_FAILED = "contact_failed"
ACKNOWLEDGEMENT = "acknowledgement"
RECIPIENTS = {COUNCIL_MESSAGE: COUNCIL, CONTACT_FAILED: COUNCIL, ACKNOWLEDGEMENT: PERSON}
STATUSES = ("with_council", "looking_into_it", "reply_sent", "closed", "on_hold", "referred")
NOTHING_IS_DUE = ("reply_sent", "closed", "on_hold", "referred")


PARKED = "9999-12-31T23:59:59.999Z"
"""When an entry is due that nobody tries any more. It stays in the outbox so that people can see it."""


@dataclass(frozen=True)
class Entry:
    """One thing in a case's outbox that has to reach somebody.

    `due`: when to try next. `since`: when it was put there. `unknown_since`: the first attempt that may or may not
    have arrived. `problem`: a code for why the last attempt failed.
    """

    kind: str
    due: str
    since: str | None = None
    attempts: int = 0
    unknown_since: str | None = None
    problem: str | None = None

    @property
    def recipient(self) -> str | None:
        """None for a kind that a later version knew: it stays until that version is back."""
        return RECIPIENTS.get(self.kind)


@dataclass(frozen=True)
class Update:
    """What the council did, numbered by the council: the same number is the same update, in any order.

    `at`: when, as the council says. `noted_at`: when we wrote it down.
    """

    version: int
    status: str
    at: str
    stage: int | None = None
    due: str | None = None
    note: str | None = None
    reason: str | None = None
    resubmit_by: str | None = None
    noted_at: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Case:
    """One accepted submission. `revision` counts its stored states; times are UTC text, days ISO dates.

    `contact_failed`: when and why a letter did not reach the person, as "time code"; see bounce.
    """

    id: str
    reference: str
    code_hash: str
    form: str
    form_version: int
    language: str
    voice: str
    received_at: str
    answers: Answers
    digest: str
    procedure: str
    procedure_version: str
    reasons: tuple[str, ...]
    urgency: tuple[str, ...] = ()
    due: dict[str, str] | None = None
    placement: str | None = None
    delivered_at: str | None = None
    outbox: tuple[Entry, ...] = ()
    updates: tuple[Update, ...] = ()
    contact_failed: str | None = None
    revision: int = 1

    @property
    def next_due(self) -> str | None:
        """When the outbox wants attention next; None when everything has been passed on."""
        nexts = (self.first_for(recipient) for recipient in (COUNCIL, PERSON))
        return min((entry.due for entry in nexts if entry), default=None)

    def first_for(self, recipient: str) -> Entry | None:
        """What goes to this recipient next. One thing after the other: no event is told before the case it is about."""
        return next((entry for entry in self.outbox if entry.recipient == recipient), None)

    @property
    def answer_due(self) -> str | None:
        """The day an answer is due: the council's latest word on it, else what was promised at receipt."""
        said = [update.due for update in self.updates if update.due]
        return said[-1] if said else (self.due or {}).get("answer")

    @property
    def closed_since(self) -> str | None:
        """Since when retention may count; None while the case has to stay.

        What the council does not have yet, or has not closed, always stays. A date that the council mistyped makes
        nothing leave early: the time begins when we heard of it.
        """
        has_all = self.delivered_at is not None and self.first_for(COUNCIL) is None
        if not has_all or not self.updates or self.updates[-1].status != "closed":
            return None
        return max(self.updates[-1].at, self.updates[-1].noted_at or "")

    @property
    def is_awaited(self) -> bool:
        """True while the council owes an answer: it has neither answered, paused, closed nor passed the case on."""
        return not self.updates or self.updates[-1].status not in NOTHING_IS_DUE

    def is_late(self, now: datetime) -> bool:
        """True once the day an answer was due has passed in England and it is still awaited."""
        if self.answer_due is None or not self.is_awaited:
            return False
        return day_in_england(now) > date.fromisoformat(self.answer_due)

    def with_update(self, update: Update) -> "Case":
        return replace(self, updates=tuple(sorted((*self.updates, update), key=lambda known: known.version)))

    def with_entry(self, entry: Entry) -> "Case":
        """The same case with this entry in the place of the one of its kind."""
        return replace(self, outbox=tuple(entry if entry.kind == known.kind else known for known in self.outbox))

    def without_entry(self, kind: str) -> "Case":
        return replace(self, outbox=tuple(entry for entry in self.outbox if entry.kind != kind))

    def to_record(self) -> dict[str, Any]:
        """The case as plain JSON data, the way every store keeps it."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Case":
        """The case in a record. Fields that a later version added are passed over, so that it can be undone."""
        facts = _known(cls, record)
        facts |= {name: tuple(facts[name]) for name in ("reasons", "urgency")}
        facts["outbox"] = tuple(Entry(**_known(Entry, entry)) for entry in record["outbox"])
        facts["updates"] = tuple(Update(**_known(Update, update)) for update in record["updates"])
        return cls(**facts)


def _known(kind: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    return {known.name: record[known.name] for known in fields(kind) if known.name in record}


@dataclass(frozen=True)
class Step:
    """One line of the timeline: a code the wording knows, the day it happened, and what the council added."""

    step: str
    on: date
    said: dict[str, Any] = field(default_factory=dict)


def steps_of(case: Case) -> list[Step]:
    """The case's story so far, oldest first."""
    steps = [Step("received", day_in_england(moment(case.received_at)))]
    if case.delivered_at:
        steps.append(Step("delivered", day_in_england(moment(case.delivered_at))))
    for update in case.updates:
        said = {"stage": update.stage, "note": update.note, "reason": update.reason, "resubmit_by": update.resubmit_by}
        known = {name: value for name, value in said.items() if value is not None}
        steps.append(Step(update.status, day_in_england(moment(update.at)), known))
    return steps
