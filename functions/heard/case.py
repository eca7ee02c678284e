"""A case: what was sent, what was said about it since by both sides, and what is still to be passed on."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from typing import Any

from heard.answers import Answers
from heard.clock import day_in_england

COUNCIL, PERSON, ADVOCATE = "council", "person", "advocate"
COUNCIL_MESSAGE = "council_message"
CONTACT_FAILED = "contact_failed"
ACKNOWLEDGEMENT = "acknowledgement"
NEWS = "news"
"""That the council did something, in an entry of its own: `news:VERSION`."""
SAID = "said"
"""Something the person said since, in an entry of its own: `said:ID`."""
DUE_SOON, OVERDUE = "due_soon", "overdue"
"""That an answer is due, or was, in an entry for each day it is due on: `due_soon:DAY`."""
RECIPIENTS = {COUNCIL_MESSAGE: COUNCIL, CONTACT_FAILED: COUNCIL, SAID: COUNCIL, DUE_SOON: COUNCIL, OVERDUE: COUNCIL}
RECIPIENTS |= {ACKNOWLEDGEMENT: PERSON, NEWS: PERSON}
RESTING = ("reply_sent", "closed", "on_hold", "hold_ended", "referred")
"""Where a case can stand without anything being due."""
UNDER_WAY = ("with_council", "looking_into_it", "handed_over", "stage_moved", "resumed")
IN_PASSING = ("acknowledged", "assigned", "extended", "asked", "meeting_offered", "mediation_offered")
"""What the council does without the case standing anywhere else for it."""
STATUSES = (*UNDER_WAY, *RESTING, *IN_PASSING)


PLACE = 200
"""Bytes that an entry of the outbox takes, and room to spare."""
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
        return RECIPIENTS.get(self.what)

    @property
    def what(self) -> str:
        """The kind without what it is about."""
        return self.kind.partition(":")[0]


@dataclass(frozen=True)
class Said:
    """What the person said after the first message: `form` names what kind of thing. The same id is the same thing.

    `at`: by our clock. `by`: PERSON or ADVOCATE. `listed_for`: the service on whose list the person put the case by it.
    """

    id: str
    form: str
    at: str
    answers: Answers
    by: str = PERSON
    listed_for: str | None = None


@dataclass(frozen=True)
class Point:
    """One point of a complaint as the council took it up, and what it found. Numbered by the council, from 1."""

    number: int
    title: str
    theme: str | None = None
    outcome: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Update:
    """What the council did, numbered by the council: the same number is the same update, in any order.

    `at`: when, as the council says. `noted_at`: when we wrote it down. `note`: what the person reads.
    `investigation`: the one that going on could harm. `to`: the role or the body that deals with it now. `points`:
    those that this update says something new about.
    """

    version: int
    status: str
    at: str
    stage: int | None = None
    due: str | None = None
    note: str | None = None
    reason: str | None = None
    investigation: str | None = None
    resubmit_by: str | None = None
    to: str | None = None
    points: tuple[Point, ...] = ()
    noted_at: str | None = field(default=None, compare=False)

    @property
    def happened(self) -> str:
        """When, as far as can be: what is dated after it was noted down was mistyped."""
        return min(self.at, self.noted_at or self.at)


@dataclass(frozen=True)
class Case:
    """One accepted submission. `revision` counts its stored states; times are UTC text, days ISO dates.

    `contact_failed`: when and why a letter did not reach the person, as "time code"; see bounce.
    `seen_at`: when the person last looked after news. `reminded`: the kinds of
    the reminders that the council was sent. `unknown`: what a later version keeps with a case, as it was.
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
    said: tuple[Said, ...] = ()
    seen_at: str | None = None
    reminded: tuple[str, ...] = ()
    revision: int = 1
    unknown: dict[str, Any] = field(default_factory=dict)

    @property
    def next_due(self) -> str | None:
        """When the outbox wants attention next; None when everything has been passed on."""
        nexts = [self.first_for(recipient) for recipient in (COUNCIL, PERSON)]
        parked = [entry for entry in self.outbox if entry.due == PARKED]
        return min((entry.due for entry in [*nexts, *parked] if entry), default=None)

    def first_for(self, recipient: str) -> Entry | None:
        """What goes to this recipient next. One thing after the other: no event is told before the case it is about.

        What is parked waits for people, and holds up nothing.
        """
        own = (entry for entry in self.outbox if entry.recipient == recipient and entry.due != PARKED)
        return next(own, None)

    @property
    def answer_due(self) -> str | None:
        """The day an answer is due: the council's latest word on it for this stage, else what was promised at receipt.

        None from when the next stage is asked for, after an answer, until the council says when it will be answered.
        """
        moved = [number for number, update in enumerate(self.updates) if update.status == "stage_moved"]
        since = self.updates[moved[-1] :] if moved else self.updates
        if self.waits_for_next_stage and self.standing in RESTING:
            since = tuple(update for update in since if update.happened > (self.next_stage_asked or ""))
            return next((update.due for update in reversed(since) if update.due), None)
        said = [update.due for update in since if update.due]
        first = None if moved else (self.due or {}).get("answer")
        return said[-1] if said else first

    @property
    def standing(self) -> str | None:
        """Where the case stands by the council's updates; None before the first."""
        return next((update.status for update in reversed(self.updates) if update.status not in IN_PASSING), None)

    @property
    def waits_for_next_stage(self) -> bool:
        """True from when the person asked for the next stage until the council moves the case or answers anew.

        What it did before, and only told later, is no answer to that.
        """
        answers = (update.happened for update in self.updates if update.status in (*RESTING, "stage_moved"))
        return self.next_stage_asked is not None and self.next_stage_asked >= max(answers, default="")

    @property
    def next_stage_asked(self) -> str | None:
        """When the person last asked for the next stage."""
        return max((said.at for said in self.said if said.form == "next_stage"), default=None)

    @property
    def is_withdrawn(self) -> bool:
        """True while the person wants it to stop. They may change their mind."""
        said = [said.form for said in self.said if said.form in ("withdraw", "carry_on")]
        return said[-1:] == ["withdraw"]

    @property
    def advocate(self) -> Said | None:
        """What the person said of the advocate whom they let see the case now: their code follows from its id."""
        said = [said for said in self.said if said.form in ("name_advocate", "remove_advocate")]
        return said[-1] if said and said[-1].form == "name_advocate" else None

    @property
    def listed_for(self) -> str | None:
        """The advocacy service on whose list the case stands: the person said so as they named their advocate."""
        return self.advocate.listed_for if self.advocate else None

    @property
    def contact(self) -> Answers:
        """How the person may be reached now: the answers to the contact questions, as they were last changed."""
        changed = [said.answers for said in self.said if said.form == "change_contact"]
        return changed[-1] if changed else self.answers

    @property
    def contact_works(self) -> bool:
        """False from when a letter came back until the person says another way to reach them."""
        changed = max((said.at for said in self.said if said.form == "change_contact"), default="")
        return self.contact_failed is None or changed > self.contact_failed.partition(" ")[0]

    @property
    def contact_number(self) -> int:
        """How often the person has said another way to reach them."""
        return sum(said.form == "change_contact" for said in self.said)

    @property
    def closed_since(self) -> str | None:
        """Since when retention may count; None while the case has to stay.

        What the council does not have yet, or has not closed, always stays. A date that the council mistyped makes
        nothing leave early: the time begins when we heard of it. What the person says since begins it anew.
        """
        has_all = self.delivered_at is not None and not any(entry.recipient == COUNCIL for entry in self.outbox)
        if not has_all or self.standing != "closed" or self.waits_for_next_stage:
            return None
        last = self.updates[-1]
        return max(last.at, last.noted_at or "", *(said.at for said in self.said))

    @property
    def is_awaited(self) -> bool:
        """True while the council owes an answer: it has neither answered, paused, closed nor passed the case on."""
        return not self.is_withdrawn and (self.waits_for_next_stage or self.standing not in RESTING)

    def is_late(self, now: datetime) -> bool:
        """True once the day an answer was due has passed in England and it is still awaited."""
        if self.answer_due is None or not self.is_awaited:
            return False
        return day_in_england(now) > date.fromisoformat(self.answer_due)

    def is_new(self, update: Update) -> bool:
        """True while the person has not looked since this was noted down, in whatever order it came."""
        return (update.noted_at or update.at) > (self.seen_at or "")

    def with_update(self, update: Update) -> "Case":
        return replace(self, updates=tuple(sorted((*self.updates, update), key=lambda known: known.version)))

    def with_said(self, said: Said) -> "Case":
        """The same case with this said, and on its way to the council."""
        entry = Entry(f"{SAID}:{said.id}", due=said.at, since=said.at)
        return replace(self, said=(*self.said, said), outbox=(*self.outbox, entry))

    def with_entry(self, entry: Entry) -> "Case":
        """The same case with this entry in the place of the one of its kind."""
        return replace(self, outbox=tuple(entry if entry.kind == known.kind else known for known in self.outbox))

    def without_entry(self, kind: str) -> "Case":
        return replace(self, outbox=tuple(entry for entry in self.outbox if entry.kind != kind))

    def to_record(self) -> dict[str, Any]:
        """The case as plain JSON data, the way every store keeps it."""
        facts = asdict(self)
        later: dict[str, Any] = facts.pop("unknown")
        return later | facts

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Case":
        """The case in a record. What a later version added is kept for it, so that an update can be undone."""
        facts = _known(cls, dict(record))
        facts["unknown"] = {name: value for name, value in record.items() if name not in facts}
        facts |= {name: tuple(facts[name]) for name in ("reasons", "urgency")}
        facts["outbox"] = tuple(Entry(**_known(Entry, entry)) for entry in record["outbox"])
        facts["updates"] = tuple(_update(update) for update in record["updates"])
        facts["reminded"] = tuple(facts.get("reminded", ()))
        facts["said"] = tuple(Said(**_known(Said, said)) for said in record.get("said", ()))
        return cls(**facts)


def _known(kind: type[Any], record: dict[str, Any]) -> dict[str, Any]:
    return {known.name: record[known.name] for known in fields(kind) if known.name in record}


def size_of(told: Iterable[Said | Update]) -> int:
    """How many bytes these take in a record, each with its place in the outbox."""
    return sum(len(json.dumps(asdict(one), ensure_ascii=False).encode(errors="replace")) + PLACE for one in told)


def _update(record: dict[str, Any]) -> Update:
    points = tuple(Point(**_known(Point, point)) for point in record.get("points", ()))
    return Update(**_known(Update, record) | {"points": points})
