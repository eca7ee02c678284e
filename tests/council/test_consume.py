"""The reference consumer keeps each message once: through repeats, redrives, crashes at any point and poison."""

import itertools
import json
import os
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from hashlib import sha256

import boto3
import pytest

from heard.adapters.sqlite import SqliteQueue
from heard.adapters.sqs import SqsQueue
from heard.cli import main
from heard.council import consume as consuming
from heard.council.consume import KEPT, KNOWN, LEFT, Folder, Outcome, consume, reports
from heard.council.verify import examples
from heard.reconcile import ReceivedSchema
from heard.reply import Refused, refusal
from tests.conftest import deliver_all, send_complaint
from tests.contracts.conftest import aws, queue, sqs_queue  # noqa: F401 - fixtures

A, B = "a" * 32, "b" * 32


def a_message(message_id=A, **changes):
    return examples()["arabic"] | {"id": message_id} | changes


@pytest.fixture
def folder(tmp_path):
    with closing(Folder(tmp_path / "taken")) as folder:
        yield folder


def files(folder):
    return {path.name for path in folder.path.rglob("*") if path.is_file() and "known" not in path.name}


def test_each_message_becomes_one_file_that_holds_it_whole(queue, folder):  # noqa: F811
    for message in examples().values():
        queue.send(message)
    outcomes = [outcome for _ in examples() for outcome in consume(queue, folder)]
    assert {outcome.outcome for outcome in outcomes} == {KEPT}
    kept = [json.loads((folder.path / f"{outcome.id}.json").read_text("utf-8")) for outcome in outcomes]
    assert sorted(kept, key=str) == sorted(examples().values(), key=str)
    assert list(consume(queue, folder)) == []
    assert queue.peek(10) == []


def test_only_its_own_user_can_read_what_is_kept(tmp_path):
    before = os.umask(0)
    with closing(Folder(tmp_path / "taken")) as folder:
        folder.keep(a_message())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [folder.path, *folder.path.rglob("*")]}
    os.umask(before)
    assert {modes.pop("taken"), modes.pop("passed_over")} == {0o700}
    assert set(modes.values()) == {0o600}


def test_a_repeat_is_known_long_after_the_file_was_taken_away(tmp_path):
    with closing(Folder(tmp_path / "taken")) as folder:
        assert folder.keep(a_message())
    (tmp_path / "taken" / f"{A}.json").unlink()
    with closing(Folder(tmp_path / "taken")) as folder:
        assert not folder.keep(a_message(attempt=9, possible_duplicate=True))
        assert files(folder) == set()


def test_what_is_remembered_holds_nothing_that_was_written(folder):
    folder.keep(a_message())
    assert "هذا مثال".encode() not in (folder.path / "known.sqlite").read_bytes()


def test_a_redrive_that_sqs_does_not_recognise_is_recognised(aws, folder):  # noqa: F811
    queue = sqs_queue()  # noqa: F811
    queue.send(a_message())
    assert list(consume(queue, folder)) == [Outcome(A, KEPT)]
    queue.send_copy(a_message())
    assert list(consume(queue, folder)) == [Outcome(A, KNOWN)]
    assert queue.peek(10) == []


POISON = [
    "not json",
    "[" * 100_000,
    "[]",
    "{}",
    '{"id": 1}',
    json.dumps({"id": "../../" + "a" * 26}),
    json.dumps({"id": A + "\n"}),
    json.dumps({"id": A.upper()}),
    json.dumps({"id": A, "text": "\ud800"}),
]


def put(queue, body):  # noqa: F811
    """Behind the adapter's back."""
    if isinstance(queue, SqsQueue):
        queue.client.send_message(
            QueueUrl=queue.url, MessageBody=body, MessageGroupId=str(hash(body)), MessageDeduplicationId=str(hash(body))
        )
    else:
        values = (str(hash(body)), body, "2026-01-01")
        queue.database.connection().execute("INSERT INTO messages (id, body, visible_at) VALUES (?, ?, ?)", values)


