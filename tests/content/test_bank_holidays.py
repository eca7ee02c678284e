"""Days that count: the bank holidays are the official ones, and working days are counted over them as people do."""

import csv
from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heard.clock import SATURDAY, CalendarEnds, england
from tests.conftest import ROOT

DAYS_OF_RECEIPT = st.dates(date(2019, 1, 1), date(2027, 12, 31))
COUNTS = st.integers(1, 100)
unhurried = settings(deadline=None)


def official_days():
    with (ROOT / "content" / "bank_holidays.csv").open(encoding="utf-8", newline="") as source:
        return [date.fromisoformat(row["date"]) for row in csv.DictReader(source)]


def days_by_another_hand(year):
    """What the `holidays` library says; it lists a holiday at a weekend too, where no working day is lost."""
    days = holidays.country_holidays("GB", subdiv="ENG", years=year, observed=True)
    return {day for day in days if day.weekday() < SATURDAY}


@pytest.mark.parametrize("year", range(2019, 2029))
def test_each_year_has_the_bank_holidays_that_others_know(year):
    assert {day for day in official_days() if day.year == year} == days_by_another_hand(year)


def test_no_year_in_between_is_left_out():
    assert sorted({day.year for day in official_days()}) == list(range(2019, 2029))


def test_bank_holidays_stand_in_order_and_none_is_at_a_weekend():
    assert official_days() == sorted(set(official_days()))
    assert all(day.weekday() < SATURDAY for day in official_days())


def test_the_functions_count_by_the_same_days():
    assert england().holidays == set(official_days())
    assert england().last_year == 2028


@pytest.mark.parametrize(
    ("received", "fifth", "tenth", "twentieth", "sixty_fifth"),
    [
        pytest.param("2026-11-20", "2026-11-27", "2026-12-04", "2026-12-18", "2027-02-24", id="over Christmas"),
        pytest.param("2026-12-18", "2026-12-29", "2027-01-06", "2027-01-20", "2027-03-24", id="before Christmas"),
        pytest.param("2026-12-24", "2027-01-05", "2027-01-12", "2027-01-26", "2027-04-01", id="Christmas Eve"),
        pytest.param("2026-12-25", "2027-01-05", "2027-01-12", "2027-01-26", "2027-04-01", id="Christmas Day"),
        pytest.param("2027-03-24", "2027-04-02", "2027-04-09", "2027-04-23", "2027-06-29", id="Easter"),
        pytest.param("2027-12-23", "2028-01-04", "2028-01-11", "2028-01-25", "2028-03-28", id="substitute days"),
        pytest.param("2022-09-16", "2022-09-26", "2022-10-03", "2022-10-17", "2022-12-19", id="a day for one year"),
    ],
)
def test_working_days_are_counted_from_the_day_after_receipt(received, fifth, tenth, twentieth, sixty_fifth):
    counted = [england().add_working_days(date.fromisoformat(received), count) for count in (5, 10, 20, 65)]

    assert [day.isoformat() for day in counted] == [fifth, tenth, twentieth, sixty_fifth]


@pytest.mark.parametrize(("received", "count"), [("2028-12-29", 1), ("2028-12-01", 20), ("2029-06-01", 1)])
def test_past_the_last_official_year_there_is_an_error_and_no_guess(received, count):
    with pytest.raises(CalendarEnds):
        england().add_working_days(date.fromisoformat(received), count)


def test_the_last_working_day_of_the_last_official_year_still_counts():
    assert england().add_working_days(date(2028, 12, 28), 1) == date(2028, 12, 29)


@given(DAYS_OF_RECEIPT, COUNTS)
@unhurried
def test_the_day_counted_to_is_a_working_day_and_later(received, count):
    due = england().add_working_days(received, count)

    assert england().is_working_day(due)
    assert due > received


@given(DAYS_OF_RECEIPT, COUNTS)
@unhurried
def test_exactly_that_many_working_days_pass(received, count):
    due = england().add_working_days(received, count)
    passed = (received + timedelta(days=number) for number in range(1, (due - received).days + 1))

    assert sum(map(england().is_working_day, passed)) == count


@given(DAYS_OF_RECEIPT, COUNTS)
@unhurried
def test_one_more_day_to_answer_is_a_later_day(received, count):
    assert england().add_working_days(received, count + 1) > england().add_working_days(received, count)


@given(DAYS_OF_RECEIPT, COUNTS)
@unhurried
def test_what_comes_in_later_is_never_due_earlier(received, count):
    next_day = received + timedelta(days=1)

    assert england().add_working_days(next_day, count) >= england().add_working_days(received, count)
