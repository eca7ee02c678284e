"""The Lambda functions do what the host does: the same verbs, another front."""

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from heard import headers, pages
from heard.case import COUNCIL_MESSAGE, Entry
from heard.council import council
from heard.handlers import bounce, check, council_update, deliver, follow, gateway, health, receipt, say, send, sign_in
from tests.conftest import link_in
from tests.contracts.conftest import a_case
from tests.handlers.conftest import KEY, Context, request

LAST_YEAR = "2025-11-20T09:30:00.000Z"
MORE = {"form": "tell_more", "key": KEY, "more": "It was Tuesday. żółć 👋"}
COMPLAINT = {"form": "complaint", "voice": "young", "key": KEY, "what_happened": "They never came. żółć 👋"}
NOTHING_BACK = {"batchItemFailures": []}
FOUND = ["Query", "GetItem"]  # by its code: the index says which case, and the case is read afresh


def answer_of(response):
    return response["statusCode"], json.loads(response["body"])


def test_a_complaint_is_sent_delivered_updated_followed_and_added_to(account):
    status, given = answer_of(send.handle(request(COMPLAINT), None))
    assert status == 201
    assert deliver.handle({}, Context()) == {"attempted": 1}
    [delivered] = account.queue.peek(10)
    assert delivered["text"] == {"what_happened": "They never came. żółć 👋"}
    assert delivered["reference"] == given["reference"]
    said = {"reference": given["reference"], "version": 1, "status": "with_council", "at": LAST_YEAR}
    assert council_update.handle(updates(said), None) == {"batchItemFailures": []}
    status, timeline = answer_of(follow.handle(request({"code": given["code"]}), None))
    assert (status, timeline["status"]) == (200, "with_council")
    status, timeline = answer_of(say.handle(request({**MORE, "code": given["code"]}), None))
    assert (status, timeline["steps"][-1]["answers"]) == (200, {"more": "It was Tuesday. żółć 👋"})
    assert deliver.handle({}, Context()) == {"attempted": 1}
    _, event = account.queue.peek(10)
    assert (event["event"], event["reference"]) == ("told_more", given["reference"])
    assert event["details"]["text"] == {"more": "It was Tuesday. żółć 👋"}


def updates(*said):
    """An SQS batch; text is taken as it is."""
    bodies = [body if isinstance(body, str) else json.dumps(body) for body in said]
    return {"Records": [{"messageId": str(number), "body": body} for number, body in enumerate(bodies)]}


def test_a_repeated_send_gives_the_same_receipt_and_another_answer_a_409(account):
    first = answer_of(send.handle(request(COMPLAINT), None))
    assert answer_of(send.handle(request(COMPLAINT), None)) == (200, first[1])
    assert send.handle(request({**COMPLAINT, "what_happened": "other"}), None)["statusCode"] == 409
    assert len(account.store.waiting()) == 1


def test_accepting_is_exactly_one_call_and_so_is_repeating(account):
    send.handle(request({**COMPLAINT, "key": "f" * 32}), None)  # the pepper is read at the first one
    account.calls.clear()
    send.handle(request(COMPLAINT), None)
    assert account.calls == ["PutItem"]
    send.handle(request(COMPLAINT), None)
    assert account.calls == ["PutItem"] * 2


def test_saying_more_is_one_write_and_repeating_it_is_none(account):
    said = request({**MORE, "code": answer_of(send.handle(request(COMPLAINT), None))[1]["code"]})
    account.calls.clear()
    first = answer_of(say.handle(said, None))
    assert account.calls == [*FOUND, "PutItem"]
    account.calls.clear()
    assert answer_of(say.handle(said, None)) == first
    assert account.calls == FOUND


def test_news_go_by_text_where_the_council_turns_that_on(account, monkeypatch, tmp_path):
    monkeypatch.setitem(council(), "text_messages", True)
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    by_text = {"contact": "text", "phone": "07700 900123", "contact_is_safe": "yes", "news": "yes"}
    say.handle(request({"form": "change_contact", "key": KEY, "code": given["code"], **by_text}), None)
    deliver.handle({}, Context())
    news = {"reference": given["reference"], "version": 1, "status": "with_council", "at": LAST_YEAR}
    council_update.handle(updates(news), None)
    deliver.handle({}, Context())
    [text] = tmp_path.rglob("*.txt")
    assert text.read_text("utf-8").startswith("To: 07700 900123\n")


def test_looking_writes_once_after_news_and_then_no_more(account):
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    news = {"reference": given["reference"], "version": 1, "status": "with_council", "at": LAST_YEAR}
    council_update.handle(updates(news), None)
    for writes in (["PutItem"], []):
        account.calls.clear()
        follow.handle(request({"code": given["code"]}), None)
        assert account.calls == [*FOUND, *writes]