@pytest.mark.parametrize("poison", POISON, ids=range(len(POISON)))
def test_a_message_that_cannot_be_kept_stays_in_the_queue_and_holds_up_no_other(queue, folder, poison):  # noqa: F811
    put(queue, poison)
    queue.send(a_message(B))
    outcomes = list(consume(queue, folder))
    assert outcomes[-1] == Outcome(B, KEPT)
    assert {outcome.outcome for outcome in outcomes[:-1]} <= {LEFT}
    assert {name for name in files(folder) if name.endswith(".json")} == {f"{B}.json"}
    remaining = queue.client if isinstance(queue, SqsQueue) else None
    if remaining:
        asked = {"QueueUrl": queue.url, "AttributeNames": ["ApproximateNumberOfMessagesNotVisible"]}
        assert remaining.get_queue_attributes(**asked)["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "1"}
    else:
        assert queue.database.connection().execute("SELECT count(body) FROM messages").fetchone() == (1,)


def test_a_disk_that_fails_loses_nothing(services, clock, folder):
    services.queue.send(a_message())
    in_the_way = folder.path / f"{A}.part"
    in_the_way.mkdir()
    assert list(consume(services.inbox, folder)) == [Outcome(A, LEFT, "IsADirectoryError")]
    in_the_way.rmdir()
    clock.move(minutes=3)
    assert list(consume(services.inbox, folder)) == [Outcome(A, KEPT)]


class Crash(BaseException):
    """The process is gone. No `except Exception` may see it."""


def crashing_at(point):
    """Counts the calls out of the consumer and out of `delete`, each before and after, and ends it at one of them."""
    passed = 0

    def watch(frame, event, _):
        nonlocal passed
        ours = frame.f_code.co_filename == consuming.__file__ or frame.f_code.co_name == "delete"
        if ours and event in ("c_call", "c_return"):
            passed += 1
            if passed == point:
                raise Crash

    return watch


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a crash closes no file
def test_after_a_crash_at_any_point_the_message_is_there_once(tmp_path, clock):
    for point in itertools.count(1):
        path = tmp_path / str(point)
        with closing(SqliteQueue(path / "queue.sqlite", clock)) as queue:  # noqa: F811
            queue.send(a_message())
            crashed = False
            with closing(Folder(path)) as folder:
                sys.setprofile(crashing_at(point))
                try:
                    list(consume(queue, folder))
                except Crash:
                    crashed = True
                finally:
                    sys.setprofile(None)
            clock.move(minutes=3)
            with closing(Folder(path)) as folder:
                list(consume(queue, folder))
                assert [found.name for found in path.glob("*.json")] == [f"{A}.json"], point
                assert list(path.rglob("*.part")) == [], point
                assert json.loads((path / f"{A}.json").read_text("utf-8")) == a_message()
            clock.move(minutes=3)
            assert queue.peek(10) == [], point
        if not crashed:
            break
    assert point > 30  # it has been everywhere


def test_a_file_that_was_taken_away_does_not_come_back_after_a_crash(services, clock, folder):
    """The crash came between keeping and deleting, and the council's own system was quick."""
    services.queue.send(a_message())
    folder.keep(a_message())
    (folder.path / f"{A}.json").unlink()
    assert list(consume(services.inbox, folder)) == [Outcome(A, KNOWN)]
    assert files(folder) == set()


def test_two_consumers_at_once_keep_each_message_once(tmp_path):
    ids = [f"{number:032x}" for number in range(20)]
    kept = []

    def keep_all():
        with closing(Folder(tmp_path / "taken")) as folder:
            kept.extend(known for known in ids if folder.keep(a_message(known)))

    threads = [threading.Thread(target=keep_all) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == ids
    assert sorted(path.stem for path in (tmp_path / "taken").glob("*.json")) == ids


@pytest.mark.parametrize(
    "unheard_of",
    [{"type": "added_later"}, {"type": "event", "event": "added_later"}, {"version": 2}, {"type": ["submission"]}],
)
def test_what_a_later_heard_sends_is_kept_apart(folder, unheard_of):
    assert folder.keep(a_message() | unheard_of)
    assert files(folder) == {f"{A}.json"}
    assert (folder.path / "passed_over" / f"{A}.json").exists()


def test_fields_that_are_not_known_are_no_reason_to_pass_over(folder):
    folder.keep(a_message(added_later=1))
    assert json.loads((folder.path / f"{A}.json").read_text("utf-8"))["added_later"] == 1


def test_what_was_received_on_a_day_is_reported_with_digests_and_without_events(folder):
    for message in examples().values():
        folder.keep(message)
    folder.keep(a_message(B, received_at="2026-11-21T00:00:00.000Z"))
    submissions = [message for message in examples().values() if message["type"] == "submission"]
    assert folder.received("2026-11-20") == {m["id"]: m["answers_sha256"] for m in submissions}
    assert list(folder.received("2026-11-21")) == [B]


@pytest.mark.parametrize("damage", [{"answers_sha256": "x"}, {"answers_sha256": 1}, {"received_at": None}])
def test_a_message_that_is_damaged_does_not_spoil_the_report(folder, damage):
    folder.keep(a_message(B))
    folder.keep(a_message(A, **damage))
    assert list(folder.received("2026-11-20")) == [B]


@pytest.mark.parametrize("count", [0, 2000, 2001, 40_000])
def test_each_report_fits_a_message_of_sqs_and_together_they_hold_the_day(count):
    received = {sha256(str(number).encode()).hexdigest()[:32]: "d" * 64 for number in range(count)}
    made = list(reports(received, {"day": "2026-11-20"}))
    assert max(len(json.dumps(report)) for report in made) <= 256 * 1024
    assert (len(made) == 1) == (count <= 2000)
    together = {}
    for report in made:
        ReceivedSchema().load(report)
        assert not together.keys() & report["messages"].keys()
        together |= report["messages"]
    assert together == received


@pytest.fixture
def machine(services, monkeypatch, tmp_path):
    """The command works on the same data folder as `services`."""
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "data"))
    return services


