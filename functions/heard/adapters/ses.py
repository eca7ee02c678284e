"""Letters through Amazon SES: ports.Messenger where Heard runs on AWS."""

import email.policy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    ProxyConnectionError,
)

from heard.adapters.mail import Sender, as_email
from heard.letters import EMAIL, Letter
from heard.ports import NeverSent, NotSent

CONNECT_SECONDS = 10
READ_SECONDS = 20
UNREACHED = (EndpointConnectionError, ConnectTimeoutError, ProxyConnectionError)
UNSIGNED = (NoCredentialsError, CredentialRetrievalError)
FINAL = ("BadRequestException",)
"""SES cannot read the letter, and the address is all that differs from one to the next.

The others are about the account, and people mend it: quotas, a pause, a suspension, a sender that is not
verified. MessageRejected is among them, for that is what a sender not yet verified gets.
"""
ON_THE_WIRE = email.policy.SMTP.clone(cte_type="7bit")  # SES wants ASCII lines


def ses_client(read_seconds: float = READ_SECONDS) -> Any:
    """A client that tries once. Left to itself boto3 sends again after a time-out, and that is a second letter."""
    once = {"total_max_attempts": 1}
    config = Config(connect_timeout=CONNECT_SECONDS, read_timeout=read_seconds, retries=once)
    return boto3.client("sesv2", config=config)


@dataclass(frozen=True)
class Ses:
    """`client`: from `ses_client`. `configuration_set`: where SES reports what became of letters, by their tag."""

    client: Any
    configuration_set: str
    sender: Sender
    clock: Callable[[], datetime]
    sends_texts = False

    def send(self, letter: Letter, letter_id: str) -> None:
        """One letter, tagged with its id so that a bounce finds its case."""
        raw = self._raw(letter, letter_id)
        try:
            self.client.send_email(
                Destination={"ToAddresses": [letter.to]},
                Content={"Raw": {"Data": raw}},
                ConfigurationSetName=self.configuration_set,
                EmailTags=[{"Name": "letter", "Value": letter_id}],
            )
        except ClientError as refused:
            if refused.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise  # it broke while it had the letter
            code = refused.response["Error"]["Code"]
            raise (NeverSent if code in FINAL else NotSent)(f"ses_{code}") from None
        except UNREACHED:
            raise NotSent("ses_unreachable") from None
        except UNSIGNED:
            raise NotSent("ses_no_credentials") from None
        finally:
            self.client.close()  # a connection kept until the next letter may be dead by then, and the letter lost

    def returned(self) -> Iterable[str]:
        """SES tells by itself, through SNS: see handlers/bounce.py."""
        return ()

    def _raw(self, letter: Letter, letter_id: str) -> bytes:
        if letter.channel == EMAIL and not letter.to.isascii():
            raise NeverSent("address_unusable")  # SES knows no other addresses
        return as_email(letter, letter_id, self.sender, self.clock()).as_bytes(policy=ON_THE_WIRE)
