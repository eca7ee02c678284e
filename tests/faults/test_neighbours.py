"""The neighbours fail: the council's queue, the mail. And what comes in is too big, poisoned, or half good."""

import contextlib
import json
import logging
import socket
import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import boto3
import pytest

from heard import exchange, log, web
from heard.adapters.mail import EmlFolder, Sender, Smtp
from heard.adapters.notify import Notify, notify_client
from heard.adapters.ses import Ses, ses_client
from heard.case import ACKNOWLEDGEMENT, PARKED, Update
from heard.cli import main
from heard.council.consume import KEPT, KNOWN, Folder, consume
from heard.deliver import FIRST_WAIT, LETTER_ATTEMPTS, LONGEST_WAIT
from heard.forms import form_named
from heard.handlers import council_update, deliver, send
from heard.handlers.metrics import OLDEST, tell_oldest
from heard.host.serve import delivering
from tests.conftest import deliver_all, send_complaint
from tests.contracts.conftest import aws, dynamodb_store, sqs_queue  # noqa: F401 - `aws` is a fixture
from tests.handlers.conftest import Context, account, request  # noqa: F401 - `account` is a fixture
from tests.unit.test_notify import SECRET, SERVICE

LETTER_WANTED = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}
SENDER = Sender("Exampleshire", "no-reply@exampleshire.example")
ITEM_LIMIT = 400 * 1024  # of DynamoDB
MESSAGE_LIMIT = 256 * 1024  # of SQS until 2025; a council's queue may still be set to it
NOTHING_BACK = {"batchItemFailures": []}
MOST_RECEIVES = 5  # maxReceiveCount in the template


def key(number):
    return f"{number:032x}"


# The council's queue


class GoneSqlite:
    """The queue's file takes nothing."""

    def __init__(self, queue):
        self.connection = queue.database.connection()

    def goes(self):
        self.connection.execute("PRAGMA query_only = ON")

    def returns(self):
        self.connection.execute("PRAGMA query_only = OFF")


class GoneSqs:
    def __init__(self, queue):
        self.queue = queue

    def goes(self):
        self.queue.client.delete_queue(QueueUrl=self.queue.url)

    def returns(self):
        sqs_queue()


@pytest.fixture(params=["sqlite", "sqs"])
def council_queue(request, services):
    """Services, and what can take their council queue away."""
    if request.param == "sqlite":
        return services, GoneSqlite(services.queue)
    request.getfixturevalue("aws")
    queue = sqs_queue()
    return replace(services, queue=queue, inbox=queue), GoneSqs(queue)


@pytest.fixture
def oldest_undelivered(caplog, monkeypatch):
    """The metric that the alarm looks at, in seconds."""
    monkeypatch.setattr(log.logger, "handlers", [caplog.handler])
    caplog.set_level(logging.INFO, log.logger.name)

    def told(services):
        tell_oldest(services.store.waiting(), services.clock())
        return json.loads(caplog.messages[-1])[OLDEST]

    return told