def test_the_command_empties_the_queue_and_says_what_it_took_by_id_alone(machine, tmp_path, capsys):
    for number in range(12):
        machine.queue.send(a_message(f"{number:032x}", reference="\x1b[31mred", text={"name": "CANARY"}))
    arguments = ["council", "consume", "--once", "--folder", str(tmp_path / "taken")]
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert not any(typed in printed.out + printed.err for typed in ("\x1b", "CANARY"))
    lines = printed.out.split("\n")[:-1]
    taken = {path.stem for path in (tmp_path / "taken").glob("*.json")}
    assert {line.split()[0] for line in lines} == taken
    assert {line.split()[1] for line in lines} == {KEPT}
    assert len(taken) == 12
    assert main(arguments) == 0
    assert capsys.readouterr().out == ""


def test_the_command_says_when_something_was_left_in_the_queue(machine, tmp_path, capsys):
    put(machine.queue, '{"id": "not one"}')
    assert main(["council", "consume", "--once", "--folder", str(tmp_path / "taken")]) == 1
    assert capsys.readouterr().out == "no id left no_id\n"


def test_the_command_keeps_on_and_goes_on_after_a_kill(machine, tmp_path):
    command = [sys.executable, "-m", "heard", "council", "consume", "--folder", str(tmp_path / "taken")]
    for number in range(3):
        receipt = send_complaint(machine, key=f"{number:032x}")
        deliver_all(machine)
        running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        name = f"{machine.store.with_reference(receipt['reference']).id}.json"
        until = time.monotonic() + 20
        while not (tmp_path / "taken" / name).exists() and time.monotonic() < until:
            time.sleep(0.02)
        running.kill()
        assert running.communicate()[1] == b""
    assert len(list((tmp_path / "taken").glob("*.json"))) == 3


def test_the_council_s_own_machine_needs_no_data_folder(aws, monkeypatch, tmp_path, capsys):  # noqa: F811
    queue = sqs_queue()  # noqa: F811
    queue.send(a_message())
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("HEARD_QUEUE", "sqs")
    monkeypatch.setenv("HEARD_COUNCIL_QUEUE_URL", queue.url)
    assert main(["council", "consume", "--once", "--folder", str(tmp_path / "taken")]) == 0
    assert capsys.readouterr().out.split() == [A, KEPT]
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


def test_the_replies_to_what_was_refused_are_taken_in_the_same_way(aws, monkeypatch, tmp_path, capsys):  # noqa: F811
    client = boto3.client("sqs")
    replies = SqsQueue(client, client.create_queue(QueueName="replies")["QueueUrl"])
    reply = refusal("{}", {}, Refused("", {"reference": ["Missing data for required field."]}))
    for _ in range(2):  # the update came again before its reply was known to be sent
        replies.send(reply)
    monkeypatch.setenv("HEARD_QUEUE", "sqs")
    monkeypatch.setenv("HEARD_COUNCIL_QUEUE_URL", replies.url)
    assert main(["council", "consume", "--once", "--folder", str(tmp_path / "replies")]) == 0
    assert capsys.readouterr().out.split() == [reply["id"], KEPT, reply["id"], KNOWN]
    assert json.loads((tmp_path / "replies" / f"{reply['id']}.json").read_text("utf-8")) == reply


@pytest.mark.parametrize("action", ["consume", "received"])
def test_the_wrong_folder_does_not_look_like_no_messages(monkeypatch, tmp_path, capsys, action):
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "elsewhere"))
    assert main(["council", action, "--folder", str(tmp_path / "nowhere")]) == 1
    assert "heard: " in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_queue_that_cannot_be_read_is_said_and_asked_again(tmp_path, monkeypatch, capsys):
    asked = []

    class Blinks:
        def receive(self, *_):
            asked.append(1)
            if len(asked) == 1:
                raise OSError("somewhere")
            raise KeyboardInterrupt

        def close(self):
            pass

    monkeypatch.setattr("heard.council.commands.council_end", Blinks)
    monkeypatch.setattr("heard.council.commands.time.sleep", lambda _: None)
    assert main(["council", "consume", "--folder", str(tmp_path)]) == 1
    assert len(asked) == 2
    assert "cannot be read: OSError" in capsys.readouterr().err


def test_a_report_of_a_folder_that_nothing_was_consumed_into_is_refused(tmp_path, capsys):
    assert main(["council", "received", "--folder", str(tmp_path)]) == 1
    assert "nothing was consumed" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
