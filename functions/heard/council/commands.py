"""`heard council consume`, `received`, `reconcile` and `verify`: what a council's own machine runs."""

import argparse
import json
import sys
import time
import urllib.parse
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from heard import log
from heard.clock import stamp
from heard.ports import NotSent
from heard.reconcile import ALTERED, MISSING, UNKNOWN, Reconciled, ReportRejected, note, reconcile
from heard.wiring import SettingWrong, cases_kept, copies_to, council_end, now_utc

PAUSE_SECONDS = 5
QUEUE_SECONDS = 60
SAID = {
    MISSING: "was passed on, and the council does not have it",
    ALTERED: "is at the council with other answers",
    UNKNOWN: "is at the council, and no such case of that day is kept here",
}

# consume and verify are imported where they run: nobody needs a lock on a folder to show the help.


def add_commands(council: Any, command: Callable[..., argparse.ArgumentParser]) -> None:
    """`command(parent, name, run, text)` makes one."""
    taking = command(council, "consume", run_consume, "take messages off the queue and keep each one once, as a file")
    taking.add_argument("--folder", type=Path, required=True, help="where the files go; also what is known already")
    taking.add_argument("--once", action="store_true", help="stop when the queue is empty")
    told = command(council, "received", run_received, "print what `consume` received of one day, to be reconciled")
    told.add_argument("--folder", type=Path, required=True, help="the folder of `consume`")
    told.add_argument("--day", type=date.fromisoformat, help="in UTC, e.g. 2026-11-20; yesterday if left out")
    compared = command(council, "reconcile", run_reconcile, "compare what the council received with what was accepted")
    compared.add_argument("file", type=Path, help="what `received` printed")
    tried = command(council, "verify", run_verify, "try a council's system with examples, repeats and odd messages")
    way = tried.add_mutually_exclusive_group(required=True)
    way.add_argument("--endpoint", type=web_address, metavar="URL", help="where your system takes a message by POST")
    way.add_argument("--queue-url", metavar="URL", help="an SQS queue that your system reads, for trying things out")
    tried.add_argument("--seen", type=web_address, metavar="URL", help="answers a JSON list of the cases it has made")
    tried.add_argument("--wait", type=float, metavar="SECONDS", help="before --seen is asked; 60 for a queue, else 0")


def web_address(text: str) -> str:
    if urllib.parse.urlsplit(text).scheme not in ("http", "https"):
        raise ValueError
    return text


def run_consume(chosen: argparse.Namespace) -> int:
    """Says what became of each message by its id alone: texts could hold anything."""
    from heard.council.consume import LEFT, Folder, consume

    log.to_stderr()
    left = False
    with closing(council_end()) as inbox, closing(Folder(chosen.folder)) as folder, suppress(KeyboardInterrupt):
        while True:
            outcomes = []
            try:
                for outcome in consume(inbox, folder):
                    print(outcome.id or "no id", outcome.outcome, outcome.problem or "", flush=True)
                    outcomes.append(outcome.outcome)
            except Exception as problem:  # the queue is out of reach for a while
                print(f"heard: the queue cannot be read: {type(problem).__name__}", file=sys.stderr, flush=True)
                outcomes.append(LEFT)
                if chosen.once:
                    return 1
            left = left or LEFT in outcomes
            if chosen.once and not outcomes:
                break
            if not chosen.once and set(outcomes) <= {LEFT}:
                time.sleep(PAUSE_SECONDS)
    return int(left)


def run_received(chosen: argparse.Namespace) -> int:
    from heard.council.consume import Folder, reports

    if not (chosen.folder / "known.sqlite").is_file():
        raise SettingWrong(f"nothing was consumed into {chosen.folder}")
    day = (chosen.day or now_utc().date() - timedelta(days=1)).isoformat()
    with closing(Folder(chosen.folder)) as folder:
        for report in reports(folder.received(day), {"day": day, "at": stamp(now_utc())}):
            print(json.dumps(report))
    return 0


def run_reconcile(chosen: argparse.Namespace) -> int:
    log.to_stderr()
    try:
        lines = chosen.file.read_text(encoding="utf-8").splitlines()
        received = [json.loads(line) for line in lines]
    except (OSError, ValueError):
        received = []
    try:
        with closing(cases_kept()) as store:
            found = [reconcile(report, store, now_utc()) for report in received]
    except ReportRejected as rejected:
        print(f"heard: {rejected}", file=sys.stderr)
        return 1
    for each in found:
        note(each)
        _show(each)
    if not found:
        print("heard: there is no report in this file", file=sys.stderr)
    return int(not found or any(each.differences for each in found))


def _show(found: Reconciled) -> None:
    waiting = f", {found.waiting} not passed on yet" if found.waiting else ""
    print(f"{found.day}: {found.accepted} accepted, {found.received} received{waiting}")
    for difference in found.differences:
        print(f"{difference.name}  {SAID[difference.problem]}")


def run_verify(chosen: argparse.Namespace) -> int:
    from heard.council.verify import looking_at, posting_to, verify

    wait = chosen.wait if chosen.wait is not None else QUEUE_SECONDS * bool(chosen.queue_url)

    def seen() -> Any:
        time.sleep(wait)
        return looking_at(chosen.seen)()

    hand_over = posting_to(chosen.endpoint) if chosen.endpoint else copies_to(chosen.queue_url)
    try:
        count, wrong = verify(hand_over, seen if chosen.seen else None)
    except NotSent as problem:
        print(f"heard: the queue cannot be reached: {problem}", file=sys.stderr)
        return 1
    print(f"{count} messages were handed over.")
    if not chosen.seen:
        print("Whether each became exactly one case was not looked at: give --seen.")
    print("\n".join(wrong) or "Nothing wrong was seen.")
    return int(bool(wrong))
