"""What the promises of ports.py come to when calls fail on the way, over both sets of adapters."""

from dataclasses import replace
from datetime import timedelta

import pytest

from heard.case import COUNCIL
from heard.clock import stamp
from heard.ports import NotSent, StaleCase
from heard.wiring import deliverer
from tests.contracts.conftest import a_case
from tests.faults.points import Crash, Fault, Points
from tests.faults.story import taken
from tests.faults.world import WORLDS, account

MESSAGE = {"id": "1" * 32, "reference": "REF-1", "text": {"what_happened": "مرحبا"}}


@pytest.fixture(params=WORLDS)
def world(request, tmp_path):
    with account(), WORLDS[request.param](Points(), tmp_path) as world:
        yield world


def failing(world, fault, tries=1):
    """From now on the next calls fail. DynamoDB's client tries twice."""
    world.points.schedule = {world.points.passed + number: fault for number in range(tries)}
    return world.points.counting()


def test_a_case_whose_accepting_was_not_answered_is_kept_and_is_found_by_asking_again(world):
    store, case = world.services.store, a_case()
    with failing(world, Fault.ANSWER_LOST, tries=2), pytest.raises(Exception):  # noqa: B017, PT011 - whatever it says
        store.accept(case)
    assert store.accept(a_case(answers={"what_you_want_to_say": "other"})) == case


def test_a_case_whose_accepting_never_arrived_is_not_there(world):
    store, case = world.services.store, a_case()
    with failing(world, Fault.REQUEST_LOST, tries=2), pytest.raises(Exception):  # noqa: B017, PT011
        store.accept(case)
    assert store.with_id(case.id) is None
    assert store.accept(case) is case


def test_a_newer_state_whose_writing_was_not_answered_is_there_and_is_not_written_twice(world):
    store = world.services.store
    case = store.accept(a_case())
    newer = replace(case, placement="kr7")
    with failing(world, Fault.ANSWER_LOST, tries=2), pytest.raises(Exception):  # noqa: B017, PT011
        store.replace(newer)
    assert store.with_id(case.id).placement == "kr7"
    with pytest.raises(StaleCase):
        store.replace(newer)


def test_a_crash_after_writing_leaves_it_written(world):
    with failing(world, Fault.CRASH_AFTER), pytest.raises(Crash):
        world.services.store.accept(a_case())
    assert world.start().store.with_id(a_case().id) == a_case()


@pytest.mark.parametrize("fault", [Fault.REQUEST_LOST, Fault.THROTTLED])
def test_a_message_that_was_refused_or_never_arrived_is_certainly_not_sent(world, fault):
    with failing(world, fault), pytest.raises(NotSent):
        world.services.queue.send(MESSAGE)
    assert world.services.inbox.peek(10) == []


def test_a_message_whose_sending_was_not_answered_is_no_second_one_when_sent_again(world):
    with failing(world, Fault.ANSWER_LOST), pytest.raises(Exception):  # noqa: B017, PT011
        world.services.queue.send(MESSAGE)
    world.services.queue.send(MESSAGE)
    assert world.services.inbox.peek(10) == [MESSAGE]


class Dies:
    """A queue whose sender is gone before it can write down that the message was taken."""

    def __init__(self, queue):
        self.queue = queue

    def send(self, message):
        self.queue.send(message)
        raise Crash


def test_a_lease_keeps_others_away_until_it_ends_and_the_next_one_says_that_it_may_be_a_repeat(world):
    case = world.services.store.accept(a_case(reference="TM7-MM8-PP9-456", due=stamp(world.clock()), digest="0" * 64))
    with pytest.raises(Crash):
        deliverer(replace(world.services, queue=Dies(world.services.queue))).deliver_due(COUNCIL)
    world.wait(timedelta(seconds=59))
    assert deliverer(world.services).deliver_due(COUNCIL) == []
    world.wait(timedelta(minutes=6))
    assert [outcome.outcome for outcome in deliverer(world.services).deliver_due(COUNCIL)] == ["sent"]
    copies = [(message["id"], message["attempt"], message["possible_duplicate"]) for message in taken(world)]
    assert copies[0] == (case.id, 1, False)
    assert copies[1:] in ([], [(case.id, 2, True)])  # our own queue never forgets an id, SQS has by now


@pytest.fixture
def lagging(tmp_path):
    """DynamoDB, whose indexes may lag behind; SQLite's never do."""
    with account(), WORLDS["aws"](Points(), tmp_path) as world:
        yield world


def test_an_index_that_has_not_heard_of_a_case_hides_it_for_a_while_only(lagging):
    store = lagging.services.store
    case = store.accept(a_case())
    with failing(lagging, Fault.STALE):
        assert store.with_reference(case.reference) is None
    with failing(lagging, Fault.STALE):
        assert list(store.due(case.next_due)) == []
    assert store.with_id(case.id) == case
    assert list(store.due(case.next_due)) == [case]


def test_an_index_that_still_lists_a_case_as_waiting_brings_nothing_to_pass_on(lagging, monkeypatch):
    store = lagging.services.store
    done = store.accept(a_case(due=None))
    monkeypatch.setattr(type(store), "_ids", lambda *_: iter([done.id, "gone since"]))
    assert list(store.due("9999")) == store.waiting() == []
