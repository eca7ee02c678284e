"""A host that is killed at any moment has lost nothing it gave a receipt for, and does nothing twice. See killing."""

import random
import time

import pytest

from tests.faults.killing import Host, kill_and_count, opens
from tests.host.test_serve import post


def test_what_was_promised_before_five_kills_is_kept_after_them_and_nothing_happens_twice(tmp_path):
    seed = random.randrange(1_000_000)
    tally = kill_and_count(5, seed, tmp_path / "data")
    assert tally.receipts_shown > 10
    assert tally.faults() == {}, f"{tally}, seed {seed}"


@pytest.mark.parametrize("made_last", ["pepper", "cases.sqlite", "queue.sqlite"])
def test_a_kill_in_the_first_start_of_all_stops_no_later_one(tmp_path, made_last):
    host = Host(tmp_path / "data")
    host.start()
    until = time.monotonic() + 5
    while not (tmp_path / "data" / made_last).exists():
        assert time.monotonic() < until
    host.kill()
    host.start_and_wait()
    shown = post(host.address, "send", {"form": "comment", "key": "a" * 32, "what_you_want_to_say": "x"})
    host.kill()
    host.start_and_wait()
    assert opens(host.address, shown)
    host.kill()
