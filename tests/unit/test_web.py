"""Forms get pages, programs get JSON, and bad input gets a clear answer and changes nothing."""

import html
import json
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heard import exchange, web
from heard.forms import FORMS
from heard.update import update
from heard.wording import VOICES
from tests.conftest import KEY, MESSAGES, deliver_all, send_complaint, send_json

FORM = "application/x-www-form-urlencoded"
COMMON = {"form": "complaint", "lang": "en", "voice": "young", "form_version": "1"}


def post(services, step, fields, sender="10.0.0.1 browser"):
    body = fields if isinstance(fields, bytes) else urlencode(fields, doseq=True).encode()
    return web.answer(step, exchange.Request(FORM, body, sender), services)


def hidden(page):
    """The fields that the check page would send."""
    found = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page)
    return [(name, html.unescape(value)) for name, value in found]


def cases(services):
    return services.store.waiting()


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("voice", VOICES)
def test_a_form_is_checked_then_sent_and_gives_a_receipt_in_its_voice(services, form, voice):
    message = {MESSAGES[form]: "Ania mówi: „nie” <b>&amp;</b>\r\n\r\nنعم 👍"}
    checked = post(services, "check", COMMON | {"form": form, "voice": voice} | message)
    assert checked.status == 200
    assert f'class="voice-{voice}"' in checked.body
    sent = post(services, "send", hidden(checked.body))
    assert sent.status == 201
    [case] = cases(services)
    assert list(case.answers.values()) == ["Ania mówi: „nie” <b>&amp;</b>\n\nنعم 👍"]
    assert (case.form, case.voice, case.language) == (form, voice, "en")
    assert re.search(rf'<output id="reference">{case.reference}</output>', sent.body)
    assert len(re.search(r'<output id="code">([a-z ]+)</output>', sent.body)[1].split()) == 5
    assert re.fullmatch(r"(\d{4} ){4}\d{4}", re.search(r'<output id="code-digits">([\d ]+)</output>', sent.body)[1])


def test_wrong_answers_come_back_with_everything_that_was_typed(services):
    fields = COMMON | {
        "what_happened": " ",
        "what_would_help": "Say <sorry>",
        "themes": ["support", "other"],
        "who": "x",
    }
    answer = post(services, "check", fields)
    assert answer.status == 422
    assert "<title>Error: " in answer.body
    assert 'href="#what_happened"' in answer.body
    assert "Say &lt;sorry&gt;" in answer.body
    assert len(re.findall(r'value="(?:support|other)"[^>]* checked', answer.body)) == 2
    assert cases(services) == []


def test_answers_that_were_checked_are_checked_again_when_sent(services):
    answer = post(services, "send", COMMON | {"key": KEY, "what_happened": "x" * 10_001})
    assert answer.status == 422
    assert "x" * 10_001 in answer.body
    assert cases(services) == []


def test_change_goes_back_to_the_form_with_every_answer_and_the_same_key(services):
    fields = COMMON | {"key": KEY, "what_happened": "a\r\nb", "who": "care_leaver", "themes": ["support"]}
    answer = post(services, "check", fields | {"change": "who"})
    assert answer.status == 200
    assert "a\nb</textarea>" in answer.body
    assert re.search(r'value="care_leaver" checked', answer.body)
    assert dict(hidden(answer.body))["key"] == KEY


def test_a_text_that_begins_with_a_line_break_keeps_it_on_the_way_back(services):
    answer = post(services, "check", COMMON | {"what_happened": "\r\nx", "change": "who"})
    assert ">\n\nx</textarea>" in answer.body


def test_sending_without_a_key_shows_the_answers_to_check_first(services):
    answer = post(services, "send", COMMON | {"what_happened": "x"})
    assert answer.status == 200
    assert 'action="/api/send"' in answer.body
    assert cases(services) == []


