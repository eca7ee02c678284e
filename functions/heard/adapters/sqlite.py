"""Cases and the council's queue in SQLite files: durable on one machine, with nothing to install.

WAL with synchronous=FULL: a commit is on the disk before anybody is told that it happened.
"""

import json
import os
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from heard import log
from heard.case import Case
from heard.clock import moment, stamp
from heard.link import Link
from heard.message import read
from heard.ports import NotSent, StaleCase, Taken
from heard.reminders import remind_at

CASES = """
CREATE TABLE IF NOT EXISTS cases (
    id TEXT PRIMARY KEY,
    reference TEXT NOT NULL UNIQUE,
    code_hash TEXT NOT NULL UNIQUE,
    next_due TEXT,
    closed_since TEXT,
    remind_at TEXT,
    listed_for TEXT,
    revision INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS links (
    id TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    record TEXT NOT NULL
);
"""
LOOKED_UP = ("next_due", "closed_since", "remind_at", "listed_for")
"""Columns that repeat what follows from a case; each has an index of the cases for which it is something."""
OLD_INDEXES = ("cases_due", "cases_closed")
MESSAGES = """
CREATE TABLE IF NOT EXISTS messages (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    body TEXT,
    visible_at TEXT NOT NULL,
    handle TEXT
);
CREATE INDEX IF NOT EXISTS messages_waiting ON messages (sequence) WHERE body IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_taken ON messages (handle) WHERE handle IS NOT NULL;
"""


