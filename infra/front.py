"""CloudFront's part on this machine, for the emulator does not play it: one address for the pages and for /api.

Only for trying things out. It reads the bucket as the account's owner, as nobody on AWS could.
"""

import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

FORWARDED = ("Content-Type", "User-Agent", "Accept-Language")  # as the template's ToApi


def serve(stack: Any, port: int = 0) -> ThreadingHTTPServer:
    """Starts serving on the loopback address, in a thread; `shutdown` and `server_close` end it."""

    class Front(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path.startswith("/api/"):
                self.forward(None)
            elif not path.endswith("/") and "." not in path.rpartition("/")[2]:
                self.answer(308, {"Location": f"/{path.strip('/')}/"}, b"")
            else:
                self.page(path.lstrip("/") + ("index.html" if path.endswith("/") else ""))

        def do_POST(self) -> None:
            self.forward(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def page(self, key: str, status: int = 200) -> None:
            s3 = stack.client("s3")
            try:
                found = s3.get_object(Bucket=stack.outputs["SiteBucket"], Key=key)
            except s3.exceptions.NoSuchKey:
                return self.page("404.html", 404)
            return self.answer(status, {"Content-Type": found["ContentType"]}, found["Body"].read())

        def forward(self, body: bytes | None) -> None:
            given = {name: self.headers[name] for name in FORWARDED if name in self.headers}
            given["X-Front-Door"] = stack.front_door
            address = stack.api.removesuffix("/api") + self.path
            request = urllib.request.Request(address, body, given)  # noqa: S310 - the emulator's
            try:
                answer = urllib.request.urlopen(request, timeout=30)  # noqa: S310
            except urllib.error.HTTPError as refused:
                answer = refused
            with answer:
                kept = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
                self.answer(answer.status, kept, answer.read())

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body)), "Connection": "close"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing: an address may say what somebody looked for."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Front)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
