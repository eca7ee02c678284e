"""Two worlds in which a case lives: SQLite files, and an account in moto. Processes die and start again; these stay."""

import itertools
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends
from moto.sqs.models import sqs_backends

from heard import log
from heard.adapters.dynamodb import DynamoDbStore, dynamodb_client, table_definition
from heard.adapters.mail import Sender
from heard.adapters.ses import Ses, ses_client
from heard.adapters.sqlite import Database, SqliteQueue, SqliteStore
from heard.adapters.sqs import SqsQueue, sqs_client
from heard.case import COUNCIL, PERSON
from heard.clock import england
from heard.council import council
from heard.ports import Store
from heard.services import Services
from heard.wiring import deliverer
from tests.contracts.conftest import NOBODY
from tests.faults.points import Crash, Points, Post, in_moto, in_sqlite

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
PEPPERS = (b"a pepper for fault injection only",)
KEEP_DAYS = 30
SENDER = "no-reply@exampleshire.example"
Opening = Callable[["World"], Services]


@dataclass
class World:
    """What outlives a process, and the one process of ours that is running.

    `skew`: how far every second process's clock is off. `gap`: how long those out there wait before they try again.
    """

    points: Points
    opening: Opening
    now: datetime = START
    gap: timedelta = timedelta(seconds=30)
    skew: timedelta = timedelta()
    processes: int = 0
    said: list[str] = field(default_factory=list)  # log lines and what errors said
    moved: list[Callable[[timedelta], None]] = field(default_factory=list)  # others that live in the same time
    letters: Callable[[], list[tuple[str, str]]] = list  # (letter id, everything in it) of all that went out

    def start(self) -> Services:
        """A new process, on a machine whose clock may be off."""
        off = self.skew * (self.processes % 2)
        self.processes += 1
        self.clock = lambda: self.now + off
        counting, self.points.armed = self.points.armed, False  # one that cannot start is started again
        self.services = self.opening(self)
        self.points.armed = counting
        return self.services

    def wait(self, time: timedelta) -> None:
        self.now += time
        for follow in self.moved:
            follow(time)

    def insist(self, step: Callable[[Services], Any]) -> Any:
        """Does a step as everybody out there does: again, after a while, until it went through."""
        for _ in range(12):
            with self.points.counting():
                try:
                    if (done := step(self.services)) is not None:
                        return done
                except Crash:
                    self.start()
                except Exception as failed:
                    self.said.append(repr(failed))
            self.wait(self.gap)
        raise AssertionError("did not go through in twelve tries")

    def sweep(self) -> None:
        """What the host's workers and the Lambda function do, who come back in any case."""
        for recipient in (COUNCIL, PERSON):
            with self.points.counting():
                try:
                    outcomes = deliverer(self.services).deliver_due(recipient)
                    self.said += [repr(outcome) for outcome in outcomes]
                except Crash:
                    self.start()
                except Exception as failed:
                    self.said.append(repr(failed))

    def sweep_until_quiet(self) -> None:
        """Sweeps whenever something is due, until all that is left is parked."""
        for _ in range(40):
            waiting = [case.next_due for case in self.services.store.waiting()]
            if not (due := [due for due in waiting if due and due < "9999"]):
                return
            self.wait(max(datetime.fromisoformat(min(due)) - self.clock(), self.gap))
            self.sweep()
        raise AssertionError("does not come to rest")


class Lines(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self.lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())


@contextmanager
def listening(world: World) -> Iterator[None]:
    """Everything that is logged, by anybody, while a story goes on."""
    heard, root, lines = log.logger, logging.getLogger(), Lines(world.said)
    level = heard.level
    heard.addHandler(lines)
    root.addHandler(lines)
    heard.setLevel(logging.INFO)
    try:
        yield
    finally:
        heard.removeHandler(lines)
        root.removeHandler(lines)
        heard.setLevel(level)


def services(world: World, store: Store, queue: Any, messenger: Any) -> Services:
    return Services(store, queue, queue, messenger, PEPPERS, council(), england(), world.clock)


def end(database: Database) -> None:
    """What the death of a process does to its connections. `close` alone waits for whoever still holds a cursor."""
    for connection in database.opened:
        connection.rollback()
    database.close()


@contextmanager
def sqlite_world(points: Points, folder: Path) -> Iterator[World]:
    """A data folder of its own, which every process of this world opens."""
    number = next(count)
    post = Post(points)

    def opening(world: World) -> Services:
        opened.close()  # with a process its connections go, and what they had not committed
        store = SqliteStore(folder / f"{number}-cases.sqlite", KEEP_DAYS)
        queue = SqliteQueue(folder / f"{number}-queue.sqlite", world.clock)
        for database in (store.database, queue.database):
            opened.callback(end, database)
        return services(world, store, queue, post)

    with ExitStack() as opened, in_sqlite(points):
        world = World(points, opening, letters=lambda: [(name, repr(letter)) for name, letter in post.letters])
        with listening(world):
            world.start()
            yield world


@contextmanager
def account() -> Iterator[None]:
    """An account in moto for many worlds, each with a table and a queue of its own."""
    with mock.patch.dict(os.environ, NOBODY), mock_aws():
        clients.cache_clear()
        boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER.partition("@")[2])
        yield
        clients.cache_clear()


@cache
def clients() -> tuple[Any, Any, Any]:
    return dynamodb_client(), sqs_client(), ses_client()


@contextmanager
def aws_world(points: Points, _: Path) -> Iterator[World]:
    """A table and a queue, which every process of this world uses. Time moves for the queue as well."""
    number = next(count)
    dynamodb, sqs, ses = clients()
    table, name = f"cases-{number}", f"council-{number}.fifo"
    dynamodb.create_table(**table_definition(table))
    kept = {"FifoQueue": "true", "MessageRetentionPeriod": "1209600"}  # as the template has it
    url = sqs.create_queue(QueueName=name, Attributes=kept)["QueueUrl"]
    backend = ses_backends[DEFAULT_ACCOUNT_ID][NOBODY["AWS_DEFAULT_REGION"]]
    backend.sent_messages.clear()

    def opening(world: World) -> Services:
        messenger = Ses(ses, "letters", Sender("No reply", SENDER), world.clock)
        return services(world, DynamoDbStore(dynamodb, table, KEEP_DAYS), SqsQueue(sqs, url), messenger)

    def older(time: timedelta) -> None:
        """SQS forgets after five minutes which messages it has had; moto looks at the wall's clock for that."""
        for message in sqs_backends[DEFAULT_ACCOUNT_ID][NOBODY["AWS_DEFAULT_REGION"]].queues[name]._messages:
            message.sent_timestamp -= time.total_seconds() * 1000
            message.visible_at -= time.total_seconds() * 1000

    with in_moto(points):
        world = World(points, opening, moved=[older])
        world.letters = lambda: [(letter_id(sent), str(vars(sent))) for sent in backend.sent_messages]
        with listening(world):
            world.start()
            yield world
    sqs.delete_queue(QueueUrl=url)
    dynamodb.delete_table(TableName=table)


def letter_id(sent: Any) -> str:
    """The id of a letter that SES has taken, from its own Message-ID."""
    found = re.search(r"<([0-9a-f]{32}-\w+)@", sent.raw_data)
    return found[1] if found else "?"


count = itertools.count()
WORLDS = {"sqlite": sqlite_world, "aws": aws_world}
