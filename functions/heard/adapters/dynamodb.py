"""Cases in one DynamoDB table: ports.Store as councils grow.

An item is a case: its record as JSON, and beside it what is looked up by. `outbox` and `due` stand on
an item only while something waits in its outbox, so that their index holds nothing else; likewise `clock`
and `remind_at`, only while an answer is awaited, and `listed_for`, only while the case stands on a list.

Beside the cases there is an item for each address that may ask for links. It stands in no index.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from heard import log
from heard.case import Case
from heard.clock import moment
from heard.link import Link
from heard.ports import StaleCase
from heard.reminders import remind_at

WAITING, RUNS = "waiting", "runs"
BY_REFERENCE, BY_CODE, BY_DUE, BY_DAY, BY_CLOCK = "by_reference", "by_code", "by_due", "by_day", "by_clock"
BY_LIST = "by_list"
KEYS = {"id": "S", "reference": "S", "code_hash": "S", "outbox": "S", "due": "S", "received_on": "S"}
KEYS |= {"clock": "S", "remind_at": "S", "listed_for": "S"}
INDEXES = {
    BY_REFERENCE: ("reference", None),
    BY_CODE: ("code_hash", None),
    BY_DUE: ("outbox", "due"),
    BY_DAY: ("received_on", "id"),
    BY_CLOCK: ("clock", "remind_at"),
    BY_LIST: ("listed_for", "received_on"),
}
LINK = "link#"
"""How the id of a link's item begins. No case's does: a role may be bound to it."""


def dynamodb_client() -> Any:
    """A client that gives up before the function that waits for it does. Every write here may be tried again."""
    return boto3.client("dynamodb", config=Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": 2}))


def table_definition(name: str) -> dict[str, Any]:
    """The table as `create_table` takes it: on-demand, and indexes that hold keys only."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": kind} for key, kind in KEYS.items()],
        "KeySchema": _keys("id"),
        "GlobalSecondaryIndexes": [
            {"IndexName": index, "KeySchema": _keys(*keys), "Projection": {"ProjectionType": "KEYS_ONLY"}}
            for index, keys in INDEXES.items()
        ],
    }


def _keys(partition: str, sort: str | None = None) -> list[dict[str, str]]:
    keys = [{"AttributeName": partition, "KeyType": "HASH"}]
    return keys + ([{"AttributeName": sort, "KeyType": "RANGE"}] if sort else [])


