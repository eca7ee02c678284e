"""What a person says after the first message: kept once, shown to them, passed on to the council as an event."""

import itertools
import json
from dataclasses import replace

import pytest

from heard.bounce import UNDELIVERABLE, bounced
from heard.case import PARKED, PERSON, Case
from heard.council.consume import EVENTS as CONSUMED
from heard.forms import FOLLOW_UPS, form_named
from heard.message import EVENTS, schema
from heard.ports import StaleCase
from heard.say import MOST_BYTES
from heard.timeline import READ_BACK, timeline_of
from heard.update import UpdateRejected, update
from heard.wiring import deliverer
from tests.conftest import KEY, deliver_all, send_complaint, send_json
from tests.unit.test_web import post

SAID = {
    "tell_more": {"more": "It was Tuesday.\nلم يأتِ أحد 🎈"},
    "next_stage": {"still_wrong": "Nobody said sorry."},
    "ask_for": {"help_wanted": ["meeting", "advocate"], "help_words": "After school"},
    "change_contact": {"contact": "text", "phone": "07700 900123", "contact_is_safe": "yes"},
    "withdraw": {"why_stop": "My carer told me to."},
    "carry_on": {},
    "name_advocate": {"advocate_is": "Ada 🦉", "advocate_sees": "everything"},
    "remove_advocate": {},
    "closing_questions": {"closing_rights": "partly", "closing_better": "no"},
}
LETTER_WANTED = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}


def say(services, code, form, key=KEY, **answers):
    return send_json(services, "say", code=code, form=form, key=key, **(answers or SAID[form]))


def told(services, reference, version, status, **more):
    said = {"version": version, "status": status, "at": services.clock().isoformat(), **more}
    return update(reference, said, services.store, services.clock())


def messages(services):
    return [taken.message for taken in services.inbox.receive(50, 60)]


def case_of(services, receipt):
    return services.store.with_reference(receipt["reference"])


@pytest.mark.parametrize("form", FOLLOW_UPS)
def test_what_is_said_is_on_the_timeline_at_once_and_reaches_the_council_once(services, clock, form):
    receipt = send_complaint(services)
    clock.move(hours=1)
    status, timeline = say(services, receipt["code"], form)
    again = say(services, receipt["code"], form)
    assert (status, again) == (200, (200, timeline))
    own_words = {"answers": SAID[form]} if form in READ_BACK else {}
    assert timeline["steps"][-1] == {"step": form, "on": "2026-11-20", "new": False, **own_words}
    deliver_all(services)
    first, event = messages(services)
    assert (first["type"], event["type"]) == ("submission", "event")
    assert (event["event"], event["reference"]) == (EVENTS[form], receipt["reference"])
    assert event["at"] == "2026-11-20T10:30:00.000Z"


def test_the_council_gets_the_words_as_they_were_typed_and_the_choices_as_codes(services):
    receipt = send_complaint(services)
    for form in ("tell_more", "ask_for"):
        say(services, receipt["code"], form)
    deliver_all(services)
    _, more, wish = messages(services)
    assert more["details"] == {
        "by": "person", "language": "en", "voice": "young", "text": SAID["tell_more"], "choices": {},
    }  # fmt: skip
    assert wish["details"]["choices"] == {"help_wanted": ["meeting", "advocate"]}
    assert wish["details"]["text"] == {"help_words": "After school"}


def test_every_event_is_in_the_schema_and_known_to_the_consumer():
    assert set(EVENTS.values()) < set(schema("event")["properties"]["event"]["enum"])
    assert set(schema("event")["properties"]["event"]["enum"]) == set(CONSUMED)


def test_other_words_from_the_same_page_are_another_thing_said(services):
    receipt = send_complaint(services)
    say(services, receipt["code"], "tell_more", more="One.")
    say(services, receipt["code"], "tell_more", more="Two.")
    assert [said.answers["more"] for said in case_of(services, receipt).said] == ["One.", "Two."]


