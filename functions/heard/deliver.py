"""Use case: pass on what is due.

A lease keeps two deliverers apart; a failed send comes back later, and later still.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from heard import log
from heard.case import COUNCIL, COUNCIL_MESSAGE, DUE_SOON, OVERDUE, PARKED, PERSON, Case, Entry
from heard.clock import stamp
from heard.letters import is_wanted, letter_for
from heard.message import MessageMalformed, build
from heard.ports import CouncilQueue, Messenger, NeverSent, NotSent, StaleCase, Store
from heard.reminders import is_true

LEASES = {COUNCIL: timedelta(minutes=1), PERSON: timedelta(minutes=10)}  # longer than any one send
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(hours=1)
NOT_WANTED = "not_wanted"  # any more: somebody said so since
LETTER_ATTEMPTS = 12  # about five hours; a council message is never given up


@dataclass(frozen=True)
class Outcome:
    """What became of one attempt: `sent`, `not_sent`, `never_sent`, `unknown` or `not_wanted`.

    `problem`: its code.

    `parked`: nobody tries it any more, and people have to look at it.
    """

    reference: str
    kind: str
    outcome: str
    problem: str | None = None
    parked: bool = False


def note(outcome: Outcome) -> None:
    """A log line for an attempt, and one more for what is parked, which an alarm listens to."""
    step = f"deliver_{outcome.kind.partition(':')[0]}"
    log.note(step, outcome.outcome, reference=outcome.reference, problem=outcome.problem)
    if outcome.parked:
        log.note(step, "parked", reference=outcome.reference)


@dataclass(frozen=True)
class Deliverer:
    """Passes entries on to the council's queue and to people."""

    store: Store
    queue: CouncilQueue
    messenger: Messenger
    council: dict[str, Any]
    clock: Callable[[], datetime]
    has_time: Callable[[], bool] = lambda: True
    """Asked before each attempt: one that is cut off in the middle has an unknown outcome."""

    def deliver_due(self, recipient: str, at_most: int = 200) -> list[Outcome]:
        """Attempts what is due to the council or to people, one after the other; one that fails holds up no other."""
        return self.deliver_cases(self._due(recipient, at_most), recipient)

    def _due(self, recipient: str, at_most: int) -> list[str]:
        """Ids of what is due. The reading is over before anything is written: SQLite refuses to write over it."""
        now = stamp(self.clock())
        due = (case.id for case in self.store.due(now) if (entry := case.first_for(recipient)) and entry.due <= now)
        return list(islice(due, at_most))

    def deliver_cases(self, case_ids: Iterable[str], recipient: str) -> list[Outcome]:
        """The same for cases that somebody has just heard of. A case with nothing due is passed over."""
        outcomes: list[Outcome] = []
        for case_id in case_ids:
            try:
                outcomes.extend(self._attempts(case_id, recipient))
            except Exception as broken:  # a case that the store cannot read or write holds up no other
                log.note(f"deliver_to_{recipient}", "broken", problem=log.where(broken))
        return outcomes

    def _attempts(self, case_id: str, recipient: str) -> Iterator[Outcome]:
        """One thing after the other, until one does not get through or nothing is due."""
        while self.has_time() and (outcome := self._attempt(case_id, recipient)):
            note(outcome)
            yield outcome
            if outcome.outcome not in ("sent", NOT_WANTED):
                return

    def _attempt(self, case_id: str, recipient: str) -> Outcome | None:
        leased = self._lease(case_id, recipient)
        if leased is None:
            return None
        case, entry, unknown_before = leased
        outcome = self._send(case, entry, unknown_before)
        later = None
        if outcome.outcome not in ("sent", NOT_WANTED):
            unknown_since = entry.unknown_since if outcome.outcome == "unknown" else unknown_before
            due = self._later(entry, outcome)
            later = replace(entry, due=due, problem=outcome.problem, unknown_since=unknown_since)
            outcome = replace(outcome, parked=due == PARKED)
        self._settle(case_id, entry, later)
        return outcome

    def _lease(self, case_id: str, recipient: str) -> tuple[Case, Entry, str | None] | None:
        """Takes the entry for a while, unless it is gone or somebody else has it."""
        while True:
            now = self.clock()
            case = self.store.with_id(case_id)
            entry = case.first_for(recipient) if case else None
            if case is None or entry is None or entry.due > stamp(now):
                return None
            taken = replace(
                entry,
                due=stamp(now + LEASES[recipient]),
                attempts=entry.attempts + 1,
                unknown_since=entry.unknown_since or stamp(now),
            )
            try:
                return self.store.replace(case.with_entry(taken)), taken, entry.unknown_since
            except StaleCase:  # something else about the case changed, or somebody else took the entry
                continue

    def _send(self, case: Case, entry: Entry, unknown_before: str | None) -> Outcome:
        """One attempt. A letter that may have gone out is not sent again: two would frighten more than none."""
        texts = self.council["text_messages"]
        try:
            if entry.what in (DUE_SOON, OVERDUE) and not is_true(entry, case):
                return Outcome(case.reference, entry.kind, NOT_WANTED)
            if entry.recipient == COUNCIL:
                self.queue.send(build(case, entry, unknown_before is not None, texts=texts))
            elif unknown_before:
                return Outcome(case.reference, entry.kind, "never_sent", "may_have_been_sent")
            else:
                now = self.store.with_id(case.id)
                if now is None or _entry_of(now, entry.kind) is None or not is_wanted(entry.what, now, texts=texts):
                    return Outcome(case.reference, entry.kind, NOT_WANTED)
                self.messenger.send(letter_for(entry.what, now, self.council), letter_id(entry.kind, now))
        except NeverSent as refused:
            return Outcome(case.reference, entry.kind, "never_sent", str(refused))
        except NotSent as failed:
            return Outcome(case.reference, entry.kind, "not_sent", str(failed))
        except MessageMalformed:
            return Outcome(case.reference, entry.kind, "not_sent", "message_malformed")
        except Exception as failed:  # whatever went wrong, the next person's message must still go out
            return Outcome(case.reference, entry.kind, "unknown", type(failed).__name__)
        return Outcome(case.reference, entry.kind, "sent")

    def _later(self, entry: Entry, outcome: Outcome) -> str:
        """When to try again. What cannot succeed, and a letter that was tried long enough, is parked for people."""
        given_up = entry.recipient == PERSON and (entry.attempts >= LETTER_ATTEMPTS or outcome.outcome == "unknown")
        if outcome.outcome == "never_sent" or given_up:
            return PARKED
        return stamp(self.clock() + min(FIRST_WAIT * 2 ** min(entry.attempts - 1, 10), LONGEST_WAIT))

    def _settle(self, case_id: str, attempted: Entry, later: Entry | None) -> None:
        """Writes down what became of an attempt, also when the council's update came in between.

        A failure is only written while the lease is still ours; a success always is.
        """
        while True:
            case = self.store.with_id(case_id)
            entry = _entry_of(case, attempted.kind)
            if case is None or entry is None or (later and entry.attempts != attempted.attempts):
                return
            settled = case.with_entry(later) if later else _passed_on(case, attempted.kind, stamp(self.clock()))
            try:
                self.store.replace(settled)
            except StaleCase:
                continue
            return


def letter_id(kind: str, case: Case) -> str:
    """What a letter is known by outside: its case, what it is, and to which of the person's addresses it goes."""
    to = f"-c{case.contact_number}" if case.contact_number else ""
    return f"{case.id}-{kind.replace(':', '-')}{to}"


def _entry_of(case: Case | None, kind: str) -> Entry | None:
    return next((entry for entry in case.outbox if entry.kind == kind), None) if case else None


def _passed_on(case: Case, kind: str, now: str) -> Case:
    done = case.without_entry(kind)
    return replace(done, delivered_at=now) if kind == COUNCIL_MESSAGE else done
