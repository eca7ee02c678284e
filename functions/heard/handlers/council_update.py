"""What the council says: what it did with a case, and each night what it has received.

What does not fit is answered with a reply in a queue, and is done with. What breaks on our side comes back.
"""

from functools import cache
from typing import Any

from heard import log
from heard.council import council
from heard.handlers.metrics import EmbeddedMetrics, tell_unreconciled
from heard.message import read
from heard.ports import Replies, Store
from heard.reconcile import RECEIVED, note, reconcile
from heard.reply import Refused, refusal
from heard.update import CaseUnknown, hand_in
from heard.wiring import cases_only, now_utc, reply_queue


@cache
def store() -> Store:
    log.to_stderr(EmbeddedMetrics())
    return cases_only()


@cache
def replies() -> Replies:
    return reply_queue()


def handle(event: dict[str, Any], context: object) -> dict[str, Any]:  # noqa: ARG001 - Lambda hands over both
    """Answers which messages failed, so that only those come back."""
    failed = [record["messageId"] for record in event["Records"] if not _is_done_with(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _is_done_with(record: dict[str, Any]) -> bool:
    try:
        said = read(record["body"])
        refused = _refused(said)
        return refused is None or _answered(record, said, refused)
    except Exception as broken:
        log.note("update", "broken", problem=log.where(broken))
        return False


def _refused(said: dict[str, Any] | None) -> Refused | None:
    """Takes what was said; what kept it from being taken, if anything did."""
    try:
        if said is not None and said.get("type") == RECEIVED:
            _compare(said)
        else:
            _apply(said)
    except Refused as refused:
        return refused
    return None


def _answered(record: dict[str, Any], said: dict[str, Any] | None, refused: Refused) -> bool:
    """Whether it was answered. A case of this very moment may not be found yet: what may name one is tried twice."""
    problem, reply = type(refused).__name__, refusal(record["body"], said, refused)
    times_received = record.get("attributes", {}).get("ApproximateReceiveCount")
    if isinstance(refused, CaseUnknown) and reply["reference"] and times_received == "1":
        log.note("update", "not_found_yet", problem=problem)
        return False
    replies().send(reply)
    log.note("update", "refused", problem=problem)
    return True


def _apply(said: dict[str, Any] | None) -> None:
    case = hand_in(said, store(), now_utc(), texts=council()["text_messages"])
    log.note("update", "applied", reference=case.reference)


def _compare(report: dict[str, Any]) -> None:
    found = reconcile(report, store(), now_utc())
    note(found)
    tell_unreconciled(len(found.differences))