def test_a_wrong_code_says_nothing_about_any_case(services):
    send_complaint(services)
    assert say(services, "one two three four five", "tell_more") == (404, {"errors": {"code": "not_found"}})


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"form": "complaint"}, {"form": "unknown_choice"}),
        ({"key": "short"}, {"key": "not_a_key"}),
        ({"form": "tell_more", "more": " "}, {"more": "required"}),
        ({"form": "ask_for", "help_wanted": ["money"]}, {"help_wanted": "unknown_choice"}),
        ({"form": "change_contact", "contact": "email", "email": "no"}, {"email": "not_an_email"}),
    ],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(services, fields, problems):
    receipt = send_complaint(services)
    before = case_of(services, receipt)
    sent = {"code": receipt["code"], "form": "tell_more", "key": KEY} | fields
    assert send_json(services, "say", **sent) == (422, {"errors": problems})
    assert case_of(services, receipt) == before


def test_a_case_has_room_for_much_and_then_says_so(services):
    receipt = send_complaint(services)
    statuses = [
        say(services, receipt["code"], "tell_more", more=f"{number} " + "x" * 4990)[0]
        for number in range(MOST_BYTES // 5000 + 1)
    ]
    assert statuses == sorted(statuses)
    assert (statuses[0], statuses[-1]) == (200, 413)
    assert len(case_of(services, receipt).said) == statuses.count(200) > 20


def test_what_is_said_without_a_word_takes_room_too(services, monkeypatch):
    for room in ("MOST_BYTES", "RESERVE_BYTES", "LAST_BYTES"):
        monkeypatch.setattr(f"heard.say.{room}", 1000)
    receipt = send_complaint(services)
    statuses = [say(services, receipt["code"], "carry_on", key=f"{number:032x}")[0] for number in range(20)]
    assert (statuses[0], statuses[-1]) == (200, 413)


def test_the_next_stage_can_be_asked_for_without_a_word_and_whenever(services):
    receipt = send_complaint(services)
    assert say(services, receipt["code"], "next_stage", still_wrong="")[0] == 200
    assert case_of(services, receipt).waits_for_next_stage


def test_it_is_offered_once_there_is_an_answer_or_the_answer_is_late(services, clock):
    receipt = send_complaint(services)
    assert "next_stage" not in timeline_of(case_of(services, receipt), clock()).can
    clock.move(days=60)
    assert "next_stage" in timeline_of(case_of(services, receipt), clock()).can
    told(services, receipt["reference"], 1, "reply_sent")
    assert "next_stage" in timeline_of(case_of(services, receipt), clock()).can
    say(services, receipt["code"], "next_stage")
    assert "next_stage" not in timeline_of(case_of(services, receipt), clock()).can


def test_after_the_next_stage_is_asked_for_an_answer_is_awaited_and_no_old_day_counts(services, clock):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, "reply_sent")
    clock.move(days=90)
    say(services, receipt["code"], "next_stage")
    case = case_of(services, receipt)
    assert (case.is_awaited, case.answer_due, case.is_late(clock())) == (True, None, False)
    clock.move(days=1)
    case = told(services, receipt["reference"], 2, "stage_moved", stage=2, due="2027-04-01")
    assert (case.is_awaited, case.answer_due, case.waits_for_next_stage) == (True, "2027-04-01", False)


def test_who_stops_may_change_their_mind(services, clock):
    receipt = send_complaint(services)
    say(services, receipt["code"], "withdraw")
    case = case_of(services, receipt)
    assert (case.is_withdrawn, case.is_awaited) == (True, False)
    assert "carry_on" in timeline_of(case, clock()).can
    say(services, receipt["code"], "carry_on", key="f" * 32)
    case = case_of(services, receipt)
    assert (case.is_withdrawn, case.is_awaited) == (False, True)


def test_a_change_of_contact_holds_at_once_for_a_letter_that_has_not_gone_yet(services):
    receipt = send_complaint(services, **LETTER_WANTED)
    say(services, receipt["code"], "change_contact", contact="none")
    assert [outcome.kind.partition(":")[0] for outcome in deliver_all(services)] == ["council_message", "said"]
    assert case_of(services, receipt).first_for(PERSON) is None


def test_a_letter_goes_to_the_new_address(services, tmp_path):
    receipt = send_complaint(services, **LETTER_WANTED)
    say(services, receipt["code"], "change_contact", contact="email", email="new@home.example", contact_is_safe="yes")
    deliver_all(services)
    [letter] = (tmp_path / "data" / "letters").glob("*.eml")
    assert "To: new@home.example" in letter.read_text()