@dataclass(frozen=True)
class DynamoDbStore:
    """Keeps the promises of ports.Store. `client`: from `dynamodb_client`.

    `keep_days`: how long a case stays after the council closed it; None keeps it. An item learns its time when it is
    written, so a change of `keep_days` counts for what is closed from then on.
    """

    client: Any
    table: str
    keep_days: int | None = None

    def accept(self, case: Case) -> Case:
        """Exactly one call, also when the case was there before: DynamoDB then hands back the one it kept."""
        try:
            self.client.put_item(
                TableName=self.table,
                Item=self._to_item(case),
                ConditionExpression="attribute_not_exists(id)",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as refused:
            if not _condition_failed(refused):
                raise
            return _to_case(refused.response["Item"])
        return case

    def replace(self, case: Case) -> Case:
        newer = replace(case, revision=case.revision + 1)
        try:
            self.client.put_item(
                TableName=self.table,
                Item=self._to_item(newer),
                ConditionExpression="revision = :read",
                ExpressionAttributeValues={":read": {"N": str(case.revision)}},
            )
        except ClientError as refused:
            if not _condition_failed(refused):
                raise
            raise StaleCase(case.id) from None
        return newer

    def with_id(self, case_id: str) -> Case | None:
        found = self.client.get_item(TableName=self.table, Key={"id": {"S": case_id}}, ConsistentRead=True)
        return _to_case(found["Item"]) if "record" in found.get("Item", {}) else None

    def with_reference(self, reference: str) -> Case | None:
        return self._by(BY_REFERENCE, "reference", reference)

    def with_code_hash(self, code_hash: str) -> Case | None:
        return self._by(BY_CODE, "code_hash", code_hash)

    def due(self, now: str) -> Iterator[Case]:
        return self._waiting("outbox = :waiting AND due <= :now", {":waiting": WAITING, ":now": now})

    def to_remind(self, now: str) -> Iterator[Case]:
        values = {":runs": RUNS, ":now": now}
        found = self._readable(self._ids(BY_CLOCK, "clock = :runs AND remind_at <= :now", values))
        return (case for case in found if (at := remind_at(case)) is not None and at <= now)

    def waiting(self) -> list[Case]:
        return list(self._waiting("outbox = :waiting", {":waiting": WAITING}))

    def listed(self, provider: str) -> Iterator[Case]:
        found = self._readable(self._ids(BY_LIST, "listed_for = :provider", {":provider": provider}))
        return (case for case in found if case.listed_for == provider)

    def link(self, address_id: str) -> Link:
        key = {"id": {"S": f"{LINK}{address_id}"}}
        found = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return Link.from_record(json.loads(found["Item"]["link"]["S"])) if "Item" in found else Link(address_id)

    def keep_link(self, link: Link) -> None:
        newer = replace(link, revision=link.revision + 1)
        facts = {"id": f"{LINK}{link.address_id}", "link": json.dumps(newer.to_record())}
        try:
            self.client.put_item(
                TableName=self.table,
                Item={name: {"S": value} for name, value in facts.items()} | {"revision": {"N": str(newer.revision)}},
                ConditionExpression="revision = :read OR (attribute_not_exists(id) AND :read = :none)",
                ExpressionAttributeValues={":read": {"N": str(link.revision)}, ":none": {"N": "0"}},
            )
        except ClientError as refused:
            if not _condition_failed(refused):
                raise
            raise StaleCase(link.address_id) from None

    def accepted_on(self, day: str, beginning: str = "") -> Iterator[Case]:
        """By an index of its own, so that a night's cost grows with the day and not with all that is kept."""
        values = {":day": day} | ({":beginning": beginning} if beginning else {})
        some = " AND begins_with(id, :beginning)" if beginning else ""  # DynamoDB refuses an empty text there
        return self._readable(self._ids(BY_DAY, "received_on = :day" + some, values))

    def forget(self, now: str) -> int:  # noqa: ARG002 - by its own clock
        """DynamoDB does it by itself, within some days of an item's time."""
        return 0

    def close(self) -> None:
        self.client.close()

    def _to_item(self, case: Case) -> dict[str, Any]:
        item: dict[str, Any] = {name: {"S": value} for name, value in _facts(case).items()}
        item["revision"] = {"N": str(case.revision)}
        if self.keep_days is not None and case.closed_since:
            leaves = moment(case.closed_since) + timedelta(days=self.keep_days)
            item["expires"] = {"N": str(int(leaves.timestamp()))}
        return item

    def _by(self, index: str, key: str, value: str) -> Case | None:
        """The index says which case; the case itself is read afresh, because indexes lag behind."""
        found = self.client.query(
            TableName=self.table,
            IndexName=index,
            KeyConditionExpression="#key = :value",
            ExpressionAttributeNames={"#key": key},  # `reference` is a word of DynamoDB's own
            ExpressionAttributeValues={":value": {"S": value}},
        )
        return self.with_id(found["Items"][0]["id"]["S"]) if found["Items"] else None

    def _waiting(self, condition: str, values: dict[str, str]) -> Iterator[Case]:
        """Those of whom the index says so, longest waiting first, and it is still true."""
        found = self._readable(self._ids(BY_DUE, condition, values))
        return (case for case in found if case.next_due is not None)

    def _ids(self, index: str, condition: str, values: dict[str, str]) -> Iterator[str]:
        """Ids in the order of an index, over as many pages as there are."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeValues={name: {"S": value} for name, value in values.items()},
        )
        return (item["id"]["S"] for page in pages for item in page["Items"])

    def _readable(self, ids: Iterator[str]) -> Iterator[Case]:
        """Every case that can be read: one that cannot must not hold up the others."""
        for case_id in ids:
            try:
                case = self.with_id(case_id)
            except (KeyError, TypeError, ValueError) as unreadable:
                log.note("store", "unreadable", problem=type(unreadable).__name__)
                continue
            if case is not None:
                yield case


def _condition_failed(refused: ClientError) -> bool:
    return bool(refused.response["Error"]["Code"] == "ConditionalCheckFailedException")


def _facts(case: Case) -> dict[str, str]:
    facts = {"id": case.id, "reference": case.reference, "code_hash": case.code_hash}
    facts["received_on"] = case.received_at[:10]
    facts["record"] = json.dumps(case.to_record(), ensure_ascii=False)
    if case.next_due is not None:
        facts |= {"outbox": WAITING, "due": case.next_due}
    if (at := remind_at(case)) is not None:
        facts |= {"clock": RUNS, "remind_at": at}
    if case.listed_for is not None:
        facts["listed_for"] = case.listed_for
    return facts


def _to_case(item: dict[str, Any]) -> Case:
    return Case.from_record(json.loads(item["record"]["S"]))
