"""The promises of ports.CouncilQueue and ports.CouncilInbox, held over every adapter."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from heard.adapters.sqlite import SqliteQueue
from heard.adapters.sqs import SqsQueue, sqs_client
from heard.ports import NotSent

HIDDEN_SECONDS = 1


def messages(number):
    return [{"id": str(n), "reference": f"REF-{n}", "text": {"what_happened": f"مرحبا 👋 {n}"}} for n in range(number)]


def fill(queue, number):
    for message in messages(number):
        queue.send(message)


def test_messages_come_out_whole_and_in_order(queue):
    fill(queue, 3)
    assert queue.peek(limit=10) == messages(3)
    assert [taken.message for taken in queue.receive(2, HIDDEN_SECONDS)] == messages(3)[:2]


def test_more_messages_than_one_call_can_carry_are_received(queue):
    fill(queue, 25)
    assert len(queue.receive(25, HIDDEN_SECONDS)) == 25


def test_looking_takes_nothing(queue):
    fill(queue, 2)
    assert queue.peek(10) == queue.peek(10) == messages(2)


def test_the_same_id_is_not_a_second_message(queue):
    fill(queue, 1)
    fill(queue, 1)
    assert len(queue.receive(10, HIDDEN_SECONDS)) == 1


def test_a_received_message_is_hidden_until_its_time_is_up(queue, wait_out):
    fill(queue, 1)
    queue.receive(1, HIDDEN_SECONDS)
    assert queue.receive(1, HIDDEN_SECONDS) == queue.peek(10) == []
    wait_out()
    assert [taken.message for taken in queue.receive(1, HIDDEN_SECONDS)] == messages(1)


@pytest.mark.parametrize("poison", ["not json", "[]", "[" * 100_000])
def test_what_is_no_message_holds_up_no_other(queue, wait_out, poison):
    if isinstance(queue, SqliteQueue):
        values = ("poison", poison, "2026-01-01")
        queue.database.connection().execute("INSERT INTO messages (id, body, visible_at) VALUES (?, ?, ?)", values)
    else:
        fifo = {"MessageGroupId": "poison", "MessageDeduplicationId": "poison"}
        queue.client.send_message(QueueUrl=queue.url, MessageBody=poison, **fifo)
    fill(queue, 1)
    assert queue.peek(10) == messages(1)
    wait_out()
    assert [taken.message for taken in queue.receive(10, HIDDEN_SECONDS)] == messages(1)


def test_a_deleted_message_is_gone(queue, wait_out):
    fill(queue, 2)
    [first, _] = queue.receive(2, HIDDEN_SECONDS)
    queue.delete(first.handle)
    wait_out()
    assert [taken.message["id"] for taken in queue.receive(10, HIDDEN_SECONDS)] == ["1"]


def test_a_handle_whose_time_ran_out_deletes_nothing_somebody_else_received(tmp_path, clock):
    """SQS promises no more than best effort here; our own queue does."""
    queue = SqliteQueue(tmp_path / "queue.sqlite", clock)
    fill(queue, 1)
    [late] = queue.receive(1, 30)
    clock.move(seconds=31)
    queue.receive(1, 30)
    queue.delete(late.handle)
    clock.move(seconds=31)
    assert len(queue.receive(1, 30)) == 1
    queue.close()


def test_a_deleted_message_loses_its_content_and_is_still_recognised(tmp_path, clock):
    """SQS remembers a message for five minutes, our own queue for good."""
    queue = SqliteQueue(tmp_path / "queue.sqlite", clock)
    fill(queue, 1)
    [taken] = queue.receive(1, 30)
    queue.delete(taken.handle)
    assert "مرحبا" not in str(queue.database.connection().execute("SELECT * FROM messages").fetchall())
    clock.move(days=400)
    fill(queue, 1)
    assert queue.peek(10) == []
    queue.close()


class Failing:
    """An SQS client whose calls fail in a chosen way."""

    def __init__(self, failure):
        self.failure = failure

    def send_message(self, **_):
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (
            ClientError({"Error": {"Code": "AWS.SimpleQueueService.NonExistentQueue"}}, "SendMessage"),
            "sqs_NonExistentQueue",
        ),
        (ClientError({"Error": {"Code": "ThrottlingException"}}, "SendMessage"), "sqs_ThrottlingException"),
        (EndpointConnectionError(endpoint_url="https://sqs.example"), "sqs_unreachable"),
    ],
)
def test_what_was_certainly_not_sent_is_told_by_a_code(failure, code):
    with pytest.raises(NotSent) as refused:
        SqsQueue(Failing(failure), "url").send(messages(1)[0])
    assert str(refused.value) == code


BROKE = ClientError(
    {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}},
    "SendMessage",
)


@pytest.mark.parametrize("failure", [ReadTimeoutError(endpoint_url="https://sqs.example"), BROKE])
def test_an_answer_that_never_came_or_says_it_broke_leaves_the_outcome_unknown(failure):
    with pytest.raises(type(failure)):
        SqsQueue(Failing(failure), "url").send(messages(1)[0])


def test_nobody_tries_again_behind_our_back(aws):
    assert sqs_client().meta.config.retries["total_max_attempts"] == 1
