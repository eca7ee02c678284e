"""One line a step, of facts that are on the list below. What a person typed cannot get in: there is no place for it."""

import json
import logging
import re
import sys
import traceback
from hashlib import sha256
from pathlib import Path

logger = logging.getLogger("heard")


def to_stderr(formatter: logging.Formatter | None = None) -> None:
    """Sends the lines to standard error, and silences every other logger there."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter or logging.Formatter("%(message)s"))
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logging.getLogger().handlers = [logging.NullHandler()]


def note(
    step: str,
    outcome: str,
    *,
    reference: str | None = None,
    milliseconds: int | None = None,
    problem: str | None = None,
) -> None:
    """Logs one step. The reference is hashed; a problem must be a code or the name of an error."""
    facts = {
        "step": step,
        "outcome": outcome,
        "reference": sha256(reference.encode()).hexdigest()[:12] if reference else None,
        "ms": milliseconds,
        "problem": problem if problem and re.fullmatch(r"[A-Za-z_.:0-9]{1,80}", problem) else None,
    }
    logger.info(json.dumps({name: fact for name, fact in facts.items() if fact is not None}))


def where(error: BaseException) -> str:
    """The kind of an error and the line of ours it came from, without its text: texts may quote an answer."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "heard" in Path(frame.filename).parts]
    place = f"{Path(ours[-1].filename).stem}:{ours[-1].lineno}" if ours else "elsewhere"
    return f"{type(error).__name__}:{place}"