def test_a_council_queue_that_is_gone_for_a_day_gets_everything_once_when_it_is_back(
    council_queue, clock, oldest_undelivered
):
    services, queue = council_queue
    shown, waited = [], []
    queue.goes()
    for hour in range(24):
        shown.append(send_complaint(services, key=key(hour)))
        for _ in range(60):
            assert {outcome.outcome for outcome in deliver_all(services)} <= {"not_sent"}
            clock.move(minutes=1)
        waited.append(oldest_undelivered(services))
    assert waited == [3600 * hour for hour in range(1, 25)]
    [first, *_] = sorted(services.store.waiting(), key=lambda case: case.received_at)
    assert first.outbox[0].attempts < 24 + LONGEST_WAIT / FIRST_WAIT
    queue.returns()
    for _ in range(LONGEST_WAIT // timedelta(minutes=1)):
        deliver_all(services)
        clock.move(minutes=1)
    assert services.store.waiting() == []
    assert oldest_undelivered(services) == 0
    delivered = [one.message for one in services.inbox.receive(100, visibility_seconds=30)]
    assert sorted(message["reference"] for message in delivered) == sorted(one["reference"] for one in shown)
    assert not any(message["possible_duplicate"] for message in delivered)


def test_a_backlog_longer_than_a_sweep_takes_at_once_goes_out_while_people_send(services):
    for number in range(201):
        send_complaint(services, key=key(number))

    class Meanwhile:
        """Somebody sends at the moment when the first message is handed over."""

        def send(self, message):
            if not services.inbox.peek(1):
                person = threading.Thread(target=send_complaint, args=(services, key(999)))
                person.start()
                person.join()
            services.queue.send(message)

    to_council, _ = delivering(replace(services, queue=Meanwhile()))
    to_council.sweep()
    assert services.store.waiting() == []
    assert [message["attempt"] for message in services.inbox.peek(300)] == [1] * 202


# The mail


@pytest.fixture
def nobody_there():
    """A port that refuses every connection, and that nobody else can take meanwhile."""
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.fixture(params=["smtp", "ses", "notify"])
def unreachable(request, nobody_there, clock, monkeypatch, aws):  # noqa: F811
    if request.param == "smtp":
        return Smtp("127.0.0.1", nobody_there, SENDER, clock)
    if request.param == "notify":
        return Notify(notify_client(f"heard-{SERVICE}-{SECRET}", f"http://127.0.0.1:{nobody_there}"), "template")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{nobody_there}")
    return Ses(ses_client(), "letters", SENDER, clock)


def test_mail_that_is_gone_for_a_day_delays_no_council_and_leaves_letters_for_people_to_see(
    services, clock, unreachable, tmp_path, monkeypatch, capsys
):
    without_mail = replace(services, messenger=unreachable)
    references = []
    for number in range(4):
        references.append(send_complaint(without_mail, key=key(number), **LETTER_WANTED)["reference"])
        assert [outcome.outcome for outcome in deliver_all(without_mail)] == ["sent", "not_sent"]
        for _ in range(6 * 6):
            clock.move(minutes=10)
            deliver_all(without_mail)
    assert [message["attempt"] for message in services.inbox.peek(10)] == [1] * 4
    left = [entry for case in services.store.waiting() for entry in case.outbox]
    assert {(entry.kind, entry.due, entry.attempts) for entry in left} == {(ACKNOWLEDGEMENT, PARKED, LETTER_ATTEMPTS)}
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HEARD_PEPPER", "aa" * 32)
    main(["outbox"])
    listed = capsys.readouterr().out.splitlines()
    assert sorted(line.split()[0] for line in listed) == sorted(references)
    assert all("unreachable" in line for line in listed)


def test_letters_that_are_still_tried_when_the_mail_is_back_go_out_once(services, clock, nobody_there, tmp_path):
    send_complaint(services, **LETTER_WANTED)
    without_mail = replace(services, messenger=Smtp("127.0.0.1", nobody_there, SENDER, clock))
    for _ in range(3 * 60):
        deliver_all(without_mail)
        clock.move(minutes=1)
    folder = EmlFolder(tmp_path / "letters", SENDER, clock)
    outcomes = []
    for _ in range(LONGEST_WAIT // timedelta(minutes=1)):
        outcomes += deliver_all(replace(services, messenger=folder))
        clock.move(minutes=1)
    assert [outcome.outcome for outcome in outcomes] == ["sent"]
    assert services.store.waiting() == []


def test_a_mail_server_that_takes_the_call_and_says_nothing_holds_up_no_council(services, clock):
    with contextlib.ExitStack() as open_ends:
        silent = open_ends.enter_context(socket.create_server(("127.0.0.1", 0)))
        messenger = Smtp("127.0.0.1", silent.getsockname()[1], SENDER, clock)
        to_council, to_people = delivering(replace(services, messenger=messenger))
        send_complaint(services, **LETTER_WANTED)
        to_people.start()
        call, _ = silent.accept()
        open_ends.enter_context(call)  # the letter hangs now
        receipt = send_complaint(services, key=key(1))
        to_council.sweep()
        assert receipt["reference"] in [message["reference"] for message in services.inbox.peek(10)]
        assert services.store.with_reference(receipt["reference"]).delivered_at
    to_people.stop()


# Big


def biggest(form_name, character):
    """Every question answered at full length, with one character over and over where the rules allow it."""
    given = {}
    for question in form_named(form_name).questions:
        if question.type == "choices":
            given[question.id] = list(question.codes)
        elif question.type == "choice":
            given[question.id] = question.codes[0]
        elif question.type == "email":
            given[question.id] = "a" * 60 + "@" + ".".join(["b" * 60] * 3) + ".example"
        elif question.type == "phone":
            given[question.id] = "01234" + character * (question.max_length - 5)
        else:
            given[question.id] = "x" + character * (question.max_length - 2) + "x"
    return given


@pytest.mark.parametrize("character", ["a", "\n", '"', "ع", "👋"])
@pytest.mark.parametrize("content_type", ["application/json", exchange.FORM])
def test_the_biggest_complaint_in_any_script_fits_the_table_and_the_queue(services, aws, character, content_type):  # noqa: F811
    on_aws = replace(services, store=dynamodb_store(), queue=sqs_queue())
    fields = {"form": "complaint", "key": key(1), **biggest("complaint", character)}
    encoded = json.dumps(fields) if content_type == "application/json" else urlencode(fields, doseq=True)
    assert web.answer("send", exchange.Request(content_type, encoded.encode()), on_aws).status == 201
    [item] = on_aws.store.client.scan(TableName="cases")["Items"]
    assert sum(len(name) + len(str(*value.values()).encode()) for name, value in item.items()) < ITEM_LIMIT / 4
    deliver_all(on_aws)
    [received] = on_aws.queue.client.receive_message(QueueUrl=on_aws.queue.url)["Messages"]
    assert len(received["Body"]) < MESSAGE_LIMIT
    assert json.loads(received["Body"])["text"]["what_happened"] == fields["what_happened"]


def test_an_update_that_a_case_has_no_room_for_is_answered_and_the_case_stays(account):  # noqa: F811
    """A case holds about 60 of the longest notes in English, and 14 in a script of four bytes a character."""
    send.handle(request({"form": "comment", "key": key(1), "what_you_want_to_say": "x"}), None)
    [case] = account.store.waiting()
    notes = tuple(Update(number, "with_council", "2026-11-21T09:00:00.000Z", note="👋" * 2000) for number in range(7))
    account.store.replace(replace(case, updates=notes))
    for number in range(7, 27):
        assert council_update.handle(batch(said(case, number, note="👋" * 2000)), None) == NOTHING_BACK
    fitted = len(account.store.with_id(case.id).updates) - 7
    assert 5 < fitted < 15
    replies = account.replies.peek(100)
    assert sorted(reply["update"] for reply in replies) == list(range(7 + fitted, 27))
    assert {tuple(reply["problems"]) for reply in replies} == {("note",)}


# Poison


def said(case, version, **more):
    """An update as a council hands it in."""
    return {
        "reference": case.reference,
        "version": version,
        "status": "with_council",
        "at": "2026-11-21T09:00:00Z",
        **more,
    }


def batch(*bodies):
    """What Lambda hands over from the queue of updates."""
    return {"Records": [{"messageId": str(number), "body": json.dumps(body)} for number, body in enumerate(bodies)]}


def unreadable(services, case):
    spoil(services, "UPDATE cases SET record = '{\"id\": ' WHERE id = ?", case.id)


def not_text(services, case):
    spoil(services, "UPDATE cases SET record = CAST(x'7bff7d' AS TEXT) WHERE id = ?", case.id)


def of_another_shape(services, case):
    spoil(services, "UPDATE cases SET record = '[null]' WHERE id = ?", case.id)


def malformed(services, case):
    services.store.replace(replace(case, voice="shouting"))


def with_answers_lost(services, case):
    services.store.replace(replace(case, answers=None))


def for_nobody_we_know(services, case):
    """As a later version may leave it, when that is undone."""
    spoil(
        services, """UPDATE cases SET record = replace(record, '"kind": "', '"kind": "later_') WHERE id = ?""", case.id
    )


def not_writable(services, case):
    """The store takes no newer state of it, whatever the reason."""
    spoil(
        services,
        f"CREATE TRIGGER poison_{case.id} BEFORE UPDATE ON cases WHEN OLD.id = '{case.id}'"
        " BEGIN SELECT RAISE(ABORT, 'poison'); END",
    )


def spoil(services, statement, *values):
    services.store.database.connection().execute(statement, values)


POISONS = [unreadable, not_text, of_another_shape, malformed, with_answers_lost, for_nobody_we_know, not_writable]


@pytest.mark.parametrize("poison", POISONS)
def test_ten_poisoned_cases_that_come_first_hold_up_nobody_behind_them(services, clock, poison):
    for number in range(10):
        send_complaint(services, key=key(number), **LETTER_WANTED)
    for case in services.store.waiting():
        poison(services, case)
    clock.move(seconds=1)
    receipt = send_complaint(services, key=key(10), **LETTER_WANTED)
    for worker in delivering(services):
        worker.sweep()
    case = services.store.with_reference(receipt["reference"])
    assert (case.delivered_at is not None, case.outbox) == (True, ())
    assert receipt["reference"] in [message["reference"] for message in services.inbox.peek(100)]


def test_a_poisoned_case_that_the_stream_names_holds_up_no_other_of_its_batch(account):  # noqa: F811
    for number in range(3):
        send.handle(request({"form": "comment", "key": key(number), "what_you_want_to_say": "x"}), None)
    cases = account.store.waiting()
    ids = [case.id for case in cases]
    break_record(account, cases[0])
    deliver.handle({"Records": [{"dynamodb": {"Keys": {"id": {"S": case_id}}}} for case_id in ids]}, Context())
    assert sorted(message["id"] for message in account.queue.peek(10)) == sorted(ids[1:])


# Half good, and given back


def test_of_ten_updates_only_the_one_that_does_not_fit_is_answered(account):  # noqa: F811
    for number in range(10):
        send.handle(request({"form": "comment", "key": key(number), "what_you_want_to_say": "x"}), None)
    cases = account.store.waiting()
    bodies = [said(case, 1) for case in cases]
    bodies[4]["status"] = "lost"
    assert council_update.handle(batch(*bodies), None) == NOTHING_BACK
    updated = [bool(account.store.with_id(case.id).updates) for case in cases]
    assert updated == [number != 4 for number in range(10)]
    assert [reply["reference"] for reply in account.replies.peek(10)] == [cases[4].reference]


def test_of_ten_updates_only_the_one_of_a_broken_case_comes_back(account):  # noqa: F811
    for number in range(10):
        send.handle(request({"form": "comment", "key": key(number), "what_you_want_to_say": "x"}), None)
    cases = account.store.waiting()
    break_record(account, cases[4])
    failed = council_update.handle(batch(*(said(case, 1) for case in cases)), None)
    assert failed == {"batchItemFailures": [{"itemIdentifier": "4"}]}
    assert account.replies.peek(10) == []
    updated = [bool(account.store.with_id(case.id).updates) for case in cases if case != cases[4]]
    assert updated == [True] * 9


def break_record(account, case):  # noqa: F811
    """The store cannot read this one any more."""
    empty = {"UpdateExpression": "SET #r = :e", "ExpressionAttributeNames": {"#r": "record"}}
    empty["ExpressionAttributeValues"] = {":e": {"S": "{}"}}
    account.store.client.update_item(TableName="cases", Key={"id": {"S": case.id}}, **empty)


@pytest.fixture
def updates_queue(account):  # noqa: F811
    """The queue of updates and its dead letters, as the template makes them."""
    client = boto3.client("sqs")
    dead = client.create_queue(QueueName="updates-dead")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": MOST_RECEIVES})
    live = client.create_queue(QueueName="updates", Attributes={"RedrivePolicy": policy})["QueueUrl"]
    return UpdatesQueue(client, live, dead)


class UpdatesQueue:
    def __init__(self, client, live, dead):
        self.client, self.live, self.dead = client, live, dead

    def hand_in(self, body):
        self.client.send_message(QueueUrl=self.live, MessageBody=body)

    def poll(self):
        """What Lambda does once: hands over what is there, and deletes what did not fail. How many it handed over."""
        found = self.client.receive_message(QueueUrl=self.live, MaxNumberOfMessages=10, VisibilityTimeout=0)
        messages = found.get("Messages", [])
        records = [{"messageId": one["MessageId"], "body": one["Body"]} for one in messages]
        failed = council_update.handle({"Records": records}, None)["batchItemFailures"]
        for one in messages:
            if {"itemIdentifier": one["MessageId"]} not in failed:
                self.client.delete_message(QueueUrl=self.live, ReceiptHandle=one["ReceiptHandle"])
        return len(messages)

    def parked(self):
        found = self.client.receive_message(QueueUrl=self.dead, MaxNumberOfMessages=10, VisibilityTimeout=0)
        return found.get("Messages", [])

    def redrive(self):
        for one in self.parked():
            self.hand_in(one["Body"])
            self.client.delete_message(QueueUrl=self.dead, ReceiptHandle=one["ReceiptHandle"])


def test_an_update_that_never_fits_is_answered_once_and_is_gone(account, updates_queue):  # noqa: F811
    send.handle(request({"form": "comment", "key": key(1), "what_you_want_to_say": "x"}), None)
    [case] = account.store.waiting()
    for never in (said(case, 1, status="lost"), said(case, 2)):
        updates_queue.hand_in(json.dumps(never))
    assert [updates_queue.poll() for _ in range(3)] == [2, 0, 0]
    assert updates_queue.parked() == []
    assert [reply["update"] for reply in account.replies.peek(10)] == [1]
    assert [update.version for update in account.store.with_id(case.id).updates] == [2]


def test_an_update_that_is_always_broken_is_tried_so_often_and_parked_also_after_a_redrive(account, updates_queue):  # noqa: F811
    for number in (1, 2):
        send.handle(request({"form": "comment", "key": key(number), "what_you_want_to_say": "x"}), None)
    broken, case = account.store.waiting()
    break_record(account, broken)
    never = json.dumps(said(broken, 1))
    updates_queue.hand_in(never)
    for _ in range(2):
        updates_queue.hand_in(json.dumps(said(case, 2)))
        tries = [updates_queue.poll() for _ in range(MOST_RECEIVES + 3)]
        assert tries == [2] + [1] * (MOST_RECEIVES - 1) + [0] * 3
        assert [one["Body"] for one in updates_queue.parked()] == [never]
        updates_queue.redrive()
    assert [update.version for update in account.store.with_id(case.id).updates] == [2]


def test_a_message_that_the_council_redrives_is_known_by_its_id(account, tmp_path):  # noqa: F811
    """SQS does not know it: moved to a dead-letter queue and back, it has another deduplication id."""
    send.handle(request({"form": "comment", "key": key(1), "what_you_want_to_say": "x"}), None)
    deliver.handle({}, Context())
    [message] = account.queue.peek(10)
    group, new = message["reference"], "moved by hand"
    account.queue.client.send_message(
        QueueUrl=account.queue.url, MessageBody=json.dumps(message), MessageGroupId=group, MessageDeduplicationId=new
    )
    with closing(Folder(tmp_path / "taken")) as folder:
        outcomes = [one for _ in range(3) for one in consume(account.queue, folder)]
    assert [(one.id, one.outcome) for one in outcomes] == [(message["id"], KEPT), (message["id"], KNOWN)]
    assert account.queue.peek(10) == []
