"""A council's procedures as data: which rules hold, who runs a stage, when it is due, and what follows it."""

from contextlib import closing
from copy import deepcopy
from datetime import UTC, date, datetime

import pytest

from heard.clock import AFTER_RECEIPT, ON_RECEIPT, Calendar, CalendarEnds, england
from heard.council import council
from heard.procedure import (
    ProcedureUnknown,
    StageUnknown,
    clocks_on,
    dates_for,
    next_stage,
    procedure_on,
    rules_on,
    stage_of,
)
from heard.receive import due_dates
from heard.wiring import cases_kept
from heard.wording import VOICES, Words

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VECTORS = [
    ("2026-11-20", "2026-11-27", "2026-12-04", "2026-12-18", "2027-02-24"),
    ("2026-12-24", "2027-01-05", "2027-01-12", "2027-01-26", "2027-04-01"),
    ("2022-09-16", "2022-09-26", "2022-10-03", "2022-10-17", "2022-12-19"),
]


@pytest.fixture
def demo():
    """The demonstration council, to change as a test likes."""
    return deepcopy(council())


def stage(answer=None, longest=None, run_by=None, starts=None):
    return {"answer": answer, "longest": longest, "run_by": run_by, "starts": starts}


def statutory(of, *stages):
    of["rules"][-1]["procedures"]["statutory"]["stages"] = list(stages)
    return procedure_on(of, "statutory", TODAY)


def days(dates):
    return [day.isoformat() if day else None for day in (dates.answer, dates.longest)]


@pytest.mark.parametrize(("started", "fifth", "tenth", "twentieth", "sixty_fifth"), VECTORS)
def test_each_stage_is_due_by_its_own_days(demo, started, fifth, tenth, twentieth, sixty_fifth):
    procedure = statutory(demo, stage(10, 20), stage(5, 65))

    assert days(dates_for(procedure, 1, date.fromisoformat(started))) == [tenth, twentieth]
    assert days(dates_for(procedure, 2, date.fromisoformat(started))) == [fifth, sixty_fifth]


@pytest.mark.parametrize(
    ("started", "day_one", "first", "tenth"),
    [
        pytest.param("2026-11-20", AFTER_RECEIPT, "2026-11-23", "2026-12-04", id="a Friday, from the day after"),
        pytest.param("2026-11-20", ON_RECEIPT, "2026-11-20", "2026-12-03", id="a Friday, itself day one"),
        pytest.param("2026-11-21", AFTER_RECEIPT, "2026-11-23", "2026-12-04", id="a Saturday, from the day after"),
        pytest.param("2026-11-21", ON_RECEIPT, "2026-11-23", "2026-12-04", id="a Saturday, which never counts"),
        pytest.param("2026-12-25", ON_RECEIPT, "2026-12-29", "2027-01-12", id="Christmas Day, which never counts"),
    ],
)
def test_one_setting_says_which_day_is_day_one(demo, started, day_one, first, tenth):
    demo["day_one"] = day_one
    procedure = statutory(demo, stage(1, 10))

    assert days(dates_for(procedure, 1, date.fromisoformat(started))) == [first, tenth]


def test_what_is_promised_at_receipt_follows_the_same_setting(demo):
    assert due_dates("statutory", demo, england(), NOON) == {
        "answer": "2026-12-04", "longest": "2026-12-18", "acknowledge": "2026-11-25",
    }  # fmt: skip
    demo["day_one"] = ON_RECEIPT
    assert due_dates("statutory", demo, england(), NOON) == {
        "answer": "2026-12-03", "longest": "2026-12-17", "acknowledge": "2026-11-24",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figures", "acknowledge", "due"),
    [
        ((10, None), None, {"answer": "2026-12-04"}),
        ((10, None), 3, {"answer": "2026-12-04", "acknowledge": "2026-11-25"}),
        ((None, 20), 3, None),
        ((None, None), None, None),
    ],
)
def test_no_day_is_promised_that_the_council_does_not_state(demo, figures, acknowledge, due):
    statutory(demo, stage(*figures))
    demo["rules"][-1]["acknowledge"] = acknowledge

    assert due_dates("statutory", demo, england(), NOON) == due


def test_a_clock_that_starts_later_still_promises_the_stricter_day_at_receipt(demo):
    statutory(demo, stage(10, 20, starts="acknowledgement"))

    assert due_dates("statutory", demo, england(), NOON)["answer"] == "2026-12-04"


