"""What many tests stand on: a built site, the services in a temporary folder, and a clock that can be set."""

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from waitress.server import create_server

from heard import exchange, web
from heard.case import COUNCIL, PERSON
from heard.deliver import Outcome
from heard.host.app import create_app
from heard.host.serve import delivering
from heard.services import Services
from heard.wiring import deliverer, one_machine

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "build" / "site"
KEY = "0123456789abcdef0123456789abcdef"


MESSAGES = {"complaint": "what_happened", "compliment": "what_went_well", "comment": "what_you_want_to_say"}


class Clock:
    """Stands still until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture(scope="session", autouse=True)
def built_site() -> Path:
    """The site as `make test` has just built it; built here for whoever runs pytest by hand."""
    if not (SITE / "openapi.json").exists():
        subprocess.run([sys.executable, str(ROOT / "site" / "build.py")], check=True)
    return SITE


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 20, 9, 30, tzinfo=UTC))


@pytest.fixture
def services(tmp_path: Path, clock: Clock) -> Iterator[Services]:
    with closing(one_machine({"HEARD_DATA": str(tmp_path / "data"), "HEARD_PEPPER": "aa" * 32}, clock)) as services:
        yield services


def deliver_all(services: Services) -> list[Outcome]:
    """One sweep of every kind: what the host's two workers do."""
    return [o for recipient in (COUNCIL, PERSON) for o in deliverer(services).deliver_due(recipient)]


def send_json(services: Services, step: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    """One call as a program makes it: the status and the JSON that came back."""
    request = exchange.Request("application/json", json.dumps(fields).encode())
    response = web.answer(step, request, services)
    return response.status, json.loads(response.body)


def send_complaint(services: Services, key: str = KEY, **answers: Any) -> dict[str, Any]:
    """A complaint that is accepted: what the receipt says."""
    fields = {"form": "complaint", "lang": "en", "voice": "young", "form_version": 1, "key": key}
    status, receipt = send_json(services, "send", **fields, **({"what_happened": "They never came."} | answers))
    assert status == 201
    return receipt


def link_in(letter: Path) -> str:
    """The address that a letter leads to, from the file it was written to."""
    email = message_from_bytes(letter.read_bytes(), policy=policy.default)
    found = re.search(r"http\S+", email.get_body(("plain",)).get_content())
    assert found
    return found[0]


def token_in(letter: Path) -> str:
    return parse_qs(urlsplit(link_in(letter)).query)["token"][0]


class Live:
    """A host that is really serving, on a port of its own."""

    def __init__(self, services: Services, port: int) -> None:
        self.services = services
        self.address = f"http://127.0.0.1:{port}"


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, built_site: Path) -> Iterator[Live]:
    """The real host in this process: waitress, Flask, SQLite and the delivering thread."""
    services = one_machine({"HEARD_DATA": str(tmp_path_factory.mktemp("live"))})
    workers = delivering(services)
    listening = socket.create_server(("127.0.0.1", 0))
    server = create_server(
        create_app(services, built_site, [worker.bell for worker in workers]), sockets=[listening], threads=8
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    for worker in workers:
        worker.start()
    yield Live(services, listening.getsockname()[1])
    for worker in workers:
        worker.stop()
    server.close()
    services.close()
