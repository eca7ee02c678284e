"""Each night: is what the council has received what was accepted? A difference names itself and is loud."""

import json
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

import pytest

from heard.cli import main
from heard.council.consume import Folder, consume
from heard.reconcile import Difference, ReportRejected, reconcile
from tests.conftest import deliver_all, send_complaint
from tests.contracts.conftest import a_case, aws, dynamodb_store  # noqa: F401 - `aws` is a fixture

DAY = "2026-11-20"
PASSED_ON = "2026-11-20T09:31:00.000Z"
OTHER = "e" * 64


@pytest.fixture
def store(services, clock):
    """Three cases of a day that is over, passed on, and one of the next."""
    clock.move(days=1)
    for number in range(3):
        services.store.accept(a_case(number, due=None, delivered_at=PASSED_ON))
    services.store.accept(a_case(9, due=None, delivered_at=PASSED_ON, received_at="2026-11-21T00:00:00.000Z"))
    return services.store


def ids(*numbers):
    return {f"{number:032x}": "d" * 64 for number in numbers}


def report(messages, **changes):
    return {"type": "received", "day": DAY, "messages": messages, **changes}


def found(store, clock, messages, **changes):
    return reconcile(report(messages, **changes), store, clock())


def test_two_sides_that_agree_have_no_differences(store, clock):
    result = found(store, clock, ids(0, 1, 2))
    assert (result.accepted, result.received, result.waiting, result.differences) == (3, 3, 0, ())


def test_what_was_passed_on_and_is_not_there_is_named_by_its_reference(store, clock):
    assert found(store, clock, ids(0, 2)).differences == (Difference("REF-1", "missing_at_council"),)


def test_a_council_that_has_received_nothing_is_told_of_all(store, clock):
    assert {difference.name for difference in found(store, clock, {}).differences} == {"REF-0", "REF-1", "REF-2"}


def test_other_answers_are_named_by_their_reference(store, clock):
    result = found(store, clock, ids(0, 1, 2) | dict.fromkeys(ids(1), OTHER))
    assert result.differences == (Difference("REF-1", "other_answers"),)


def test_what_was_never_accepted_that_day_is_named_by_its_id(store, clock):
    result = found(store, clock, ids(0, 1, 2, 7, 9))
    assert result.differences == (Difference(f"{7:032x}", "unknown_here"), Difference(f"{9:032x}", "unknown_here"))


def test_what_was_not_passed_on_yet_is_counted_and_is_no_difference(store, clock):
    store.accept(a_case(5))
    result = found(store, clock, ids(0, 1, 2))
    assert (result.accepted, result.waiting, result.differences) == (4, 1, ())


def test_what_was_passed_on_after_the_report_was_written_is_no_difference(store, clock):
    passed_on = datetime.fromisoformat(PASSED_ON)
    before, after = ((passed_on + timedelta(minutes=minutes)).isoformat() for minutes in (-1, 1))
    result = found(store, clock, ids(0, 2), at=before)
    assert (result.waiting, result.differences) == (1, ())
    assert found(store, clock, ids(0, 2), at=after).differences == (Difference("REF-1", "missing_at_council"),)


def test_what_arrived_before_we_knew_that_it_did_is_compared_like_any_other(store, clock):
    store.accept(a_case(5))
    assert found(store, clock, ids(0, 1, 2, 5)).differences == ()
    altered = found(store, clock, ids(0, 1, 2) | dict.fromkeys(ids(5), OTHER))
    assert altered.differences == (Difference("REF-5", "other_answers"),)


def test_a_report_for_some_ids_is_held_against_those_alone(store, clock):
    store.accept(a_case(1, id="a".ljust(32, "0"), reference="REF-A", code_hash="a", due=None, delivered_at=PASSED_ON))
    result = found(store, clock, {}, beginning="a")
    assert (result.accepted, result.differences) == (1, (Difference("REF-A", "missing_at_council"),))
    assert found(store, clock, ids(0, 1, 2), beginning="0").differences == ()


def test_comparing_changes_nothing(store, clock):
    before = list(store.accepted_on(DAY))
    found(store, clock, ids(7))
    assert list(store.accepted_on(DAY)) == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"day": "yesterday"}, "does not fit: day"),
        ({"day": None}, "does not fit: day"),
        ({"messages": []}, "does not fit: messages"),
        ({"messages": {"CANARY": "d" * 64}}, "does not fit: messages"),
        ({"messages": {"A" * 32: "d" * 64}}, "does not fit: messages"),
        ({"messages": {"a" * 32: "d" * 64 + "\n"}}, "does not fit: messages"),
        ({"messages": {"a" * 32: None}}, "does not fit: messages"),
        ({"messages": {"a" * 32: "CANARY"}}, "does not fit: messages"),
        ({"beginning": "x"}, "does not fit: beginning"),
        ({"type": "sent"}, "does not fit: type"),
        ({"CANARY": 1}, "does not fit: its fields"),
        ({"beginning": "b", "messages": {"a" * 32: "d" * 64}}, "an id does not begin"),
        ({"day": "2026-11-21"}, "not over yet"),
        ({"day": "2026-11-22"}, "not over yet"),
    ],
)
def test_a_report_that_cannot_be_compared_is_refused_without_repeating_it(store, clock, wrong, says):
    with pytest.raises(ReportRejected, match=says) as refused:
        reconcile(report(ids(0)) | wrong, store, clock())
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize("nothing", [None, [], "received", 1])
def test_what_is_no_report_at_all_is_refused(store, clock, nothing):
    with pytest.raises(ReportRejected):
        reconcile(nothing, store, clock())


