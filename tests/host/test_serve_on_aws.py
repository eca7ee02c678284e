"""A council that prefers a container: the same host with its cases in DynamoDB and its queue in SQS."""

import json
import urllib.request

import boto3
import pytest
from moto.server import ThreadedMotoServer

from heard.adapters.dynamodb import table_definition
from tests.contracts.conftest import NOBODY
from tests.host.test_serve import post, run_council, start, stop


@pytest.fixture
def account():
    """An AWS of our own on loopback, over HTTP as the real one is: the settings that lead to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    endpoint = "http://{}:{}".format(*server.get_host_and_port())
    options = {"endpoint_url": endpoint, "region_name": "eu-west-2"}
    options |= {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing"}
    boto3.client("dynamodb", **options).create_table(**table_definition("cases"))
    made = boto3.client("sqs", **options).create_queue(QueueName="council.fifo", Attributes={"FifoQueue": "true"})
    yield {
        **NOBODY,
        "AWS_ENDPOINT_URL": endpoint,
        "HEARD_STORE": "dynamodb",
        "HEARD_TABLE": "cases",
        "HEARD_QUEUE": "sqs",
        "HEARD_COUNCIL_QUEUE_URL": made["QueueUrl"],
    }
    server.stop()


def test_the_host_works_over_dynamodb_and_sqs(account, tmp_path):
    host, address, _ = start(tmp_path, **account)
    given = post(address, "send", {"form": "comment", "key": "a" * 32, "what_you_want_to_say": "مرحبا 👋"})
    waiting = ""
    for _ in range(50):
        waiting = run_council(tmp_path, "inbox", "--take", "1", "--json", **account)
        if waiting:
            break
    assert json.loads(waiting)["text"] == {"what_you_want_to_say": "مرحبا 👋"}
    run_council(tmp_path, "update", given["reference"], "--status", "reply_sent", **account)
    assert post(address, "follow", {"code": given["code"]})["status"] == "reply_sent"
    with urllib.request.urlopen(f"{address}/api/health", timeout=5) as answer:  # noqa: S310
        assert answer.status == 200
    stop(host)
    assert not list(tmp_path.glob("*.sqlite"))
