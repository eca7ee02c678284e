"""Use case: accept a submission. Accepted means kept: one conditional write holds the case and its outbox."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heard.answers import Answers, digest
from heard.case import ACKNOWLEDGEMENT, COUNCIL_MESSAGE, Case, Entry
from heard.clock import Calendar, CalendarEnds, day_in_england, stamp
from heard.letters import wants_acknowledgement
from heard.ports import Store
from heard.procedure import dates_for, procedure_on, rules_on
from heard.receipt import Peppers, Receipt, case_id_for, receipt_for, receipt_given
from heard.triage import suggest_procedure, urgency_of


class KeyUsed(Exception):
    """This key has already brought other answers. The case it made is unchanged."""


@dataclass(frozen=True)
class Submission:
    """Checked answers and where they came from. `key`: 32 hex characters, the person's alone."""

    key: str
    form: str
    form_version: int
    language: str
    voice: str
    answers: Answers
    placement: str | None = None


@dataclass(frozen=True)
class Accepted:
    """What to show the person. `repeated`: it had been accepted before, and nothing was changed."""

    receipt: Receipt
    case: Case
    repeated: bool


def receive(
    submission: Submission, store: Store, peppers: Peppers, council: dict[str, Any], calendar: Calendar, now: datetime
) -> Accepted:
    """Keeps the submission once, however often it is sent; raises KeyUsed."""
    receipt = receipt_for(submission.key, peppers[0])
    case = open_case(submission, receipt, council, calendar, now)
    kept = store.accept(case)
    if (kept.digest, kept.form) != (case.digest, case.form):
        raise KeyUsed
    if kept is case:
        return Accepted(receipt, case, repeated=False)
    return Accepted(receipt_given(submission.key, kept.code_hash, peppers), kept, repeated=True)


def receipt_again(key: str, store: Store, peppers: Peppers) -> Accepted | None:
    """The receipt for a key that was accepted before, or None."""
    case = store.with_id(case_id_for(key))
    return Accepted(receipt_given(key, case.code_hash, peppers), case, repeated=True) if case else None


def open_case(
    submission: Submission, receipt: Receipt, council: dict[str, Any], calendar: Calendar, now: datetime
) -> Case:
    answers = submission.answers
    rules = rules_on(council, day_in_england(now))
    suggestion = suggest_procedure(submission.form, answers, rules)
    kinds = [COUNCIL_MESSAGE] + [ACKNOWLEDGEMENT] * wants_acknowledgement(answers, texts=council["text_messages"])
    return Case(
        id=receipt.case_id,
        reference=receipt.reference,
        code_hash=receipt.code_hash,
        form=submission.form,
        form_version=submission.form_version,
        language=submission.language,
        voice=submission.voice,
        received_at=stamp(now),
        answers=answers,
        digest=digest(answers),
        procedure=suggestion.procedure,
        procedure_version=rules["version"],
        reasons=suggestion.reasons,
        urgency=urgency_of(answers),
        due=due_dates(suggestion.procedure, council, calendar, now),
        placement=submission.placement,
        outbox=tuple(Entry(kind, due=stamp(now), since=stamp(now)) for kind in kinds),
    )


def due_dates(procedure: str, council: dict[str, Any], calendar: Calendar, now: datetime) -> dict[str, str] | None:
    """The days the council's clocks promise, counted from receipt, also where its own first stage starts later.

    None past the official calendar, or where the council's file states no figure: no date is better than a guess,
    and a complaint is never refused for it.
    """
    received = day_in_england(now)
    acknowledge = None if procedure in ("compliment", "comment") else rules_on(council, received)["acknowledge"]
    try:
        stage = dates_for(procedure_on(council, procedure, received), 1, received, calendar)
        due = {"answer": stage.answer, "longest": stage.longest}
        if acknowledge is not None:
            due["acknowledge"] = calendar.add_working_days(received, acknowledge, council["day_one"])
    except CalendarEnds:
        return None
    return {name: day.isoformat() for name, day in due.items() if day} if stage.answer else None
