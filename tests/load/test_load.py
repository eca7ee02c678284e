"""That `make load` still runs, and would notice what it is there to notice."""

from dataclasses import replace

import pytest

from tests.load.run import Plan, growth, main
from tests.load.turn import NotKept, Turn, agree, p99

SMALL = Plan(stocks=(1, 5, 50), crowds=(6,), rounds=1, seconds=0.3, judges_growth=False)


def test_a_small_crowd_loses_and_doubles_nothing(capsys):
    assert main(SMALL) == 0
    assert "none lost, none doubled" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("receipts", "queued", "found"),
    [
        (["A", "B", "C"], ["B"], "2 lost, 0 doubled"),
        (["A"], ["A", "A"], "0 lost, 1 doubled"),
        ([], ["A"], "0 lost, 1 doubled"),
    ],
)
def test_what_has_no_message_is_lost_and_a_message_too_many_is_doubled(receipts, queued, found):
    with pytest.raises(NotKept, match=found):
        agree(receipts, queued)


def test_growth_is_the_wait_of_the_slowest_with_the_largest_stock_over_that_with_the_middle_one():
    turn = Turn(accepted=1, a_second=1, receipt=1, receipt_p99=2, queue=1, queue_p99=1, memory=1)
    turns = {(people, stock): [turn] for people in SMALL.crowds for stock in SMALL.stocks}
    turns[6, 50] = [replace(turn, receipt_p99=wait) for wait in (5, 90, 6)]
    assert growth(SMALL, turns) == [3]


def test_the_p99_is_the_last_but_one_of_a_hundred():
    assert p99(range(100)) == 98