@pytest.mark.parametrize("more", ["It was Tuesday.", ""])
def test_whoever_says_more_with_a_wrong_code_gets_the_page_that_asks_for_it(account, more):
    body = f"form=tell_more&key={KEY}&code=wrong&more={more}"
    page = say.handle(request(body, "application/x-www-form-urlencoded"), None)
    assert page["statusCode"] == 404
    assert 'action="/api/follow"' in page["body"]
    assert "PutItem" not in account.calls


def test_a_form_gets_pages_with_the_security_headers_of_the_host(account):
    body = base64.b64encode(b"form=complaint&voice=easy&what_happened=x").decode()
    event = request(body, "application/x-www-form-urlencoded", isBase64Encoded=True)
    page = check.handle(event, None)
    assert page["statusCode"] == 200
    assert page["headers"].items() >= {**headers.EVERYWHERE, **headers.ANSWERS}.items()
    assert 'class="voice-easy"' in page["body"]
    key = re.search(r'name="key" value="([0-9a-f]{32})"', page["body"])[1]
    again = re.search(r'name="key" value="([0-9a-f]{32})"', check.handle(event, None)["body"])[1]
    assert key == again


def test_behind_cloudfront_the_person_is_told_apart_by_their_own_address(account):
    def key(**named):
        event = request("form=comment&what_you_want_to_say=x", "application/x-www-form-urlencoded")
        event["headers"] |= named
        return re.search(r'name="key" value="([0-9a-f]{32})"', check.handle(event, None)["body"])[1]

    one, same, other = (
        key(**{"cloudfront-viewer-address": address}) for address in ("192.0.2.7:1", "192.0.2.7:2", "192.0.2.8:1")
    )
    assert one == same != other


def test_a_sweep_tells_how_long_the_council_has_waited(account, capfd):
    deliver.handle({}, Context())
    assert json.loads(capfd.readouterr().err.splitlines()[-1])["OldestUndelivered"] == 0
    send.handle(request(COMPLAINT), None)
    [case] = account.store.waiting()
    later = Entry(COUNCIL_MESSAGE, due="2999-01-01T00:00:00.000Z")
    account.store.replace(replace(case, received_at="2026-11-20T09:00:00.000Z", outbox=(later,)))
    deliver.handle({}, Context())
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert line["OldestUndelivered"] > 0
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_a_receipt_can_be_saved(account):
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    saved = receipt.handle(request(f"key={KEY}", "application/x-www-form-urlencoded"), None)
    assert given["code"] in saved["body"]


def test_an_advocacy_service_gets_a_link_and_opens_its_list_with_it_once(account, tmp_path):
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    named = {"form": "name_advocate", "key": KEY, "advocate_sees": "steps", "advocate_lists": "yes"}
    say.handle(request({**named, "code": given["code"]}), None)
    assert sign_in.handle(request({"email": "duty@speakup.example"}), None)["statusCode"] == 202
    [letter] = tmp_path.rglob("*-link.eml")
    query = urlsplit(link_in(letter)).query
    got = request("", rawQueryString=query, requestContext={"http": {"method": "GET", "sourceIp": "192.0.2.1"}})
    account.calls.clear()
    page = sign_in.handle(got, None)
    assert (page["statusCode"], account.calls) == (200, [])
    token = re.search(r'name="token" value="([0-9a-f-]+)"', page["body"])[1]
    status, answer = answer_of(sign_in.handle(request({"token": token}), None))
    assert (status, [case["reference"] for case in answer["cases"]]) == (200, [given["reference"]])
    assert account.calls == ["GetItem", "Query", "GetItem", "PutItem"]
    assert sign_in.handle(request({"token": token}), None)["statusCode"] == 404


def test_a_link_that_is_kept_rings_for_nothing_that_could_be_delivered(account):
    sign_in.handle(request({"email": "duty@speakup.example"}), None)
    [rung] = [item for item in account.store.client.scan(TableName="cases")["Items"] if "link" in item]
    event = {"Records": [{"dynamodb": {"Keys": {"id": rung["id"]}}}]}
    assert deliver.handle(event, Context()) == {"attempted": 0}


def test_health_looks_at_the_table(account):
    assert health.handle({}, None)["statusCode"] == 200
    assert "GetItem" in account.calls


def test_a_stream_record_delivers_its_case_before_any_index_knows_it(account, monkeypatch):
    send.handle(request(COMPLAINT), None)
    [case] = account.store.waiting()
    monkeypatch.setattr(type(account.store), "due", lambda *_: [])
    event = {"Records": [{"dynamodb": {"Keys": {"id": {"S": case.id}}}}] * 2}
    assert deliver.handle(event, Context()) == {"attempted": 1}
    assert len(account.queue.peek(10)) == 1


