"""The only place that reads the environment and chooses adapters."""

import contextlib
import os
import secrets
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from heard.adapters.mail import EmlFolder, Sender, Smtp
from heard.adapters.sqlite import SqliteQueue, SqliteStore
from heard.clock import england
from heard.council import council
from heard.deliver import Deliverer
from heard.ports import Messenger
from heard.services import Services

SHORTEST_PEPPER = 16  # bytes


class SettingWrong(ValueError):
    """A setting from the environment cannot be used; the message says which and why."""


def now_utc() -> datetime:
    return datetime.now(UTC)


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("HEARD_DATA", "data")).resolve()


def one_machine(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Services:
    """SQLite files in the data folder, and letters by SMTP if HEARD_SMTP_HOST is set, else as files."""
    data = data_folder(environment)
    pepper = _pepper(environment, data)  # first: a setting that cannot be used must leave no file open
    queue = SqliteQueue(data / "queue.sqlite", clock)
    return Services(
        store=SqliteStore(data / "cases.sqlite"),
        queue=queue,
        inbox=queue,
        messenger=_messenger(environment, data, clock),
        pepper=pepper,
        council=council(),
        calendar=england(),
        clock=clock,
    )


def deliverer(services: Services) -> Deliverer:
    return Deliverer(services.store, services.queue, services.messenger, services.council, services.clock)


def _messenger(environment: Mapping[str, str], data: Path, clock: Callable[[], datetime]) -> Messenger:
    sender = Sender(**council()["sender"])
    host = environment.get("HEARD_SMTP_HOST")
    if not host:
        return EmlFolder(data / "letters", sender, clock)
    return Smtp(
        host=host,
        port=int(environment.get("HEARD_SMTP_PORT", "587")),
        sender=sender,
        clock=clock,
        user=environment.get("HEARD_SMTP_USER"),
        password=environment.get("HEARD_SMTP_PASSWORD"),
        encrypt=environment.get("HEARD_SMTP_PLAIN") != "yes",
    )


def _pepper(environment: Mapping[str, str], data: Path) -> bytes:
    """The secret that receipts are derived with. Lost, no code can be followed any more: back it up with the data."""
    given = environment.get("HEARD_PEPPER")
    path = data / "pepper"
    if not given and not path.exists():
        _write_once(path, secrets.token_hex(32))
    pepper = bytes.fromhex(given or path.read_text())
    if len(pepper) < SHORTEST_PEPPER:
        raise SettingWrong(f"the pepper needs at least {2 * SHORTEST_PEPPER} hexadecimal digits")
    return pepper


def _write_once(path: Path, text: str) -> None:
    """Whole or not at all, and never over what another process wrote first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as unfinished:
        unfinished.write(text)
        unfinished.flush()
        os.fsync(unfinished.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(unfinished.name)