class Database:
    """One SQLite file; each thread has its own connection to it."""

    def __init__(self, path: Path, tables: str) -> None:
        self.path = path
        self.local = threading.local()
        self.turn = threading.RLock()
        self.opened: list[sqlite3.Connection] = []
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite's side files get the same permissions
        self.connection().executescript(tables)

    def connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self.local, "connection", None)
        if found is None:
            found = sqlite3.connect(self.path, timeout=30, isolation_level=None, check_same_thread=False)
            found.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;")
            self.local.connection = found
            self.opened.append(found)
        return found

    def close(self) -> None:
        """Closes every thread's connection; nobody may be using them any more."""
        while self.opened:
            self.opened.pop().close()

    def write(self, statement: str, values: tuple[str | int | None, ...]) -> sqlite3.Cursor:
        """One statement that changes something. Our own threads queue here: SQLite would have them sleep and retry."""
        with self.turn:
            return self.connection().execute(statement, values)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction that holds the write lock from its start, so that nothing changes in the middle."""
        connection = self.connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


class SqliteStore:
    """Keeps the promises of ports.Store in one file. `keep_days`: after the council closed a case; None keeps all."""

    def __init__(self, path: Path, keep_days: int | None = None) -> None:
        self.database = Database(path, CASES)
        self.keep_days = keep_days
        self._learn_columns()

    def accept(self, case: Case) -> Case:
        inserted = self.database.write(
            "INSERT INTO cases (id, reference, code_hash, next_due, remind_at, revision, record)"
            " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (case.id, case.reference, case.code_hash, case.next_due, remind_at(case), case.revision, _to_text(case)),
        )
        if inserted.rowcount:
            return case
        kept = self.with_id(case.id)
        if kept is None:
            raise StaleCase(case.id)
        return kept

    def replace(self, case: Case) -> Case:
        newer = replace(case, revision=case.revision + 1)
        changed = self.database.write(
            "UPDATE cases SET next_due = ?, closed_since = ?, remind_at = ?, listed_for = ?,"
            " revision = ?, record = ? WHERE id = ? AND revision = ?",
            (*_looked_up(newer), newer.revision, _to_text(newer), case.id, case.revision),
        )
        if not changed.rowcount:
            raise StaleCase(case.id)
        return newer

    def with_id(self, case_id: str) -> Case | None:
        return self._one("SELECT CAST(record AS BLOB) FROM cases WHERE id = ?", case_id)

    def with_reference(self, reference: str) -> Case | None:
        return self._one("SELECT CAST(record AS BLOB) FROM cases WHERE reference = ?", reference)

    def with_code_hash(self, code_hash: str) -> Case | None:
        return self._one("SELECT CAST(record AS BLOB) FROM cases WHERE code_hash = ?", code_hash)

    def due(self, now: str) -> Iterator[Case]:
        return self._readable("SELECT CAST(record AS BLOB) FROM cases WHERE next_due <= ? ORDER BY next_due", now)

    def to_remind(self, now: str) -> Iterator[Case]:
        return self._readable("SELECT CAST(record AS BLOB) FROM cases WHERE remind_at <= ? ORDER BY remind_at", now)

    def waiting(self) -> list[Case]:
        waiting = "SELECT CAST(record AS BLOB) FROM cases WHERE next_due IS NOT NULL ORDER BY next_due"
        return list(self._readable(waiting))

    def listed(self, provider: str) -> Iterator[Case]:
        return self._readable("SELECT CAST(record AS BLOB) FROM cases WHERE listed_for = ?", provider)

    def link(self, address_id: str) -> Link:
        query = "SELECT record FROM links WHERE id = ?"
        row = self.database.connection().execute(query, (address_id,)).fetchone()
        return Link.from_record(json.loads(row[0])) if row else Link(address_id)

    def keep_link(self, link: Link) -> None:
        newer = replace(link, revision=link.revision + 1)
        kept = self.database.write(
            "INSERT INTO links (id, revision, record) VALUES (?, ?, ?) ON CONFLICT (id) DO"
            " UPDATE SET revision = excluded.revision, record = excluded.record WHERE revision = ?",
            (link.address_id, newer.revision, json.dumps(newer.to_record()), link.revision),
        )
        if not kept.rowcount:
            raise StaleCase(link.address_id)

    def accepted_on(self, day: str, beginning: str = "") -> Iterator[Case]:
        """Looks at every case, for 100,000 about a second, once a night: that is less than one more index."""
        return self._readable(
            "SELECT CAST(record AS BLOB) FROM cases WHERE substr(id, 1, length(?)) = ? AND"
            " CASE WHEN json_valid(record) THEN substr(json_extract(record, '$.received_at'), 1, 10) END = ?",
            beginning, beginning, day,
        )  # fmt: skip

    def forget(self, now: str) -> int:
        if self.keep_days is None:
            return 0
        closed_by = stamp(moment(now) - timedelta(days=self.keep_days))
        return self.database.connection().execute("DELETE FROM cases WHERE closed_since <= ?", (closed_by,)).rowcount

    def _one(self, query: str, value: str) -> Case | None:
        row = self.database.connection().execute(query, (value,)).fetchone()
        return Case.from_record(json.loads(row[0])) if row else None

    def _readable(self, query: str, *values: str) -> Iterator[Case]:
        """Every case that can be read: one that cannot must not hold up the others.

        Records come as bytes: damaged text would otherwise end the whole reading.
        """
        for (record,) in self.database.connection().execute(query, values):
            try:
                case = Case.from_record(json.loads(record))
            except (KeyError, TypeError, ValueError) as unreadable:
                log.note("store", "unreadable", problem=type(unreadable).__name__)
                continue
            yield case

    def close(self) -> None:
        self.database.close()

    def _learn_columns(self) -> None:
        """For a file from an earlier version: what it can be looked up by is read from its cases, once."""
        with self.database.writing() as connection:
            known = {column for _, column, *_ in connection.execute("PRAGMA table_info(cases)")}
            for column in set(LOOKED_UP) - known:
                connection.execute(f"ALTER TABLE cases ADD COLUMN {column}")
            for index in OLD_INDEXES:
                connection.execute(f"DROP INDEX IF EXISTS {index}")
            for column in LOOKED_UP:
                connection.execute(
                    f"CREATE INDEX IF NOT EXISTS cases_{column} ON cases ({column}) WHERE {column} IS NOT NULL"
                )
            if known >= set(LOOKED_UP):
                return
            learn = "UPDATE cases SET next_due = ?, closed_since = ?, remind_at = ?, listed_for = ? WHERE id = ?"
            for case in list(self._readable("SELECT CAST(record AS BLOB) FROM cases")):
                connection.execute(learn, (*_looked_up(case), case.id))


def _looked_up(case: Case) -> tuple[str | None, ...]:
    return case.next_due, case.closed_since, remind_at(case), case.listed_for


def _to_text(case: Case) -> str:
    return json.dumps(case.to_record(), ensure_ascii=False)


class SqliteQueue:
    """The council's queue on one machine: ports.CouncilQueue for us, ports.CouncilInbox for the council.

    A deleted message loses its content and keeps its id, so that a late repeat is still recognised.
    """

    def __init__(self, path: Path, clock: Callable[[], datetime]) -> None:
        self.database = Database(path, MESSAGES)
        self.clock = clock

    def send(self, message: dict[str, Any]) -> None:
        try:
            self.database.write(
                "INSERT INTO messages (id, body, visible_at) VALUES (?, ?, ?) ON CONFLICT (id) DO NOTHING",
                (message["id"], json.dumps(message, ensure_ascii=False), stamp(self.clock())),
            )
        except sqlite3.OperationalError:
            raise NotSent("queue_not_writable") from None

    def peek(self, limit: int) -> list[dict[str, Any]]:
        rows = self.database.connection().execute(
            "SELECT body FROM messages WHERE body IS NOT NULL AND visible_at <= ? ORDER BY sequence LIMIT ?",
            (stamp(self.clock()), limit),
        )
        return [message for (body,) in rows if (message := read(body)) is not None]

    def receive(self, limit: int, visibility_seconds: int) -> list[Taken]:
        now = self.clock()
        hidden_until = stamp(now + timedelta(seconds=visibility_seconds))
        taken = []
        with self.database.writing() as connection:
            rows = connection.execute(
                "SELECT sequence, body FROM messages WHERE body IS NOT NULL AND visible_at <= ?"
                " ORDER BY sequence LIMIT ?",
                (stamp(now), limit),
            ).fetchall()
            for sequence, body in rows:
                handle = secrets.token_hex(16)
                connection.execute(
                    "UPDATE messages SET visible_at = ?, handle = ? WHERE sequence = ?",
                    (hidden_until, handle, sequence),
                )
                if (message := read(body)) is not None:
                    taken.append(Taken(message, handle))
        return taken

    def delete(self, handle: str) -> None:
        self.database.connection().execute("UPDATE messages SET body = NULL, handle = NULL WHERE handle = ?", (handle,))

    def close(self) -> None:
        self.database.close()