CLOSED = {"version": 1, "status": "closed", "at": "2026-11-21T09:00:00Z"}
NOBODY_S = {"reference": "TM7-MM8-PP9-456", **CLOSED}


@pytest.mark.parametrize(
    ("wrong", "reference", "number", "fields"),
    [
        ("not json", None, None, {"body"}),
        ("[" * 100_000, None, None, {"body"}),
        ("[]", None, None, {"body"}),
        ("{}", None, None, {"reference", "version", "status", "at"}),
        ({"reference": "222-222-222-222", "version": 1}, "222-222-222-222", 1, {"status", "at"}),
        ({**NOBODY_S, "version": 3}, "TM7-MM8-PP9-456", 3, {"reference"}),
        ({**NOBODY_S, "reference": "CANARY"}, None, 1, {"reference"}),
        ({**NOBODY_S, "note": ["CANARY"], "CANARY": 1}, "TM7-MM8-PP9-456", 1, {"note", "body"}),
        ({"type": "received", "day": "CANARY", "messages": {"CANARY": 1}}, None, None, {"day", "messages"}),
    ],
)
def test_what_does_not_fit_is_answered_and_does_not_come_back(account, capfd, wrong, reference, number, fields):
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    assert council_update.handle(updates(wrong, {"reference": given["reference"], **CLOSED}), None) == NOTHING_BACK
    assert account.store.with_reference(given["reference"]).updates[0].status == "closed"
    [reply] = account.replies.peek(10)
    assert (reply["type"], reply["reference"], reply["update"]) == ("update_refused", reference, number)
    assert set(reply["problems"]) == fields
    assert "CANARY" not in json.dumps(reply) + capfd.readouterr().err


def test_a_number_used_for_something_else_is_answered_and_a_repeat_is_not(account):
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    said = {"reference": given["reference"], **CLOSED}
    assert council_update.handle(updates(said, said, {**said, "note": "CANARY"}), None) == NOTHING_BACK
    [reply] = account.replies.peek(10)
    assert (reply["update"], set(reply["problems"])) == (1, {"version"})
    assert "CANARY" not in json.dumps(reply)


def test_the_same_update_refused_twice_has_two_replies_of_one_id(account):
    council_update.handle(updates(NOBODY_S, NOBODY_S), None)
    first, second = account.replies.peek(10)
    assert first == second


@pytest.mark.parametrize(("times", "answered"), [(1, False), (2, True), (5, True)])
def test_a_case_that_is_not_found_is_looked_for_twice_before_it_is_answered(account, times, answered):
    """An index may not know a case of this very moment."""
    event = updates(NOBODY_S)
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": str(times)}
    assert (council_update.handle(event, None) == NOTHING_BACK) == answered
    assert len(account.replies.peek(10)) == int(answered)


def test_what_no_case_can_be_called_is_answered_at_once(account):
    event = updates({**NOBODY_S, "reference": "nobody's"})
    event["Records"][0]["attributes"] = {"ApproximateReceiveCount": "1"}
    assert council_update.handle(event, None) == NOTHING_BACK


