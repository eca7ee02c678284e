"""An account of nobody's with what the functions need, and the functions started afresh in it."""

import json
from types import SimpleNamespace

import boto3
import pytest

from heard.adapters.dynamodb import DynamoDbStore, table_definition
from heard.adapters.sqs import SqsQueue
from heard.handlers import bounce, council_update, deliver, gateway, sign_in
from tests.contracts.conftest import aws, sqs_queue  # noqa: F401 - `aws` is a fixture

STARTED = (gateway.services, deliver.passing, council_update.store, council_update.replies, bounce.store)
STARTED += (sign_in.services,)
KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def account(aws, monkeypatch, tmp_path):  # noqa: F811 - the fixture, not the import
    """Table, queues and pepper as the template makes them; every call to AWS is counted in `calls`."""
    client = boto3.client("dynamodb")
    client.create_table(**table_definition("cases"))
    queue = sqs_queue()
    replies = SqsQueue(queue.client, queue.client.create_queue(QueueName="replies")["QueueUrl"])
    secret = boto3.client("secretsmanager").create_secret(Name="pepper", SecretString="ab" * 32)["ARN"]
    monkeypatch.setenv("HEARD_TABLE", "cases")
    monkeypatch.setenv("HEARD_COUNCIL_QUEUE_URL", queue.url)
    monkeypatch.setenv("HEARD_REPLY_QUEUE_URL", replies.url)
    monkeypatch.setenv("HEARD_PEPPER_SECRET", secret)
    monkeypatch.setenv("HEARD_DATA", str(tmp_path))
    for started in STARTED:
        started.cache_clear()
    calls = []
    boto3.DEFAULT_SESSION.events.register("before-call.*.*", lambda model, **_: calls.append(model.name))
    yield SimpleNamespace(store=DynamoDbStore(client, "cases"), queue=queue, replies=replies, calls=calls)
    for started in STARTED:
        started.cache_clear()


def request(fields, content_type="application/json", **more):
    """An event as API Gateway sends it for a POST."""
    return {
        "version": "2.0",
        "headers": {"content-type": content_type, "user-agent": "browser", "accept-language": "en"},
        "requestContext": {"http": {"method": "POST", "sourceIp": "192.0.2.1"}},
        "body": fields if isinstance(fields, str) else json.dumps(fields),
        "isBase64Encoded": False,
        **more,
    }


class Context:
    """What Lambda hands over beside the event: how much time is left."""

    def __init__(self, milliseconds=55_000):
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self):
        return self.milliseconds
