"""GET /api/health: is the table there?"""

from heard.exchange import Response, as_json
from heard.handlers.gateway import Event, by_the_front_door, services


def respond(event: Event) -> Response:  # noqa: ARG001 - whoever asks gets the same answer
    services().store.with_id("health")
    return as_json(200, {"status": "ok"})


handle = by_the_front_door(respond)
