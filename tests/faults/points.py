"""Every call an adapter makes is a numbered point, and a schedule says what goes wrong at which of them.

For AWS the calls are requests that reach moto, each try of boto3's counted by itself; for SQLite they are statements.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from unittest import mock

from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from heard.letters import Letter
from heard.ports import NotSent


class Fault(StrEnum):
    """What can happen to one call. A stale answer is an index that has not heard of the latest write yet."""

    REQUEST_LOST = "request lost"
    THROTTLED = "throttled"
    ANSWER_LOST = "answer lost"
    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    STALE = "stale index"


class Crash(BaseException):
    """The process is gone. No `except Exception` of the product may see it."""


@dataclass(frozen=True)
class Ways:
    """How the faults look in one technology. `throttled` and `stale` may give an answer in place of raising."""

    lost: Callable[[], Any]
    throttled: Callable[[], Any]
    unanswered: Callable[[], Any]
    stale: Callable[[Any], Any] = lambda answer: answer


@dataclass
class Points:
    """Counts calls while it is armed, and makes those fail that are in the schedule."""

    schedule: Mapping[int, Fault] = field(default_factory=dict)
    passed: int = 0
    armed: bool = False

    def call(self, perform: Callable[[], Any], ways: Ways) -> Any:
        if not self.armed:
            return perform()
        fault = self.schedule.get(self.passed)
        self.passed += 1
        if fault is None:
            return perform()
        if fault is Fault.CRASH_BEFORE:
            raise Crash
        if fault is Fault.REQUEST_LOST:
            return ways.lost()
        if fault is Fault.THROTTLED:
            return ways.throttled()
        answer = perform()
        if fault is Fault.CRASH_AFTER:
            raise Crash
        return ways.stale(answer) if fault is Fault.STALE else ways.unanswered()

    @contextmanager
    def counting(self) -> Iterator[None]:
        self.armed, before = True, self.armed
        try:
            yield
        finally:
            self.armed = before


def failing(error: Exception) -> Callable[[], Any]:
    def fail() -> Any:
        raise error

    return fail


@contextmanager
def in_sqlite(points: Points) -> Iterator[None]:
    """Statements of the product's connections, each of them a transaction of its own or part of one."""
    ways = Ways(
        lost=failing(sqlite3.OperationalError("disk I/O error")),
        throttled=failing(sqlite3.OperationalError("database is locked")),
        unanswered=failing(sqlite3.OperationalError("disk I/O error")),
    )

    class Counted(sqlite3.Connection):
        def execute(self, *statement: Any) -> sqlite3.Cursor:
            cursor: sqlite3.Cursor = points.call(lambda: sqlite3.Connection.execute(self, *statement), ways)
            return cursor

    connect = sqlite3.connect
    with mock.patch("heard.adapters.sqlite.sqlite3.connect", lambda *a, **k: connect(*a, **k, factory=Counted)):
        yield


@contextmanager
def in_moto(points: Points) -> Iterator[None]:
    """Requests on their way to moto; boto3 waits for nothing before it tries again."""
    through = BotocoreStubber.__call__

    def counted(stubber: BotocoreStubber, event_name: str, request: Any, **more: Any) -> Any:
        ways = Ways(
            lost=failing(EndpointConnectionError(endpoint_url=request.url)),
            throttled=lambda: refusal(request.url),
            unanswered=failing(ReadTimeoutError(endpoint_url=request.url)),
            stale=lambda answer: without_items(answer) if asks_an_index(request) else answer,
        )
        return points.call(lambda: through(stubber, event_name, request, **more), ways)

    with mock.patch.object(BotocoreStubber, "__call__", counted), mock.patch("botocore.endpoint.time.sleep"):
        yield


def refusal(url: str) -> AWSResponse:
    kind = "ThrottlingException"
    body = json.dumps({"__type": kind, "message": "slow down"}).encode()
    return AWSResponse(url, 400, {"x-amzn-errortype": kind}, MockRawResponse(body))


def asks_an_index(request: Any) -> bool:
    return request.headers.get("X-Amz-Target", b"").endswith(b".Query")


def without_items(answer: AWSResponse) -> AWSResponse:
    empty = json.dumps({"Items": [], "Count": 0, "ScannedCount": 0}).encode()
    return AWSResponse(answer.url, 200, {}, MockRawResponse(empty))


@dataclass
class Post:
    """A mail service that counts: ports.Messenger. `letters`: what it has taken, by id."""

    points: Points
    letters: list[tuple[str, Letter]] = field(default_factory=list)

    def send(self, letter: Letter, letter_id: str) -> None:
        ways = Ways(
            lost=failing(NotSent("mail_server_unreachable")),
            throttled=failing(NotSent("mail_server_refused")),
            unanswered=failing(TimeoutError()),
        )
        self.points.call(lambda: self.letters.append((letter_id, letter)), ways)

    def returned(self) -> tuple[str, ...]:
        return ()
