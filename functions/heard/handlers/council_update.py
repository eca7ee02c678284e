"""The council's updates from its queue. One that does not fit is left there for the dead-letter queue; others go on."""

import json
from functools import cache
from typing import Any

from heard import log
from heard.handlers.metrics import EmbeddedMetrics
from heard.ports import Store
from heard.update import CaseUnknown, UpdateConflicts, UpdateRejected, update
from heard.wiring import cases_only

REFUSED = (CaseUnknown, UpdateConflicts, UpdateRejected, KeyError, TypeError, ValueError)


@cache
def store() -> Store:
    log.to_stderr(EmbeddedMetrics())
    return cases_only()


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands over both
    """Answers which messages failed, so that only those come back."""
    failed = [record["messageId"] for record in event["Records"] if not _applied(record["body"])]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _applied(body: str) -> bool:
    try:
        said = json.loads(body)
        case = update(said.pop("reference"), said, store())
    except REFUSED as refused:
        log.note("update", "refused", problem=type(refused).__name__)
        return False
    except Exception as broken:
        log.note("update", "broken", problem=log.where(broken))
        return False
    log.note("update", "applied", reference=case.reference)
    return True