def test_without_scripts_the_same_form_gets_the_same_key_and_another_gets_another(services, clock):
    def key(sender="10.0.0.1 browser", **changed):
        page = post(services, "check", COMMON | {"what_happened": "x"} | changed, sender)
        return dict(hidden(page.body))["key"]

    first = key()
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert key() == first
    assert len({first, key(what_happened="y"), key(who="child_self"), key(sender="10.0.0.2 browser")}) == 4
    clock.move(hours=14)  # 23:30
    assert key() == first
    clock.move(hours=4)  # half past three in the morning: still the same evening
    assert key() == first
    clock.move(hours=1)
    assert key() != first


def test_a_program_gets_a_random_key_from_check(services):
    answers = [send_json(services, "check", form="comment", what_you_want_to_say="x") for _ in range(2)]
    assert [status for status, _ in answers] == [200, 200]
    assert answers[0][1]["key"] != answers[1][1]["key"]
    assert answers[0][1]["answers"] == {"what_you_want_to_say": "x"}


@pytest.mark.parametrize(
    ("wish", "notice"),
    [
        ({"contact": "email"}, "no_email"),
        ({"contact": "text"}, "no_phone"),
        ({"contact": "phone"}, "no_phone"),
        ({"contact": "post"}, "no_address"),
        ({"contact": "email", "email": "a@b.example"}, "not_said_safe"),
        ({"contact": "email", "email": "a@b.example", "contact_is_safe": "yes"}, None),
        ({"contact": "none"}, None),
        ({}, None),
    ],
)
def test_a_wish_that_cannot_be_met_is_pointed_out_and_blocks_nothing(services, wish, notice):
    _, checked = send_json(services, "check", form="complaint", what_happened="x", **wish)
    assert checked["notices"] == ([notice] if notice else [])
    assert send_json(services, "send", form="complaint", key=KEY, what_happened="x", **wish)[0] == 201


def test_someone_who_is_not_safe_sees_help_at_once_and_can_still_send(services):
    answer = post(services, "check", COMMON | {"what_happened": "x", "safe_now": "no"})
    assert "0800 1111" in answer.body
    assert answer.status == 200


def test_words_changed_after_sending_are_kept_on_the_page_and_can_be_sent_as_a_new_one(services):
    post(services, "send", COMMON | {"key": KEY, "what_happened": "first"})
    answer = post(services, "send", COMMON | {"key": KEY, "what_happened": "second"})
    assert answer.status == 409
    fields = hidden(answer.body)
    assert dict(fields)["what_happened"] == "second"
    assert dict(fields)["key"] != KEY
    assert hidden(post(services, "send", COMMON | {"key": KEY, "what_happened": "second"}).body) == fields
    assert post(services, "send", fields).status == 201
    assert sorted(case.answers["what_happened"] for case in cases(services)) == ["first", "second"]


def test_a_box_that_only_machines_see_is_kindly_refused_and_loses_nothing(services):
    for step in ("check", "send"):
        answer = post(services, step, COMMON | {"key": KEY, "what_happened": "kept", "homepage": "http://x.example"})
        assert answer.status == 422
        assert "kept" in answer.body
    assert cases(services) == []


class Down:
    """A store that cannot be reached."""

    def __getattr__(self, name):
        raise OSError(f"disk says no: CANARY {name}")


def test_when_the_store_is_down_the_words_stay_on_the_page_under_the_same_key(services):
    fields = COMMON | {"key": KEY, "what_happened": "still here"}
    answer = post(replace(services, store=Down()), "send", fields)
    assert answer.status == 500
    assert dict(hidden(answer.body))["key"] == KEY
    assert "still here" in answer.body
    assert services.council["phone"] in answer.body
    assert post(services, "send", hidden(answer.body)).status == 201


