"""Starts the host: the web server, and the thread that passes things on."""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from waitress.server import create_server

from heard import log
from heard.case import ACKNOWLEDGEMENT, COUNCIL_MESSAGE
from heard.deliver import Deliverer
from heard.exchange import MAX_BYTES
from heard.host.app import create_app
from heard.wiring import SettingWrong, data_folder, deliverer, one_machine

SWEEP_SECONDS = 5.0
LAST_PORT = 65535


class Worker(threading.Thread):
    """Delivers what is due of one kind: at once when rung, and on every sweep in any case.

    Each kind has a worker of its own, so that a slow mail server never holds up a message to the council.
    """

    def __init__(self, deliverer: Deliverer, kind: str) -> None:
        super().__init__(name=f"deliver_{kind}", daemon=True)
        self.deliverer = deliverer
        self.kind = kind
        self.bell = threading.Event()
        self.stopping = False

    def stop(self) -> None:
        self.stopping = True
        self.bell.set()
        self.join()

    def run(self) -> None:
        while not self.stopping:
            self.bell.clear()
            self.sweep()
            self.bell.wait(SWEEP_SECONDS)

    def sweep(self) -> None:
        """Passes on everything that is due. What failed is due later, so this comes to an end."""
        try:
            while outcomes := self.deliverer.deliver_due(self.kind):
                for outcome in outcomes:
                    log.note(self.name, outcome.outcome, reference=outcome.reference, problem=outcome.problem)
        except Exception as broken:  # the store may be busy or full; the next sweep tries again
            log.note(self.name, outcome="broken", problem=log.where(broken))


def serve(site: Path, environment: Mapping[str, str] = os.environ, say: Callable[[str], None] = print) -> None:
    """Serves until stopped. HOST and PORT say where; HEARD_DATA says where cases are kept."""
    if not (site / "en").is_dir():
        raise SettingWrong("the site is not built yet; run `heard build` first")
    log.to_stderr()
    listening = _listen(environment.get("HOST", "127.0.0.1"), environment.get("PORT", "8000"))
    services = one_machine(environment)
    workers = [Worker(deliverer(services), kind) for kind in (COUNCIL_MESSAGE, ACKNOWLEDGEMENT)]
    server = create_server(
        create_app(services, site, bells=[worker.bell for worker in workers]),
        sockets=[listening],
        ident=None,
        threads=8,
        max_request_body_size=4 * MAX_BYTES,
        **_trust(environment.get("HEARD_PROXY")),
    )
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