def test_how_somebody_is_reached_is_not_shown_on_the_page(services):
    receipt = send_complaint(services)
    _, timeline = say(services, receipt["code"], "change_contact")
    assert "900123" not in str(timeline)
    deliver_all(services)
    _, event = messages(services)
    assert event["details"]["contact"]["phone"] == "07700 900123"
    assert event["details"]["contact"]["safe"] is True


def test_news_from_the_council_is_marked_until_somebody_has_looked(services, clock):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, "asked", note="Which day was it?")
    news = [send_json(services, "follow", code=receipt["code"])[1]["steps"][-1]["new"] for _ in range(2)]
    assert news == [True, False]
    clock.move(seconds=1)
    told(services, receipt["reference"], 2, "reply_sent")
    steps = send_json(services, "follow", code=receipt["code"])[1]["steps"]
    assert [step["new"] for step in steps] == [False, False, True]


def test_looking_is_never_refused_because_the_case_changes_at_that_moment(services):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, "with_council")

    class Busy:
        def __getattr__(self, name):
            return getattr(services.store, name)

        def replace(self, _):
            raise StaleCase

    status, timeline = send_json(replace(services, store=Busy()), "follow", code=receipt["code"])
    assert (status, timeline["steps"][-1]["new"]) == (200, True)


def test_what_was_said_since_keeps_the_case_from_being_deleted_until_it_was_passed_on(services, clock):
    receipt = send_complaint(services)
    deliver_all(services)
    told(services, receipt["reference"], 1, "closed")
    assert case_of(services, receipt).closed_since
    clock.move(days=10)
    say(services, receipt["code"], "closing_questions")
    assert case_of(services, receipt).closed_since is None
    deliver_all(services)
    assert case_of(services, receipt).closed_since == "2026-11-30T09:30:00.000Z"
    assert all(entry.due != PARKED for entry in case_of(services, receipt).outbox)


def news_wanted(services, receipt):
    by_email = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "news": "yes"}
    say(services, receipt["code"], "change_contact", **by_email)
    deliver_all(services)


def letters_in(tmp_path):
    return sorted((tmp_path / "data" / "letters").glob("*.eml"))


def test_who_asked_for_it_is_told_that_there_is_something_new_and_nothing_more(services, tmp_path):
    receipt = send_complaint(services)
    news_wanted(services, receipt)
    told(services, receipt["reference"], 1, "asked", note="CANARY question?")
    deliver_all(services)
    [letter] = letters_in(tmp_path)
    assert "Subject: There is something new" in letter.read_text()
    assert "CANARY" not in letter.read_text()
    assert receipt["code"] not in letter.read_text()


def test_much_news_before_a_letter_has_gone_is_one_letter(services, tmp_path):
    receipt = send_complaint(services)
    news_wanted(services, receipt)
    for version, status in enumerate(("acknowledged", "looking_into_it", "reply_sent"), start=1):
        told(services, receipt["reference"], version, status)
    deliver_all(services)
    assert len(letters_in(tmp_path)) == 1
    told(services, receipt["reference"], 4, "closed")
    deliver_all(services)
    assert len(letters_in(tmp_path)) == 2


def test_an_update_said_twice_is_one_piece_of_news(services, tmp_path):
    receipt = send_complaint(services)
    news_wanted(services, receipt)
    for _ in range(2):
        told(services, receipt["reference"], 1, "acknowledged")
        deliver_all(services)
    assert len(letters_in(tmp_path)) == 1


def test_nobody_is_told_who_did_not_ask_or_asked_to_stop(services, tmp_path):
    quiet, stopped = send_complaint(services), send_complaint(services, key="e" * 32)
    news_wanted(services, stopped)
    say(services, stopped["code"], "withdraw")
    for receipt in (quiet, stopped):
        told(services, receipt["reference"], 1, "reply_sent")
    deliver_all(services)
    assert letters_in(tmp_path) == []


def test_after_a_letter_came_back_the_council_is_told_again_of_the_next_address_that_fails(services, clock):
    receipt = send_complaint(services)
    news_wanted(services, receipt)
    for version in (1, 2):
        told(services, receipt["reference"], version, "looking_into_it")
        deliver_all(services)
        clock.move(hours=1)
        bounced(receipt["reference"], UNDELIVERABLE, services.store, services.clock())
        clock.move(hours=1)
        say(services, receipt["code"], "change_contact", key=f"{version:032x}", contact="email",
            email=f"n{version}@home.example", contact_is_safe="yes", news="yes")  # fmt: skip
    deliver_all(services)
    failed = [message["id"] for message in messages(services) if message.get("event") == "contact_failed"]
    assert len(failed) == len(set(failed)) == 2


