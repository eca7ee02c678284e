"""What a council hands in has a published shape, which is what is taken; what is not taken is answered in another."""

import json
from datetime import date
from pathlib import Path

import fastjsonschema
import pytest
from jsonschema import Draft7Validator

from heard import council
from heard.case import STATUSES
from heard.message import schema
from heard.reply import Refused, refusal
from heard.timeline import OUTCOMES
from heard.update import (
    HOLD_REASONS,
    MOST_POINTS,
    NEEDS,
    ONLY_WITH,
    CaseUnknown,
    PointSchema,
    UpdateConflicts,
    UpdateSchema,
    hand_in,
)
from tests.conftest import send_complaint

EXAMPLES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted((Path(council.__file__).parent / "updates").glob("*.json"))
}
UPDATE = EXAMPLES["reply_sent"]
POINT = UPDATE["points"][0]
CANARY = "Canary Finch"
fits = Draft7Validator(schema("update")).is_valid


@pytest.fixture
def reference(services):
    return send_complaint(services)["reference"]


def refused(said, services):
    """What kept it from being taken."""
    with pytest.raises(Refused) as raised:
        hand_in(said, services.store, services.clock())
    return raised.value


def reply_to(said, services):
    return refusal(json.dumps(said), said, refused(said, services))


# The shape


@pytest.mark.parametrize("name", ["update", "reply"])
def test_the_schema_is_one(name):
    Draft7Validator.check_schema(schema(name))


def test_each_status_has_an_example_of_one_story():
    assert {name: said["status"] for name, said in EXAMPLES.items()} == {status: status for status in STATUSES}
    assert sorted(said["version"] for said in EXAMPLES.values()) == list(range(1, len(STATUSES) + 1))
    assert len({said["reference"] for said in EXAMPLES.values()}) == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_fits(name):
    fastjsonschema.validate(schema("update"), EXAMPLES[name])


def test_all_examples_are_taken_in_any_order(services, reference):
    for said in EXAMPLES.values():  # by the alphabet
        case = hand_in(said | {"reference": reference}, services.store, services.clock())
    assert [update.status for update in case.updates] == sorted(EXAMPLES, key=lambda name: EXAMPLES[name]["version"])
    assert [point.outcome for update in case.updates for point in update.points if point.outcome] == [
        "upheld", "not_upheld",
    ]  # fmt: skip


def test_the_schema_lists_what_the_rules_list():
    described = schema("update")
    fields, point = described["properties"], described["definitions"]["point"]
    assert tuple(fields["status"]["enum"]) == STATUSES
    assert tuple(fields["reason"]["enum"]) == HOLD_REASONS
    assert tuple(point["properties"]["outcome"]["enum"]) == OUTCOMES
    assert fields["points"]["maxItems"] == point["properties"]["number"]["maximum"] == MOST_POINTS
    for shape, rules in ((described, UpdateSchema()), (point, PointSchema())):
        assert set(shape["properties"]) == set(rules.fields)
        assert set(shape["required"]) == {name for name, field in rules.fields.items() if field.required}


def test_the_schema_says_what_each_status_needs_and_what_belongs_to_some_alone():
    rules = schema("update")["allOf"]
    needs = [rule for rule in rules if "properties" in rule["if"]]
    assert {rule["if"]["properties"]["status"]["const"]: tuple(rule["then"]["required"]) for rule in needs} == NEEDS
    only = [rule for rule in rules if "required" in rule["if"]]
    assert len(needs) + len(only) == len(rules)
    assert {
        rule["if"]["required"][0]: tuple(rule["then"]["properties"]["status"]["enum"]) for rule in only
    } == ONLY_WITH


KIND = [
    {"type": "update"},
    {"at": "2026-11-20T14:00:00.123456-11:30"},
    {"note": "x" * 2000},
    {"note": "\tżółć\n👩🏽‍👧‍👦 ﷽"},
    {"note": "👋" * 2000},
    {"points": []},
    {"points": [POINT | {"number": number} for number in range(1, 31)]},
    {"points": [POINT | {"title": "x" * 200, "reason": "x" * 2000, "theme": "x" * 50, "number": 30}]},
    {"stage": 3, "due": "2028-02-29"},
    {"version": 10**12},
]


