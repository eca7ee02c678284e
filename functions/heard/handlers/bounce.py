"""Letters that reached nobody or were not wanted: SES says so through SNS, Notify is asked on a schedule."""

import json
from functools import cache
from typing import Any

from heard import log
from heard.bounce import UNDELIVERABLE, UNWANTED, bounced, collect
from heard.handlers.metrics import EmbeddedMetrics
from heard.ports import Store
from heard.wiring import cases_only, letters, now_utc


@cache
def store() -> Store:
    log.to_stderr(EmbeddedMetrics())
    return cases_only()


def handle(event: dict[str, Any], context: object) -> dict[str, int]:  # noqa: ARG001 - Lambda hands over both
    """Marks the contact of each case as failed. A bounce that may pass by itself marks nothing."""
    if "Records" not in event:  # the schedule
        return {"marked": collect(letters(), store(), now_utc())}
    reports = [json.loads(record["Sns"]["Message"]) for record in event["Records"]]
    marked = 0
    for report in reports:
        reason, named = _reason(report), report.get("mail", {}).get("tags", {}).get("letter", [])
        for letter_id in named if reason else []:
            case = bounced(letter_id, str(reason), store(), now_utc())
            log.note("bounce", str(reason), reference=case.reference if case else None)
            marked += case is not None
    return {"marked": marked}


def _reason(report: dict[str, Any]) -> str | None:
    if report.get("eventType") == "Complaint":
        return UNWANTED
    permanent = report.get("bounce", {}).get("bounceType") == "Permanent"
    return UNDELIVERABLE if report.get("eventType") == "Bounce" and permanent else None
