"""Tells the story under every schedule of faults: `python -m tests.faults.simulator` for all with up to two of them."""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from pathlib import Path

from tests.faults.points import Fault, Points
from tests.faults.story import tell, wrongs
from tests.faults.world import WORLDS, World, account

FAULTS = {"sqlite": [fault for fault in Fault if fault is not Fault.STALE], "aws": list(Fault)}
TIMES = {
    "soon": (timedelta(seconds=30), timedelta()),
    "late": (timedelta(minutes=6), timedelta()),
    "late-clock-behind": (timedelta(minutes=6), timedelta(minutes=-5)),
    "soon-clock-ahead": (timedelta(seconds=30), timedelta(minutes=5)),
}
"""How long everybody waits before trying again, and how far every second process's clock is off."""
HARDEST = TIMES["late-clock-behind"]  # SQS has forgotten, and the clock that could say so is behind


@dataclass
class Run:
    """One telling: the schedule, how many calls there were, and which promises were broken."""

    schedule: Mapping[int, Fault]
    points: int
    wrongs: list[str] = field(default_factory=list)


def run(kind: str, folder: Path, schedule: Mapping[int, Fault], gap: timedelta, skew: timedelta) -> Run:
    points = Points(schedule)
    with WORLDS[kind](points, folder) as world:
        world.gap, world.skew = gap, skew
        return Run(schedule, *_told(world))


def _told(world: World) -> tuple[int, list[str]]:
    try:
        found = wrongs(tell(world), world)
    except AssertionError as stuck:
        found = [f"stuck: {stuck}"]
    return world.points.passed, found


def all_after(
    first: Run, kind: str, folder: Path, gap: timedelta, skew: timedelta, faults: Sequence[Fault] | None = None
) -> Iterator[Run]:
    """The same faults, and each further fault at each later point, as far as the story then goes."""
    for point in range(max(first.schedule, default=-1) + 1, first.points):
        for fault in faults or FAULTS[kind]:
            yield run(kind, folder, {**first.schedule, point: fault}, gap, skew)


@dataclass(frozen=True)
class Row:
    """What became of the schedules of one world and one way that time goes."""

    kind: str
    gap: timedelta
    skew: timedelta
    faults: int
    schedules: int
    broken: Counter[str]

    def __str__(self) -> str:
        def times(*names: str) -> int:
            return sum(number for name, number in self.broken.items() if name.startswith(names))

        known = (times("I1 ", "passed on"), times("I2"), times("I3", "I4"), times("I10"))
        cells = (WORLD_NAMES[self.kind], _minutes(self.gap), _minutes(self.skew), self.faults, f"{self.schedules:,}")
        return "| " + " | ".join(map(str, (*cells, *known, sum(self.broken.values()) - sum(known)))) + " |"


COLUMNS = ("over", "again after", "clock off by", "faults", "schedules", "lost", "unflagged duplicates")
COLUMNS += ("double references", "leaks", "else")
WORLD_NAMES = {"sqlite": "SQLite", "aws": "DynamoDB, SQS, SES"}


def _minutes(time: timedelta) -> str:
    return f"{time.total_seconds() / 60:g} min"


def _after(first: Run, kind: str, gap: timedelta, skew: timedelta) -> list[Run]:
    """In a process of its own."""
    with tempfile.TemporaryDirectory() as folder, account():
        return list(all_after(first, kind, Path(folder), gap, skew))


def rows(kind: str, gap: timedelta, skew: timedelta, faults: int, pool: ProcessPoolExecutor) -> Iterator[Row]:
    """One row for each number of faults up to `faults`; tells every schedule that broke a promise."""
    with tempfile.TemporaryDirectory() as folder, account():
        runs = [run(kind, Path(folder), {}, gap, skew)]
    for number in range(1, faults + 1):
        more = pool.map(_after, runs, *([same] * len(runs) for same in (kind, gap, skew)))
        runs = list(chain.from_iterable(more))
        for broken in (told for told in runs if told.wrongs):
            print(kind, gap, skew, dict(broken.schedule), broken.wrongs, file=sys.stderr)
        yield Row(kind, gap, skew, number, len(runs), Counter(wrong for told in runs for wrong in told.wrongs))


def main() -> int:
    parser = argparse.ArgumentParser(description="Tells the story of a case under every schedule of faults.")
    parser.add_argument("--faults", type=int, default=2, help="how many faults in one story")
    parser.add_argument("--over", choices=WORLDS, nargs="*", default=list(WORLDS))
    parser.add_argument("--all-times", action="store_true", help="also two faults under each way that time goes")
    chosen = parser.parse_args()
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|", flush=True)
    broken = 0
    with ProcessPoolExecutor() as pool:
        for kind in chosen.over:
            for gap, skew in TIMES.values():
                faults = chosen.faults if chosen.all_times or (gap, skew) == HARDEST else 1
                for row in rows(kind, gap, skew, faults, pool):
                    print(row, flush=True)
                    broken += sum(row.broken.values())
    return min(broken, 1)


if __name__ == "__main__":
    sys.exit(main())
