"""`make load`: how many complaints one machine takes, how long people wait, and what 100,000 stored cases change.

Three hosts, each over more cases than the one before, take turns under the same crowd, round after round, so that
whatever else the machine does hits all of them. Ends with status 1: at once when something was lost or doubled, and
when people wait too much longer where there are many cases.
"""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from pathlib import Path
from statistics import geometric_mean, median

from tests.load.people import Host, Line, crowd
from tests.load.turn import NotKept, Turn, one_turn, p99

MOST_GROWTH = 1.5  # of the p99 of the wait for a receipt, from the middle stock of cases to the largest


@dataclass(frozen=True)
class Plan:
    """`stocks`: cases from before. `crowds`: people at once. `seconds`: how long a crowd keeps on in each turn."""

    stocks: tuple[int, int, int] = (10, 1_000, 100_000)
    crowds: tuple[int, ...] = (1, 2, 4, 8, 16)
    rounds: int = 6
    seconds: float = 1.0
    judges_growth: bool = True


SHORT = Plan((10, 1_000, 10_000), (1, 4, 16), rounds=2, seconds=0.5, judges_growth=False)
Turns = dict[tuple[int, int], list[Turn]]  # by crowd and stock, one of each round


def all_turns(plan: Plan, hosts: dict[int, Host]) -> Turns:
    turns: Turns = {(people, stock): [] for people in plan.crowds for stock in plan.stocks}
    for number in range(plan.rounds):
        for people in plan.crowds:
            for stock in islice(cycle(plan.stocks), number, number + len(plan.stocks)):  # another goes first each time
                turns[people, stock].append(one_turn(hosts[stock], people, plan.seconds))
    return turns


def growth(plan: Plan, turns: Turns) -> list[float]:
    """For each crowd, how many times as long the slowest of 100 wait with the largest stock as with the middle one."""
    waits = {key: median(turn.receipt_p99 for turn in rounds) for key, rounds in turns.items()}
    _, middle, largest = plan.stocks
    return [waits[people, largest] / waits[people, middle] for people in plan.crowds]


def table(turns: Turns) -> list[str]:
    """In Markdown: the median of the rounds, and the most memory."""
    lines = [
        "| People at once | Cases from before | Accepted a second | Receipt, ms | p99 | In the queue, s | p99 | MB |",
        "|--:" * 8 + "|",
    ]
    for (people, stock), rounds in turns.items():
        middle = {name: median(getattr(turn, name) for turn in rounds) for name in Turn.__dataclass_fields__}
        lines.append(
            f"| {people} | {stock:,} | {middle['a_second']:.0f}"
            f" | {1000 * middle['receipt']:.1f} | {1000 * middle['receipt_p99']:.1f}"
            f" | {middle['queue']:.2f} | {middle['queue_p99']:.2f} | {max(turn.memory for turn in rounds) / 1e6:.0f} |"
        )
    return lines


def follow_one(host: Host) -> None:
    with closing(Line(host)) as line:
        line.call("follow", {"code": host.codes[0]})


def take_one(host: Host) -> None:
    (taken,) = host.services.inbox.receive(1, 30)
    host.services.inbox.delete(taken.handle)


def read_a_day(host: Host) -> None:
    day = host.services.clock() - timedelta(days=35)
    list(host.services.store.accepted_on(day.date().isoformat()))


OTHER_WORK: dict[str, Callable[[Host], object]] = {
    "A person follows a case": follow_one,
    "Heard looks for what is to be passed on": lambda host: host.services.store.waiting(),
    "The council takes one message off the queue": take_one,
    "The nightly check reads the cases of a day": read_a_day,
}


def other_work(hosts: dict[int, Host]) -> list[str]:
    """In Markdown: milliseconds, the median of ten, with nobody else about."""
    lines = [f"| ms | {' | '.join(f'{stock:,} cases' for stock in hosts)} |", "|---" + "|--:" * len(hosts) + "|"]
    for host in hosts.values():
        crowd(host, people=1, seconds=0.5)  # so that there is something to take
    for name, work in OTHER_WORK.items():
        figures = [f"{1000 * median(took(work, host) for _ in range(10)):.1f}" for host in hosts.values()]
        lines.append(f"| {name} | {' | '.join(figures)} |")
    return lines


def took(work: Callable[..., object], *things: object) -> float:
    begun = time.perf_counter()
    work(*things)
    return time.perf_counter() - begun


def machine(folder: str) -> str:
    """What it runs on. The disk's part is the floor under every receipt: how long until 16 KB are kept for good."""
    with tempfile.NamedTemporaryFile(dir=folder, buffering=0) as file:
        waits = [1000 * took(lambda: (file.write(bytes(16384)), os.fsync(file.fileno()))) for _ in range(200)]
    versions = f"{os.cpu_count()} cores, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return f"{versions}, fsync {median(waits):.1f} ms (p99 {p99(waits):.1f})"


def main(plan: Plan) -> int:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        print(machine(folder), flush=True)
        places = {stock: Path(folder, str(stock)) for stock in plan.stocks}
        hosts = {stock: running.enter_context(closing(Host(at, stock))) for stock, at in places.items()}
        try:
            turns = all_turns(plan, hosts)
        except NotKept as broken:
            print(f"NOT KEPT: {broken}")
            return 1
        print("", *table(turns), "", *other_work(hosts), "", sep="\n")
    print(f"{sum(turn.accepted for rounds in turns.values() for turn in rounds):,} sent, none lost, none doubled.")
    grown = growth(plan, turns)
    overall = geometric_mean(grown)
    each = ", ".join(f"{people} at once {times:.2f}" for people, times in zip(plan.crowds, grown, strict=True))
    print(f"p99 of a receipt with {plan.stocks[2]:,} cases over {plan.stocks[1]:,}: {overall:.2f} ({each})")
    return int(plan.judges_growth and overall > MOST_GROWTH)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="make load", description="Load on one machine, and how cost grows.")
    parser.add_argument("--short", action="store_true", help="half a minute, to see that it works; judges no growth")
    sys.exit(main(SHORT if parser.parse_args().short else Plan()))
