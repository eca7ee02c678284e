"""The whole of Heard on AWS, on this machine: starts the emulator MiniStack, deploys template.yaml as it is with the
bundle that package.py made, uploads the site, and says where things are.

    python infra/stack.py        # until Ctrl-C

Everything stays in memory and on the loopback address. Roles are enforced as on AWS.
"""

import contextlib
import json
import mimetypes
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import front
from package import ROOT, ZIP, code_key, make_bundle

HERE = "127.0.0.1"
REGION = "eu-west-2"
STACK = "heard"
SENDER_IDENTITY = "exampleshire.example"
TEMPLATE = Path(__file__).with_name("template.yaml")
SITE = ROOT / "build" / "site"
THIS_MACHINE = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
ROOT_USER = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
START_SECONDS, DEPLOY_SECONDS = 60, 120
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css"}


class DeployFailed(Exception):
    """CloudFormation gave up; says at which resources and why."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: the emulator's address, the template's outputs, and what CloudFront shows to the API."""

    endpoint: str
    outputs: dict[str, str]
    front_door: str

    @property
    def api(self) -> str:
        return f"{self.endpoint}/_aws/execute-api/{self.outputs['ApiId']}/$default/api"

    @property
    def site(self) -> str:
        return f"{self.endpoint}/{self.outputs['SiteBucket']}"

    def client(self, service: str, **credentials: str) -> Any:
        return client(self.endpoint, service, **credentials)


def client(endpoint: str, service: str, **credentials: str) -> Any:
    """As the account's owner, or as whoever the credentials belong to."""
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **(credentials or ROOT_USER))


@contextlib.contextmanager
def emulator(folder: Path) -> Iterator[str]:
    """MiniStack with its files in `folder` and what it says in emulator.log there; gives its address."""
    with socket.create_server((HERE, 0)) as free:
        port = free.getsockname()[1]
    settings = {
        "GATEWAY_PORT": str(port), "BIND_HOST": HERE, "MINISTACK_REGION": REGION, "LAMBDA_EXECUTOR": "local",
        "AUTH": "true", "TMPDIR": str(folder), "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0",
        "STATE_DIR": str(folder / "state"), "S3_DATA_DIR": str(folder / "s3"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    }  # fmt: skip
    with (folder / "emulator.log").open("wb") as log:
        options = {"env": settings, "cwd": folder, "stdout": log, "stderr": log, "start_new_session": True}
        running = subprocess.Popen([sys.executable, "-m", "ministack"], **options)
    try:
        endpoint = f"http://{HERE}:{port}"
        wait_until_healthy(endpoint, running)
        yield endpoint
    finally:
        with contextlib.suppress(ProcessLookupError):  # its functions are its children, and end with it
            os.killpg(running.pid, signal.SIGTERM)
        running.wait(timeout=20)


def wait_until_healthy(endpoint: str, running: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_SECONDS
    while running.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{endpoint}/_ministack/health", timeout=5):  # noqa: S310 - loopback
            return
        time.sleep(0.2)
    raise DeployFailed("the emulator does not start; see emulator.log")


def deploy(endpoint: str, zipped: Path = ZIP, **parameters: str) -> Stack:
    """Uploads the bundle and creates the stack from the template; raises DeployFailed."""
    s3, formation = client(endpoint, "s3"), client(endpoint, "cloudformation")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.upload_file(str(zipped), "code", code_key(zipped))
    s3.upload_file(str(TEMPLATE), "code", TEMPLATE.name)  # too long to be handed over in the call, as sam knows too
    given = {
        "CodeBucket": "code", "CodeKey": code_key(zipped), "Architecture": THIS_MACHINE,
        "PythonVersion": f"{sys.version_info.major}.{sys.version_info.minor}", **parameters,
    }  # fmt: skip
    formation.create_stack(
        StackName=STACK,
        TemplateURL=f"{endpoint}/code/{TEMPLATE.name}",
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )
    found = finished(formation)
    if found["StackStatus"] != "CREATE_COMPLETE":
        raise DeployFailed(why(formation))
    secret = formation.describe_stack_resource(StackName=STACK, LogicalResourceId="FrontDoor")["StackResourceDetail"]
    shown = client(endpoint, "secretsmanager").get_secret_value(SecretId=secret["PhysicalResourceId"])["SecretString"]
    stack = Stack(endpoint, {output["OutputKey"]: output["OutputValue"] for output in found["Outputs"]}, shown)
    let_letters_out(stack)
    return stack


def let_letters_out(stack: Stack) -> None:
    """What AWS takes from the template and the emulator cannot: it does not tell policies who a letter is from."""
    stack.client("sesv2").create_email_identity(EmailIdentity=SENDER_IDENTITY)
    sends = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "*"}
    for name in ("DeliverRole", "SignInRole"):
        role = stack.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=name)
        stack.client("iam").put_role_policy(
            RoleName=role["StackResourceDetail"]["PhysicalResourceId"],
            PolicyName="OnlyInTheEmulator",
            PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [sends]}),
        )


def finished(formation: Any) -> dict[str, Any]:
    """The stack, when CloudFormation has done with it."""
    until = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < until:
        found: dict[str, Any] = formation.describe_stacks(StackName=STACK)["Stacks"][0]
        if not found["StackStatus"].endswith("_IN_PROGRESS"):
            return found
        time.sleep(0.5)
    raise DeployFailed("CloudFormation takes too long")


def why(formation: Any) -> str:
    events = formation.describe_stack_events(StackName=STACK)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    return "\n".join(f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed)


def upload_site(stack: Stack, site: Path = SITE) -> int:
    """The pages as `make deploy` uploads them; CloudFront compresses on its own, so no .gz. Returns how many."""
    s3 = stack.client("s3")
    pages = [path for path in site.rglob("*") if path.is_file() and path.suffix != ".gz"]
    for path in pages:
        kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        key = path.relative_to(site).as_posix()
        s3.put_object(Bucket=stack.outputs["SiteBucket"], Key=key, Body=path.read_bytes(), ContentType=kind)
    return len(pages)


def main() -> None:
    make_bundle(architecture=THIS_MACHINE)
    with tempfile.TemporaryDirectory() as folder, emulator(Path(folder)) as endpoint:
        stack = deploy(endpoint)
        upload_site(stack)
        server = front.serve(stack)
        print(f"Site     http://{HERE}:{server.server_port}/en/young/complaint/\nAPI      {stack.api}/health")
        print(f"Council  {stack.outputs['CouncilQueueUrl']}\nUpdates  {stack.outputs['UpdatesQueueUrl']}")
        print(f"Replies  {stack.outputs['RepliesQueueUrl']}")
        print(f"AWS      {endpoint}  ({REGION}, key test, secret test)\nCtrl-C ends it.")
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
        server.shutdown()


if __name__ == "__main__":
    main()
