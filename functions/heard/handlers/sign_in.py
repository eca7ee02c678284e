"""GET and POST /api/sign-in: an advocacy service's list of cases, by a link that goes out as an email."""

from functools import cache

from heard import log, web
from heard.exchange import Response
from heard.handlers.gateway import Event, by_the_front_door, from_gateway
from heard.handlers.metrics import EmbeddedMetrics
from heard.services import Services
from heard.wiring import signing_in


@cache
def services() -> Services:
    log.to_stderr(EmbeddedMetrics())
    return signing_in()


def respond(event: Event) -> Response:
    if event["requestContext"]["http"]["method"] == "POST":
        return web.answer("sign-in", from_gateway(event), services())
    return web.show_link(event.get("rawQueryString", ""), services())


handle = by_the_front_door(respond)
