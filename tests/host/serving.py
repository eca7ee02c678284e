"""The host with the settings it really has, in this process."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from heard.host.app import create_app
from heard.host.serve import delivering, web_server
from heard.wiring import now_utc, one_machine
from tests.conftest import SITE, Live


@contextmanager
def serving(data: Path, clock: Callable[[], datetime] = now_utc) -> Iterator[Live]:
    """A host of its own over `data`, on a free port, with its delivering threads."""
    listening = socket.create_server(("127.0.0.1", 0))
    with closing(one_machine({"HEARD_DATA": str(data)}, clock)) as services:
        workers = delivering(services)
        server = web_server(create_app(services, SITE, [worker.bell for worker in workers]), listening)
        threading.Thread(target=server.run, daemon=True).start()
        for worker in workers:
            worker.start()
        try:
            yield Live(services, listening.getsockname()[1])
        finally:
            for worker in workers:
                worker.stop()
            server.close()
