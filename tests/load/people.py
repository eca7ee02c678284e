"""The host as a process of its own, and people who send to it: each sends again as soon as they have their receipt."""

import http.client
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from heard.wiring import one_machine
from tests.load.stock import answers, fill

PRESSED_TWICE = 10  # one press of Send in so many


class Refused(Exception):
    """The host did not answer as it has to."""


class Host:
    """`heard serve` on a free port, over a folder with so many cases from before; `codes` are of some of them."""

    def __init__(self, data: Path, cases: int) -> None:
        settings = {name: value for name, value in os.environ.items() if not name.startswith("HEARD_")}
        settings |= {"HEARD_DATA": str(data), "HOST": "127.0.0.1", "PORT": "0"}
        self.data = data
        self.services = one_machine(settings)
        self.codes = fill(self.services, cases)
        command = [sys.executable, "-u", "-m", "heard", "serve"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=settings, text=True, **pipes)
        said = self.process.stdout.readline()
        if not said:
            raise Refused("`heard serve` does not start")
        self.port = int(said.rstrip("/\n").rpartition(":")[2])

    def close(self) -> None:
        self.process.terminate()
        self.process.communicate(timeout=20)
        self.services.close()

    def memory(self) -> int:
        """What the process holds in memory now, in bytes."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Line(http.client.HTTPConnection):
    """One person's connection to the host."""

    def __init__(self, host: Host) -> None:
        super().__init__("127.0.0.1", host.port, timeout=60)

    def call(self, step: str, fields: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.request("POST", f"/api/{step}", json.dumps(fields), {"Content-Type": "application/json"})
        with self.getresponse() as answer:
            return answer.status, json.load(answer)


class Sent(NamedTuple):
    """One accepted complaint, and the seconds until its receipt was there."""

    reference: str
    code: str
    waited: float
    letter: bool


def send(line: Line, chance: Random) -> Sent:
    """A new complaint; now and then the same press of Send comes a second time."""
    fields = {"form": "complaint", "key": chance.randbytes(16).hex(), **answers(chance)}
    begun = time.perf_counter()
    status, receipt = line.call("send", fields)
    waited = time.perf_counter() - begun
    if status != 201:
        raise Refused(f"send was answered with {status}")
    if chance.randrange(PRESSED_TWICE) == 0 and line.call("send", fields) != (200, receipt):
        raise Refused("a second press of Send did not give the first receipt")
    return Sent(receipt["reference"], receipt["code"], waited, letter="email" in fields)


def crowd(host: Host, people: int, seconds: float) -> list[Sent]:
    """What so many people sent in so many seconds; raises Refused, or what broke a connection."""
    until = time.monotonic() + seconds

    def person(chance: Random) -> list[Sent]:
        sent = []
        with closing(Line(host)) as line:
            while time.monotonic() < until:
                sent.append(send(line, chance))
        return sent

    with ThreadPoolExecutor(people) as pool:
        return [one for sent in pool.map(person, [Random() for _ in range(people)]) for one in sent]
