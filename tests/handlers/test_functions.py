"""The Lambda functions do what the host does: the same verbs, another front."""

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from heard import headers, pages
from heard.case import COUNCIL_MESSAGE, Entry
from heard.handlers import bounce, check, council_update, deliver, follow, gateway, health, receipt, say, send
from tests.contracts.conftest import a_case
from tests.handlers.conftest import KEY, Context, request

LAST_YEAR = "2025-11-20T09:30:00.000Z"
MORE = {"form": "tell_more", "key": KEY, "more": "It was Tuesday. żółć 👋"}
COMPLAINT = {"form": "complaint", "voice": "young", "key": KEY, "what_happened": "They never came. żółć 👋"}
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


@pytest.mark.parametrize("wrong", ["not json", "[]", "{}", {"reference": "222-222-222-222", "version": 1}])
def test_an_update_that_does_not_fit_comes_back_alone(account, wrong):
    _, given = answer_of(send.handle(request(COMPLAINT), None))
    right = {"reference": given["reference"], "version": 1, "status": "closed", "at": "2026-11-21T09:00:00Z"}
    assert council_update.handle(updates(wrong, right), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
    assert account.store.with_reference(given["reference"]).updates[0].status == "closed"


def test_an_update_is_tried_again_when_the_table_does_not_answer(account, monkeypatch):
    monkeypatch.setenv("HEARD_TABLE", "gone")
    said = {"reference": "TM7-MM8-PP9-456", "version": 1, "status": "closed", "at": "2026-11-21T09:00:00Z"}
    assert council_update.handle(updates(said), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}


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


def test_a_report_that_does_not_fit_comes_back_alone(account, capfd):
    wrong, right = report_of({"CANARY": 1}, LAST_YEAR[:10]), report_of({}, LAST_YEAR[:10])
    assert council_update.handle(updates(wrong, right), None) == {"batchItemFailures": [{"itemIdentifier": "0"}]}
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


@pytest.mark.parametrize("name", ["send", "check", "follow", "say", "deliver", "council_update", "health"])
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
