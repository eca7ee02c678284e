"""Kills the host at random moments while people send, and counts what became of every receipt they were shown.

`python -m tests.faults.killing --times 100` prints the counts as a table and fails when a fault is among them.
"""

import argparse
import http.client
import os
import random
import re
import socketserver
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from urllib.error import HTTPError

from heard.adapters.sqlite import SqliteQueue
from heard.case import PARKED
from heard.ports import CouncilInbox
from heard.receipt import case_id_for
from heard.wiring import now_utc, one_machine
from tests.conftest import ROOT, deliver_all
from tests.host.test_serve import post
from tests.unit.test_mail import MailServer

PEOPLE = 4
PATIENCE = 60  # seconds that a person goes on pressing send for
KILLED_WHILE_STARTING = 0.2  # of all kills
LONGEST_LIFE = 0.6  # seconds from being ready to be killed
LONGEST_LEASE = timedelta(minutes=10)
LETTER_WANTED = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}


class Host:
    """`heard serve` over one data folder: started, killed, started again. `address`: where it was last ready."""

    def __init__(self, data: Path, **settings: str) -> None:
        self.settings = {"HEARD_DATA": str(data), "PORT": "0", "PYTHONUNBUFFERED": "1", **settings}
        self.log = data.parent / "log"
        self.address = "http://127.0.0.1:9"  # nobody is there
        self.seconds_to_start = 0.5

    def start(self) -> None:
        command = [sys.executable, "-m", "heard", "serve"]
        environment = {**os.environ, **self.settings}
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env=environment
            )

    def start_and_wait(self) -> None:
        started = time.monotonic()
        self.start()
        said = self.process.stdout.readline()
        if not said:
            raise RuntimeError(f"the host did not start: {self.log.read_text()[-500:]}")
        self.address = re.search(r"http://\S+:\d+", said)[0]
        self.seconds_to_start = time.monotonic() - started

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Person(threading.Thread):
    """Sends one complaint after the other, presses send again until it is answered, and sometimes twice at once."""

    def __init__(self, host: Host, seed: int) -> None:
        super().__init__(daemon=True)
        self.host, self.chance, self.leaving = host, random.Random(seed), threading.Event()
        self.sent: list[dict[str, str]] = []
        self.shown: list[tuple[str, dict[str, str]]] = []  # the key and the receipt
        self.refused: list[int] = []

    def run(self) -> None:
        while not self.leaving.is_set():
            complaint = self.complaint()
            self.sent.append(complaint)
            fingers = self.chance.choice([1, 1, 1, 2])
            with ThreadPoolExecutor(fingers) as pressing:
                list(pressing.map(self.press, [complaint] * fingers))

    def complaint(self) -> dict[str, str]:
        key = f"{self.chance.getrandbits(128):032x}"
        letter = LETTER_WANTED if self.chance.random() < 0.5 else {}
        return {"form": "complaint", "voice": "young", "key": key, "what_happened": "Nobody came. 👋", **letter}

    def press(self, complaint: dict[str, str]) -> None:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            try:
                self.shown.append((complaint["key"], post(self.host.address, "send", complaint)))
                return
            except HTTPError as refusal:
                self.refused.append(refusal.code)
                return
            except (OSError, http.client.HTTPException):  # killed in the middle, or not back yet
                time.sleep(0.02)


class CouncilSystem(threading.Thread):
    """Takes what it finds in the queue, all the while. `taken`: ids, as often as they came."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path, self.leaving = path, threading.Event()
        self.taken: list[str] = []

    def run(self) -> None:
        with closing(SqliteQueue(self.path, now_utc)) as queue:
            while not self.leaving.wait(0.1):
                self.take(queue)

    def take(self, queue: CouncilInbox) -> None:
        while found := queue.receive(100, visibility_seconds=30):
            for one in found:
                self.taken.append(one.message["id"])
                queue.delete(one.handle)


class Mail(socketserver.ThreadingTCPServer):
    """Says yes to every letter. `received`: the lines of all of them, also of one whose sender was killed halfway."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Senders are killed here all the time."""


