"""The only place that reads the environment and chooses adapters."""

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeVar

from heard.clock import england
from heard.council import council
from heard.deliver import Deliverer
from heard.ports import CouncilInbox, CouncilQueue, Messenger, Replies, Store
from heard.receipt import Peppers
from heard.services import Services

# Adapters are imported where they are chosen: nobody needs boto3 for SQLite, nor SQLite in a Lambda function.

SHORTEST_PEPPER = 16  # bytes
MOST_KEEP_DAYS = 36500
WAIT_SECONDS = 10  # below what the SQS client waits for an answer
CASES = "cases.sqlite"
Opened = TypeVar("Opened")


class SettingWrong(ValueError):
    """A setting from the environment cannot be used; the message says which and why."""


def now_utc() -> datetime:
    return datetime.now(UTC)


def data_folder(environment: Mapping[str, str] = os.environ) -> Path:
    return Path(environment.get("HEARD_DATA", "data")).resolve()


def existing_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The data folder that a host has made. Looking in the wrong place must not look like no cases."""
    data = data_folder(environment)
    if not data.is_dir():
        raise SettingWrong(f"there are no cases in {data}; set HEARD_DATA to the folder the host uses")
    return data


def one_machine(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Services:
    """What the host works with: SQLite files in the data folder, unless HEARD_STORE and HEARD_QUEUE say otherwise."""
    data = data_folder(environment)
    peppers, messenger = _peppers(environment, data), _messenger(environment, data, clock)
    _sends_what_is_promised(messenger)
    return _over(environment, clock, peppers, messenger)


def council_side(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Services:
    """What the council's commands work with: the same cases and queue, no pepper, and nothing to write letters with."""
    return _over(environment, clock, (), Nowhere())


def _over(
    environment: Mapping[str, str], clock: Callable[[], datetime], peppers: Peppers, messenger: Messenger
) -> Services:
    data = data_folder(environment)
    with contextlib.ExitStack() as opened:  # a setting that cannot be used must leave no file open
        store = opened.enter_context(contextlib.closing(_store(environment, data)))
        queue = _queue(environment, data, clock)
        opened.pop_all()
    return Services(
        store=store,
        queue=queue,
        inbox=queue,
        messenger=messenger,
        peppers=peppers,
        council=council(),
        calendar=england(),
        clock=clock,
    )


