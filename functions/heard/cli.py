"""The `heard` command: serve, build, translations, the council's side, the outbox, and QR codes."""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from heard import log, qr
from heard.case import STATUSES, Case
from heard.clock import stamp
from heard.council.commands import add_commands
from heard.message import read
from heard.places import DOORS
from heard.ports import Taken
from heard.reply import Refused, refusal
from heard.services import Services
from heard.update import HOLD_REASONS, hand_in, next_version, update
from heard.wiring import SettingWrong, council_side, existing_folder
from heard.wording import NotBuilt

ROOT = Path(__file__).resolve().parents[2]
VISIBILITY_SECONDS = 30
MOST_SHOWN = 1000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit status."""
    chosen = parser().parse_args(arguments)
    try:
        status: int = chosen.run(chosen)
    except (SettingWrong, NotBuilt) as problem:
        print(f"heard: {problem}", file=sys.stderr)
        return 1
    return status


def parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="heard", description="A feedback portal for a council's children's services.")
    commands = root.add_subparsers(required=True, metavar="COMMAND")
    _command(commands, "serve", run_serve, "serve the site and deliver what people send (HOST, PORT, HEARD_DATA)")
    _command(commands, "build", run_build, "build the site into build/site")
    _council_commands(commands)
    words = _command(commands, "words", run_words, "translations: the catalogue, bring up to date, how far they are")
    words.add_argument("action", choices=["extract", "merge", "status"])
    _command(commands, "outbox", run_outbox, "show what has not been delivered yet, and why")
    codes = _command(commands, "qr", run_qr, "write a QR code that opens the right form, as SVG and PNG")
    codes.add_argument("placement", help="a code from `placements` in the council's file, e.g. kr7")
    codes.add_argument("--door", choices=sorted(DOORS.values()), default="young", help="which voice it opens")
    codes.add_argument("--level", choices=["M", "Q"], default="M", help="error correction; Q for things that wear")
    codes.add_argument("--folder", type=Path, default=Path(), help="where to write the two files")
    return root


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text[0].upper() + text[1:] + "."
    )
    command.set_defaults(run=run)
    return command


def _council_commands(commands: Any) -> None:
    text = "the council's side: read the queue, say what was done, try its systems, compare"
    council = commands.add_parser("council", help=text, description=text).add_subparsers(
        required=True, metavar="ACTION"
    )
    inbox = _command(council, "inbox", run_inbox, "show what waits in the queue; with --take, take it off")
    inbox.add_argument("--take", type=positive, metavar="N", help="take up to N messages off the queue")
    inbox.add_argument("--json", action="store_true", help="one whole message a line, for programs")
    said = _command(council, "update", run_update, "say what was done with a case")
    said.add_argument("reference", nargs="?", help="the case's reference, e.g. TM7-MM8-PP9-456")
    said.add_argument("--status", choices=STATUSES)
    said.add_argument("--stage", type=int, choices=[1, 2, 3])
    said.add_argument("--due", metavar="DATE", help="new day an answer is due, e.g. 2026-12-18")
    said.add_argument("--note", metavar="TEXT", help="shown to the person, so write it for them")
    said.add_argument("--reason", choices=HOLD_REASONS, help="why it is on hold")
    said.add_argument("--investigation", help="which one going on could harm, in words for the person")
    said.add_argument("--resubmit-by", metavar="DATE", help="until when a case on hold can be sent again")
    said.add_argument("--to", metavar="WHO", help="the role or the body that deals with it now")
    said.add_argument("--points", type=Path, metavar="FILE", help="JSON: the points it is about, with their outcomes")
    said.add_argument("--version", type=positive, metavar="N", help="number of this update; the next one if left out")
    said.add_argument("--at", metavar="TIME", help="when it happened, e.g. 2026-11-20T14:00:00Z; now if left out")
    said.add_argument("--file", type=Path, help="instead of all these: updates of any cases, one a line as JSON")
    checked = _command(council, "check", run_check, "check council files: all that does not fit, at once")
    checked.add_argument("file", nargs="*", help="e.g. content/councils/demo.yml; all files of that folder if left out")
    add_commands(council, _command)


def existing_machine() -> Services:
    """The store and the queue over a data folder that a host has made. The council's side needs no pepper."""
    existing_folder()
    return council_side()


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def run_serve(_: argparse.Namespace) -> int:
    from heard.host.serve import serve  # the server is only loaded to serve

    serve(ROOT / "build" / "site")
    return 0


def run_build(_: argparse.Namespace) -> int:
    return subprocess.run([sys.executable, str(ROOT / "site" / "build.py")], check=False).returncode  # noqa: S603 - our own file


def run_words(chosen: argparse.Namespace) -> int:
    return subprocess.run([sys.executable, str(ROOT / "site" / "words.py"), chosen.action], check=False).returncode  # noqa: S603 - our own file


def run_check(chosen: argparse.Namespace) -> int:
    return subprocess.run([sys.executable, str(ROOT / "site" / "councils.py"), *chosen.file], check=False).returncode  # noqa: S603 - our own file


