"""A log line that CloudWatch also counts: the embedded metric format, of the same facts and no others."""

import json
import logging
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from heard import log
from heard.case import COUNCIL, Case
from heard.clock import moment

NAMESPACE = "Heard"
OLDEST, UNRECONCILED = "OldestUndelivered", "Unreconciled"
GAUGES = {OLDEST: "Seconds", UNRECONCILED: "Count"}
COUNTED = [{"Name": "Count", "Unit": "Count"}, {"Name": "ms", "Unit": "Milliseconds"}]


class EmbeddedMetrics(logging.Formatter):
    """Adds to each line of heard.log what makes it a metric by step and outcome."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = json.loads(record.getMessage())
        if gauge := GAUGES.keys() & facts.keys():
            return _metric(facts, [{"Name": name, "Unit": GAUGES[name]} for name in gauge], [[]])
        metrics = [metric for metric in COUNTED if metric["Name"] in {"Count", *facts}]
        return _metric({"Count": 1, **facts}, metrics, [["step", "outcome"]])


def _metric(facts: dict[str, Any], metrics: list[dict[str, str]], dimensions: list[list[str]]) -> str:
    described = {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics}
    about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
    return json.dumps({"_aws": about, **facts})


def tell_oldest(cases: Iterable[Case], now: datetime) -> None:
    """How long the council has waited for the oldest message it does not have, in seconds; 0 when it has all."""
    owed = [(case, entry) for case in cases if (entry := case.first_for(COUNCIL))]
    waits = [now - moment(entry.since or case.received_at) for case, entry in owed]
    seconds = max((wait.total_seconds() for wait in waits), default=0.0)
    log.logger.info(json.dumps({OLDEST: max(seconds, 0.0)}))


def tell_unreconciled(differences: int) -> None:
    """In how many submissions one report of the council's differs from what was accepted."""
    log.logger.info(json.dumps({UNRECONCILED: differences}))