@pytest.mark.parametrize("change", KIND)
def test_what_fits_the_schema_is_taken(services, reference, change):
    said = UPDATE | change | {"reference": reference}
    assert fits(said)
    assert hand_in(said, services.store, services.clock()).updates


WRONG = [  # what is changed, None for what is left out, and the fields that the reply names
    ({"reference": None}, {"reference"}),
    ({"reference": 5}, {"reference"}),
    ({"version": None}, {"version"}),
    ({"version": 0}, {"version"}),
    ({"version": True}, {"version"}),
    ({"version": "1"}, {"version"}),
    ({"version": 1.5}, {"version"}),
    ({"status": None}, {"status"}),
    ({"status": CANARY}, {"status"}),
    ({"status": ["closed"]}, {"status"}),
    ({"at": None}, {"at"}),
    ({"at": CANARY}, {"at"}),
    ({"at": "2026-11-20T14:00:00"}, {"at"}),
    ({"at": "1999-11-20T14:00:00Z"}, {"at"}),
    ({"at": "2026-13-20T14:00:00Z"}, {"at"}),
    ({"type": "message"}, {"type"}),
    ({"stage": 0}, {"stage"}),
    ({"stage": 4}, {"stage"}),
    ({"stage": "2"}, {"stage"}),
    ({"due": CANARY}, {"due"}),
    ({"due": "2026-11-32"}, {"due"}),
    ({"due": 20261120}, {"due"}),
    ({"note": CANARY * 200}, {"note"}),
    ({"note": [CANARY]}, {"note"}),
    ({"note": f"{CANARY}\x1b"}, {"note"}),
    ({"note": f"{CANARY}\r\n"}, {"note"}),
    ({"status": "on_hold"}, {"reason"}),
    ({"status": "on_hold", "reason": CANARY}, {"reason"}),
    ({"status": "extended", "due": "2026-12-18", "note": None}, {"note"}),
    ({"status": "extended"}, {"due"}),
    ({"status": "handed_over"}, {"to"}),
    ({"status": "asked", "note": None}, {"note"}),
    ({"status": "stage_moved"}, {"stage"}),
    ({"reason": "court"}, {"reason"}),
    ({"investigation": CANARY}, {"investigation"}),
    ({"due": "9999-12-31"}, {"due"}),
    ({"due": "0001-01-01"}, {"due"}),
    ({"status": "hold_ended", "resubmit_by": "9999-12-31"}, {"resubmit_by"}),
    ({"resubmit_by": "2027-11-20"}, {"resubmit_by"}),
    ({"to": CANARY}, {"to"}),
    ({"status": "assigned", "to": ""}, {"to"}),
    ({"status": "assigned", "to": CANARY * 20}, {"to"}),
    ({CANARY: CANARY}, {"body"}),
    ({"canary": 1, "status": "lost"}, {"body", "status"}),
    ({"points": CANARY}, {"points"}),
    ({"points": [CANARY]}, {"points.0"}),
    ({"points": [{"number": 1}]}, {"points.0.title"}),
    ({"points": [POINT | {"number": 31}]}, {"points.0.number"}),
    ({"points": [POINT, POINT | {"number": 2, "outcome": CANARY}]}, {"points.1.outcome"}),
    ({"points": [POINT | {"title": ""}]}, {"points.0.title"}),
    ({"points": [POINT | {"reason": CANARY * 200}]}, {"points.0.reason"}),
    ({"points": [POINT | {"theme": f"{CANARY}\x00"}]}, {"points.0.theme"}),
    ({"points": [POINT | {CANARY: 1}]}, {"points.0"}),
    ({"points": [POINT] * 31}, {"points"}),
]


def changed(update, change):
    return {name: value for name, value in (update | change).items() if value is not None}


