"""Whatever both sides do, in any order and however often it arrives: one story, the same for both."""

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from heard.case import DUE_SOON, IN_PASSING, OVERDUE, STATUSES, Point
from heard.forms import FOLLOW_UPS
from heard.message import EVENTS
from heard.remind import remind
from heard.timeline import OUTCOMES, outcome_of, steps_of, timeline_of
from heard.update import NEEDS, update
from heard.wiring import one_machine
from tests.conftest import Clock, deliver_all, send_complaint, send_json
from tests.unit.test_saying_more import SAID

REMINDERS = (DUE_SOON, OVERDUE)
EXTRAS = {"reason": "court", "due": "2027-03-01", "note": "Words for you.", "to": "Team manager", "stage": 2}
DAYS = {"a day": 1, "a fortnight": 14}
BEGINS = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)

council_acts = st.fixed_dictionaries(
    {"status": st.sampled_from(STATUSES), "hours": st.integers(0, 500)},
    optional={"points": st.lists(st.tuples(st.integers(1, 4), st.none() | st.sampled_from(OUTCOMES)), max_size=3)},
)
person_acts = st.tuples(st.sampled_from(FOLLOW_UPS), st.integers(0, 3))
stories = st.lists(
    st.one_of(council_acts, person_acts, st.sampled_from(["deliver", "look", "a day", "a fortnight", "remind"])),
    max_size=12,
)


def as_update(version, act):
    """What the council would send: with all that its status needs."""
    said = {"version": version, "status": act["status"], "at": (BEGINS + timedelta(hours=act["hours"])).isoformat()}
    said |= {name: EXTRAS[name] for name in NEEDS.get(act["status"], ())}
    points = {number: {"number": number, "title": "A point"} | ({"outcome": o} if o else {})
              for number, o in act.get("points", [])}  # fmt: skip
    return said | ({"points": list(points.values())} if points else {})


class Story:
    """One case lived through: what was said, what the council sent, and what it has taken off its queue."""

    def __init__(self, services, clock):
        self.services, self.clock = services, clock
        self.receipt = send_complaint(services)
        self.said, self.updates = set(), []

    @property
    def case(self):
        return self.services.store.with_reference(self.receipt["reference"])

    def live(self, act):
        self.clock.move(seconds=1)
        if act == "deliver":
            deliver_all(self.services)
        elif act == "look":
            assert send_json(self.services, "follow", code=self.receipt["code"])[0] == 200
        elif act == "remind":
            remind(self.services.store, self.clock())
        elif isinstance(act, str):
            self.clock.move(days=DAYS[act])
        elif isinstance(act, tuple):
            form, page = act
            sent = {"code": self.receipt["code"], "form": form, "key": f"{page:032x}", **SAID[form]}
            status, _ = send_json(self.services, "say", **sent)
            assert status == 200 or (status == 409 and act in self.said)  # said before, and something else since
            self.said.add((form, page))
        else:
            self.updates.append(as_update(len(self.updates) + 1, act))
            self.tell(self.updates[-1])

    def tell(self, said):
        update(self.receipt["reference"], dict(said), self.services.store, self.clock())

    def taken(self):
        deliver_all(self.services)
        return [taken.message for taken in self.services.inbox.receive(100, 60)]


@given(stories, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
def test_any_story_is_one_timeline_for_both_sides(acts, chance):
    clock = Clock(BEGINS)
    with TemporaryDirectory() as folder, closing(
        one_machine({"HEARD_DATA": folder, "HEARD_PEPPER": "aa" * 32}, clock)
    ) as services:  # fmt: skip
        story = Story(services, clock)
        for act in acts:
            story.live(act)
        again = [act for act in acts if not isinstance(act, dict)]  # what the person pressed, pressed once more
        chance.shuffle(again)
        for act in again:
            story.live(act)
        chance.shuffle(story.updates)  # and what the council sent, handed in once more in another order
        for said in story.updates:
            story.tell(said)
        is_legal(story)
        is_the_same_at_the_council(story)


def is_legal(story):
    timeline = timeline_of(story.case, story.clock())
    days = [step.on for step in timeline.steps]
    assert days == sorted(days)
    assert timeline.steps[0].step == "received"
    told = [step.step for step in timeline.steps if step.step in STATUSES]
    assert told == [said["status"] for said in sorted(story.updates, key=lambda said: said["version"])]
    assert {said.form for said in story.case.said} == {form for form, _ in story.said}
    assert len(story.case.said) == len(story.said)
    assert story.case.standing not in IN_PASSING
    assert not (timeline.late and not timeline.awaited)
    assert ("withdraw" in timeline.can) <= (not story.case.is_withdrawn)
    assert "tell_more" in timeline.can


def is_the_same_at_the_council(story):
    messages = story.taken()
    assert [message["type"] for message in messages[:1]] == ["submission"]
    reminders = [(message["event"], message["due"]) for message in messages[1:] if message["event"] in REMINDERS]
    assert len(reminders) == len(set(reminders))
    assert {f"{event}:{due}" for event, due in reminders} <= set(story.case.reminded)
    events = [
        (message["event"], message["id"], message["at"])
        for message in messages[1:]
        if message["event"] not in REMINDERS
    ]
    assert Counter(events) == Counter((EVENTS[said.form], said.id, said.at) for said in story.case.said)
    assert [event for event, *_ in events] == [EVENTS[said.form] for said in story.case.said]
    own = sum(step.step in FOLLOW_UPS for step in steps_of(story.case))
    assert own == len(events)


points = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=6)


@given(points)
def test_the_outcome_of_a_case_follows_from_its_points(outcomes):
    found = outcome_of(tuple(Point(number, "A point", outcome=outcome) for number, outcome in enumerate(outcomes)))
    assert found in OUTCOMES
    assert (found == "upheld") == (set(outcomes) == {"upheld"})
    assert (found == "partly_upheld") == (
        bool(set(outcomes) & {"upheld", "partly_upheld"}) and set(outcomes) != {"upheld"}
    )
    if found not in ("upheld", "partly_upheld"):
        assert found in outcomes


def test_a_case_has_no_outcome_while_a_point_has_none():
    assert outcome_of((Point(1, "A", outcome="upheld"), Point(2, "B"))) is None
    assert outcome_of(()) is None
