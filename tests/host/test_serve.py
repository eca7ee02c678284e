"""The host as a process: it says where things are, and writes down nothing that was typed."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request

import pytest

from heard.host.serve import serve
from heard.wiring import SettingWrong
from tests.conftest import SITE


def start(data, log=subprocess.DEVNULL, **settings):
    environment = {**os.environ, "HEARD_DATA": str(data), "PORT": "0", "PYTHONUNBUFFERED": "1", **settings}
    command = [sys.executable, "-m", "heard", "serve"]
    host = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
    said = [host.stdout.readline() for _ in range(4)]
    return host, re.search(r"http://\S+:\d+", said[0])[0], said


def run_council(data, *arguments, **settings):
    """What `heard council ...` prints over the same data."""
    command = [sys.executable, "-m", "heard", "council", *arguments]
    environment = {**os.environ, "HEARD_DATA": str(data), **settings}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def stop(host, by=signal.SIGTERM):
    host.send_signal(by)
    host.communicate(timeout=10)


def post(address, step, fields):
    request = urllib.request.Request(f"{address}/api/{step}", json.dumps(fields).encode())  # noqa: S310
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return json.load(answer)


def test_serving_says_where_the_site_the_queue_and_the_letters_are(tmp_path):
    host, address, said = start(tmp_path)
    with urllib.request.urlopen(f"{address}/en/", timeout=5) as answer:  # noqa: S310
        assert b"Tell us" in answer.read() or answer.headers["Content-Encoding"] == "gzip"
    stop(host)
    assert str(tmp_path) in said[1]
    assert str(tmp_path / "letters") in said[2]
    assert "council inbox" in said[3]


def test_a_canary_in_every_request_is_in_nothing_the_process_writes(tmp_path):
    """Good requests and bad ones, over the wire: the log has a line for each and the canary in none."""
    with (tmp_path / "log").open("w+") as log:
        host, address, said = start(tmp_path / "data", log)
        for body, kind in [
            (
                b'{"form":"complaint","key":"%s","what_happened":"CANARY","name":"CANARY"}' % (b"a" * 32),
                "application/json",
            ),
            (b'{"form":"CANARY","CANARY":"CANARY"}', "application/json"),
            (b"what_happened=CANARY&form=complaint&email=CANARY&contact=email", "application/x-www-form-urlencoded"),
            (b"what_happened=CANARY%ff", "application/x-www-form-urlencoded"),
            (b"CANARY", "text/CANARY"),
            (b"CANARY" * 100_000, "application/json"),
        ]:
            for step in ("check", "send", "follow", "say", "receipt", "CANARY"):
                request = urllib.request.Request(f"{address}/api/{step}", body, {"Content-Type": kind})  # noqa: S310
                with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                    assert "CANARY" not in str(answer.headers)
        stop(host)
        log.seek(0)
        lines = log.read()
    assert lines.count('"step"') >= 20
    assert "CANARY" not in lines + "".join(said)


def test_serving_stops_cleanly_when_interrupted(tmp_path):
    said, before = [], set(threading.enumerate())

    def interrupted(line):
        said.append(line)
        if len(said) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        serve(SITE, {"HEARD_DATA": str(tmp_path), "PORT": "0", "HEARD_SMTP_HOST": "mail.example"}, interrupted)
    assert said[2] == "Letters go by SMTP"
    assert not [thread for thread in set(threading.enumerate()) - before if thread.name.startswith("deliver")]


def test_serving_without_a_site_says_what_to_do(tmp_path):
    with pytest.raises(SettingWrong, match="heard build"):
        serve(tmp_path, {})


@pytest.mark.parametrize("wrong", [{"PORT": "eighty"}, {"PORT": "99999999"}, {"HOST": "256.0.0.1"}])
def test_an_address_that_cannot_be_served_on_is_explained(tmp_path, wrong):
    with pytest.raises(SettingWrong, match="cannot listen"):
        serve(SITE, {"HEARD_DATA": str(tmp_path), "PORT": "0", **wrong})
