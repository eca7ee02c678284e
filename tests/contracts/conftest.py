"""The adapters that have to keep the promises of ports.py. Another technology is one more row."""

import os
import time
from contextlib import closing
from unittest import mock

import boto3
import pytest
from moto import mock_aws

from heard.adapters.dynamodb import DynamoDbStore, table_definition
from heard.adapters.sqlite import SqliteQueue, SqliteStore
from heard.adapters.sqs import SqsQueue
from heard.case import COUNCIL_MESSAGE, Case, Entry

NOBODY = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "eu-west-2"}


@pytest.fixture
def aws():
    """AWS inside this process, with an account of nobody's."""
    with mock.patch.dict(os.environ, NOBODY), mock_aws():
        yield


def dynamodb_store():
    client = boto3.client("dynamodb")
    client.create_table(**table_definition("cases"))
    return DynamoDbStore(client, "cases")


def sqs_queue():
    client = boto3.client("sqs")
    url = client.create_queue(QueueName="council.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    return SqsQueue(client, url)


@pytest.fixture(params=["sqlite", "dynamodb"])
def store(request, tmp_path):
    if request.param == "dynamodb":
        request.getfixturevalue("aws")
    with closing(dynamodb_store() if request.param == "dynamodb" else SqliteStore(tmp_path / "cases.sqlite")) as store:
        yield store


@pytest.fixture(params=["sqlite", "sqs"])
def queue(request, tmp_path, clock):
    if request.param == "sqs":
        request.getfixturevalue("aws")
    with closing(sqs_queue() if request.param == "sqs" else SqliteQueue(tmp_path / "queue.sqlite", clock)) as queue:
        yield queue


@pytest.fixture
def wait_out(queue, clock):
    """Lets a second and a bit go by: on our own clock, or for SQS on the wall's."""
    return (lambda: clock.move(seconds=1.1)) if isinstance(queue, SqliteQueue) else (lambda: time.sleep(1.1))


def a_case(number=1, due="2026-11-20T09:30:00.000Z", **changes):
    """A case that differs from another only by its number."""
    facts = {
        "id": f"{number:032x}", "reference": f"REF-{number}", "code_hash": f"{number:064x}", "form": "comment",
        "form_version": 1, "language": "en", "voice": "easy", "received_at": "2026-11-20T09:30:00.000Z",
        "answers": {"what_you_want_to_say": "مرحبا 👋\n"}, "digest": "d" * 64, "procedure": "comment",
        "procedure_version": "1", "reasons": ("sent_as_comment",), "due": {"answer": "2026-12-04"},
        "outbox": (Entry(COUNCIL_MESSAGE, due),) if due else (),
    }  # fmt: skip
    return Case(**{**facts, **changes})
