"""One HTTP exchange, whatever serves it: what came in, read strictly, and what goes out."""

import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from heard.forms import form_named
from heard.wording import VOICES, Words, languages

MAX_BYTES = 256 * 1024  # the longest complaint in a script of four bytes a character, percent-encoded, fits
MAX_FIELDS = 200
FORM = "application/x-www-form-urlencoded"
CHARSET = re.compile(r';\s*charset\s*=\s*"?([^\s";]*)', re.IGNORECASE)
UTF_8 = ("utf-8", "utf8", "us-ascii")


class Unreadable(Exception):
    """The body is not what its content type says, or not one we take."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass(frozen=True)
class Request:
    """One POST. `sender`: what tells this browser from others without a cookie; never stored, never logged."""

    content_type: str
    body: bytes
    sender: str = ""

    @property
    def kind(self) -> str:
        """The media type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def is_json(self) -> bool:
        return self.kind == "application/json"

    @property
    def is_utf_8(self) -> bool:
        """True unless it says otherwise: the same bytes are other letters in another encoding."""
        said = CHARSET.search(self.content_type)
        return said is None or said[1].lower() in UTF_8


@dataclass(frozen=True)
class Response:
    """A status, a body, and headers beyond the common ones. `about` is for the log: a reference, never content."""

    status: int
    body: str
    content_type: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    about: str | None = None


@dataclass(frozen=True)
class Exchange:
    """One request being answered: what was sent, and the words to answer in."""

    request: Request
    sent: dict[str, Any]
    words: Words


def as_json(status: int, data: dict[str, Any], about: str | None = None) -> Response:
    return Response(status, json.dumps(data), "application/json", about=about)


def as_file(text: str, name: str) -> Response:
    """Text to keep. `name`: ours, and nothing that anybody typed."""
    return Response(200, text, "text/plain; charset=utf-8", {"Content-Disposition": f'attachment; filename="{name}"'})


def read_body(request: Request) -> dict[str, Any]:
    """The fields of a form or a JSON object; raises Unreadable. Nothing is guessed: wrong bytes are refused."""
    if len(request.body) > MAX_BYTES:
        raise Unreadable(413, "too_big")
    if request.kind not in ("application/json", FORM) or not request.is_utf_8:
        raise Unreadable(415, "not_understood")
    return _read_json(request.body) if request.is_json else _read_form(request.body)


def _read_json(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body.decode("utf-8"), object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        raise Unreadable(400, "not_understood") from None
    if not isinstance(sent, dict) or len(sent) > MAX_FIELDS:
        raise Unreadable(400, "not_understood")
    return sent


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _read_form(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise Unreadable(400, "not_understood") from None
    several: dict[str, list[str]] = {}
    for name, value in pairs:
        several.setdefault(name, []).append(value)
    form_name = several.get("form", [""])[-1]
    lists = _questions_with_several_answers(form_name)
    return {name: values if name in lists or len(values) > 1 else values[0] for name, values in several.items()}


def _questions_with_several_answers(form_name: str) -> set[str]:
    try:
        return {question.id for question in form_named(form_name).questions if question.type == "choices"}
    except LookupError:
        return set()


def words_of(sent: dict[str, Any]) -> Words:
    """The language and voice to answer in, even when the rest cannot be understood."""
    language, voice = sent.get("lang"), sent.get("voice")
    return Words(
        language if isinstance(language, str) and language in languages() else "en",
        voice if isinstance(voice, str) and voice in VOICES else "standard",
    )