def test_when_the_store_is_down_a_program_gets_a_plain_500(services):
    broken = replace(services, store=Down())
    status, answer = send_json(broken, "send", form="complaint", key=KEY, what_happened="x")
    assert (status, answer) == (500, {"errors": {"body": "broken"}})
    page = post(broken, "follow", {"code": "x", "voice": "easy"})
    assert page.status == 500
    assert services.council["phone"] in page.body


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"form": "survey"}, {"form": "unknown_choice"}),
        ({"form": None}, {"form": "required"}),
        ({"form": ["complaint"]}, {"form": "not_text"}),
        ({"lang": "xx"}, {"lang": "unknown_choice"}),
        ({"voice": "loud"}, {"voice": "unknown_choice"}),
        ({"form_version": 99}, {"form_version": "unknown_choice"}),
        ({"form_version": "new"}, {"form_version": "not_text"}),
        ({"form_version": 1.9}, {"form_version": "not_text"}),
        ({"form_version": float("inf")}, {"form_version": "not_text"}),
        ({"\ud800": "x"}, {"\ud800": "unknown"}),
        ({"key": "short"}, {"key": "not_a_key"}),
        ({"key": "A" * 32}, {"key": "not_a_key"}),
        ({"key": None}, {"key": "required"}),
        ({"what_happened": None}, {"what_happened": "required"}),
        ({"extra": "x"}, {"extra": "unknown"}),
    ],
)
def test_a_program_is_told_which_field_does_not_fit(services, fields, errors):
    sent = COMMON | {"key": KEY, "what_happened": "x"} | fields
    assert send_json(services, "send", **sent) == (422, {"errors": errors})
    assert cases(services) == []


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b'"text"', 400),
        ("application/json", b"[" * 3000, 400),
        ("application/json", b"\xff\xfe{}", 400),
        ("application/json", b'{"form":"complaint","form":"comment"}', 400),
        ("application/json", json.dumps({str(n): "x" for n in range(201)}).encode(), 400),
        ("application/json", b" " * (exchange.MAX_BYTES + 1), 413),
        (FORM, b"what_happened=%ff%fe", 400),
        (FORM, b"what_happened=%ed%a0%80", 400),
        (FORM, "what_happened=ż".encode(), 400),
        (FORM, b"&".join(b"a=%d" % n for n in range(201)), 400),
        (FORM, b"a" * (exchange.MAX_BYTES + 1), 413),
        (FORM, b"", 400),
        ("multipart/form-data; boundary=x", b"--x--", 415),
        ("text/plain", b"hello", 415),
        ("", b"", 415),
    ],
)
def test_what_cannot_be_read_gets_a_plain_refusal_and_other_ways_to_reach_us(services, content_type, body, status):
    for step in ("check", "send"):
        answer = web.answer(step, exchange.Request(content_type, body), services)
        assert answer.status == status
        if content_type != "application/json":
            assert services.council["phone"] in answer.body
    assert cases(services) == []


def test_json_nested_beyond_reason_is_refused_plainly(services):
    """Some Pythons give up reading it, others read it and find no answer there."""
    deep = b"[" * 3000 + b"]" * 3000
    body = b'{"form":"complaint","key":"%s","what_happened":%s}' % (KEY.encode(), deep)
    assert web.answer("send", exchange.Request("application/json", body), services).status in (400, 422)
    assert cases(services) == []


def test_json_carries_the_longest_complaint_of_the_widest_characters(services):
    text = "👩" * 10_000
    assert send_json(services, "send", **(COMMON | {"key": KEY, "what_happened": text}))[0] == 201
    answer = post(services, "send", COMMON | {"key": "f" * 32, "what_happened": text, "what_would_help": "👩" * 5_000})
    assert answer.status == 201


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.sampled_from(["application/json", FORM]), st.sampled_from(sorted(web.STEPS)))
def test_any_bytes_get_an_answer_below_500_and_store_nothing(services, body, content_type, step):
    assert web.answer(step, exchange.Request(content_type, body), services).status < 500
    assert cases(services) == []


