"""The promises of ports.Store, held over every adapter."""

import threading
from contextlib import closing
from dataclasses import replace

import pytest

from heard.adapters.sqlite import SqliteStore
from heard.case import ACKNOWLEDGEMENT, CONTACT_FAILED, PARKED, Case, Entry, Said, Update
from heard.link import Link
from heard.ports import StaleCase
from heard.reminders import with_reminder
from tests.contracts.conftest import a_case


def test_an_accepted_case_comes_back_whole_by_id_reference_and_code(store):
    case = a_case(updates=(Update(1, "with_council", "2026-11-21T09:00:00.000Z", note="ok"),))
    assert store.accept(case) is case
    assert (
        store.with_id(case.id) == store.with_reference(case.reference) == store.with_code_hash(case.code_hash) == case
    )


def test_what_nobody_sent_is_not_found(store):
    assert store.with_id("x") is store.with_reference("x") is store.with_code_hash("x") is None


def test_a_second_case_with_the_same_id_changes_nothing_and_gives_the_first(store):
    first = store.accept(a_case())
    second = store.accept(a_case(answers={"what_you_want_to_say": "other"}))
    assert second == first
    assert store.with_id(first.id) == first


def test_a_newer_state_replaces_the_one_it_was_made_from(store):
    case = store.accept(a_case())
    newer = store.replace(replace(case, delivered_at="2026-11-20T10:00:00.000Z"))
    assert newer.revision == case.revision + 1
    assert store.with_id(case.id) == newer


def test_a_state_made_from_an_old_one_is_refused_and_changes_nothing(store):
    case = store.accept(a_case())
    newer = store.replace(replace(case, delivered_at="2026-11-20T10:00:00.000Z"))
    with pytest.raises(StaleCase):
        store.replace(replace(case, delivered_at="2026-11-20T11:00:00.000Z"))
    assert store.with_id(case.id) == newer


def test_a_case_nobody_kept_cannot_be_replaced(store):
    with pytest.raises(StaleCase):
        store.replace(a_case())


def test_due_gives_what_is_due_longest_waiting_first(store):
    times = ["2026-11-20T09:00:03.000Z", "2026-11-20T09:00:01.000Z", "2026-11-20T09:00:02.000Z", None]
    for number, due in enumerate([*times, "2026-11-20T09:00:09.000Z"]):
        store.accept(a_case(number, due))
    due = store.due("2026-11-20T09:00:05.000Z")
    assert [case.reference for case in due] == ["REF-1", "REF-2", "REF-0"]
    assert [case.reference for case in store.waiting()] == ["REF-1", "REF-2", "REF-0", "REF-4"]


def test_those_to_be_reminded_of_come_by_the_day_their_answer_is_due(store):
    due = {1: "2026-12-08", 2: "2026-12-07", 3: "2026-12-18", 4: None}
    for number, day in due.items():
        store.accept(replace(a_case(number), due={"answer": day} if day else None))
    assert [case.reference for case in store.to_remind("2026-12-04T09:00:00.000Z")] == ["REF-2", "REF-1"]
    for case in list(store.to_remind("2026-12-04T09:00:00.000Z")):
        store.replace(with_reminder(case, "2026-12-04T09:00:00.000Z"))
    assert list(store.to_remind("2026-12-04T09:00:00.000Z")) == []
    assert [case.reference for case in store.to_remind("2026-12-08T09:00:00.000Z")] == ["REF-2"]