def test_what_cannot_be_answered_comes_back_and_is_answered_later(account, monkeypatch):
    monkeypatch.setenv("HEARD_REPLY_QUEUE_URL", account.replies.url + "-gone")
    assert council_update.handle(updates(NOBODY_S), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    council_update.replies.cache_clear()
    monkeypatch.setenv("HEARD_REPLY_QUEUE_URL", account.replies.url)
    assert council_update.handle(updates(NOBODY_S), None) == NOTHING_BACK
    assert len(account.replies.peek(10)) == 1


def test_an_update_is_tried_again_when_the_table_does_not_answer(account, monkeypatch):
    monkeypatch.setenv("HEARD_TABLE", "gone")
    said = {"reference": "TM7-MM8-PP9-456", "version": 1, "status": "closed", "at": "2026-11-21T09:00:00Z"}
    assert council_update.handle(updates(said), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert account.replies.peek(10) == []


def report_of(messages, day="2026-11-20"):
    return {"type": "received", "day": day, "messages": messages}


@pytest.mark.parametrize(("digests", "differences"), [(["d" * 64], 0), (["e" * 64], 1), ([], 1)])
def test_what_the_council_received_is_compared_and_the_differences_are_counted(account, capfd, digests, differences):
    case = account.store.accept(a_case(due=None, delivered_at="2026-11-20T10:00:00.000Z", received_at=LAST_YEAR))
    report = report_of(dict.fromkeys([case.id], digests[0]) if digests else {}, LAST_YEAR[:10])
    assert council_update.handle(updates(report), None) == {"batchItemFailures": []}
    written = capfd.readouterr().err
    metric = json.loads(written.splitlines()[-1])
    assert metric["Unreconciled"] == differences
    assert metric["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Unreconciled", "Unit": "Count"}]
    assert case.reference not in written
    assert written.count('"reference"') == differences


def test_a_report_that_does_not_fit_is_answered_and_the_next_is_compared(account, capfd):
    wrong, right = report_of({"CANARY": 1}, LAST_YEAR[:10]), report_of({}, LAST_YEAR[:10])
    assert council_update.handle(updates(wrong, right), None) == NOTHING_BACK
    assert [set(reply["problems"]) for reply in account.replies.peek(10)] == [{"messages"}]
    written = capfd.readouterr().err
    assert '"problem": "ReportRejected"' in written
    assert "CANARY" not in written


def test_a_log_line_is_a_metric_and_holds_nothing_that_was_typed(account, capfd):
    gateway.services()
    send.handle(request({**COMPLAINT, "what_happened": "CANARY", "name": "CANARY"}), None)
    line = json.loads(capfd.readouterr().err.splitlines()[-1])
    assert "CANARY" not in json.dumps(line)
    assert (line["step"], line["outcome"], line["Count"]) == ("send", "201", 1)
    [described] = line["_aws"]["CloudWatchMetrics"]
    assert described["Dimensions"] == [["step", "outcome"]]
    assert {metric["Name"] for metric in described["Metrics"]} == {"Count", "ms"}


@pytest.mark.parametrize("name", ["send", "check", "follow", "say", "sign_in", "deliver", "council_update", "health"])
def test_importing_a_function_loads_nothing_it_does_not_need(name):
    program = f"import sys, heard.handlers.{name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    never = {
        "flask",
        "werkzeug",
        "waitress",
        "mkdocs",
        "yaml",
        "babel",
        "segno",
        "PIL",
        "sqlite3",
        "smtplib",
        "argparse",
    }
    if name == "council_update":
        never |= {"jinja2", "heard.pages"}
    assert not never & set(loaded)


def test_no_template_is_loaded_for_a_program(account):
    pages.environment.cache_clear()
    follow.handle(request({"code": "x"}), None)
    assert pages.environment.cache_info().currsize == 0
    follow.handle(request("code=x", "application/x-www-form-urlencoded"), None)
    assert pages.environment.cache_info().currsize == 1


def report(letter_id, **facts):
    """What SES says through SNS."""
    message = {"mail": {"tags": {"letter": [letter_id]}}, **facts}
    return {"Records": [{"Sns": {"Message": json.dumps(message)}}]}


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}}, "undeliverable"),
        ({"eventType": "Complaint"}, "unwanted"),
        ({"eventType": "Bounce", "bounce": {"bounceType": "Transient"}}, None),
        ({"eventType": "Delivery"}, None),
    ],
)
def test_a_letter_that_came_back_marks_its_case(account, facts, reason):
    send.handle(request(COMPLAINT), None)
    [case] = account.store.waiting()
    assert bounce.handle(report(f"{case.id}-acknowledgement", **facts), None) == {"marked": int(reason is not None)}
    assert (account.store.with_id(case.id).contact_failed or "").endswith(reason or "")
    assert (account.store.with_id(case.id).contact_failed is not None) == (reason is not None)


def test_a_letter_of_no_case_marks_nothing(account):
    assert bounce.handle(report("gone-acknowledgement", eventType="Complaint"), None) == {"marked": 0}


def test_the_schedule_asks_the_messenger_which_letters_came_back(account, monkeypatch):
    send.handle(request(COMPLAINT), None)
    [case] = account.store.waiting()

    class Asked:
        def returned(self):
            return [f"{case.id}-acknowledgement", "of another service"]

    monkeypatch.setattr(bounce, "letters", Asked)
    assert bounce.handle({"source": "schedule"}, None) == {"marked": 1}
    assert account.store.with_id(case.id).contact_failed.endswith("undeliverable")


@pytest.mark.parametrize("shown", [None, "", "wrong", "ключ"])
def test_behind_a_front_door_only_its_own_requests_are_answered(account, monkeypatch, shown):
    monkeypatch.setenv("HEARD_FRONT_DOOR", "what cloudfront knows")
    event = request(COMPLAINT)
    event["headers"] |= {} if shown is None else {"x-front-door": shown}
    for handler in (send, check, follow, say, receipt, health):
        assert handler.handle(event, None)["statusCode"] == 403
    assert account.calls == []
    event["headers"]["x-front-door"] = "what cloudfront knows"
    assert send.handle(event, None)["statusCode"] == 201
    assert health.handle(event, None)["statusCode"] == 200


def test_nothing_is_begun_that_lambda_might_cut_off(account):
    send.handle(request(COMPLAINT), None)
    assert deliver.handle({}, Context(milliseconds=20_000)) == {"attempted": 0}
    assert account.queue.peek(10) == []
    assert deliver.handle({}, Context()) == {"attempted": 1}
