"""A reference consumer, to run or to copy: takes the council's messages from its queue and keeps each one once.

Standard library, and two shapes from `heard.ports`. Your own system may stand in the place of `Folder`: whatever says
yes to `keep` only once the message is safe, and knows its id from then on, however late the message comes again.
The replies to updates that were refused stand in a queue of their own and are taken in the same way.
"""

import contextlib
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from heard.ports import CouncilInbox, Taken

BATCH = 10
VISIBILITY_SECONDS = 120  # longer than keeping a whole batch takes
EVENTS = (
    "contact_failed", "told_more", "next_stage_asked", "help_asked", "contact_changed", "withdrawn", "carried_on",
    "closing_answered", "advocate_named", "advocate_removed", "due_soon", "overdue",
)  # fmt: skip
MOST_IN_A_REPORT = 2000  # about 210 KB: SQS takes 256
KEPT, KNOWN, LEFT = "kept", "known", "left"

Message = dict[str, Any]


class Outcome(NamedTuple):
    """What became of one message: `kept`, `known` or `left` in the queue, and then the kind of the problem."""

    id: str | None
    outcome: str
    problem: str | None = None


class Place(Protocol):
    """Where messages are kept."""

    def keep(self, message: Message) -> bool:
        """Keeps a message so that nothing can lose it any more. False when its id was known: nothing is changed."""


def consume(inbox: CouncilInbox, place: Place) -> Iterator[Outcome]:
    """Takes one batch. A message leaves the queue once it is kept; one that cannot be kept holds up no other."""
    for taken in inbox.receive(BATCH, VISIBILITY_SECONDS):
        yield _take(taken, inbox, place)


def _take(taken: Taken, inbox: CouncilInbox, place: Place) -> Outcome:
    message_id = id_of(taken.message)
    if message_id is None:
        return Outcome(None, LEFT, "no_id")
    try:
        is_new = place.keep(taken.message)
        inbox.delete(taken.handle)
    except Exception as problem:  # whatever is wrong with this one, the next must still be taken
        return Outcome(message_id, LEFT, type(problem).__name__)
    return Outcome(message_id, KEPT if is_new else KNOWN)


def id_of(message: Any) -> str | None:
    """The id, when it is one. It names a file, so nothing else may pass."""
    found = message.get("id") if isinstance(message, dict) else None
    return found if _fits(r"[0-9a-f]{32}", found) else None


def is_understood(message: Message) -> bool:
    """False for what a later Heard may send: it is kept, and no case is made of it."""
    if message.get("version") != 1:
        return False
    is_event = message.get("type") == "event" and message.get("event") in EVENTS
    return is_event or message.get("type") in ("submission", "update_refused")


def _fits(pattern: str, found: object) -> bool:
    return isinstance(found, str) and re.fullmatch(pattern, found) is not None


class Folder:
    """A file of JSON for each message, named by its id, for your own system to take away.

    What is not understood goes into `passed_over`. `known.sqlite` remembers ids, days and digests, and no content.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.passed_over = path / "passed_over"
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.passed_over.mkdir(exist_ok=True, mode=0o700)
        known = path / "known.sqlite"
        os.close(os.open(known, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's journal gets the same permissions
        self.known = sqlite3.connect(known, timeout=30, isolation_level=None)
        self.known.executescript(
            "PRAGMA synchronous=EXTRA;"  # what is known stays known when the power goes
            "CREATE TABLE IF NOT EXISTS known (id TEXT PRIMARY KEY, day TEXT, digest TEXT);"
            "CREATE INDEX IF NOT EXISTS known_by_day ON known (day);"
        )

    def keep(self, message: Message) -> bool:
        """Written whole, then known, then given its name: after a crash anywhere, the repeat finishes what is left."""
        name = str(id_of(message))
        folder = self.path if is_understood(message) else self.passed_over
        unfinished = folder / f"{name}.part"
        with self.known:
            self.known.execute("BEGIN IMMEDIATE")  # two consumers take turns
            is_new = not self.known.execute("SELECT 1 FROM known WHERE id = ?", (name,)).fetchone()
            if is_new:
                _write(unfinished, message)
                self.known.execute("INSERT INTO known VALUES (?, ?, ?)", (name, *_day_and_digest(message)))
        with contextlib.suppress(FileNotFoundError):  # it has its name, or was taken away long ago
            os.replace(unfinished, folder / f"{name}.json")  # noqa: PTH105 - there whole or not at all
            _to_disk(folder)
        return is_new

    def received(self, day: str) -> dict[str, str]:
        """The digests of the submissions that were accepted on a day (ISO, in UTC), by id."""
        return dict(self.known.execute("SELECT id, digest FROM known WHERE day = ? ORDER BY id", (day,)).fetchall())

    def close(self) -> None:
        self.known.close()


def _write(path: Path, message: Message) -> None:
    content = json.dumps(message, ensure_ascii=False, indent=2).encode()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _to_disk(path.parent)


def _to_disk(folder: Path) -> None:
    """The names in a folder are written on their own."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _day_and_digest(message: Message) -> tuple[str | None, str | None]:
    """What the nightly report says of a submission; nothing of anything else."""
    digest, day = message.get("answers_sha256"), str(message.get("received_at"))[:10]
    fits = _fits(r"[0-9a-f]{64}", digest) and _fits(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day)
    return (day, digest) if fits and message.get("type") == "submission" else (None, None)


def reports(received: dict[str, str], about: Message, beginning: str = "") -> Iterator[Message]:
    """What was received of one day as messages for Heard: one, or as many as it takes, each for some of the ids.

    `about`: the `day`, and when this was written down (`at`).
    """
    if len(received) <= MOST_IN_A_REPORT:
        yield {"type": "received", **about, "beginning": beginning, "messages": received}
        return
    for digit in "0123456789abcdef":
        longer = beginning + digit
        mine = {known: digest for known, digest in received.items() if known.startswith(longer)}
        yield from reports(mine, about, longer)