def test_of_many_at_once_one_accept_wins_and_all_learn_the_same_case(store):
    kept = []

    def accept(number):
        kept.append(store.accept(a_case(answers={"what_you_want_to_say": str(number)})))

    threads = [threading.Thread(target=accept, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept) == 8
    assert all(case == kept[0] for case in kept)


def test_more_waiting_cases_than_fit_on_one_page_are_all_found(store):
    story = {"what_you_want_to_say": "x" * 100_000}
    for number in range(25):  # DynamoDB's pages end at 1 MB
        store.accept(a_case(number, f"2026-11-20T09:00:{number:02d}.000Z", answers=story))
    assert [case.reference for case in store.waiting()] == [f"REF-{number}" for number in range(25)]
    assert len(list(store.due("2027-01-01T00:00:00.000Z"))) == 25


def test_of_two_at_once_one_replace_wins(store):
    case = store.accept(a_case())
    outcomes = []

    def replace_it(moment):
        try:
            outcomes.append(store.replace(replace(case, delivered_at=moment)))
        except StaleCase:
            outcomes.append(None)

    threads = [threading.Thread(target=replace_it, args=(f"2026-11-20T1{n}:00:00.000Z",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(outcome is not None for outcome in outcomes) == 1


def test_the_cases_of_a_day_are_those_received_on_it_in_utc(store):
    moments = ["2026-11-19T23:59:59.999Z", "2026-11-20T00:00:00.000Z", "2026-11-20T23:59:59.999Z"]
    for number, moment in enumerate([*moments, "2026-11-21T00:00:00.000Z"]):
        store.accept(a_case(number, due=None, received_at=moment, answers={"name": '"received_at": "2026-11-18"'}))
    assert {case.reference for case in store.accepted_on("2026-11-20")} == {"REF-1", "REF-2"}
    assert list(store.accepted_on("2026-11-18")) == []


def test_a_case_stays_a_case_of_its_day_whatever_happens_to_it(store):
    case = store.accept(a_case())
    newer = store.replace(replace(case, delivered_at="2026-11-22T10:00:00.000Z", outbox=()))
    assert list(store.accepted_on("2026-11-20")) == [newer]


def test_the_cases_of_a_day_can_be_had_by_how_their_ids_begin(store):
    for number in (0xA1, 0xA2, 0xB1):
        store.accept(a_case(number, id=f"{number:x}".ljust(32, "0")))
    assert {case.id[:2] for case in store.accepted_on("2026-11-20", "a")} == {"a1", "a2"}
    assert {case.id[:2] for case in store.accepted_on("2026-11-20", "a2")} == {"a2"}


def said(form, number=1, listed_for=None):
    return Said(f"{number:032x}", form, "2026-11-20T10:00:00.000Z", {}, listed_for=listed_for)


def test_a_list_holds_the_cases_that_were_put_on_it_and_none_that_left_it(store):
    named, removed = said("name_advocate", listed_for="Speak Up"), said("remove_advocate", 2)
    for number in range(4):
        store.accept(a_case(number))
    on_it, left, other = [store.replace(a_case(number).with_said(named)) for number in range(3)]
    store.replace(left.with_said(removed))
    store.replace(other.with_said(said("name_advocate", 3, listed_for="Another")))
    assert list(store.listed("Speak Up")) == [on_it]
    assert [case.reference for case in store.listed("Another")] == ["REF-2"]
    assert list(store.listed("speak up")) == []


def test_of_an_address_that_never_asked_nothing_is_kept(store):
    assert store.link("a" * 32) == Link("a" * 32)


def test_a_link_comes_back_as_it_was_kept_and_is_no_case(store):
    link = Link("a" * 32, ("2026-11-20T09:30:00.000Z",), "f" * 64)
    store.keep_link(link)
    assert store.link("a" * 32) == replace(link, revision=1)
    assert store.link("b" * 32) == Link("b" * 32)
    assert store.with_id("a" * 32) is store.with_id(f"link#{'a' * 32}") is None
    assert [*store.waiting(), *store.due(PARKED), *store.accepted_on("2026-11-20"), *store.listed("Speak Up")] == []
    assert [*store.to_remind(PARKED)] == []


@pytest.mark.parametrize("stored", [0, 1])
def test_of_many_at_once_one_keeps_the_link(store, stored):
    if stored:
        store.keep_link(Link("a" * 32))
    outcomes = []

    def keep(number):
        try:
            outcomes.append(store.keep_link(Link("a" * 32, (), f"{number:064x}", stored)))
        except StaleCase:
            outcomes.append("stale")

    threads = [threading.Thread(target=keep, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, outcomes)) == ["None", *["stale"] * 5]
    assert store.link("a" * 32).revision == stored + 1


def test_fields_that_a_later_version_added_to_a_case_are_kept_for_it():
    record = a_case().to_record() | {"added_later": 1}
    case = Case.from_record(record)
    assert replace(case, unknown={}) == a_case()
    assert case.to_record() == record


def test_fields_that_a_later_version_added_within_a_case_are_passed_over():
    record = a_case().to_record()
    record["outbox"] = [{**record["outbox"][0], "added_later": 1}]
    assert Case.from_record(record) == a_case()


def spoil(store, reference, spoiled):
    """Damages a record behind the store's back."""
    if isinstance(store, SqliteStore):
        store.database.connection().execute("UPDATE cases SET record = ? WHERE reference = ?", (spoiled, reference))
    else:
        key = {"id": {"S": store.with_reference(reference).id}}
        empty = {":empty": {"S": spoiled}}
        store.client.update_item(
            TableName=store.table, Key=key, UpdateExpression="SET #r = :empty",
            ExpressionAttributeNames={"#r": "record"}, ExpressionAttributeValues=empty,
        )  # fmt: skip


@pytest.mark.parametrize("spoiled", ["{}", "{"])
def test_a_record_that_cannot_be_read_holds_up_no_other(store, spoiled):
    store.accept(a_case(1))
    store.accept(a_case(2))
    spoil(store, "REF-1", spoiled)
    assert [case.reference for case in store.due("2027-01-01")] == ["REF-2"]
    assert [case.reference for case in store.waiting()] == ["REF-2"]
    assert [case.reference for case in store.accepted_on("2026-11-20")] == ["REF-2"]


CLOSED = Update(1, "closed", "2026-12-01T09:00:00.000Z")
REOPENED = Update(2, "looking_into_it", "2026-12-02T09:00:00.000Z")
DELIVERED = {"delivered_at": "2026-11-20T10:00:00.000Z", "outbox": ()}


@pytest.mark.parametrize(
    ("changes", "keep_days", "leaves"),
    [
        ({**DELIVERED, "updates": (CLOSED,)}, 30, True),
        ({**DELIVERED, "updates": (CLOSED,)}, 31, False),
        ({**DELIVERED, "updates": (CLOSED,)}, None, False),
        ({**DELIVERED, "updates": (CLOSED, REOPENED)}, 0, False),
        ({**DELIVERED, "updates": ()}, 0, False),
        ({"updates": (CLOSED,)}, 0, False),
        ({**DELIVERED, "outbox": (Entry(CONTACT_FAILED, "2026-12-01T09:00:00.000Z"),), "updates": (CLOSED,)}, 0, False),
        ({**DELIVERED, "outbox": (Entry(ACKNOWLEDGEMENT, PARKED),), "updates": (CLOSED,)}, 0, True),
    ],
)
def test_a_case_leaves_when_its_time_is_up_and_never_before_the_council_has_and_closed_it(
    tmp_path, changes, keep_days, leaves
):
    """DynamoDB's half of this is in test_dynamodb.py: there the table removes what the store marks."""
    with closing(SqliteStore(tmp_path / "cases.sqlite", keep_days)) as store:
        case = store.accept(a_case())
        store.replace(replace(case, **changes))
        assert store.forget("2026-12-31T08:59:59.000Z") == (leaves and keep_days == 0)
        assert store.forget("2026-12-31T09:00:00.000Z") == (leaves and keep_days == 30)
        assert (store.with_id(case.id) is None) == leaves


def test_a_mistyped_day_of_closing_makes_nothing_leave_early_and_a_new_setting_counts_for_old_cases(tmp_path):
    mistyped = replace(CLOSED, at="2006-12-01T09:00:00.000Z", noted_at="2026-12-01T09:00:00.000Z")
    with closing(SqliteStore(tmp_path / "cases.sqlite")) as written_by_somebody_who_keeps_everything:
        case = written_by_somebody_who_keeps_everything.accept(a_case())
        written_by_somebody_who_keeps_everything.replace(replace(case, **DELIVERED, updates=(mistyped,)))
        assert written_by_somebody_who_keeps_everything.forget("2126-01-01T00:00:00.000Z") == 0
    with closing(SqliteStore(tmp_path / "cases.sqlite", keep_days=30)) as store:
        assert store.forget("2026-12-31T08:59:59.000Z") == 0
        assert store.forget("2026-12-31T09:00:00.000Z") == 1