def taking_in(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Services:
    """What a function needs that answers the public: the table and the peppers, and no way to pass anything on."""
    nowhere = Nowhere()
    return Services(
        store=_dynamodb(environment),
        queue=nowhere,
        inbox=nowhere,
        messenger=nowhere,
        peppers=_peppers(environment, data_folder(environment)),
        council=council(),
        calendar=england(),
        clock=clock,
    )


def signing_in(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Services:
    """What a function needs that sends links and shows a list: the same, and a messenger."""
    return replace(taking_in(environment, clock), messenger=_messenger(environment, data_folder(environment), clock))


def passing_on(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Services:
    """What a function needs that delivers: the table, the council's queue and a messenger, and no pepper."""
    queue = _sqs(environment)
    return Services(
        store=_dynamodb(environment),
        queue=queue,
        inbox=queue,
        messenger=_messenger(environment, data_folder(environment), clock),
        peppers=(),
        council=council(),
        calendar=england(),
        clock=clock,
    )


def cases_only(environment: Mapping[str, str] = os.environ) -> Store:
    """What a function needs that takes the council's updates."""
    return _dynamodb(environment)


def council_end(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> "Both":
    """What the council's own machine needs: its end of the queue, no pepper and no cases. It waits for messages."""
    here = environment.get("HEARD_QUEUE", "sqlite") == "sqlite"
    return _queue(environment, existing_folder(environment), clock) if here else _sqs(environment, WAIT_SECONDS)


def cases_kept(environment: Mapping[str, str] = os.environ) -> Store:
    """What looking at cases needs: no pepper and no queue."""
    here = environment.get("HEARD_STORE", "sqlite") == "sqlite"
    return _store(environment, (existing_folder if here else data_folder)(environment))


def copies_to(url: str) -> Callable[[dict[str, Any]], None]:
    """What puts messages into a queue for trying things out, repeats too; raises NotSent."""
    from heard.adapters.sqs import SqsQueue, sqs_client

    return SqsQueue(sqs_client(), url).send_copy


def front_door(environment: Mapping[str, str] = os.environ) -> str | None:
    """What a request shows that came by way of CloudFront; None where no front stands before the functions."""
    return environment.get("HEARD_FRONT_DOOR") or None


def letters(environment: Mapping[str, str] = os.environ, clock: Callable[[], datetime] = now_utc) -> Messenger:
    """What a function needs that asks which letters came back."""
    return _messenger(environment, data_folder(environment), clock)


class Nowhere:
    """A way out that leads nowhere: using it is a mistake, and loud."""

    def __getattr__(self, name: str) -> Any:
        raise SettingWrong(f"this function has no business to {name}")

    def close(self) -> None:
        """There is nothing to let go of."""


class Both(CouncilQueue, CouncilInbox, Protocol):
    """A queue seen from both ends."""


def _chosen(
    environment: Mapping[str, str], setting: str, choices: dict[str, Callable[[], Any]], usual: str = "sqlite"
) -> Any:
    name = environment.get(setting, usual)
    if name not in choices:
        raise SettingWrong(f"{setting}={name} is not one of {', '.join(choices)}")
    return choices[name]()


def _store(environment: Mapping[str, str], data: Path) -> Store:
    def sqlite() -> Store:
        from heard.adapters.sqlite import SqliteStore

        keep_days = _keep_days(environment)
        return _opened(data / CASES, lambda path: SqliteStore(path, keep_days))

    store: Store = _chosen(environment, "HEARD_STORE", {"sqlite": sqlite, "dynamodb": lambda: _dynamodb(environment)})
    return store


def _queue(environment: Mapping[str, str], data: Path, clock: Callable[[], datetime]) -> Both:
    def sqlite() -> Both:
        from heard.adapters.sqlite import SqliteQueue

        return _opened(data / "queue.sqlite", lambda path: SqliteQueue(path, clock))

    queue: Both = _chosen(environment, "HEARD_QUEUE", {"sqlite": sqlite, "sqs": lambda: _sqs(environment)})
    return queue


def _opened(path: Path, adapter: Callable[[Path], Opened]) -> Opened:
    """An adapter over a SQLite file; raises SettingWrong when the file cannot be used. It stays as it is."""
    import sqlite3

    try:
        return adapter(path)
    except (OSError, sqlite3.Error) as problem:
        raise SettingWrong(f"cannot use {path}: {problem}") from None


def _dynamodb(environment: Mapping[str, str]) -> Store:
    from heard.adapters.dynamodb import DynamoDbStore, dynamodb_client

    return DynamoDbStore(dynamodb_client(), _required(environment, "HEARD_TABLE"), _keep_days(environment))


def _keep_days(environment: Mapping[str, str]) -> int | None:
    """How long a closed case stays: as this machine is set, else as the council's file states; None is for good."""
    given = environment.get("HEARD_KEEP_DAYS") or None
    if given is not None and (not given.isdecimal() or int(given) > MOST_KEEP_DAYS):
        raise SettingWrong(f"HEARD_KEEP_DAYS has to be a number of days up to {MOST_KEEP_DAYS}")
    return council()["keep_days"] if given is None else int(given)


def reply_queue(environment: Mapping[str, str] = os.environ) -> Replies:
    """What a function needs that tells the council what was not taken."""
    from heard.adapters.sqs import SqsQueue, sqs_client

    return SqsQueue(sqs_client(), _required(environment, "HEARD_REPLY_QUEUE_URL"))


def _sqs(environment: Mapping[str, str], wait_seconds: int = 0) -> Both:
    from heard.adapters.sqs import SqsQueue, sqs_client

    return SqsQueue(sqs_client(), _required(environment, "HEARD_COUNCIL_QUEUE_URL"), wait_seconds)


def _required(environment: Mapping[str, str], setting: str) -> str:
    if not environment.get(setting):
        raise SettingWrong(f"{setting} has to be set")
    return environment[setting]


def deliverer(services: Services) -> Deliverer:
    return Deliverer(services.store, services.queue, services.messenger, services.council, services.clock)


def _messenger(environment: Mapping[str, str], data: Path, clock: Callable[[], datetime]) -> Messenger:
    """HEARD_MESSENGER: `ses` or `notify`; left out, SMTP where there is a server, else files."""
    ways: dict[str, Callable[[], Any]] = {
        "ses": lambda: _ses(environment, clock),
        "notify": lambda: _notify(environment),
        "smtp": lambda: _smtp(environment, clock),
        "files": lambda: _files(data, clock),
    }
    usual = "smtp" if environment.get("HEARD_SMTP_HOST") else "files"
    messenger: Messenger = _chosen(environment, "HEARD_MESSENGER", ways, usual)
    return messenger


def _sends_what_is_promised(messenger: Messenger) -> None:
    """Raises SettingWrong where the council's file promises texts that this way cannot send.

    Only the host asks: it has somebody who starts it. A function goes on with all else, and texts wait for people.
    """
    if council()["text_messages"] and not messenger.sends_texts:
        raise SettingWrong(
            "the council's file has text_messages: true; texts go out by HEARD_MESSENGER=notify with "
            "HEARD_NOTIFY_TEXT_TEMPLATE set, or to files where nothing is set"
        )


def _files(data: Path, clock: Callable[[], datetime]) -> Messenger:
    from heard.adapters.mail import EmlFolder, Sender

    return EmlFolder(data / "letters", Sender(**council()["sender"]), clock)


def _smtp(environment: Mapping[str, str], clock: Callable[[], datetime]) -> Messenger:
    from heard.adapters.mail import Sender, Smtp

    return Smtp(
        host=_required(environment, "HEARD_SMTP_HOST"),
        port=int(environment.get("HEARD_SMTP_PORT", "587")),
        sender=Sender(**council()["sender"]),
        clock=clock,
        user=environment.get("HEARD_SMTP_USER"),
        password=environment.get("HEARD_SMTP_PASSWORD"),
        encrypt=environment.get("HEARD_SMTP_PLAIN") != "yes",
    )


def _ses(environment: Mapping[str, str], clock: Callable[[], datetime]) -> Messenger:
    from heard.adapters.mail import Sender
    from heard.adapters.ses import Ses, ses_client

    configuration_set = _required(environment, "HEARD_SES_CONFIGURATION_SET")
    return Ses(ses_client(), configuration_set, Sender(**council()["sender"]), clock)


def _notify(environment: Mapping[str, str]) -> Messenger:
    from heard.adapters.notify import ADDRESS, Notify, notify_client

    api_key = environment.get("HEARD_NOTIFY_KEY") or _secret(_required(environment, "HEARD_NOTIFY_SECRET"))
    client = notify_client(str(api_key), environment.get("HEARD_NOTIFY_ADDRESS", ADDRESS))
    text_template = environment.get("HEARD_NOTIFY_TEXT_TEMPLATE") or None
    return Notify(client, _required(environment, "HEARD_NOTIFY_TEMPLATE"), text_template)


def _peppers(environment: Mapping[str, str], data: Path) -> Peppers:
    """The secrets that receipts are derived with, one a line, the newest first.

    Lost, no code can be followed any more: back them up with the data.
    """
    given = environment.get("HEARD_PEPPER") or _secret(environment.get("HEARD_PEPPER_SECRET"))
    lines = (given or _own_pepper(data)).split()
    try:
        peppers = tuple(map(bytes.fromhex, lines))
    except ValueError:
        peppers = ()
    if not peppers or min(map(len, peppers)) < SHORTEST_PEPPER:
        raise SettingWrong(f"each pepper needs at least {2 * SHORTEST_PEPPER} hexadecimal digits")
    return peppers


def _own_pepper(data: Path) -> str:
    """The pepper of the data folder. Never a new one beside old cases: no code would open them any more."""
    from heard.adapters.pepper import kept_in

    path = data / "pepper"
    if (data / CASES).exists() and not path.exists():
        raise SettingWrong(f"there are cases in {data} and no pepper: put it back from a backup")
    try:
        return kept_in(path)
    except OSError as problem:
        raise SettingWrong(f"cannot use {path}: {problem}") from None


def _secret(name: str | None) -> str | None:
    """A value from AWS Secrets Manager, read once a start."""
    if name is None:
        return None
    import boto3

    found: str = boto3.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
    return found