LAST_YEAR = "2025-11-20"


@pytest.fixture
def consumed(services, clock, monkeypatch, tmp_path):
    """Three complaints of a day that is over by any clock, which the reference consumer has taken."""
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "data"))
    clock.move(days=-365)
    for number in range(3):
        send_complaint(services, key=f"{number:032x}", name="CANARY")
    deliver_all(services)
    with closing(Folder(tmp_path / "taken")) as folder:
        list(consume(services.inbox, folder))
    return tmp_path / "taken"


@pytest.fixture
def nightly(consumed, tmp_path, capsys):
    """What runs each night: what `received` prints goes into `reconcile`. Its status, and what it printed."""

    def run():
        assert main(["council", "received", "--folder", str(consumed), "--day", LAST_YEAR]) == 0
        (tmp_path / "report").write_text(capsys.readouterr().out, encoding="utf-8")
        status = main(["council", "reconcile", str(tmp_path / "report")])
        printed = capsys.readouterr()
        return status, printed.out, [json.loads(line) for line in printed.err.splitlines()]

    return run


def test_a_night_without_differences_is_quiet(nightly):
    status, out, lines = nightly()
    assert (status, out) == (0, f"{LAST_YEAR}: 3 accepted, 3 received\n")
    assert lines == [{"step": "reconcile", "outcome": "agrees"}]


def test_a_difference_names_the_reference_to_people_and_a_hash_to_the_log(nightly, consumed, services):
    (case, *_) = services.store.accepted_on(LAST_YEAR)
    with closing(Folder(consumed)) as folder:
        folder.known.execute("DELETE FROM known WHERE id = ?", (case.id,))
    status, out, lines = nightly()
    assert status == 1
    assert f"{case.reference}  was passed on, and the council does not have it\n" in out
    hashed = sha256(case.reference.encode()).hexdigest()[:12]
    assert lines[0] == {"step": "reconcile", "outcome": "missing_at_council", "reference": hashed}
    assert lines[1] == {"step": "reconcile", "outcome": "differs"}
    assert not any(secret in json.dumps(lines) for secret in (case.reference, case.id, "CANARY"))


def test_what_was_not_passed_on_yet_is_shown_beside_the_counts(nightly, services):
    send_complaint(services, key="f" * 32)
    status, out, _ = nightly()
    assert (status, out) == (0, f"{LAST_YEAR}: 4 accepted, 3 received, 1 not passed on yet\n")


def test_the_report_is_about_yesterday_unless_a_day_is_given(consumed, capsys):
    main(["council", "received", "--folder", str(consumed)])
    told = json.loads(capsys.readouterr().out)
    days_ago = datetime.now(UTC).date() - date.fromisoformat(told["day"])
    assert (days_ago.days, told["messages"]) == (1, {})


@pytest.mark.parametrize("content", ["", "CANARY", '"CANARY"', '{"type": "received"}', "\udcff"])
def test_a_file_that_is_no_report_is_told_and_does_not_look_like_a_quiet_night(consumed, tmp_path, capsys, content):
    (tmp_path / "report").write_text(content, encoding="utf-8", errors="surrogateescape")
    assert main(["council", "reconcile", str(tmp_path / "report")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("heard: ")
    assert "CANARY" not in printed.err


def test_a_file_that_is_not_there_does_not_look_like_a_quiet_night(consumed, tmp_path, capsys):
    assert main(["council", "reconcile", str(tmp_path / "nowhere")]) == 1
    assert capsys.readouterr().err == "heard: there is no report in this file\n"


def test_cases_in_dynamodb_are_compared_without_a_data_folder(aws, monkeypatch, tmp_path, capsys):  # noqa: F811
    store = dynamodb_store()
    store.accept(a_case(due=None, delivered_at=PASSED_ON, received_at=f"{LAST_YEAR}T09:30:00.000Z"))
    for name, value in {"HEARD_STORE": "dynamodb", "HEARD_TABLE": store.table, "HEARD_DATA": "nowhere"}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "report").write_text(json.dumps(report({}, day=LAST_YEAR)), encoding="utf-8")
    assert main(["council", "reconcile", str(tmp_path / "report")]) == 1
    assert "REF-1  was passed on" in capsys.readouterr().out


def test_the_wrong_data_folder_does_not_look_like_a_quiet_night(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "elsewhere"))
    (tmp_path / "report").write_text(json.dumps(report({})), encoding="utf-8")
    assert main(["council", "reconcile", str(tmp_path / "report")]) == 1
    assert "set HEARD_DATA" in capsys.readouterr().err
