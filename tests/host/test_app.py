"""The one-machine host: files, headers, caching, and errors that are no dead end."""

import gzip
import json
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from functools import partial

import pytest

from heard import exchange, headers
from heard.host.app import create_app
from heard.host.serve import delivering
from tests.conftest import KEY, SITE, send_complaint


@pytest.fixture
def bell():
    return threading.Event()


@pytest.fixture
def browser(services, bell):
    client = create_app(services, SITE, [bell]).test_client()
    client.get = partial(client.get, buffered=True)
    return client


def test_a_page_is_served_compressed_and_fresh(browser):
    answer = browser.get("/en/young/complaint/", headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.content_type == "text/html; charset=utf-8"
    assert gzip.decompress(answer.data) == browser.get("/en/young/complaint/").data


def test_an_unchanged_page_is_not_sent_again(browser):
    tag = browser.get("/en/").headers["ETag"]
    assert browser.get("/en/", headers={"If-None-Match": tag}).status_code == 304


def test_assets_with_a_fingerprint_may_be_kept_for_a_year(browser):
    assert "immutable" in browser.get("/assets/heard.css?v=1").headers["Cache-Control"]
    assert browser.get("/assets/heard.css").headers["Cache-Control"] == "no-cache"


def test_a_folder_is_served_under_its_own_address(browser):
    answer = browser.get("/en/young")
    assert (answer.status_code, answer.headers["Location"]) == (308, "/en/young/")


@pytest.mark.parametrize("path", ["/en/nowhere/", "/../pyproject.toml", "/en/%2e%2e/%2e%2e/mkdocs.yml", "/api/nothing"])
def test_what_is_not_there_is_a_kind_404(browser, path):
    answer = browser.get(path)
    assert answer.status_code == 404
    assert "0808 157 0192" in answer.text


def test_a_page_that_is_not_there_answers_in_the_voice_of_its_address(browser):
    assert 'class="voice-young"' in browser.get("/en/young/nowhere/").text
    assert 'class="voice-easy"' in browser.get("/en/easy-read/nowhere/").text


@pytest.mark.parametrize("path", ["/", "/en/", "/en/nowhere/", "/api/health", "/api/send", "/openapi.json"])
def test_every_answer_carries_the_security_headers(browser, path):
    answer = browser.get(path)
    for name, value in headers.EVERYWHERE.items():
        assert answer.headers[name] == value
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "Set-Cookie" not in answer.headers


def test_nothing_under_api_may_be_kept_by_a_browser(browser):
    for answer in (
        browser.get("/api/health"),
        browser.post("/api/check", data={"form": "complaint"}),
        browser.post("/api/send"),
    ):
        assert answer.headers["Cache-Control"] == "no-store"


def test_health_says_that_the_store_answers(browser):
    assert browser.get("/api/health").json == {"status": "ok"}


def test_a_redirect_keeps_where_a_code_was_scanned(browser):
    assert browser.get("/y?p=kr7").headers["Location"] == "/y/?p=kr7"


def test_an_address_longer_than_any_file_name_is_not_found(browser):
    assert browser.get("/" + "a" * 5000).status_code == 404


def test_the_link_in_an_email_opens_a_page_that_no_browser_keeps(browser):
    answer = browser.get(f"/api/sign-in?token={'0' * 32}-{'0' * 32}&lang=en")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert browser.head(f"/api/sign-in?token={'0' * 32}-{'0' * 32}").status_code == 200
    assert browser.get("/api/sign-in").status_code == browser.get("/api/sign-in?token=%FF%00").status_code == 404
    assert browser.put("/api/sign-in").headers["Allow"] == "GET, HEAD, POST"


def test_an_advocacy_service_asks_for_a_link_by_a_form_and_gets_the_same_page_whoever_asks(browser, services):
    pages = {browser.post("/api/sign-in", data={"email": to}).data for to in ("duty@speakup.example", "a@b.example")}
    assert len(pages) == 1


@pytest.mark.parametrize("step", ["follow", "say"])
def test_a_code_by_get_is_refused_so_that_none_is_in_an_address(browser, step):
    answer = browser.get(f"/api/{step}?code=one")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_a_body_beyond_the_cap_is_refused_before_it_is_read(browser):
    answer = browser.post("/api/send", data=b"a" * (exchange.MAX_BYTES + 1), content_type="application/json")
    assert (answer.status_code, answer.json) == (413, {"errors": {"body": "too_big"}})
    answer = browser.post("/api/send", data={"a": "a" * exchange.MAX_BYTES})
    assert answer.status_code == 413
    assert "0808 157 0192" in answer.text


def test_an_accepted_submission_rings_for_delivery_and_a_repeat_does_not(browser, bell):
    fields = {"form": "comment", "key": KEY, "what_you_want_to_say": "x"}
    assert browser.post("/api/send", json=fields).status_code == 201
    assert bell.is_set()
    bell.clear()
    assert browser.post("/api/send", json=fields).status_code == 200
    assert not bell.is_set()


def test_what_breaks_outside_the_steps_is_said_kindly_too(services):
    class Broken:
        def with_id(self, _):
            raise OSError("CANARY")

    answer = create_app(replace(services, store=Broken()), SITE).test_client().get("/api/health")
    assert answer.status_code == 500
    assert "CANARY" not in answer.text
    assert "0808 157 0192" in answer.text


def test_the_worker_delivers_when_rung_and_survives_a_store_that_fails(services):
    class FailsOnce:
        def __init__(self, behind):
            self.behind, self.failed = behind, False

        def due(self, now):
            if not self.failed:
                self.failed = True
                raise OSError
            return self.behind.due(now)

        def __getattr__(self, name):
            return getattr(self.behind, name)

    send_complaint(services)
    worker, _ = delivering(replace(services, store=FailsOnce(services.store)))
    worker.sweep()
    assert services.inbox.peek(10) == []
    worker.start()
    worker.bell.set()
    for _ in range(100):
        if services.inbox.peek(10):
            break
        worker.join(0.05)
    worker.stop()
    assert len(services.inbox.peek(10)) == 1


def test_the_letter_goes_out_at_once_beside_the_message_to_the_council(live):
    wanted = {"contact": "email", "email": "a@b.example", "contact_is_safe": "yes", "acknowledge": "yes"}
    for number in range(5):
        fields = {"form": "comment", "key": f"{number:032x}", "what_you_want_to_say": "x", **wanted}
        request = urllib.request.Request(f"{live.address}/api/send", json.dumps(fields).encode())  # noqa: S310
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            assert answer.status == 201
    deadline = time.monotonic() + 3  # well before the next sweep
    while live.services.store.waiting() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert live.services.store.waiting() == []


def test_importing_the_verbs_loads_neither_the_host_nor_what_builds_the_site():
    program = "import sys, heard.receive, heard.deliver, heard.follow, heard.update; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert not {"flask", "waitress", "mkdocs", "yaml", "babel", "jinja2", "segno"} & set(loaded)


def test_the_description_for_programs_names_every_call(browser):
    described = json.loads(browser.get("/openapi.json").data)
    assert set(described["paths"]) == {
        "/api/check",
        "/api/send",
        "/api/follow",
        "/api/say",
        "/api/sign-in",
        "/api/health",
    }
