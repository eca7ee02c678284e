"""What the council is told of an update or a report that was not taken, version 1: reply.v1.schema.json."""

import hashlib
from collections.abc import Mapping
from typing import Any

from heard.message import VERSION, checked
from heard.receipt import read_reference

Problems = Mapping[str, list[str]]
"""Plain sentences by field. `body` is the whole. A field in a list has its place in its name: `points.0.title`."""


class Refused(Exception):
    """What the council said cannot be taken, now or later. Nothing was changed.

    `problems` quote nothing that was sent: they leave the house.
    """

    def __init__(self, text: str, problems: Problems) -> None:
        super().__init__(text)
        self.problems = problems


def refusal(body: str, said: Mapping[str, Any] | None, refused: Refused) -> dict[str, Any]:
    """The reply to an update that was refused, checked against its schema; the same body gives the same id.

    `body`: as it came. `said`: what could be read of it.
    """
    reference, number = (said or {}).get("reference"), (said or {}).get("version")
    reply = {
        "version": VERSION,
        "type": "update_refused",
        "id": hashlib.sha256(f"reply\0{body}".encode(errors="replace")).hexdigest()[:32],
        "reference": read_reference(reference) if isinstance(reference, str) else None,
        "update": number if type(number) is int and number > 0 else None,  # not True, which is 1 to Python
        "problems": {name: list(sentences) for name, sentences in refused.problems.items()},
    }
    return checked(reply, "reply")
