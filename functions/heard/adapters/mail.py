"""Letters as email: over SMTP where a council has a server, else as files in a folder to look at."""

import contextlib
import os
import smtplib
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from heard.letters import TEXT, Letter
from heard.ports import NO_TEXT_MESSAGES, NeverSent, NotSent

TIMEOUT_SECONDS = 20
REFUSED = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused, ssl.SSLError)


@dataclass(frozen=True)
class Sender:
    """Who letters come from: a neutral name, and an address."""

    name: str
    address: str


def as_email(letter: Letter, letter_id: str, sender: Sender, now: datetime) -> EmailMessage:
    """The letter with its headers. Only `To` holds something the person typed; the address was checked.

    Raises NeverSent for an address that no header can carry, and for what is to go as a text message.
    """
    if letter.channel == TEXT:
        raise NeverSent(NO_TEXT_MESSAGES)
    email = EmailMessage()
    local_part, _, domain = sender.address.partition("@")
    email["From"] = Address(sender.name, local_part, domain)
    email["To"] = _address_of(letter.to)
    email["Subject"] = letter.subject
    email["Date"] = format_datetime(now)
    email["Message-ID"] = f"<{letter_id}@{domain}>"
    email["Auto-Submitted"] = "auto-generated"
    email.set_content(letter.text)
    email.add_alternative(letter.html, subtype="html")
    return email


def _how_final(refused: Exception) -> NotSent:
    """A reply of 4xx means later, 5xx means never (RFC 5321, 4.2.1)."""
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in refused.recipients.values()]
    else:
        codes = [getattr(refused, "smtp_code", 0)]
    return (NeverSent if min(codes) >= 500 else NotSent)("mail_server_refused")


def _address_of(typed: str) -> Address:
    local_part, _, domain = typed.rpartition("@")
    if not local_part or not domain or not typed.isprintable() or set(' "(),:;<>@[\\]') & set(local_part + domain):
        raise NeverSent("address_unusable")
    return Address("", local_part, domain)


@dataclass(frozen=True)
class EmlFolder:
    """Writes each letter to a file, a text message as plain text: ports.Messenger for trying things out."""

    folder: Path
    sender: Sender
    clock: Callable[[], datetime]
    sends_texts = True

    def send(self, letter: Letter, letter_id: str) -> None:
        if letter.channel == TEXT:
            self._write(f"{letter_id}.txt", f"To: {letter.to}\n\n{letter.text}".encode())
        else:
            self._write(f"{letter_id}.eml", bytes(as_email(letter, letter_id, self.sender, self.clock())))

    def returned(self) -> Iterable[str]:
        return ()

    def _write(self, name: str, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        unfinished = self.folder / f"{name}.part"
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        os.replace(unfinished, self.folder / name)  # noqa: PTH105 - a letter is there whole or not at all


@dataclass(frozen=True)
class Smtp:
    """Sends letters through a mail server: ports.Messenger. Encrypts unless told that the server is local."""

    host: str
    port: int
    sender: Sender
    clock: Callable[[], datetime]
    user: str | None = None
    password: str | None = None
    encrypt: bool = True
    sends_texts = False

    def send(self, letter: Letter, letter_id: str) -> None:
        email = as_email(letter, letter_id, self.sender, self.clock())
        try:
            server = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)
        except (OSError, smtplib.SMTPException):
            raise NotSent("mail_server_unreachable") from None
        try:
            self._greet(server)
            server.send_message(email)
        except smtplib.SMTPNotSupportedError:
            raise NeverSent("mail_server_cannot") from None
        except REFUSED as refused:
            raise _how_final(refused) from None
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):  # what was taken stays taken
                server.quit()
            server.close()

    def returned(self) -> Iterable[str]:
        """A mail server writes to the sender's mailbox, which people read."""
        return ()

    def _greet(self, server: smtplib.SMTP) -> None:
        if self.encrypt:
            server.starttls(context=ssl.create_default_context())
        if self.user and self.password:
            server.login(self.user, self.password)
