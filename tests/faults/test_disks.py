"""A disk that is full, read-only or damaged, and a backup: people are told, nothing is half kept, and all goes on."""

import contextlib
import json
import os
import re
import resource
import secrets
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.error
from contextlib import closing, contextmanager
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from heard import exchange, web
from heard.clock import stamp
from heard.host.serve import delivering
from heard.wiring import SettingWrong, one_machine
from heard.wording import Words
from tests.conftest import KEY, deliver_all, send_complaint, send_json
from tests.faults.killing import Host, Person, opens
from tests.host.serving import serving
from tests.host.test_serve import post

LONG = "Nobody came. 👋 " * 600  # more than the space that a file has left over
COMPLAINT = {"form": "complaint", "lang": "en", "voice": "young", "key": KEY, "what_happened": LONG}


def databases(services):
    return services.store.database.connection(), services.queue.database.connection()


@contextmanager
def no_room_for_a_byte(_):
    """Every file that would grow is told that it cannot."""
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))


@contextmanager
def no_room_for_a_page(services):
    """What SQLite itself says when a disk is full."""
    for connection in databases(services):
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    yield
    for connection in databases(services):
        connection.execute("PRAGMA max_page_count = 1000000")


@contextmanager
def read_only(services):
    for connection in databases(services):
        connection.execute("PRAGMA query_only = ON")
    yield
    for connection in databases(services):
        connection.execute("PRAGMA query_only = OFF")


def rows(services):
    [count] = services.store.database.connection().execute("SELECT count(*) FROM cases").fetchone()
    return count


@pytest.mark.parametrize("disk", [no_room_for_a_byte, no_room_for_a_page, read_only])
def test_what_the_disk_does_not_take_is_not_promised_and_goes_through_once_when_it_does(services, disk):
    form = exchange.Request(exchange.FORM, urlencode(COMPLAINT).encode())
    with disk(services):
        page = web.answer("send", form, services)
        told = send_json(services, "send", **COMPLAINT)
    assert told == (500, {"errors": {"body": "broken"}})
    assert page.status == 500
    assert Words("en", "young")("check.out_of_order") in page.body
    assert LONG in page.body
    assert f'name="key" value="{KEY}"' in page.body
    assert rows(services) == 0
    assert web.answer("send", form, services).status == 201
    assert send_json(services, "send", **COMPLAINT)[0] == 200
    deliver_all(services)
    assert [message["text"]["what_happened"] for message in services.inbox.peek(10)] == [LONG]


@pytest.mark.parametrize("disk", [no_room_for_a_byte, read_only])
def test_a_disk_that_takes_no_lease_lets_nothing_go_out_and_nothing_be_lost(services, disk):
    send_complaint(services)
    to_council, _ = delivering(services)
    with disk(services):
        to_council.sweep()
    assert services.inbox.peek(10) == []
    to_council.sweep()
    [message] = services.inbox.peek(10)
    assert (message["attempt"], message["possible_duplicate"]) == (1, False)
    assert services.store.waiting() == []


@pytest.mark.parametrize("disk", [no_room_for_a_byte, read_only])
def test_a_disk_that_fills_while_something_is_handed_over_makes_no_second_message(services, clock, disk):
    send_complaint(services)

    class Fills:
        def send(self, message):
            services.queue.send(message)
            failing.enter_context(disk(services))

    with contextlib.ExitStack() as failing:
        delivering(replace(services, queue=Fills()))[0].sweep()
    [waiting] = services.store.waiting()
    assert waiting.delivered_at is None
    clock.move(minutes=1)
    delivering(services)[0].sweep()
    assert services.store.waiting() == []
    assert len(services.inbox.peek(10)) == 1


@pytest.mark.parametrize("disk", [no_room_for_a_byte, read_only])
def test_a_council_that_cannot_write_takes_nothing_and_finds_it_later(services, disk):
    send_complaint(services)
    deliver_all(services)
    with disk(services), pytest.raises(sqlite3.OperationalError):
        services.inbox.receive(1, visibility_seconds=30)
    assert len(services.inbox.receive(1, visibility_seconds=30)) == 1


def test_a_host_whose_disk_was_full_goes_on_by_itself_once_there_is_room(tmp_path):
    with serving(tmp_path) as live:
        before = post(live.address, "send", COMPLAINT)
        wait_until_all_is_passed_on(live.services)
        with no_room_for_a_byte(live.services), pytest.raises(urllib.error.HTTPError) as refused:
            post(live.address, "send", {**COMPLAINT, "key": "f" * 32})
        assert json.load(refused.value) == {"errors": {"body": "broken"}}
        assert opens(live.address, before)
        after = post(live.address, "send", {**COMPLAINT, "key": "f" * 32})
        wait_until_all_is_passed_on(live.services)
        delivered = [message["reference"] for message in live.services.inbox.peek(10)]
    assert delivered == [before["reference"], after["reference"]]


