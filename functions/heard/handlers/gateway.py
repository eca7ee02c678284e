"""API Gateway's HTTP events (payload 2.0) to the same answers as the host's."""

import base64
import hmac
from collections.abc import Callable
from functools import cache
from typing import Any

from heard import headers, log, web
from heard.exchange import Request, Response, as_json
from heard.handlers.metrics import EmbeddedMetrics
from heard.services import Services
from heard.wiring import front_door, taking_in

Event = dict[str, Any]
Handler = Callable[[Event, object], dict[str, Any]]


@cache
def services() -> Services:
    """Built at the first request of a start and kept for the next ones."""
    log.to_stderr(EmbeddedMetrics())
    return taking_in()


def answering(step: str) -> Handler:
    """The handler for POST /api/<step>."""
    return by_the_front_door(lambda event: web.answer(step, from_gateway(event), services()))


def by_the_front_door(respond: Callable[[Event], Response]) -> Handler:
    """A handler that turns away who comes to the API's own address, round the firewall."""

    def handle(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands over both
        asked, shown = front_door(), event.get("headers", {}).get("x-front-door", "")
        if asked and not hmac.compare_digest(asked.encode(), shown.encode()):
            return to_gateway(as_json(403, {"errors": {"body": "not_this_way"}}))
        return to_gateway(respond(event))

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
