"""The council's queues in SQS: ports.CouncilQueue and ports.Replies for us, ports.CouncilInbox for the council."""

import json
import secrets
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, EndpointConnectionError

from heard.message import read
from heard.ports import NotSent, Taken

MOST_AT_ONCE = 10  # SQS hands out no more in one call
LOOK_SECONDS = 20
CONNECT_SECONDS, READ_SECONDS = 5, 20  # together well below the lease of a message


def sqs_client() -> Any:
    """A client that tries once: a second try that was refused would hide that the first, timed out, arrived."""
    once = {"total_max_attempts": 1}
    return boto3.client("sqs", config=Config(connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS, retries=once))


@dataclass(frozen=True)
class SqsQueue:
    """`client`: from `sqs_client`. `url`: of a FIFO queue; for replies and for trials an ordinary one will do.

    `wait_seconds`: how long receiving waits for a first message; SQS asked without waiting may not look everywhere.
    """

    client: Any
    url: str
    wait_seconds: int = 0

    def send(self, message: dict[str, Any]) -> None:
        """One message. A FIFO queue recognises a repeat for five minutes; otherwise the id in the body has to do.

        The body is ASCII: SQS refuses some characters that people type.
        """
        try:
            self._put(message, message["id"])
        except ClientError as refused:
            if refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400) >= 500:
                raise  # it broke while it had the message
            raise NotSent(f"sqs_{refused.response['Error']['Code'].rpartition('.')[2]}") from None
        except (EndpointConnectionError, ConnectTimeoutError):
            raise NotSent("sqs_unreachable") from None

    def send_copy(self, message: dict[str, Any]) -> None:
        """One more copy, which SQS does not recognise, as a redrive brings it."""
        try:
            self._put(message, secrets.token_hex(16))
        except (ClientError, BotoCoreError) as failed:
            raise NotSent(f"sqs_{type(failed).__name__}") from None

    def _put(self, message: dict[str, Any], name: str) -> None:
        """`name`: what a FIFO queue tells repeats by."""
        fifo = {"MessageGroupId": message["reference"], "MessageDeduplicationId": name}
        in_order = fifo if self.url.endswith(".fifo") else {}
        self.client.send_message(QueueUrl=self.url, MessageBody=json.dumps(message), **in_order)

    def peek(self, limit: int) -> list[dict[str, Any]]:
        """What could be received now. SQS has no look without taking, so each is put back at once."""
        seen = self.receive(limit, visibility_seconds=LOOK_SECONDS)
        for taken in seen:
            self.client.change_message_visibility(QueueUrl=self.url, ReceiptHandle=taken.handle, VisibilityTimeout=0)
        return [taken.message for taken in seen]

    def receive(self, limit: int, visibility_seconds: int) -> list[Taken]:
        taken: list[Taken] = []
        while len(taken) < limit:
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=min(limit - len(taken), MOST_AT_ONCE),
                VisibilityTimeout=visibility_seconds,
                WaitTimeSeconds=0 if taken else self.wait_seconds,
            )
            messages = answer.get("Messages", [])
            if not messages:
                break
            readable = ((read(message["Body"]), message["ReceiptHandle"]) for message in messages)
            taken += [Taken(message, handle) for message, handle in readable if message is not None]
        return taken

    def delete(self, handle: str) -> None:
        self.client.delete_message(QueueUrl=self.url, ReceiptHandle=handle)

    def close(self) -> None:
        self.client.close()
