"""A case's story as the holder of a code sees it: one list, oldest first, of what both sides did."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from heard.case import ADVOCATE, PERSON, Case, Point, Said, Update
from heard.clock import day_in_england, moment

OUTCOMES = (
    "upheld", "partly_upheld", "not_upheld", "no_finding", "withdrawn", "referred_elsewhere", "resolved_informally",
)  # fmt: skip
EVERYTHING = "everything"
ADVOCATES_MAY = ("tell_more", "next_stage", "ask_for", "closing_questions")
"""What an advocate may say for the person. Stopping, contact and who else looks on are the person's own."""
READ_BACK = ("tell_more", "next_stage", "ask_for", "withdraw")
"""What of their own words whoever holds the code reads. How somebody is reached is not: others may look on."""
ON_THE_TIMELINE = ("stage", "note", "reason", "investigation", "resubmit_by", "due", "to")


@dataclass(frozen=True)
class Step:
    """One line of the timeline: a code the wording knows, the day it happened, and what was said with it.

    `new`: the council did it, and the person has not looked since.
    """

    step: str
    on: date
    said: dict[str, Any] = field(default_factory=dict)
    new: bool = False


@dataclass(frozen=True)
class Timeline:
    """What the holder of a code may see. Of what the person wrote, only what they added since the first message.

    `by`: who holds that code. `advocate`: for the person alone, what they allow theirs.
    """

    reference: str
    kind: str
    status: str
    steps: list[Step]
    due: str | None
    longest: str | None
    awaited: bool
    late: bool
    points: tuple[Point, ...]
    outcome: str | None
    can: tuple[str, ...]
    advocates_code: str | None = None
    advocate: dict[str, Any] | None = None
    by: str = PERSON


def for_advocate(timeline: Timeline, *, sees_everything: bool) -> Timeline:
    """The same as the person's advocate may see it: all of it, or the steps and their dates. News is the person's."""
    steps = [
        replace(step, new=False, said=step.said if sees_everything else _dates_of(step)) for step in timeline.steps
    ]
    points, outcome = (timeline.points, timeline.outcome) if sees_everything else ((), None)
    can = tuple(form for form in timeline.can if form in ADVOCATES_MAY)
    return replace(timeline, steps=steps, points=points, outcome=outcome, can=can, by=ADVOCATE)


def _dates_of(step: Step) -> dict[str, Any]:
    return {name: value for name, value in step.said.items() if name in ("stage", "due", "resubmit_by")}


def timeline_of(case: Case, now: datetime) -> Timeline:
    steps = steps_of(case)
    points, promised = points_of(case), case.due or {}
    return Timeline(
        reference=case.reference,
        kind=case.form,
        status=_status(case, steps),
        steps=steps,
        due=case.answer_due,
        longest=promised.get("longest") if case.answer_due == promised.get("answer") else None,
        awaited=case.is_awaited,
        late=case.is_late(now),
        points=points,
        outcome=outcome_of(points),
        can=tuple(possible(case, now)),
    )


def _status(case: Case, steps: list[Step]) -> str:
    """Where it stands in one word: what the person asked for last, else the council's, else that we have it."""
    if case.is_withdrawn:
        return "withdraw"
    if case.waits_for_next_stage:
        return "next_stage"
    return case.standing or ("delivered" if case.delivered_at else steps[0].step)


def steps_of(case: Case) -> list[Step]:
    """The case's story so far, oldest first.

    The council's updates keep the order of their numbers, and no day goes back: an update that says it happened before
    the one it follows stands on that one's day. Both sides' steps are in the order in which they happened.
    """
    steps = [(case.received_at, Step("received", _day(case.received_at)))]
    if case.delivered_at:
        steps.append((case.delivered_at, Step("delivered", _day(case.delivered_at))))
    steps += [(said.at, Step(said.form, _day(said.at), _own_words(said))) for said in case.said]
    steps += _updates(case)
    return [step for _, step in sorted(steps, key=lambda timed: timed[0])]


def _updates(case: Case) -> Iterator[tuple[str, Step]]:
    reached = case.delivered_at or case.received_at
    for update in case.updates:
        reached = max(reached, update.happened)
        yield reached, Step(update.status, _day(reached), _said_with(update), new=case.is_new(update))


def _own_words(said: Said) -> dict[str, Any]:
    own_words = {"answers": said.answers} if said.form in READ_BACK else {}
    return own_words | ({"by": said.by} if said.by == ADVOCATE else {})


def _said_with(update: Update) -> dict[str, Any]:
    said = {name: getattr(update, name) for name in ON_THE_TIMELINE}
    return {name: value for name, value in said.items() if value is not None}


def _day(stamped: str) -> date:
    return day_in_england(moment(stamped))


def points_of(case: Case) -> tuple[Point, ...]:
    """The points of the complaint as the council last described each, by number."""
    latest = {point.number: point for update in case.updates for point in update.points}
    return tuple(latest[number] for number in sorted(latest))


def outcome_of(points: tuple[Point, ...]) -> str | None:
    """The outcome of the case, which follows from those of its points; None while one of them has none.

    All alike: that one. Some upheld, or any in part: partly upheld. Else what was found, if anything was.
    """
    outcomes = {point.outcome for point in points}
    if not outcomes or None in outcomes:
        return None
    if len(outcomes) == 1:
        return outcomes.pop()
    if outcomes & {"upheld", "partly_upheld"}:
        return "partly_upheld"
    return next(outcome for outcome in OUTCOMES if outcome in outcomes)


def possible(case: Case, now: datetime) -> Iterator[str]:
    """The forms that are offered beside the timeline. What arrives anyway is taken: only the offer depends."""
    yield "tell_more"
    answered = case.standing in ("reply_sent", "closed", "referred", "hold_ended")
    if case.form == "complaint" and not case.waits_for_next_stage and (answered or case.is_late(now)):
        yield "next_stage"
    yield "ask_for"
    yield "remove_advocate" if case.advocate else "name_advocate"
    yield "change_contact"
    if case.is_withdrawn:
        yield "carry_on"
    elif case.standing != "closed":
        yield "withdraw"
    if case.standing == "closed":
        yield "closing_questions"
