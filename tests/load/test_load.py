"""That `make load` still runs, and would notice what it is there to notice."""

from tests.load.run import Plan, main
from tests.load.turn import losses, p99


def test_a_small_crowd_loses_and_doubles_nothing(capsys):
    plan = Plan(stocks=(1, 5, 50), crowds=(1, 6), rounds=1, seconds=0.3, judges_growth=False)
    assert main(plan) == 0
    said = capsys.readouterr().out
    assert said.count("| 0 | 0 |") == 6
    assert "Nothing lost, nothing doubled." in said


def test_a_receipt_without_a_message_is_a_loss_and_a_message_too_many_is_a_double():
    assert losses(["A", "B"], ["B", "A"]) == (0, 0)
    assert losses(["A", "B", "C"], ["A"]) == (2, 0)
    assert losses(["A"], ["A", "A"]) == (0, 1)
    assert losses([], ["A"]) == (0, 1)


def test_the_p99_is_the_last_but_one_of_a_hundred():
    assert p99(range(100)) == 98
