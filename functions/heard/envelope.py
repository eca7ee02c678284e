"""What travels around the answers: which form, in which language and voice, under which key. And what goes back."""

import re
from dataclasses import dataclass
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema

from heard.answers import CODES, problem_codes
from heard.case import ADVOCATE, PERSON, STATUSES
from heard.council import known_placement
from heard.forms import FOLLOW_UPS, FORMS, form_named
from heard.timeline import OUTCOMES
from heard.wording import VOICES, languages

A_KEY = [
    validate.Length(equal=32, error="not_a_key"),  # Python's $ also stands before a last line break
    validate.Regexp(r"^[0-9a-f]{32}$", error="not_a_key"),
]
NOT_BLANK = {"pattern": r"[^\s\u001c-\u001f\u0085]"}
"""For the description: what Python does not strip, in the terms of JSON Schema."""
A_VERSION = re.compile("[1-9][0-9]{0,8}")


class EnvelopeRejected(Exception):
    """A common field does not fit. `problems` maps field to code."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__(f"{len(problems)} fields do not fit")
        self.problems = problems


def published(language: str) -> None:
    if language not in languages():
        raise ValidationError("unknown_choice")


class EnvelopeSchema(Schema):
    """The common fields of /api/check."""

    form = fields.String(required=True, validate=validate.OneOf(FORMS, error="unknown_choice"), error_messages=CODES)
    lang = fields.String(load_default="en", validate=published, error_messages=CODES)
    voice = fields.String(
        load_default="standard", validate=validate.OneOf(VOICES, error="unknown_choice"), error_messages=CODES
    )
    form_version = fields.Integer(
        load_default=None, strict=True, validate=validate.Range(min=1, error="unknown_choice"), error_messages=CODES
    )
    key = fields.String(load_default=None, validate=A_KEY, error_messages=CODES)
    placement = fields.String(load_default=None, error_messages=CODES)


class SendSchema(EnvelopeSchema):
    """The common fields of /api/send."""

    key = fields.String(required=True, validate=A_KEY, error_messages=CODES)


class FollowSchema(Schema):
    """What /api/follow takes: five words or 20 digits, and how to answer. Anything else is passed over."""

    class Meta:
        unknown = EXCLUDE

    lang = fields.String(error_messages=CODES)
    voice = fields.String(error_messages=CODES)
    code = fields.String(required=True, error_messages=CODES, metadata=NOT_BLANK)


def not_blank(text: str) -> None:
    if not text.strip():
        raise ValidationError("required")


class SignInSchema(Schema):
    """What /api/sign-in takes: an address that wants a link, or the token of a link. Anything else is passed over."""

    class Meta:
        unknown = EXCLUDE

    lang = fields.String(error_messages=CODES)
    voice = fields.String(error_messages=CODES)
    email = fields.String(validate=not_blank, error_messages=CODES, metadata=NOT_BLANK)
    token = fields.String(validate=not_blank, error_messages=CODES, metadata=NOT_BLANK)

    @validates_schema
    def one_of_the_two(self, sent: dict[str, str], **_: Any) -> None:
        if not {"email", "token"} & sent.keys():
            raise ValidationError("required", "email")


class SaySchema(FollowSchema):
    """The common fields of /api/say: whose case, and which of the forms beside the timeline."""

    form = fields.String(
        required=True, validate=validate.OneOf(FOLLOW_UPS, error="unknown_choice"), error_messages=CODES
    )
    key = fields.String(required=True, validate=A_KEY, error_messages=CODES)


class ReceiptSchema(Schema):
    """What an accepted submission gives back."""

    reference = fields.String(required=True)
    code = fields.String(required=True)
    code_digits = fields.String(required=True)
    due = fields.Date(required=True, allow_none=True)


class StepSchema(Schema):
    """One step of a timeline."""

    step = fields.String(required=True, validate=validate.OneOf(("received", "delivered", *STATUSES, *FOLLOW_UPS)))
    on = fields.Date(required=True)
    new = fields.Boolean(required=True)
    stage = fields.Integer()
    note = fields.String()
    reason = fields.String()
    investigation = fields.String()
    resubmit_by = fields.Date()
    due = fields.Date()
    to = fields.String()
    answers = fields.Dict()
    by = fields.String(validate=validate.OneOf([ADVOCATE]))


class PointSchema(Schema):
    """One point of a complaint, and what the council found."""

    number = fields.Integer(required=True)
    title = fields.String(required=True)
    theme = fields.String(required=True, allow_none=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(OUTCOMES))
    reason = fields.String(required=True, allow_none=True)


class TimelineSchema(Schema):
    """What the holder of a code may see."""

    reference = fields.String(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(FORMS))
    status = fields.String(required=True)
    steps = fields.List(fields.Nested(StepSchema), required=True)
    due = fields.Date(required=True, allow_none=True)
    longest = fields.Date(required=True, allow_none=True)
    awaited = fields.Boolean(required=True)
    late = fields.Boolean(required=True)
    points = fields.List(fields.Nested(PointSchema), required=True)
    outcome = fields.String(required=True, allow_none=True, validate=validate.OneOf(OUTCOMES))
    can = fields.List(fields.String(validate=validate.OneOf(FOLLOW_UPS)), required=True)
    advocates_code = fields.String(required=True, allow_none=True)
    advocate = fields.Dict(required=True, allow_none=True)
    by = fields.String(required=True, validate=validate.OneOf([PERSON, ADVOCATE]))


@dataclass(frozen=True)
class Envelope:
    """The common fields, checked."""

    form: str
    lang: str
    voice: str
    form_version: int
    key: str | None
    placement: str | None


def open_envelope(sent: dict[str, Any]) -> Envelope:
    """The common fields among everything sent; raises EnvelopeRejected.

    A placement nobody put up is dropped: a worn or old QR code must not stop anyone.
    """
    common = {name: sent[name] for name in EnvelopeSchema().fields if sent.get(name) not in (None, "")}
    version = common.get("form_version")
    if isinstance(version, str) and A_VERSION.fullmatch(version):
        common["form_version"] = int(version)  # forms bring text
    try:
        loaded = EnvelopeSchema().load(common)
    except ValidationError as rejected:
        raise EnvelopeRejected(problem_codes(rejected)) from None
    current = form_named(loaded["form"]).version
    loaded["form_version"] = loaded["form_version"] or current
    if loaded["form_version"] > current:
        raise EnvelopeRejected({"form_version": "unknown_choice"})
    loaded["placement"] = known_placement(loaded["placement"] or "")
    return Envelope(**loaded)


def answers_in(sent: dict[str, Any], also_common: tuple[str, ...]) -> dict[str, Any]:
    """Everything sent that is not a common field."""
    common = {*EnvelopeSchema().fields, *also_common}
    return {name: value for name, value in sent.items() if name not in common}