def test_the_timeline_can_be_saved_as_a_file_with_all_that_the_page_shows_and_no_code(services, clock):
    receipt = send_complaint(services, what_happened="CANARY")
    point = {"number": 1, "title": "Tea & toast", "outcome": "upheld", "reason": "We were <late>."}
    told = {"version": 1, "status": "reply_sent", "at": clock().isoformat(), "note": "Sorry.", "points": [point]}
    update(receipt["reference"], told, services.store, clock())
    post(services, "say", {"form": "tell_more", "code": receipt["code"], "key": KEY, "more": "One\nTwo"})
    saved = post(services, "follow", {"code": receipt["code"], "save": "yes", "voice": "easy"})
    assert (saved.status, saved.headers["Content-Disposition"]) == (
        200,
        f'attachment; filename="{receipt["reference"]}.txt"',
    )
    for shown in (receipt["reference"], "Tea & toast", "We were <late>.", "Sorry.", "One\nTwo", "20 November 2026"):
        assert shown in saved.body
    assert not [hidden for hidden in ("CANARY", receipt["code"], "&#", "&lt;", "<svg") if hidden in saved.body]


def test_the_receipt_can_be_saved_as_a_file_and_holds_nothing_of_what_was_written(services):
    receipt = send_complaint(services, what_happened="CANARY")
    saved = post(services, "receipt", {"key": KEY, "voice": "easy"})
    assert saved.status == 200
    assert saved.headers["Content-Disposition"] == 'attachment; filename="receipt.txt"'
    assert receipt["code"] in saved.body
    assert receipt["reference"] in saved.body
    assert "CANARY" not in saved.body
    assert "&#" not in saved.body
    assert post(services, "receipt", {"key": "e" * 32}).status == 404
    assert post(services, "receipt", {}).status == 404


def test_a_program_follows_a_case(services):
    receipt = send_complaint(services)
    deliver_all(services)
    status, timeline = send_json(services, "follow", code=receipt["code"].upper().replace(" ", "-"))
    assert status == 200
    assert timeline == {
        "reference": receipt["reference"],
        "kind": "complaint",
        "status": "delivered",
        "steps": [
            {"step": "received", "on": "2026-11-20", "new": False},
            {"step": "delivered", "on": "2026-11-20", "new": False},
        ],
        "due": "2026-12-04",
        "longest": "2026-12-18",
        "awaited": True,
        "late": False,
        "points": [],
        "outcome": None,
        "can": ["tell_more", "ask_for", "name_advocate", "change_contact", "withdraw"],
        "advocates_code": None,
        "advocate": None,
        "by": "person",
    }


def test_a_mistyped_code_and_one_that_never_existed_are_the_same_answer(services):
    receipt = send_complaint(services)
    words = receipt["code"].split()
    wrong = [" ".join([*words[:4], "zoom"]), "abacus abide abiding ability ablaze", "no code at all", "1" * 20]
    pages = [post(services, "follow", {"code": code, "voice": "young", "lang": "en"}) for code in wrong]
    assert {page.status for page in pages} == {404}
    assert len({page.body for page in pages}) == 1
    answers = [send_json(services, "follow", code=code) for code in wrong]
    assert all(answer == (404, {"errors": {"code": "not_found"}}) for answer in answers)


def test_an_empty_code_is_asked_for(services):
    assert post(services, "follow", {"code": " "}).status == 422
    assert send_json(services, "follow") == (422, {"errors": {"code": "required"}})
    assert send_json(services, "follow", code=7) == (422, {"errors": {"code": "required"}})


@pytest.mark.parametrize(("code", "kept"), [("kr7", "kr7"), ("nope", None), ("", None), ("<script>", None)])
def test_a_placement_travels_only_if_the_council_put_it_up(services, code, kept):
    send_complaint(services, placement=code)
    assert cases(services)[0].placement == kept


def test_two_answers_to_a_question_with_one_are_refused(services):
    answer = post(services, "check", [*COMMON.items(), ("what_happened", "a"), ("what_happened", "b")])
    assert answer.status == 422
