"""Requests that no browser sends, over real sockets: each gets a clear answer, and nobody else has to wait for it."""

import json
import re
import secrets
import socket
import time
import urllib.request
from contextlib import ExitStack, closing, suppress

import pytest

from heard import headers
from tests.host.serving import serving

LINE = b"POST /api/send HTTP/1.1\r\nHost: heard.example\r\nContent-Type: application/json\r\n"
CANARY = "A-NAME-IN-CONFIDENCE"
AT_ONCE = 2.0  # seconds; far more than an answer takes, far less than any patience of the server's


@pytest.fixture(scope="module")
def live(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("bad") / "data") as live:
        yield live


@pytest.fixture
def body():
    """A comment that would be accepted, under a key of its own."""
    fields = {"form": "comment", "key": secrets.token_hex(16), "what_you_want_to_say": "x"}
    return json.dumps(fields).encode()


def connect(live):
    return socket.create_connection(("127.0.0.1", int(live.address.rpartition(":")[2])), timeout=AT_ONCE)


def answers_to(live, *pieces):
    """Everything that comes back until the server closes the connection."""
    with closing(connect(live)) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = b""
        with suppress(ConnectionResetError):  # comes after the answer when the server had not read everything
            while more := connection.recv(65536):
                received += more
    return received


def statuses_of(answer):
    """The status of each answer, one after the other."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def status_of(answer):
    [status] = statuses_of(answer)
    return status


def cases(live):
    [[count]] = live.services.store.database.connection().execute("SELECT count(*) FROM cases")
    return count


def is_served(live):
    with urllib.request.urlopen(f"{live.address}/api/health", timeout=AT_ONCE) as answer:  # noqa: S310
        return answer.status == 200


def length(count):
    return b"Content-Length: %d\r\n" % count


CLOSE = b"Connection: close\r\n\r\n"
REFUSED = {
    "a length less than nothing": (400, LINE + b"Content-Length: -1\r\n" + CLOSE),
    "a length in words": (400, LINE + b"Content-Length: many\r\n" + CLOSE),
    "a length with a sign": (400, LINE + b"Content-Length: +5\r\n" + CLOSE + b"12345"),
    "a length in other digits": (400, LINE + b"Content-Length: \xb2\r\n" + CLOSE),
    "a length of 5,000 digits": (400, LINE + b"Content-Length: " + b"9" * 5_000 + b"\r\n" + CLOSE),
    "two lengths": (400, LINE + length(1) + length(2) + CLOSE + b"12"),
    "a length beyond any patience": (413, LINE + length(10**12) + CLOSE),
    "chunks without a size": (400, LINE + b"Transfer-Encoding: chunked\r\n" + CLOSE + b"size\r\n"),
    "a chunk longer than it says": (400, LINE + b"Transfer-Encoding: chunked\r\n" + CLOSE + b"1\r\nabc\r\n0\r\n\r\n"),
    "chunks beyond the limit": (
        413,
        LINE + b"Transfer-Encoding: chunked\r\n" + CLOSE + (b"10000\r\n" + b"a" * 0x10000 + b"\r\n") * 8 + b"0\r\n\r\n",
    ),
    "a coding nobody knows": (501, LINE + b"Transfer-Encoding: gzip\r\n" + CLOSE),  # as HTTP has it, RFC 9112, 6.1
    "headers of 256 KiB": (431, (LINE + CLOSE[:-2] + b"X-Long: ").ljust(256 * 1024 - 4, b"a") + b"\r\n\r\n"),
    "a header without a name": (400, LINE + b": value\r\n" + CLOSE),
    "a header that is none": (400, LINE + CANARY.encode() + b"\r\n" + CLOSE),
    "a line feed by itself": (400, LINE + b"X: " + CANARY.encode() + b"\nY: z\r\n" + CLOSE),
    "a NUL in a header": (400, LINE + b"X: a\x00b\r\n" + CLOSE),
    "a request line that is none": (400, b"\x16\x03\x01 " + CANARY.encode() + b"\r\n\r\n"),
    "an address that is none": (400, b"GET http://[" + CANARY.encode() + b" HTTP/1.1\r\n" + CLOSE),
    "an address with a space": (400, b"GET /en/ " + CANARY.encode() + b" HTTP/1.1\r\n" + CLOSE),
}


@pytest.mark.parametrize("wrong", REFUSED)
def test_what_is_no_http_is_refused_in_our_words_and_quoted_nowhere(live, wrong):
    status, request = REFUSED[wrong]
    before = cases(live)
    answer = answers_to(live, request)
    head, _, text = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == status
    for name, value in {**headers.EVERYWHERE, **headers.ANSWERS}.items():
        assert f"{name}: {value}".encode() in head
    assert CANARY.encode() not in answer
    assert json.loads(text)["errors"] if text.startswith(b"{") else b"0808 157 0192" in text
    assert cases(live) == before
    assert is_served(live)


def test_headers_of_300_kb_are_cut_off_and_hold_up_nobody(live):
    """No browser sends such headers, so nobody reads them to their end only to refuse them."""
    with suppress(ConnectionError):
        assert status_of(answers_to(live, LINE + b"X-Long: " + b"a" * 300_000 + b"\r\n" + CLOSE)) == 431
    assert is_served(live)


def test_a_body_in_chunks_is_a_body(live, body):
    chunks = [b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:8], body[8:])]
    answer = answers_to(live, LINE, b"Transfer-Encoding: chunked\r\n" + CLOSE, *chunks, b"0\r\n\r\n")
    assert status_of(answer) == 201


@pytest.mark.parametrize("size", [600_000, 3_000_000, 9_000_000])
def test_who_sends_far_too_much_still_hears_why_it_is_refused(live, size):
    """The whole body is let in and dropped: a browser that is hung up on shows an error page of its own."""
    answer = answers_to(live, LINE + length(size) + CLOSE, b"a" * size)
    assert status_of(answer) == 413
    assert b'"too_big"' in answer


def test_who_asks_first_whether_to_send_too_much_is_told_not_to(live):
    assert status_of(answers_to(live, LINE + length(3_000_000) + b"Expect: 100-continue\r\n" + CLOSE)) == 413
    assert status_of(answers_to(live, b"GET /en/ HTTP/1.1\r\nExpect: 100-continue\r\n" + CLOSE)) == 200


def test_a_body_shorter_than_it_says_makes_no_case_and_holds_up_nobody(live, body):
    before = cases(live)
    with closing(connect(live)) as connection:
        connection.sendall(LINE + length(len(body) + 1) + CLOSE + body)
        assert is_served(live)
    assert is_served(live)
    assert cases(live) == before


def test_a_body_longer_than_it_says_is_cut_off_and_the_rest_is_no_request(live, body):
    before = cases(live)
    answer = answers_to(live, LINE + length(len(body) - 1) + b"\r\n" + body + b"\r\n\r\n")
    assert statuses_of(answer) == [400, 400]
    assert cases(live) == before


def test_chunks_that_never_end_hold_up_nobody(live):
    with ExitStack() as open_for_now:
        for _ in range(10):  # more than there are threads
            connection = open_for_now.enter_context(closing(connect(live)))
            connection.sendall(LINE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
        assert is_served(live)


def test_somebody_sending_one_byte_at_a_time_holds_up_nobody_and_is_served_in_the_end(live, body):
    request = LINE + length(len(body)) + CLOSE + body
    with closing(connect(live)) as connection:
        for number, byte in enumerate(request):
            connection.send(bytes([byte]))
            if number % 50 == 0:
                time.sleep(0.02)
                assert is_served(live)
        assert status_of(connection.recv(65536)) == 201


def test_hundreds_of_connections_that_say_nothing_hold_up_nobody(live):
    with ExitStack() as open_for_now:
        for _ in range(300):
            open_for_now.enter_context(closing(connect(live))).sendall(b"GET /en/ HT")
        assert is_served(live)


def test_requests_sent_without_waiting_are_answered_in_their_order(live, body):
    request = LINE + length(len(body))
    answer = answers_to(
        live, request + b"\r\n" + body + request + b"\r\n" + body + b"GET /nowhere HTTP/1.1\r\n" + CLOSE
    )
    assert statuses_of(answer) == [201, 200, 404]


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"GET /en/", 200),
        (b"GET /en/ HTTP/1.0", 200),
        (b"GET http://elsewhere.example/en/ HTTP/1.1", 200),
        (b"HEAD /en/ HTTP/1.1", 200),
        (b"OPTIONS /en/ HTTP/1.1", 200),
        (b"OPTIONS * HTTP/1.1", 200),
        (b"TRACE /en/ HTTP/1.1", 405),
        (b"CONNECT /en/ HTTP/1.1", 405),
        (b"MADEUP /en/ HTTP/1.1", 405),
        (b"DELETE /api/send HTTP/1.1", 405),
        (b"HEAD /api/send HTTP/1.1", 405),
        (b"OPTIONS /api/follow HTTP/1.1", 405),
        (b"MADEUP /api/follow HTTP/1.1", 405),
        (b"GET /../pyproject.toml HTTP/1.1", 404),
        (b"GET /%2e%2e/%2e%2e/pyproject.toml HTTP/1.1", 404),
        (b"GET /en/..%2f..%2f..%2fpyproject.toml HTTP/1.1", 404),
        (b"GET /en/%252e%252e/mkdocs.yml HTTP/1.1", 404),
        (b"GET /en/..%5c..%5cmkdocs.yml HTTP/1.1", 404),
        (b"GET //elsewhere.example/en/young HTTP/1.1", 404),
        (b"GET /en/young/%00 HTTP/1.1", 404),
        (b"GET /en%00/ HTTP/1.1", 404),
        (b"GET /%ff%fe%c0%af HTTP/1.1", 404),
        (b"GET /%0d%0aSet-Cookie:a=b HTTP/1.1", 404),
        (b"GET /" + b"%F0%9F%98%80" * 64 + b" HTTP/1.1", 404),  # few characters, and more bytes than a file name has
        (b"GET /" + b"a/" * 5_000 + b" HTTP/1.1", 404),
        (b"GET /en//young/ HTTP/1.1", 200),
        (b"GET /y?p=%0d%0aSet-Cookie:a=b HTTP/1.1", 308),
    ],
)
def test_an_odd_address_or_method_is_answered_and_leads_nowhere_else(live, request_line, status):
    answer = answers_to(live, request_line + b"\r\nHost: elsewhere.example\r\n" + CLOSE)
    head, _, text = answer.partition(b"\r\n\r\n")
    assert status_of(answer) == status
    assert b"\r\nX-Content-Type-Options: nosniff" in head
    assert b"Set-Cookie:" not in head.replace(b"%0d%0aSet-Cookie:", b"")
    assert b"Location: http" not in head
    assert b"Location: //" not in head
    assert b"[project]" not in text
    assert b"site_name" not in text
    if status == 405 and b"/api/" in request_line:
        assert b"\r\nAllow: POST\r\n" in head


@pytest.mark.parametrize(
    "header",
    [
        b"Host: a b<script>",
        b"Host: ",
        b"Range: bytes=0-99999999999999999999999999",
        b"Range: bytes=9-1,-,0-0,0-0",
        b'If-None-Match: "',
        b"If-Modified-Since: Fri, 99 Nov 99999 99:99:99 GMT",
        b"If-Range: nothing\r\nRange: bytes=0-5",
        b"Accept-Encoding: gzip;q=many, *;q=-1",
        b"Accept-Language: " + b"\xff" * 5_000,
        b"Cookie: " + b"a=b;" * 5_000,
        b"Content-Type: \xff\xfe; charset=\x80",
        b"Authorization: Basic %%%",
        b"X-Forwarded-For: \xff, <script>, 999.999.999.999",
        b"X-HTTP-Method-Override: DELETE",
        b"Upgrade: websocket",
    ],
)
def test_odd_headers_break_nothing(live, header):
    for line in (b"GET /en/ HTTP/1.1\r\n", b"POST /api/check HTTP/1.1\r\n"):
        answer = answers_to(live, line + header + b"\r\n" + CLOSE)
        assert status_of(answer) in (200, 206, 304, 400, 415, 416)
        assert b"<script>" not in answer
    assert is_served(live)