def wait_until_all_is_passed_on(services):
    until = time.monotonic() + 10
    while services.store.waiting():
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.mark.parametrize("name", ["cases.sqlite", "queue.sqlite"])
@pytest.mark.parametrize("damage", [lambda _: b"Dear diary, " * 100, lambda content: content[: len(content) // 2]])
def test_a_damaged_file_stops_the_start_and_stays_as_it_is(tmp_path, name, damage):
    with closing(one_machine({"HEARD_DATA": str(tmp_path)})) as services:
        for number in range(20):
            send_complaint(services, key=f"{number:032x}", what_happened=LONG)
        deliver_all(services)
    damaged = damage((tmp_path / name).read_bytes())
    (tmp_path / name).write_bytes(damaged)
    command = [sys.executable, "-m", "heard", "serve"]
    settings = {"HEARD_DATA": str(tmp_path), "PORT": "0"}
    said = subprocess.run(command, env={**os.environ, **settings}, capture_output=True, text=True, timeout=10)
    assert said.returncode == 1
    assert re.fullmatch(f"heard: cannot use {tmp_path / name}: .*(not a database|malformed)\n", said.stderr)
    assert (tmp_path / name).read_bytes() == damaged


def test_cases_without_their_pepper_are_not_given_a_new_one(services, tmp_path):
    """Restored without it, no code would open its case, and the next receipts would come from another."""
    send_complaint(services)
    with pytest.raises(SettingWrong, match="no pepper: put it back"):
        one_machine({"HEARD_DATA": str(tmp_path / "data")})
    assert not (tmp_path / "data" / "pepper").exists()


def test_a_file_from_before_cases_could_leave_is_still_used(tmp_path):
    with closing(sqlite3.connect(tmp_path / "cases.sqlite")) as old:
        old.execute(
            "CREATE TABLE cases (id TEXT PRIMARY KEY, reference TEXT NOT NULL UNIQUE, code_hash TEXT NOT NULL UNIQUE,"
            " next_due TEXT, revision INTEGER NOT NULL, record TEXT NOT NULL)"
        )
    settings = {"HEARD_DATA": str(tmp_path), "HEARD_PEPPER": "aa" * 32}
    for _ in range(2):
        with closing(one_machine(settings)) as services:
            services.store.forget(stamp(services.clock()))
            receipt = send_complaint(services, key=secrets.token_hex(16))
            assert send_json(services, "follow", code=receipt["code"])[0] == 200


def back_up(data, safe, name):
    """What the handbook says: SQLite's own backup, while Heard goes on."""
    with closing(sqlite3.connect(data / name)) as working, closing(sqlite3.connect(safe / name)) as copy:
        working.backup(copy)


@pytest.fixture
def safe_place(tmp_path):
    (tmp_path / "safe").mkdir()
    return tmp_path / "safe"


def test_what_was_accepted_before_a_backup_is_there_after_the_folder_was_lost(tmp_path, clock, safe_place):
    data = tmp_path / "data"
    settings = {"HEARD_DATA": str(data)}
    with closing(one_machine(settings, clock)) as services:
        taken, queued = (send_complaint(services, key=str(number) * 32) for number in (1, 2))
        deliver_all(services)
        [first, _] = services.inbox.receive(2, visibility_seconds=30)
        services.inbox.delete(first.handle)
        waiting = send_complaint(services, key="3" * 32)
        back_up(data, safe_place, "cases.sqlite")
        deliver_all(services)
        back_up(data, safe_place, "queue.sqlite")
        shutil.copy(data / "pepper", safe_place)
        lost = send_complaint(services, key="4" * 32)
        deliver_all(services)
        clock.move(minutes=1)
        ids = [one.message["id"] for one in services.inbox.receive(10, visibility_seconds=30)]
    shutil.rmtree(data)
    shutil.copytree(safe_place, data)
    with closing(one_machine(settings, clock)) as services:
        deliver_all(services)
        again = services.inbox.receive(10, visibility_seconds=30)
        assert [one.message["reference"] for one in again] == [queued["reference"], waiting["reference"]]
        assert [one.message["id"] for one in again] == ids[:2]
        found = [send_json(services, "follow", code=receipt["code"]) for receipt in (taken, queued, waiting, lost)]
        assert [status for status, _ in found] == [200, 200, 200, 404]
        assert send_complaint(services, key="4" * 32) == lost


def test_a_backup_while_people_send_holds_every_case_that_was_accepted_before_it(tmp_path, safe_place):
    host = Host(tmp_path / "data")
    host.start_and_wait()
    people = [Person(host, seed) for seed in range(2)]
    for person in people:
        person.start()
    people[0].join(0.5)
    shown = [receipt for person in people for _, receipt in person.shown]
    for name in ("cases.sqlite", "queue.sqlite"):
        back_up(tmp_path / "data", safe_place, name)
    shutil.copy(tmp_path / "data" / "pepper", safe_place)
    for person in people:
        person.leaving.set()
        person.join()
    host.kill()
    shutil.rmtree(tmp_path / "data")
    shutil.copytree(safe_place, tmp_path / "data")
    host.start_and_wait()
    assert len(shown) > 2
    assert all(opens(host.address, receipt) for receipt in shown)
    host.kill()
