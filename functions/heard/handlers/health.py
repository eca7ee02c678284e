"""GET /api/health: is the table there?"""

from typing import Any

from heard.exchange import as_json
from heard.handlers.gateway import Event, services, to_gateway


def handle(event: Event, context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands over both
    services().store.with_id("health")
    return to_gateway(as_json(200, {"status": "ok"}))
