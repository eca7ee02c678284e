"""Little systems of councils: one that is right, and some that are wrong as real ones are."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from heard.council.consume import EVENTS
from heard.council.verify import examples

FIELDS = set(examples()["smallest"])


class Right:
    """Makes one case of each submission, once, and passes over what it does not know."""

    def __init__(self):
        self.cases = []

    def take(self, message):
        """Takes one message and answers with a status."""
        if message["type"] == "submission" and not self.has(message["id"]):
            self.make(message)
        return 204

    def has(self, message_id):
        return any(case["id"] == message_id for case in self.cases)

    def make(self, message):
        self.cases.append({"id": message["id"], "text": message["text"]})

    def seen(self):
        return self.cases


class CasePerMessage(Right):
    def take(self, message):
        if message["type"] == "submission":
            self.make(message)
        return 200


class CasePerAnything(Right):
    def take(self, message):
        if not self.has(message["id"]):
            self.cases.append({"id": message["id"]})
        return 200


class FieldsAsInTheManual(Right):
    def take(self, message):
        if message["type"] == "submission" and set(message) - FIELDS:
            return 500
        return super().take(message)


class RefusesRepeats(Right):
    def take(self, message):
        if message["type"] == "submission" and self.has(message["id"]):
            return 409
        return super().take(message)


class ThrowsAwayPossibleRepeats(Right):
    def take(self, message):
        return 200 if message["possible_duplicate"] else super().take(message)


class LosesArabic(Right):
    def make(self, message):
        super().make(
            message | {"text": {q: t.encode("cp1252", "replace").decode("cp1252") for q, t in message["text"].items()}}
        )


class DropsArabic(Right):
    """What its table cannot hold is gone, and it says that all is well."""

    def make(self, message):
        if all(text.isascii() for text in message["text"].values()):
            super().make(message)


class CutsShort(Right):
    def make(self, message):
        super().make(message | {"text": {question: text[:4000] for question, text in message["text"].items()}})


class WantsTheSubmissionFirst(Right):
    def __init__(self):
        super().__init__()
        self.references = set()

    def take(self, message):
        if message["type"] == "event" and message["reference"] not in self.references:
            return 404
        self.references.add(message["reference"])
        return super().take(message)


class KnowsTheseEvents(Right):
    def take(self, message):
        if message["type"] == "event" and message["event"] not in EVENTS:
            return 422
        return super().take(message)


class KnowsTwoTypes(Right):
    def take(self, message):
        return super().take(message) if message["type"] in ("submission", "event") else 400


class LeadsElsewhere(Right):
    def take(self, message):
        super().take(message)
        return 302


@contextmanager
def serving(system: Right) -> Iterator[str]:
    """The system behind HTTP on loopback: POST takes a message, GET says what has become a case."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(system.take(json.loads(body.decode("utf-8"))))
            self.send_header("Location", "/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self):
            body = json.dumps(system.seen()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
