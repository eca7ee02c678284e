"""The test kit says nothing of a system that is right, and in plain words what is wrong with each that is not."""

import json
import socket
from contextlib import closing

import boto3
import pytest

from heard.adapters.sqs import SqsQueue
from heard.cli import main
from heard.council.consume import Folder, consume
from heard.council.verify import NO_ANSWER, RULES, a_run, examples, posting_to, verify
from heard.receipt import read_reference
from heard.wiring import copies_to
from tests.contracts.conftest import aws, sqs_queue  # noqa: F401 - a fixture
from tests.council import endpoints
from tests.council.endpoints import Right, serving


def findings(system):
    return verify(system.take, system.seen)[1]


def test_nothing_is_wrong_with_a_system_that_is_right():
    assert findings(Right()) == []


@pytest.mark.parametrize(
    ("system", "says"),
    [
        (endpoints.CasePerMessage, {"arabic: became 3 cases and should be one. Repeats are told by their `id`."}),
        (endpoints.CasePerAnything, {"one more, a type added later: became a case. Only a submission is one."}),
        (endpoints.FieldsAsInTheManual, {"one more, with fields added: answered 500. The rule: pass over fields"}),
        (endpoints.RefusesRepeats, {"smallest, handed over again: answered 409. The rule: a repeat is no mistake"}),
        (endpoints.ThrowsAwayPossibleRepeats, {"may_be_a_repeat: became 0 cases and should be one."}),
        (endpoints.LosesArabic, {"arabic: the case does not hold the text", "emoji: the case does not hold the text"}),
        (endpoints.DropsArabic, {"arabic: became 0 cases", "emoji: became 0 cases"}),
        (endpoints.CutsShort, {"one more, as long as can be: the case does not hold the text that was sent"}),
        (endpoints.WantsTheSubmissionFirst, {"contact_failed, before its submission: answered 404"}),
        (endpoints.KnowsTheseEvents, {"one more, an event added later: answered 422. The rule: pass over events"}),
        (endpoints.KnowsTwoTypes, {"one more, a type added later: answered 400. The rule: pass over types"}),
    ],
)
def test_what_a_system_gets_wrong_is_said_in_plain_words(system, says):
    found = findings(system())
    assert all(any(line.startswith(words) for line in found) for words in says), found


def test_a_system_with_one_fault_is_told_of_that_one_alone():
    assert len(findings(endpoints.KnowsTheseEvents())) == 1
    assert len(findings(endpoints.CutsShort())) == 1
    assert len(findings(endpoints.ThrowsAwayPossibleRepeats())) == 1


def test_a_system_that_shows_ids_alone_is_looked_at_as_far_as_they_go():
    system = endpoints.LosesArabic()
    assert verify(system.take, lambda: [case["id"] for case in system.cases])[1] == []
    system = endpoints.DropsArabic()
    assert len(verify(system.take, lambda: [case["id"] for case in system.cases])[1]) == 3  # the long one as well


@pytest.mark.parametrize("answered", [None, {}, "cases"])
def test_an_answer_that_is_no_list_is_told(answered):
    assert verify(Right().take, lambda: answered)[1] == [
        "what --seen answers is no JSON list, so the cases were not looked at."
    ]


def test_each_run_has_ids_and_references_of_its_own():
    system = Right()
    assert findings(system) == findings(system) == []
    assert len(system.cases) == len({case["id"] for case in system.cases})
    references = [{step.message["reference"] for step in a_run()} for _ in range(2)]
    assert not references[0] & references[1]
    assert all(read_reference(reference) == reference for reference in references[0])


def test_every_example_comes_at_least_three_times_and_every_rule_is_tried():
    steps = a_run()
    for name in examples():
        assert len([step for step in steps if step.name == name]) == 3
    assert {step.way for step in steps} == set(RULES)


def test_events_come_first_and_submissions_not_in_the_order_they_were_received():
    messages = [step.message for step in a_run()[: len(examples())]]
    assert messages[0]["type"] == "event"
    times = [message["received_at"] for message in messages if message["type"] == "submission"]
    assert times == sorted(times, reverse=True) != sorted(times)


def test_the_command_tries_an_endpoint_and_ends_well_when_nothing_is_wrong(capsys):
    with serving(Right()) as address:
        assert main(["council", "verify", "--endpoint", f"{address}/cases", "--seen", address]) == 0
    assert "Nothing wrong was seen." in capsys.readouterr().out


def test_the_command_ends_with_an_error_when_something_is(capsys):
    with serving(endpoints.RefusesRepeats()) as address:
        assert main(["council", "verify", "--endpoint", address]) == 1
    out = capsys.readouterr().out
    assert "answered 409" in out
    assert "not looked at: give --seen" in out


def test_a_message_that_is_led_elsewhere_was_not_taken():
    with serving(endpoints.LeadsElsewhere()) as address:
        assert posting_to(address)(examples()["smallest"]) == 302


def test_where_nobody_listens_one_message_is_enough_to_tell(capsys):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        free = taken.getsockname()[1]
    assert main(["council", "verify", "--endpoint", f"http://127.0.0.1:{free}"]) == 1
    assert ": gave no answer. The rule: an event may come first" in capsys.readouterr().out


def test_an_endpoint_that_never_answers_does_not_hold_up_the_kit():
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert posting_to(address, timeout=0.1)(examples()["smallest"]) == NO_ANSWER


@pytest.mark.parametrize("address", ["file:///etc/hosts", "ftp://127.0.0.1/", "somewhere"])
def test_only_web_addresses_are_tried(address, capsys):
    with pytest.raises(SystemExit):
        main(["council", "verify", "--endpoint", address])
    assert "invalid web_address value" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["trial.fifo", "trial"])
def test_the_reference_consumer_gets_nothing_wrong_over_a_queue(aws, tmp_path, name):  # noqa: F811
    client = boto3.client("sqs")
    fifo = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    url = client.create_queue(QueueName=name, Attributes=fifo)["QueueUrl"]
    queue = SqsQueue(client, url)

    def seen():
        with closing(Folder(tmp_path / "taken")) as folder:
            while list(consume(queue, folder)):
                pass
        return [json.loads(path.read_text("utf-8")) for path in (tmp_path / "taken").glob("*.json")]

    def submissions():
        return [message for message in seen() if message["type"] == "submission"]

    count, wrong = verify(copies_to(url), submissions)
    assert wrong == []
    assert count == len(a_run())


def test_the_command_fills_a_queue_and_then_asks_what_became_of_it(aws, capsys):  # noqa: F811
    url = sqs_queue().url
    with serving(Right()) as address:  # it reads another queue, so nothing of this becomes a case
        assert main(["council", "verify", "--queue-url", url, "--seen", address, "--wait", "0"]) == 1
    assert "smallest: became 0 cases" in capsys.readouterr().out


def test_a_queue_that_is_not_there_is_told_without_a_trace(aws, capsys):  # noqa: F811
    url = "https://sqs.eu-west-2.amazonaws.com/123456789012/nowhere"
    assert main(["council", "verify", "--queue-url", url]) == 1
    assert capsys.readouterr().err.startswith("heard: the queue cannot be reached: sqs_")