def test_a_stage_past_the_official_calendar_has_no_day_and_says_so(demo):
    short = Calendar.of(["2026-12-25"])

    with pytest.raises(CalendarEnds):
        dates_for(procedure_on(demo, "statutory", TODAY), 2, date(2026, 12, 1), short)


def test_stages_follow_one_another_and_nothing_follows_the_last(demo):
    procedure = procedure_on(demo, "statutory", TODAY)

    assert [next_stage(procedure, number).number for number in (1, 2)] == [2, 3]
    assert next_stage(procedure, 3) is None
    assert next_stage(procedure_on(demo, "comment", TODAY), 1) is None


@pytest.mark.parametrize("number", [0, 4, -1])
@pytest.mark.parametrize("ask", [stage_of, next_stage, lambda procedure, n: dates_for(procedure, n, TODAY)])
def test_a_stage_that_is_not_there_is_an_error_that_says_which_are(demo, ask, number):
    with pytest.raises(StageUnknown, match=f"the statutory procedure has stages 1 to 3, and no {number}"):
        ask(procedure_on(demo, "statutory", TODAY), number)


def test_a_procedure_that_is_not_there_is_an_error_that_says_which_are(demo):
    with pytest.raises(ProcedureUnknown, match="the rules 2026-04 have no procedure mediation: they have statutory, "):
        procedure_on(demo, "mediation", TODAY)


def test_a_stage_says_who_runs_it_and_how_to_reach_them_as_far_as_that_is_stated(demo):
    demo["bodies"]["court"] = {"name": "A body", "phone": "07700 900100", "email": None}
    first, second = statutory(demo, stage(10, run_by="court"), stage(25)).stages

    assert (first.run_by.name, first.run_by.phone, first.run_by.email) == ("A body", "07700 900100", None)
    assert second.run_by is None


@pytest.mark.parametrize(
    ("day", "version"),
    [("2020-01-01", "old"), ("2026-03-31", "old"), ("2026-04-01", "new"), ("2026-11-20", "new")],
)
def test_the_day_of_receipt_says_which_rules_hold_and_before_the_first_the_oldest_do(demo, day, version):
    rules = demo["rules"][-1]
    demo["rules"] = [rules | {"version": "old", "since": "2024-01-01"}, rules | {"version": "new"}]

    assert rules_on(demo, date.fromisoformat(day))["version"] == version
    assert procedure_on(demo, "statutory", date.fromisoformat(day)).rules == version


def test_the_figures_that_pages_show_keep_their_shape_whatever_is_stated(demo):
    shape = clocks_on(demo, TODAY)
    assert (shape["statutory"], shape["acknowledge"], shape["ask_for_next_stage"]) == (
        {"answer": 10, "longest": 20},
        3,
        20,
    )
    statutory(demo, stage())
    del demo["rules"][-1]["procedures"]["concern"]
    demo["rules"][-1]["acknowledge"] = None

    bare = clocks_on(demo, TODAY)
    assert set(bare) == set(shape)
    assert bare["statutory"] == bare["concern"] == {"answer": None, "longest": None}
    assert bare["acknowledge"] is None


@pytest.mark.parametrize("voice", VOICES)
def test_where_a_figure_is_missing_a_sentence_says_so(voice):
    words = Words("en", voice)
    said = words("receipt.next.team_says", acknowledge=None)

    assert words("frame.not_stated") in said
    assert "None" not in said
    assert "working day" not in said


@pytest.mark.parametrize(
    ("in_the_file", "on_this_machine", "kept"),
    [(None, None, None), (30, None, 30), (30, "7", 7), (None, "7", 7), (30, "", 30)],
)
def test_a_closed_case_is_kept_as_the_council_s_file_says_unless_the_machine_is_set_otherwise(
    demo, monkeypatch, tmp_path, in_the_file, on_this_machine, kept
):
    monkeypatch.setattr("heard.wiring.council", lambda: demo | {"keep_days": in_the_file})
    setting = {} if on_this_machine is None else {"HEARD_KEEP_DAYS": on_this_machine}

    with closing(cases_kept({"HEARD_DATA": str(tmp_path), **setting})) as store:
        assert store.keep_days == kept
