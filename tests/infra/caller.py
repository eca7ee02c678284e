"""The public, the council and the roles, as they meet a deployed stack."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from stack import STACK, Stack

PATIENCE = 20  # seconds


def eventually(look: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `look` finds, as soon as it finds something; else what it found last."""
    until = time.monotonic() + seconds
    while not (found := look()) and time.monotonic() < until:
        time.sleep(0.2)
    return found


def call(stack: Stack, step: str, body: bytes | None = None, **headers: str) -> Any:
    """One call to the API as CloudFront makes it; the answer, or HTTPError."""
    shown = {"X-Front-Door": stack.front_door, **headers}
    request = urllib.request.Request(f"{stack.api}/{step}", body, shown)  # noqa: S310 - loopback
    return urllib.request.urlopen(request, timeout=30)  # noqa: S310 - loopback


def post(stack: Stack, step: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    """One call as a program makes it: the status and the JSON that came back."""
    try:
        with call(stack, step, json.dumps(fields).encode(), **{"Content-Type": "application/json"}) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def steps_of(stack: Stack, code: str) -> list[str]:
    return [step["step"] for step in post(stack, "follow", code=code)[1]["steps"]]


def physical(stack: Stack, name: str) -> str:
    """The name that AWS gave to one of the template's resources."""
    found = stack.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=name)
    resource: dict[str, str] = found["StackResourceDetail"]
    return resource["PhysicalResourceId"]


def council(stack: Stack) -> dict[str, str]:
    """Credentials of the council's own system: a user with the policy that the template makes for it."""
    iam = stack.client("iam")
    name = f"council-{time.monotonic_ns()}"
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=stack.outputs["CouncilAccessArn"])
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


def as_role(stack: Stack, name: str) -> dict[str, str]:
    """Credentials such as the function has that holds this role."""
    arn = stack.client("iam").get_role(RoleName=physical(stack, name))["Role"]["Arn"]
    given = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
    return {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }


def take(stack: Stack, credentials: dict[str, str], queue: str, reference: str) -> dict[str, Any] | None:
    """Waits for the next message about a case, and takes it out of the queue; others stay."""
    sqs, url = stack.client("sqs", **credentials), stack.outputs[queue]

    def look() -> dict[str, Any] | None:
        taken: dict[str, Any] | None = None
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            body: dict[str, Any] = json.loads(message["Body"])
            if taken is None and body.get("reference") == reference:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                taken = body
            else:
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
        return taken

    found: dict[str, Any] | None = eventually(look)
    return found


def is_refused(call: Callable[..., Any], **arguments: Any) -> bool:
    """True when the role may not; any other answer means that it may."""
    try:
        call(**arguments)
    except ClientError as failed:
        return failed.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")
    return False