@pytest.mark.parametrize(("change", "named"), WRONG)
def test_what_does_not_fit_the_schema_is_refused_and_the_reply_names_the_field(services, reference, change, named):
    said = changed(UPDATE | {"reference": reference}, change)
    assert not fits(said)
    assert set(reply_to(said, services)["problems"]) == named
    assert services.store.with_reference(reference).updates == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"points": [POINT, POINT]}, {"points"}),
        ({"due": "2026-02-29"}, {"due"}),
        ({"version": 1.0}, {"version"}),
        ({"note": "half of one \ud83d"}, {"note"}),
    ],
)
def test_what_no_schema_can_say_is_refused_all_the_same(services, reference, change, named):
    assert set(reply_to(UPDATE | {"reference": reference} | change, services)["problems"]) == named


def test_null_is_no_way_to_leave_a_field_out(services, reference):
    said = UPDATE | {"reference": reference, "due": None}
    assert not fits(said)
    assert set(reply_to(said, services)["problems"]) == {"due"}


# The reply


@pytest.mark.parametrize(("change", "named"), WRONG)
def test_a_reply_quotes_nothing_that_was_sent_and_is_made_of_sentences(services, reference, change, named):
    reply = reply_to(changed(UPDATE | {"reference": reference}, change), services)
    assert "canary" not in json.dumps(reply).lower()
    assert UPDATE["note"] not in json.dumps(reply)
    for sentences in reply["problems"].values():
        assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in sentences)


def test_a_number_that_was_used_for_something_else_is_told_with_the_case_and_the_number(services, reference):
    hand_in(UPDATE | {"reference": reference}, services.store, services.clock())
    other = UPDATE | {"reference": reference.lower(), "note": CANARY}
    assert isinstance(refused(other, services), UpdateConflicts)
    reply = reply_to(other, services)
    assert (reply["reference"], reply["update"]) == (reference, UPDATE["version"])
    assert reply["problems"] == {"version": ["An update of this case with this number says something else already."]}


def test_an_older_number_that_comes_late_is_taken(services, reference):
    for name in ("closed", "with_council"):
        case = hand_in(EXAMPLES[name] | {"reference": reference}, services.store, services.clock())
    assert [update.status for update in case.updates] == ["with_council", "closed"]
    assert case.standing == "closed"


@pytest.mark.parametrize(
    ("typed", "read"),
    [("TM7-MM8-PP9-456", "TM7-MM8-PP9-456"), ("tm7mm8pp9456", "TM7-MM8-PP9-456"), (CANARY, None), ("\ud800", None)],
)
def test_a_case_that_is_not_there_is_told_by_its_reference_if_it_can_be_one(services, typed, read):
    said = UPDATE | {"reference": typed}
    assert isinstance(refused(said, services), CaseUnknown)
    reply = reply_to(said, services)
    assert reply["reference"] == read
    assert reply["problems"] == {"reference": ["There is no case with this reference."]}


def test_the_same_update_has_the_same_reply_and_another_has_another(services):
    assert reply_to(UPDATE, services) == reply_to(UPDATE, services)
    assert reply_to(UPDATE, services)["id"] != reply_to(UPDATE | {"version": 12}, services)["id"]


@pytest.mark.parametrize(("number", "told"), [(7, 7), (0, None), (-1, None), (True, None), ("7", None), (7.0, None)])
def test_only_what_can_be_a_number_is_told_as_one(services, number, told):
    assert reply_to(UPDATE | {"version": number, "due": "x"}, services)["update"] == told


def test_what_is_no_object_is_answered_without_a_case(services):
    reply = refusal("[]", None, refused(None, services))
    assert (reply["reference"], reply["update"]) == (None, None)
    assert reply["problems"] == {"body": ["This is not a JSON object."]}


def test_a_hold_that_ends_can_be_sent_again_for_a_year_unless_a_day_is_given(services, reference):
    case = hand_in(EXAMPLES["hold_ended"] | {"reference": reference}, services.store, services.clock())
    assert case.updates[0].resubmit_by == str(date(2028, 1, 11))
