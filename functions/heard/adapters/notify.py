"""Letters through GOV.UK Notify: ports.Messenger for councils that have a service there.

Notify sends templates. Ours is one email template for every letter: its subject is `((subject))`, its
message `((text))`. For text messages there is another, whose message is `((text))` too. Each letter's id goes along
as Notify's `reference`, by which it can be found again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from notifications_python_client.errors import APIError
from notifications_python_client.notifications import NotificationsAPIClient
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from heard.letters import TEXT, Letter
from heard.ports import NO_TEXT_MESSAGES, NeverSent, NotSent

ADDRESS = "https://api.notifications.service.gov.uk"
TIMEOUT_SECONDS = 20
BROKE_AND_SAID_SO = 500  # Notify's own word for: not processed, send it again


def notify_client(api_key: str, base_url: str = ADDRESS, timeout: float = TIMEOUT_SECONDS) -> Any:
    """Notify's own client. It tries once."""
    return NotificationsAPIClient(api_key, base_url=base_url, timeout=timeout)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Notify:
    """`client`: from `notify_client`. `text_template_id`: None where no text messages are sent."""

    client: Any
    template_id: str
    text_template_id: str | None = None

    @property
    def sends_texts(self) -> bool:
        return self.text_template_id is not None

    def send(self, letter: Letter, letter_id: str) -> None:
        """One letter. When the answer to it got lost, Notify is asked whether it has it."""
        if letter.channel == TEXT and not self.sends_texts:
            raise NeverSent(NO_TEXT_MESSAGES)
        try:
            self._hand_over(letter, letter_id)
        except APIError as failed:
            _raise_if_refused(failed)
            if not self.knows(letter_id):
                if _status(failed) == BROKE_AND_SAID_SO:
                    raise NotSent("notify_500") from None
                raise  # it may be on its way still
        finally:
            self.client.request_session.close()  # a connection kept until the next letter may be dead by then

    def _hand_over(self, letter: Letter, letter_id: str) -> None:
        if letter.channel == TEXT:
            self.client.send_sms_notification(
                phone_number=letter.to,
                template_id=self.text_template_id,
                personalisation={"text": letter.text},
                reference=letter_id,
            )
        else:
            self.client.send_email_notification(
                email_address=letter.to,
                template_id=self.template_id,
                personalisation={"subject": letter.subject, "text": letter.text},
                reference=letter_id,
            )

    def knows(self, letter_id: str) -> bool:
        """True when Notify has taken a letter with this id, whatever became of it. False proves nothing for a while."""
        return bool(self.client.get_all_notifications(reference=letter_id)["notifications"])

    def returned(self) -> Iterator[str]:
        """Notify remembers a letter for seven days."""
        for kind in ("email", "sms"):
            failed = self.client.get_all_notifications_iterator(status="permanent-failure", template_type=kind)
            yield from (letter["reference"] for letter in failed if letter["reference"])


def _raise_if_refused(failed: APIError) -> None:
    """Raises NotSent or NeverSent where it is certain that Notify did not take the letter."""
    status = _status(failed)
    if status is None and any(isinstance(error, NewConnectionError | ConnectTimeoutError) for error in _causes(failed)):
        raise NotSent("notify_unreachable") from None
    if status == 400 and _names(failed.message, "email_address"):
        raise NeverSent("notify_address_refused") from None
    if status == 400 and _names(failed.message, "phone_number"):
        raise NeverSent("notify_number_refused") from None
    if status is not None and 400 <= status < 500:
        raise NotSent(f"notify_{status}") from None  # key, template, limits: people mend those


def _status(failed: APIError) -> int | None:
    """The status that Notify answered with. The client's own `status_code` is 503 when there was no answer."""
    return None if failed.response is None else failed.response.status_code


def _names(problems: Any, field: str) -> bool:
    """Notify begins a complaint about a field with the field's name."""
    return isinstance(problems, list) and any(str(problem.get("message")).startswith(field) for problem in problems)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """An error and what it came of, back to the first."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
