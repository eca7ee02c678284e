"""Every story with one fault ends well: over both worlds, however long people wait and whatever clocks say."""

import pytest

from heard.case import COUNCIL, PERSON
from heard.wiring import deliverer
from tests.faults.points import Points
from tests.faults.simulator import FAULTS, TIMES, all_after, run
from tests.faults.story import tell, wrongs
from tests.faults.world import WORLDS, account


@pytest.fixture(scope="module", autouse=True)
def an_account():
    with account():
        yield


@pytest.mark.parametrize("time", TIMES, ids=["soon", "late", "late-clock-behind", "soon-clock-ahead"])
@pytest.mark.parametrize(("kind", "fault"), [(kind, fault) for kind in WORLDS for fault in FAULTS[kind]])
def test_no_single_fault_breaks_a_promise(kind, fault, time, tmp_path):
    plain = run(kind, tmp_path, {}, *time)
    runs = [plain, *all_after(plain, kind, tmp_path, *time, [fault])]
    assert len(runs) == plain.points + 1 > 40
    assert {str(dict(told.schedule)): told.wrongs for told in runs if told.wrongs} == {}


@pytest.mark.parametrize("kind", WORLDS)
def test_a_schedule_is_the_same_story_each_time(kind, tmp_path):
    assert run(kind, tmp_path, {}, *TIMES[0]).points == run(kind, tmp_path, {}, *TIMES[0]).points


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


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("kind", WORLDS)
def test_a_second_deliverer_may_come_in_between_at_any_call(kind, before, tmp_path):
    plain = run(kind, tmp_path, {}, *TIMES[0])
    broken = {}
    for at in range(plain.points):
        points = Overtaken(at, before)
        with WORLDS[kind](points, tmp_path) as world:
            points.world = world
            if found := wrongs(tell(world), world):
                broken[at] = found
    assert broken == {}
