"""Every story with one fault ends well: over both worlds, however long people wait and whatever clocks say."""

import itertools

import pytest

from heard.case import COUNCIL, PERSON
from heard.forms import FOLLOW_UPS
from heard.wiring import deliverer
from tests.faults.points import Points
from tests.faults.simulator import FAULTS, HARDEST, TIMES, all_after, run
from tests.faults.story import tell, wrongs
from tests.faults.world import WORLDS, account


@pytest.fixture(scope="module", autouse=True)
def an_account():
    with account():
        yield


SOON = TIMES["soon"]
TIMES_OF = {"sqlite": {"soon": SOON, "late-clock-behind": HARDEST}, "aws": {"late-clock-behind": HARDEST}}
"""Which of them each run of the tests has; `make faults` has all."""
STORIES = {
    f"{kind}-{fault.value}-{name}": (kind, fault, time)
    for kind in WORLDS
    for fault in FAULTS[kind]
    for name, time in TIMES_OF[kind].items()
}


@pytest.mark.parametrize(("kind", "fault", "time"), STORIES.values(), ids=STORIES)
def test_no_single_fault_breaks_a_promise(kind, fault, time, tmp_path):
    plain = run(kind, tmp_path, {}, *time)
    runs = [plain, *all_after(plain, kind, tmp_path, *time, [fault])]
    assert len(runs) == plain.points + 1 > 40
    assert {str(dict(told.schedule)): told.wrongs for told in runs if told.wrongs} == {}


@pytest.mark.parametrize("form", FOLLOW_UPS)
def test_whatever_is_said_since_no_fault_on_its_way_breaks_a_promise(form, tmp_path):
    plain, found = said_under({}, form, tmp_path)
    first, until = plain.around_it
    broken = {"none": found} if found else {}
    for at, fault in itertools.product(range(first, until), FAULTS["sqlite"]):
        _, found = said_under({at: fault}, form, tmp_path)
        broken |= {f"{fault.value} at {at}": found} if found else {}
    assert until - first > 5
    assert broken == {}


def said_under(schedule, form, folder):
    with WORLDS["sqlite"](Points(schedule), folder) as world:
        seen = tell(world, form)
        return seen, wrongs(seen, world)


@pytest.mark.parametrize("kind", WORLDS)
def test_a_schedule_is_the_same_story_each_time(kind, tmp_path):
    assert run(kind, tmp_path, {}, *SOON).points == run(kind, tmp_path, {}, *SOON).points


class Overtaken(Points):
    """At one call, another deliverer passes on everything that is due, before the call or after it."""

    def __init__(self, at, before):
        super().__init__()
        self.at, self.before, self.world = at, before, None

    def call(self, perform, ways):  # noqa: ARG002 - nothing fails here
        if not self.armed:
            return perform()
        mine, self.passed = self.passed == self.at, self.passed + 1
        if mine and self.before:
            self.other()
        answer = perform()
        if mine and not self.before:
            self.other()
        return answer

    def other(self):
        self.armed = False
        for recipient in (COUNCIL, PERSON):
            deliverer(self.world.services).deliver_due(recipient)
        self.armed = True


@pytest.mark.parametrize(("kind", "before"), [("sqlite", True), ("sqlite", False), ("aws", False)])
def test_a_second_deliverer_may_come_in_between_at_any_call(kind, before, tmp_path):
    plain = run(kind, tmp_path, {}, *SOON)
    broken = {}
    for at in range(plain.points):
        points = Overtaken(at, before)
        with WORLDS[kind](points, tmp_path) as world:
            points.world = world
            if found := wrongs(tell(world), world):
                broken[at] = found
    assert broken == {}