def test_a_letter_that_was_to_an_address_the_person_has_replaced_says_nothing_of_the_new_one(services, clock):
    """Messengers tell of a letter that came back for days, again and again."""
    receipt = send_complaint(services, **LETTER_WANTED)
    deliver_all(services)
    old_letter = f"{case_of(services, receipt).id}-acknowledgement"
    for _ in range(2):
        bounced(old_letter, UNDELIVERABLE, services.store, services.clock())
        clock.move(hours=1)
        news_wanted(services, receipt)
    assert case_of(services, receipt).contact_works


def test_a_letter_that_could_not_be_sent_holds_up_none_after_the_address_was_mended(services, clock, tmp_path):
    receipt = send_complaint(services, **LETTER_WANTED)
    case = case_of(services, receipt)
    stuck = replace(case.first_for(PERSON), due=PARKED)
    services.store.replace(case.with_entry(stuck))
    assert case_of(services, receipt).next_due is not None
    news_wanted(services, receipt)
    clock.move(hours=1)
    told(services, receipt["reference"], 1, "reply_sent")
    deliver_all(services)
    assert len(letters_in(tmp_path)) == 1


def test_what_is_parked_stays_to_be_seen_and_holds_up_nothing(services):
    receipt = send_complaint(services, **LETTER_WANTED)
    case = case_of(services, receipt)
    services.store.replace(case.with_entry(replace(case.first_for(PERSON), due=PARKED)))
    deliver_all(services)
    assert [case.reference for case in services.store.waiting()] == [receipt["reference"]]


@pytest.mark.parametrize(
    "answers", [{}, {"contact": "email"}, {"contact": "text", "email": "me@home.example"}, {"contact": "post"}]
)
def test_half_a_contact_takes_the_place_of_none(services, answers):
    receipt = send_complaint(services, **LETTER_WANTED)
    sent = {"code": receipt["code"], "form": "change_contact", "key": KEY, **answers}
    status, answer = send_json(services, "say", **sent)
    assert (status, list(answer["errors"].values())) == (422, ["required"])
    assert case_of(services, receipt).contact["email"] == "me@home.example"


def test_an_old_page_cannot_bring_back_what_was_chosen_before_without_saying_so(services):
    receipt = send_complaint(services)
    for form, key in (("withdraw", "a" * 32), ("carry_on", "b" * 32)):
        assert say(services, receipt["code"], form, key=key)[0] == 200
    assert say(services, receipt["code"], "withdraw", key="a" * 32) == (409, {"errors": {"key": "used"}})
    assert not case_of(services, receipt).is_withdrawn


