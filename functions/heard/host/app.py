"""The site's files and the functions behind one Flask application."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import flask
import werkzeug
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Rule
from werkzeug.security import safe_join

from heard import exchange, headers, log, pages, web
from heard.services import Services
from heard.wording import Words

LONGEST_PATH = 200  # bytes; no page of ours comes near it, and no file name may be longer than 255
STATUS_REASONS = {404: "not_found", 413: "too_big", 500: "broken"}


def create_app(services: Services, site: Path, bells: Sequence[threading.Event] = ()) -> flask.Flask:
    """`site`: the built pages. `bells`: rung after something is kept, so that delivery need not wait."""
    app = flask.Flask("heard", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = exchange.MAX_BYTES

    # every method comes here
    app.url_map.add(Rule("/api/<any(check, send, receipt, follow, say, 'sign-in'):step>", endpoint="api"))

    @app.endpoint("api")
    def api(step: str) -> flask.Response:
        if step == "sign-in" and flask.request.method in ("GET", "HEAD"):  # the link in an email
            return _to_flask(web.show_link(flask.request.query_string.decode("ascii", "replace"), services))
        if flask.request.method != "POST":  # nothing typed may stand in an address
            raise MethodNotAllowed(valid_methods=["GET", "HEAD", "POST"] if step == "sign-in" else ["POST"])
        response = web.answer(step, _request(), services)
        if response.status == 201 or (step == "say" and response.status == 200):
            for bell in bells:
                bell.set()
        return _to_flask(response)

    @app.get("/api/health")
    def health() -> flask.Response:
        services.store.with_id("health")
        return _to_flask(exchange.as_json(200, {"status": "ok"}))

    @app.get("/")
    @app.get("/<path:path>")
    def page(path: str = "") -> werkzeug.Response:
        return _file(site, path)

    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _broken)
    app.after_request(_with_headers)
    return app


def _request() -> exchange.Request:
    """The sender is the network address and what the browser says of itself: enough to know a repeat by."""
    told = (flask.request.headers.get(name, "") for name in ("User-Agent", "Accept-Language"))
    sender = "\0".join((flask.request.remote_addr or "", *told))
    return exchange.Request(flask.request.content_type or "", flask.request.get_data(), sender)


def _to_flask(response: exchange.Response) -> flask.Response:
    return flask.Response(
        response.body, response.status, {**response.headers, **headers.ANSWERS}, content_type=response.content_type
    )


def _file(site: Path, path: str) -> werkzeug.Response:
    """A built file, its compressed twin where the browser takes it; a folder's index, under its own address."""
    found = safe_join(str(site), path)
    if found is None or len(path.encode()) > LONGEST_PATH:
        flask.abort(404)
    target = Path(found)
    if target.is_dir():
        if path and not path.endswith("/"):
            query = flask.request.query_string.decode("ascii", "ignore")
            return flask.redirect(f"/{path}/" + (f"?{query}" if query else ""), 308)
        target /= "index.html"
    if not target.is_file():
        flask.abort(404)
    caching = headers.ASSETS if "v" in flask.request.args and path.startswith("assets/") else headers.PAGES
    packed = target.with_name(target.name + ".gz")
    compressed = packed.is_file() and flask.request.accept_encodings["gzip"] > 0
    response = flask.send_file(packed if compressed else target, mimetype=_kind_of(target), conditional=True)
    response.headers.update(caching)
    response.headers["Vary"] = "Accept-Encoding"
    if compressed:
        response.headers["Content-Encoding"] = "gzip"
    return response


def _kind_of(target: Path) -> str:
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    return kinds.get(target.suffix, "application/json" if target.suffix == ".json" else "text/plain")


def reason_for(status: int) -> str:
    """Which of the kind words go with an HTTP status."""
    return STATUS_REASONS.get(status, "not_understood")


def _http_problem(problem: HTTPException) -> flask.Response:
    status = problem.code or 500
    reason = reason_for(status)
    allowed = {"Allow": ", ".join(problem.valid_methods or ())} if isinstance(problem, MethodNotAllowed) else {}
    if flask.request.is_json:
        return _to_flask(replace(exchange.as_json(status, {"errors": {"body": reason}}), headers=allowed))
    return _to_flask(exchange.Response(status, pages.sorry_page(_words(), reason), headers=allowed))


def _broken(problem: Exception) -> flask.Response:
    log.note("host", outcome="broken", problem=log.where(problem))
    return _to_flask(exchange.Response(500, pages.sorry_page(_words(), "broken")))


def _words() -> Words:
    folders = flask.request.path.split("/")
    return Words("en", "young" if "young" in folders else "easy" if "easy-read" in folders else "standard")


def _with_headers(response: flask.Response) -> flask.Response:
    response.headers.update(headers.EVERYWHERE)
    return response
