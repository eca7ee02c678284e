"""An advocate has a code of their own, sees what the person allows, and can be removed at once."""

from contextlib import closing

import pytest

from heard.forms import FOLLOW_UPS
from heard.timeline import ADVOCATES_MAY
from heard.update import update
from heard.wiring import one_machine
from tests.conftest import deliver_all, send_complaint, send_json
from tests.unit.test_saying_more import say

POINTS = [{"number": 1, "title": "CANARY point", "outcome": "upheld", "reason": "CANARY reason"}]


def follow(services, code):
    return send_json(services, "follow", code=code)


def named(services, receipt, sees="everything", key="a" * 32):
    """The code that the person gets to give to their advocate."""
    _, timeline = say(services, receipt["code"], "name_advocate", key=key, advocate_is="Ada", advocate_sees=sees)
    return timeline["advocates_code"]


def answered(services, receipt):
    said = {"version": 1, "status": "reply_sent", "at": "2026-11-23T09:00:00Z", "note": "CANARY note", "points": POINTS}
    update(receipt["reference"], said, services.store, services.clock())


@pytest.fixture
def receipt(services):
    return send_complaint(services)


def test_the_advocates_code_opens_the_case_however_it_is_typed(services, receipt):
    code = named(services, receipt)
    assert code.startswith(receipt["reference"])
    for typed in (code, code.upper().replace(" ", "-"), f"  {code} ", code.replace("-", "").replace(" ", "")):
        status, timeline = follow(services, typed)
        assert (status, timeline["reference"]) == (200, receipt["reference"])


def test_without_an_advocate_and_with_a_wrong_code_the_answer_is_that_of_any_unknown_code(services, receipt):
    words = receipt["code"]
    unknown = follow(services, "one two three four five")
    assert follow(services, f"{receipt['reference']} {words}") == unknown
    named(services, receipt)
    assert follow(services, f"{receipt['reference']} {words}") == unknown
    assert follow(services, receipt["reference"]) == unknown
    assert follow(services, f"{receipt['reference']} abacus abide abiding ability ablaze") == unknown


def test_an_advocate_does_not_learn_the_persons_code_or_hand_on_their_own(services, receipt):
    _, timeline = follow(services, named(services, receipt))
    assert timeline["advocates_code"] is None
    assert receipt["code"] not in str(timeline)


def test_an_advocate_who_may_see_everything_does(services, receipt):
    answered(services, receipt)
    _, timeline = follow(services, named(services, receipt))
    assert "CANARY note" in str(timeline)
    assert timeline["outcome"] == "upheld"


def test_an_advocate_who_may_see_the_steps_sees_no_words_of_anybody(services, receipt):
    answered(services, receipt)
    say(services, receipt["code"], "tell_more", more="CANARY more")
    _, timeline = follow(services, named(services, receipt, "steps"))
    assert "CANARY" not in str(timeline)
    assert (timeline["points"], timeline["outcome"]) == ([], None)
    assert [step["step"] for step in timeline["steps"]] == ["received", "tell_more", "name_advocate", "reply_sent"]


def test_the_code_stops_working_at_once_when_it_is_taken_back(services, receipt):
    code = named(services, receipt)
    say(services, receipt["code"], "remove_advocate")
    assert follow(services, code)[0] == 404
    assert say(services, code, "tell_more")[0] == 404


def test_a_second_advocate_takes_the_place_of_the_first(services, receipt):
    first = named(services, receipt)
    second = named(services, receipt, key="b" * 32)
    assert first != second
    assert [follow(services, code)[0] for code in (first, second)] == [404, 200]


@pytest.mark.parametrize("form", FOLLOW_UPS)
def test_an_advocate_says_what_is_theirs_to_say_and_it_is_marked_as_theirs(services, receipt, form):
    code = named(services, receipt)
    status, answer = say(services, code, form, key="c" * 32)
    if form not in ADVOCATES_MAY:
        assert (status, answer) == (422, {"errors": {"form": "unknown_choice"}})
        return
    assert status == 200
    deliver_all(services)
    events = [taken.message for taken in services.inbox.receive(50, 60)][1:]
    assert [event["details"]["by"] for event in events] == ["person", "advocate"]
    own = follow(services, receipt["code"])[1]["steps"]
    assert [step.get("by") for step in own if step["step"] == form] == ["advocate"]


def test_what_an_advocate_looks_at_stays_new_for_the_person(services, receipt):
    code = named(services, receipt)
    answered(services, receipt)
    assert not any(step["new"] for step in follow(services, code)[1]["steps"])
    assert follow(services, receipt["code"])[1]["steps"][-1]["new"]


def test_the_name_of_the_advocate_goes_to_the_council_and_not_on_the_page(services, receipt):
    named(services, receipt)
    deliver_all(services)
    event = [taken.message for taken in services.inbox.receive(50, 60)][-1]
    assert event["details"]["text"] == {"advocate_is": "Ada"}
    assert "Ada" not in str(follow(services, receipt["code"]))


def test_after_the_pepper_was_changed_the_advocates_code_still_works(tmp_path, clock):
    settings = {"HEARD_DATA": str(tmp_path / "data")}
    with closing(one_machine(settings | {"HEARD_PEPPER": "aa" * 32}, clock)) as services:
        code = named(services, send_complaint(services))
    with closing(one_machine(settings | {"HEARD_PEPPER": f"{'bb' * 32} {'aa' * 32}"}, clock)) as services:
        assert follow(services, code)[0] == 200


def test_several_cases_come_as_one_list_and_codes_that_open_none_are_counted(services):
    receipts = [send_complaint(services, key=f"{number:032x}") for number in range(3)]
    codes = [named(services, receipts[0]), receipts[1]["code"], receipts[2]["code_digits"], "no such code", " "]
    status, answer = send_json(services, "follow", codes="\r\n".join([*codes, codes[0]]))
    assert status == 200
    assert [case["reference"] for case in answer["cases"]] == [receipt["reference"] for receipt in receipts]
    assert answer["not_found"] == 1


def test_a_list_marks_nothing_as_seen(services, receipt):
    answered(services, receipt)
    send_json(services, "follow", codes=receipt["code"])
    assert follow(services, receipt["code"])[1]["steps"][-1]["new"]


def test_nobody_can_make_the_advocates_code_of_what_the_council_gets(services, receipt):
    code = named(services, receipt)
    deliver_all(services)
    event = [taken.message for taken in services.inbox.receive(50, 60)][-1]
    forged = send_complaint(services, key=event["id"])
    assert follow(services, f"{receipt['reference']} {forged['code']}")[0] == 404
    assert follow(services, code)[0] == 200


def test_an_advocate_cannot_use_up_the_persons_room(services, receipt):
    code = named(services, receipt)
    statuses = [say(services, code, "tell_more", more=f"{number} " + "x" * 4990)[0] for number in range(15)]
    assert statuses[-1] == 413
    assert say(services, receipt["code"], "tell_more")[0] == 200
