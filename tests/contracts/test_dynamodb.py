"""What only the DynamoDB store promises: an item leaves by itself when its time is up, and no refusal is hidden."""

from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from heard.adapters.dynamodb import DynamoDbStore, table_definition
from heard.case import Update
from tests.contracts.conftest import a_case

CLOSED = Update(1, "closed", "2026-12-01T09:00:00.000Z")


@pytest.fixture
def store(aws):
    client = boto3.client("dynamodb")
    client.create_table(**table_definition("cases"))
    return DynamoDbStore(client, "cases", keep_days=30)


def expires(store, case):
    """When the item leaves, as DynamoDB reads it; None when it stays."""
    item = store.client.get_item(TableName="cases", Key={"id": {"S": case.id}})["Item"]
    return datetime.fromtimestamp(int(item["expires"]["N"]), UTC) if "expires" in item else None


@pytest.mark.parametrize(
    ("delivered", "updates", "leaves"),
    [
        (None, (), False),
        (None, (CLOSED,), False),
        ("2026-11-20T10:00:00.000Z", (), False),
        ("2026-11-20T10:00:00.000Z", (Update(1, "with_council", "2026-12-01T09:00:00.000Z"),), False),
        ("2026-11-20T10:00:00.000Z", (CLOSED,), True),
        ("2026-11-20T10:00:00.000Z", (CLOSED, Update(2, "looking_into_it", "2026-12-02T09:00:00.000Z")), False),
    ],
)
def test_only_a_case_that_was_delivered_and_closed_leaves_and_then_after_its_time(store, delivered, updates, leaves):
    case = store.accept(a_case())
    case = store.replace(
        replace(case, delivered_at=delivered, updates=updates, outbox=() if delivered else case.outbox)
    )
    assert expires(store, case) == (datetime(2026, 12, 31, 9, tzinfo=UTC) if leaves else None)


def test_a_store_that_was_told_no_time_keeps_everything(aws, store):
    keeping = DynamoDbStore(store.client, "cases")
    case = keeping.accept(a_case(due=None, delivered_at="2026-11-20T10:00:00.000Z", updates=(CLOSED,)))
    assert expires(keeping, case) is None


def test_what_dynamodb_refuses_for_another_reason_is_not_hidden(store):
    too_big = a_case(answers={"what_you_want_to_say": "x" * 500_000})
    with pytest.raises(store.client.exceptions.ClientError):
        store.accept(too_big)
    case = store.accept(a_case())
    with pytest.raises(store.client.exceptions.ClientError):
        store.replace(replace(case, answers=too_big.answers))
