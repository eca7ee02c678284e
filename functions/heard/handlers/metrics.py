"""A log line that CloudWatch also counts: the embedded metric format, of the same facts and no others."""

import json
import logging
import time
from typing import Any

NAMESPACE = "Heard"
COUNTED = [{"Name": "Count", "Unit": "Count"}, {"Name": "ms", "Unit": "Milliseconds"}]


class EmbeddedMetrics(logging.Formatter):
    """Adds to each line of heard.log what makes it a metric by step and outcome."""

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = json.loads(record.getMessage())
        metrics = [metric for metric in COUNTED if metric["Name"] in {"Count", *facts}]
        described = {"Namespace": NAMESPACE, "Dimensions": [["step", "outcome"]], "Metrics": metrics}
        about = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [described]}
        return json.dumps({"_aws": about, "Count": 1, **facts})
