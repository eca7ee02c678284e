"""API Gateway's HTTP events (payload 2.0) to the same answers as the host's."""

import base64
from collections.abc import Callable
from functools import cache
from typing import Any

from heard import headers, log, web
from heard.exchange import Request, Response
from heard.handlers.metrics import EmbeddedMetrics
from heard.services import Services
from heard.wiring import taking_in

Event = dict[str, Any]
Handler = Callable[[Event, object], dict[str, Any]]


@cache
def services() -> Services:
    """Built at the first request of a start and kept for the next ones."""
    log.to_stderr(EmbeddedMetrics())
    return taking_in()


def answering(step: str) -> Handler:
    """The handler for POST /api/<step>."""

    def handle(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands over both
        return to_gateway(web.answer(step, from_gateway(event), services()))

    return handle


def from_gateway(event: Event) -> Request:
    """The sender is the network address and what the browser says of itself, as on the host."""
    given = {name.lower(): value for name, value in event.get("headers", {}).items()}
    body = event.get("body", "")
    read = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    viewer = given.get("cloudfront-viewer-address", "").rpartition(":")[0]  # behind CloudFront the source is CloudFront
    address = viewer or event["requestContext"]["http"]["sourceIp"]
    sender = "\0".join((address, given.get("user-agent", ""), given.get("accept-language", "")))
    return Request(given.get("content-type", ""), read, sender)


def to_gateway(response: Response) -> dict[str, Any]:
    kinds = {"Content-Type": response.content_type}
    sent = {**kinds, **response.headers, **headers.EVERYWHERE, **headers.ANSWERS}
    return {"statusCode": response.status, "headers": sent, "body": response.body}