def run_inbox(chosen: argparse.Namespace) -> int:
    with closing(existing_machine()) as services:
        if chosen.take is None:
            waiting = services.inbox.peek(limit=MOST_SHOWN)
            for message in waiting:
                _show(message, chosen.json)
            if len(waiting) == MOST_SHOWN:
                print(f"heard: more may be waiting: these are the first {MOST_SHOWN}", file=sys.stderr)
            if not waiting and not chosen.json:
                print("Nothing is waiting.")
        else:
            for taken in services.inbox.receive(chosen.take, VISIBILITY_SECONDS):
                _show_and_delete(taken, services, chosen.json)
    return 0


def _show_and_delete(taken: Taken, services: Services, as_json: bool) -> None:
    """A message leaves the queue once it was written out, not before."""
    _show(taken.message, as_json)
    sys.stdout.flush()
    services.inbox.delete(taken.handle)


def _show(message: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(message, ensure_ascii=False))
    elif message.get("type") == "event":
        details = ", ".join(f"{name}={value}" for name, value in message["details"].items())
        print(f"{message['reference']}  {message['event']} {message['at']}  {details}\n")
    else:
        _show_submission(message)


def _show_submission(message: dict[str, Any]) -> None:
    urgent = "  URGENT: " + ", ".join(message["urgency"]["reasons"]) if message["urgency"]["urgent"] else ""
    print(f"{message['reference']}  {message['kind']} ({message['voice']}, {message['language']}){urgent}")
    suggestion = message["suggested_procedure"]
    print(f"  received {message['received_at']}  answer due {(message['due'] or {}).get('answer', 'to be worked out')}")
    print(f"  suggested procedure: {suggestion['procedure']} ({', '.join(suggestion['reasons'])})")
    for part in ("choices", "text"):
        for name, answer in message[part].items():
            print(f"  {name}: {', '.join(answer) if isinstance(answer, list) else answer}")
    for part in ("contact", "advocate", "needs"):
        given = [f"{name}={value}" for name, value in message[part].items() if value not in (None, [])]
        if given:
            print(f"  {part}: {', '.join(given)}")
    print()


def run_update(chosen: argparse.Namespace) -> int:
    named = ("status", "stage", "due", "note", "reason", "investigation", "resubmit_by", "to", "version", "at")
    said = {name: getattr(chosen, name) for name in named if getattr(chosen, name) is not None}
    if chosen.file is not None and not (chosen.reference or said or chosen.points):
        return _hand_in_all(chosen.file)
    if chosen.file is not None or not (chosen.reference and chosen.status):
        print("heard: give a reference and --status, or --file alone. Nothing was changed.", file=sys.stderr)
        return 2
    try:
        said |= {"points": json.loads(chosen.points.read_text("utf-8"))} if chosen.points else {}
    except (OSError, ValueError):
        print(f"heard: {chosen.points} cannot be read as JSON. Nothing was changed.", file=sys.stderr)
        return 1
    with closing(existing_machine()) as services:
        try:
            said.setdefault("at", stamp(services.clock()))
            said.setdefault("version", next_version(chosen.reference, services.store))
            texts = services.council["text_messages"]
            case = update(chosen.reference, said, services.store, services.clock(), texts=texts)
        except Refused as problem:
            print(f"heard: {problem}. Nothing was changed.", file=sys.stderr)
            return 1
    print(f"{case.reference}: update {said['version']} is in place; the person sees it when they look.")
    return 0


def _hand_in_all(file: Path) -> int:
    """Takes each update that fits, whatever is wrong with others, and prints the reply to each that does not."""
    try:
        lines = [line for line in file.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, ValueError):
        print(f"heard: {file} cannot be read. Nothing was changed.", file=sys.stderr)
        return 1
    log.to_stderr()
    with closing(existing_machine()) as services:
        taken = [_is_taken(line, services) for line in lines]
    print(f"heard: in place: {taken.count(True)}; refused: {taken.count(False)}.", file=sys.stderr)
    return int(not all(taken))


def _is_taken(line: str, services: Services) -> bool:
    said = read(line)
    try:
        hand_in(said, services.store, services.clock(), texts=services.council["text_messages"])
    except Refused as refused:
        print(json.dumps(refusal(line, said, refused)), flush=True)
        return False
    return True


def run_outbox(_: argparse.Namespace) -> int:
    with closing(existing_machine()) as services:
        waiting = services.store.waiting()
    for case in waiting:
        _show_entries(case)
    if not waiting:
        print("Everything has been passed on.")
    return 0


def _show_entries(case: Case) -> None:
    for entry in case.outbox:
        problem = entry.problem or ("outcome unknown" if entry.unknown_since else "not tried yet")
        print(f"{case.reference}  {entry.kind}  attempts {entry.attempts}  next {entry.due}  {problem}")


def run_qr(chosen: argparse.Namespace) -> int:
    try:
        written = qr.write(chosen.placement, chosen.door, chosen.level, chosen.folder)
    except qr.PlacementUnknown as unknown:
        print(f"heard: {unknown}", file=sys.stderr)
        return 1
    print(f"{written.address}\n{written.svg}\n{written.png}")
    return 0
