"""Days that count. A working day is not a Saturday, a Sunday or a bank holiday in England (SI 2006/1738, reg 2)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from heard.wording import read_compiled

LONDON = ZoneInfo("Europe/London")
SATURDAY = 5
MORNING, EVENING = time(9), time(20)
AFTER_RECEIPT, ON_RECEIPT = "after_receipt", "on_receipt"
DAY_ONES = (AFTER_RECEIPT, ON_RECEIPT)
"""Which day is the first that can count. A council says so once, as `day_one` in its file."""


class CalendarEnds(Exception):
    """The day asked for lies outside the years whose bank holidays are official: an error, never a guess."""


@dataclass(frozen=True)
class Calendar:
    """The official bank holidays; it covers whole years, from the first with one to the last."""

    holidays: frozenset[date]

    @classmethod
    def of(cls, days: Iterable[str]) -> "Calendar":
        return cls(frozenset(date.fromisoformat(day) for day in days))

    def is_working_day(self, day: date) -> bool:
        """Raises CalendarEnds for a year the calendar does not cover."""
        if not self.first_year <= day.year <= self.last_year:
            raise CalendarEnds(f"bank holidays are official from {self.first_year} to {self.last_year}")
        return day.weekday() < SATURDAY and day not in self.holidays

    @property
    def first_year(self) -> int:
        return min(self.holidays).year

    @property
    def last_year(self) -> int:
        return max(self.holidays).year

    def add_working_days(self, received: date, count: int, day_one: str = AFTER_RECEIPT) -> date:
        """The `count`-th working day; the first that can count is the day after receipt, or with ON_RECEIPT that day.

        The day after is common practice; the regulations' own wording was not read.
        """
        day = received if day_one == AFTER_RECEIPT else received - timedelta(days=1)
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working_day(day)
        return day

    def working_day_before(self, day: date, count: int) -> date:
        """The `count`-th working day before this one. Raises CalendarEnds."""
        while count > 0:
            day -= timedelta(days=1)
            count -= self.is_working_day(day)
        return day


@cache
def england() -> Calendar:
    """The calendar in content/bank_holidays.csv."""
    return Calendar.of(read_compiled("bank_holidays.json"))


def day_in_england(moment: datetime) -> date:
    """The date on the wall in England: what counts as the day of receipt."""
    return moment.astimezone(LONDON).date()


def start_of(day: date) -> str:
    """When a day begins in England, as stamped text."""
    return stamp(datetime.combine(day, time(), LONDON))


def by_day(moment: datetime) -> datetime:
    """This moment, or at night the next morning in England: nobody's telephone lights up in the dark."""
    here = moment.astimezone(LONDON)
    if MORNING <= here.time() < EVENING:
        return moment
    day = here.date() + timedelta(days=here.time() >= EVENING)
    return datetime.combine(day, MORNING, LONDON).astimezone(UTC)


def stamp(moment: datetime) -> str:
    """A moment as sortable text: UTC, milliseconds, e.g. 2026-11-20T09:30:00.000Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(stamped: str) -> datetime:
    return datetime.fromisoformat(stamped)