def test_there_is_always_room_to_stop_to_be_reached_elsewhere_and_to_take_a_code_back(services):
    receipt = send_complaint(services)
    for number in range(MOST_BYTES // 5000 + 1):
        say(services, receipt["code"], "tell_more", more=f"{number} " + "x" * 4990)
    for form in ("change_contact", "withdraw", "remove_advocate"):
        assert say(services, receipt["code"], form)[0] == 200


def test_an_advocate_cannot_talk_until_there_is_no_room_to_take_the_code_back(services):
    receipt = send_complaint(services)
    code = say(services, receipt["code"], "name_advocate")[1]["advocates_code"]
    for own in (receipt["code"], code):
        for number in range(MOST_BYTES // 10_000 + 1):
            say(services, own, "tell_more", key=f"{number:032x}", more=f"{own[0]}{number} " + "é" * 4900)
    for number in range(10):
        said = {"contact": "post", "postal_address": f"{number}" + "é" * 499, "contact_notes": "é" * 500}
        say(services, receipt["code"], "change_contact", key=f"{number:032x}", **said)
    for form in ("withdraw", "carry_on", "remove_advocate"):
        assert send_json(services, "say", code=receipt["code"], form=form, key="d" * 32)[0] == 200
    assert send_json(services, "follow", code=code)[0] == 404


def test_the_largest_case_there_can_be_fits_an_item_of_dynamodb(services):
    """400 KB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html"""
    limits = {asked.id: asked.max_length for asked in form_named("complaint").questions if asked.type == "long_text"}
    receipt = send_complaint(services, **{name: "👋" * limit for name, limit in limits.items()} | {"contact": "post"})
    for form, answers in (("tell_more", {"more": '"' * 5000}), ("carry_on", {})):
        keys = (f"{number:032x}" for number in range(400))
        assert 413 in (say(services, receipt["code"], form, key=key, **answers)[0] for key in keys)
    as_many_updates_as_fit(services, receipt, '"' * 2000)
    record = json.dumps(case_of(services, receipt).to_record(), ensure_ascii=False).encode()
    assert 300_000 < len(record) < 390_000


def test_a_late_answer_stays_late_when_the_next_stage_is_asked_for_instead(services, clock):
    receipt = send_complaint(services)
    clock.move(days=60)
    say(services, receipt["code"], "next_stage")
    assert case_of(services, receipt).is_late(clock())
    clock.move(days=1)
    case = told(services, receipt["reference"], 1, "extended", due="2027-03-01", note="We need to ask one more person.")
    assert (case.answer_due, case.is_late(clock())) == ("2027-03-01", False)


def test_a_new_answer_after_the_request_ends_the_waiting_and_the_next_stage_can_be_asked_for_again(services, clock):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, "reply_sent")
    clock.move(days=1)
    say(services, receipt["code"], "next_stage")
    clock.move(days=1)
    case = told(services, receipt["reference"], 2, "reply_sent", stage=2)
    assert not case.is_awaited
    assert "next_stage" in timeline_of(case, clock()).can


def test_a_closing_that_was_only_told_late_is_no_answer_to_a_request_made_in_between(services, clock):
    receipt = send_complaint(services)
    deliver_all(services)
    closed_at = clock().isoformat()
    clock.move(days=1)
    say(services, receipt["code"], "next_stage")
    deliver_all(services)
    clock.move(days=1)
    said = {"version": 1, "status": "closed", "at": closed_at}
    case = update(receipt["reference"], said, services.store, services.clock())
    assert case.waits_for_next_stage
    assert case.closed_since is None


def test_a_change_while_a_letter_is_on_its_way_out_stops_it(services, tmp_path):
    receipt = send_complaint(services, **LETTER_WANTED)
    case = case_of(services, receipt)

    class Changing:
        """The person changes their mind after the letter was taken up and before it goes out."""

        def __getattr__(self, name):
            return getattr(services.store, name)

        def replace(self, leased):
            kept = services.store.replace(leased)
            if leased.first_for(PERSON) and leased.first_for(PERSON).attempts == 1 and not kept.said:
                say(services, receipt["code"], "change_contact", contact="none")
            return kept

    deliverer(replace(services, store=Changing())).deliver_cases([case.id], PERSON)
    assert letters_in(tmp_path) == []


def test_what_a_later_version_keeps_with_a_case_is_not_lost_by_this_one(services):
    record = case_of(services, send_complaint(services)).to_record()
    later = record | {"added_later": {"anything": [1]}}
    assert Case.from_record(later).to_record() == later


def test_words_stay_on_the_page_when_they_could_not_be_kept(services):
    receipt = send_complaint(services)

    class Full:
        def __getattr__(self, name):
            return getattr(services.store, name)

        def replace(self, _):
            raise OSError("disk")

    page = post(replace(services, store=Full()), "say", {"code": receipt["code"], "form": "tell_more", "key": KEY,
                "lang": "en", "voice": "young", "more": "My long story."})  # fmt: skip
    assert page.status == 500
    assert "My long story.</textarea>" in page.body
    assert "Your words are still here." in page.body


def test_looking_works_when_the_mark_cannot_be_written(services):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, "with_council")

    class Full:
        def __getattr__(self, name):
            return getattr(services.store, name)

        def replace(self, _):
            raise OSError("disk")

    assert send_json(replace(services, store=Full()), "follow", code=receipt["code"])[0] == 200


def as_many_updates_as_fit(services, receipt, words):
    """How many that was, before it was said that there is no room left."""
    taken = []

    def go_on():
        for version in itertools.count(1):
            told(services, receipt["reference"], version, "looking_into_it", note=words)
            taken.append(version)

    with pytest.raises(UpdateRejected, match="no room left"):
        go_on()
    return len(taken)


def test_updates_have_their_limit_too_and_it_is_said(services):
    receipt = send_complaint(services)
    words = "ልጅ" * 1000
    assert 14 < as_many_updates_as_fit(services, receipt, words) < 25