@contextmanager
def mail_server() -> Iterator[Mail]:
    with Mail(("127.0.0.1", 0), MailServer) as server:
        server.refuses, server.received, server.hangs_up = {}, [], False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Tally:
    """How much happened, and of what must not happen, how often it did."""

    kills: int
    complaints: int
    letters: int
    receipts_shown: int
    lost: int  # shown, and never with the council
    twice: int  # with the council more than once, or two references for one key
    unfollowable: int  # shown, and the code does not open it
    not_kept: int  # cases that are missing, not whole, or too many
    letters_lost: int  # wanted, and neither sent nor in the outbox for people to see
    letters_twice: int
    refused: int  # answered with an error
    broken: int  # lines in the log that say so

    def faults(self) -> dict[str, int]:
        happened = ("kills", "complaints", "letters", "receipts_shown")
        return {name: count for name, count in asdict(self).items() if count and name not in happened}

    def as_table(self) -> str:
        names = [name.replace("_", " ") for name in asdict(self)]
        rows = (names, ["---:"] * len(names), map(str, asdict(self).values()))
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def kill_and_count(times: int, seed: int, data: Path) -> Tally:
    """Everything, over a new data folder: the load, the kills, a quiet end, the count."""
    with mail_server() as mail:
        host = Host(
            data, HEARD_SMTP_HOST="127.0.0.1", HEARD_SMTP_PORT=str(mail.server_address[1]), HEARD_SMTP_PLAIN="yes"
        )
        people = [Person(host, seed + number) for number in range(PEOPLE)]
        council = CouncilSystem(data / "queue.sqlite")
        for one in (*people, council):
            one.start()
        kill_at_random(host, times, random.Random(seed))
        for person in people:
            person.leaving.set()
        host.start_and_wait()
        for person in people:
            person.join()
        shown = [one for person in people for one in person.shown]
        unfollowable = sum(not opens(host.address, receipt) for _, receipt in shown)
        host.kill()
        council.leaving.set()
        council.join()
        parked = deliver_the_rest(host.settings, council)
        posted = Counter(re.findall(r"<([0-9a-f]{32})-acknowledgement@", "".join(mail.received)))
    sent = [complaint for person in people for complaint in person.sent]
    wanted = {case_id_for(complaint["key"]) for complaint in sent if "email" in complaint}
    taken = Counter(council.taken)
    shown_ids = {case_id_for(key) for key, _ in shown}
    return Tally(
        kills=times,
        complaints=len(sent),
        letters=posted.total(),
        receipts_shown=len(shown),
        lost=len(shown_ids - set(taken)),
        twice=sum(count > 1 for count in taken.values()) + len(set(map(str, shown))) - len(shown_ids),
        unfollowable=unfollowable,
        not_kept=abs(whole_cases(data) - len(sent)),
        letters_lost=len(wanted - set(posted) - parked),
        letters_twice=sum(count > 1 for count in posted.values()),
        refused=sum(len(person.refused) for person in people),
        broken=host.log.read_text().count('"broken"'),
    )


def kill_at_random(host: Host, times: int, chance: random.Random) -> None:
    for _ in range(times):
        if chance.random() < KILLED_WHILE_STARTING:
            host.start()
            time.sleep(chance.uniform(0, host.seconds_to_start))
        else:
            host.start_and_wait()
            time.sleep(chance.uniform(0, LONGEST_LIFE))
        host.kill()


def opens(address: str, receipt: dict[str, str]) -> bool:
    try:
        return post(address, "follow", {"code": receipt["code"]})["reference"] == receipt["reference"]
    except HTTPError:
        return False


def deliver_the_rest(settings: dict[str, str], council: CouncilSystem) -> set[str]:
    """What happens once the leases of all the killed are over. Gives the cases whose letter stays for people to see."""
    later = now_utc() + LONGEST_LEASE
    with closing(one_machine(settings, lambda: later)) as services:
        while deliver_all(services):
            pass
        council.take(services.inbox)
        return {case.id for case in services.store.waiting() if case.next_due == PARKED}


def whole_cases(data: Path) -> int:
    """How many cases there are that the council has; none at all when the file is damaged."""
    with closing(sqlite3.connect(data / "cases.sqlite")) as cases:
        if cases.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return 0
        return cases.execute("SELECT count(*) FROM cases WHERE record ->> 'delivered_at' IS NOT NULL").fetchone()[0]


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--times", type=int, default=100, help="how often the host is killed")
    asked.add_argument("--seed", type=int, default=random.randrange(1_000_000), help="to choose the same moments again")
    chosen = asked.parse_args()
    print(f"Seed {chosen.seed}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        tally = kill_and_count(chosen.times, chosen.seed, Path(folder) / "data")
    print(tally.as_table())
    return 1 if tally.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
