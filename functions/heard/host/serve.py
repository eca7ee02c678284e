"""Starts the host: the web server, and the thread that passes things on."""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import flask
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ErrorTask
from waitress.utilities import BadRequest, RequestEntityTooLarge

from heard import headers, log, web
from heard.bounce import collect
from heard.case import COUNCIL, PERSON
from heard.clock import stamp
from heard.deliver import Deliverer
from heard.exchange import MAX_BYTES, Request
from heard.host.app import create_app, reason_for
from heard.remind import remind
from heard.services import Services
from heard.wiring import SettingWrong, data_folder, deliverer, one_machine
from heard.wording import Words

SWEEP_SECONDS = 5.0
HOUR = 3600.0
LAST_PORT = 65535
CONNECTIONS = 500  # each may need two files, and a process often has 1,024
IDLE_SECONDS = 60
MOST_DROPPED = 64 * 1024 * 1024


class Worker(threading.Thread):
    """Does its work at once when rung, and every so many seconds in any case."""

    def __init__(self, name: str, work: Callable[[], object], every: float = SWEEP_SECONDS) -> None:
        super().__init__(name=name, daemon=True)
        self.work = work
        self.every = every
        self.bell = threading.Event()
        self.stopping = False

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()
        self.join()

    def run(self) -> None:
        while True:
            self.bell.clear()  # before looking whether to stop: a bell that rings in between is not lost
            if self.stopping:
                return
            self.sweep()
            self.bell.wait(self.every)

    def sweep(self) -> None:
        try:
            self.work()
        except Exception as broken:  # the store may be busy or full; the next sweep tries again
            log.note(self.name, outcome="broken", problem=log.where(broken))


def delivering(services: Services) -> list[Worker]:
    """One for the council and one for people, so that a slow mail server never holds up a message to the council."""
    passing = deliverer(services)
    return [
        Worker("deliver_to_council", lambda: pass_on(passing, COUNCIL)),
        Worker("deliver_to_people", lambda: pass_on(passing, PERSON)),
    ]


def pass_on(passing: Deliverer, recipient: str) -> None:
    """Passes on everything that is due. What failed is due later, so this comes to an end."""
    while passing.deliver_due(recipient):
        pass


def reminding(services: Services) -> Worker:
    """Reminds the council of answers that are due. What it finds goes out with the next sweep."""
    texts = services.council["text_messages"]
    return Worker("remind", lambda: remind(services.store, services.clock(), texts=texts), every=HOUR)


def asking(services: Services) -> Worker:
    """Asks which letters came back, where the service that carries them does not tell."""
    return Worker("bounce", lambda: collect(services.messenger, services.store, services.clock()), every=HOUR)


def forgetting(services: Services) -> Worker:
    """Removes what the council does not want kept any longer (HEARD_KEEP_DAYS)."""
    return Worker("forget", lambda: services.store.forget(stamp(services.clock())), every=HOUR)


def serve(site: Path, environment: Mapping[str, str] = os.environ, say: Callable[[str], None] = print) -> None:
    """Serves until stopped. HOST and PORT say where; HEARD_DATA says where cases are kept."""
    if not (site / "en").is_dir():
        raise SettingWrong("the site is not built yet; run `heard build` first")
    log.to_stderr()
    listening = _listen(environment.get("HOST", "127.0.0.1"), environment.get("PORT", "8000"))
    services = one_machine(environment)
    deliverers = delivering(services)
    workers = [*deliverers, reminding(services), asking(services), forgetting(services)]
    app = create_app(services, site, bells=[worker.bell for worker in deliverers])
    server = web_server(app, listening, environment.get("HEARD_PROXY"))
    for worker in workers:
        worker.start()
    try:
        _say_where(say, listening.getsockname(), environment)
        server.run()
    finally:
        server.close()
        for worker in workers:
            worker.stop()
        services.close()


class Parser(HTTPRequestParser):
    """Lets everybody hear why they are refused, where waitress would hang up on them."""

    to_drop = 0  # bytes of a body that is too big: a browser listens once it has sent them all

    def received(self, data: bytes) -> int:
        if self.to_drop:
            return self._drop(data)
        try:
            consumed: int = super().received(data)
        except ValueError:  # a length or an address that Python cannot read
            self.error = BadRequest("")
            self.completed = True
            consumed = len(data)
        if self.completed and self.expect_continue:
            self.expect_continue = False  # there is nothing more to wait for
        elif isinstance(self.error, RequestEntityTooLarge) and self.content_length < MOST_DROPPED:
            self.to_drop = self.content_length
            self.completed = not self.to_drop
        return consumed

    def _drop(self, data: bytes) -> int:
        dropped = min(len(data), self.to_drop)
        self.to_drop -= dropped
        self.completed = not self.to_drop
        return dropped


class Refusal(ErrorTask):
    """What cannot be read as HTTP is refused like everything else; waitress would quote it, under no headers."""

    def execute(self) -> None:
        parser: Any = self.request  # its published type is wrong
        request = Request(parser.headers.get("CONTENT_TYPE", ""), b"")
        response = web.sorry(request, Words("en", "standard"), parser.error.code, reason_for(parser.error.code))
        log.note("host", outcome=str(parser.error.code))
        body = response.body.encode()
        common = {**headers.EVERYWHERE, **headers.ANSWERS}
        self.status = f"{parser.error.code} {parser.error.reason}"
        self.response_headers = [("Content-Type", response.content_type), *common.items()]
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class Channel(HTTPChannel):
    parser_class = Parser
    error_task_class = Refusal


def web_server(app: flask.Flask, listening: socket.socket, proxy: str | None = None) -> BaseWSGIServer:
    """waitress on an open socket. A connection that is slow or idle costs no thread, so there may be many."""
    one_for_one_socket = create_server(
        app,
        sockets=[listening],
        ident=None,
        threads=8,
        connection_limit=CONNECTIONS,
        asyncore_use_poll=True,
        channel_timeout=IDLE_SECONDS,
        max_request_body_size=2 * MAX_BYTES,  # beyond these, waitress would put what people wrote into a file
        **_trust(proxy),
    )
    server = cast(BaseWSGIServer, one_for_one_socket)
    server.channel_class = Channel
    return server


def _trust(proxy: str | None) -> dict[str, Any]:
    """Whose word counts on where a request came from: the named reverse proxy's, otherwise nobody's."""
    named = {"trusted_proxy": proxy, "trusted_proxy_headers": {"x-forwarded-for"}} if proxy else {}
    return {"clear_untrusted_proxy_headers": True, **named}


def _listen(host: str, port: str) -> socket.socket:
    """An open socket; raises SettingWrong when HOST or PORT cannot be used."""
    if not port.isdecimal() or int(port) > LAST_PORT:
        raise SettingWrong(f"cannot listen on PORT={port}: it has to be a number up to {LAST_PORT}")
    try:
        return socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as problem:
        raise SettingWrong(f"cannot listen on HOST={host} PORT={port}: {problem}") from None


def _say_where(say: Callable[[str], None], address: tuple[str, int], environment: Mapping[str, str]) -> None:
    host, port = address[:2]
    data = data_folder(environment)
    say(f"Heard is at        http://{host}:{port}/")
    say(f"Cases and queue in {data}")
    say(f"Letters in         {data / 'letters'}" if "HEARD_SMTP_HOST" not in environment else "Letters go by SMTP")
    say("Read the council's queue with   .venv/bin/heard council inbox")
