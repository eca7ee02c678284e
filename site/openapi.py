"""The description of the calls for programs, made from the same schemas that judge them."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

import heard
from heard.answers import schema_for
from heard.envelope import EnvelopeSchema, FollowSchema, ReceiptSchema, SendSchema, TimelineSchema
from heard.forms import FORMS, form_named
from heard.wording import languages

Json = dict[str, Any]

TEXTS = {
    "400": "Not readable",
    "413": "Too big",
    "415": "Neither JSON nor a form",
    "422": "Something does not fit: a code for each field",
    "500": "Something broke; nothing was half done, and the same key may be sent again",
}


def document() -> Json:
    """OpenAPI 3.1 as JSON data. Every call also takes a form and then answers with a page."""
    spec = APISpec("Heard", heard.__version__, "3.1.0", plugins=[MarshmallowPlugin()])
    for name, schema in {"Receipt": ReceiptSchema, "Timeline": TimelineSchema, "Follow": FollowSchema}.items():
        spec.components.schema(name, schema=schema)
    for form in FORMS:
        spec.components.schema(f"{form}_answers", schema=type(schema_for(form)))
        spec.components.schema(f"{form}_check", schema=_asked(EnvelopeSchema, form))
        spec.components.schema(f"{form}_send", schema=_asked(SendSchema, form))
    codes = {"type": "object", "additionalProperties": {"type": "string"}}
    spec.components.schema("Errors", {"type": "object", "required": ["errors"], "properties": {"errors": codes}})
    spec.components.schema("Checked", _checked())
    spec.path("/api/check", operations=_check())
    spec.path("/api/send", operations=_send())
    spec.path("/api/follow", operations=_follow())
    spec.path("/api/health", operations={"get": {"summary": "Is it up?", "responses": {"200": {"description": "Yes"}}}})
    return spec.to_dict()


def _asked(envelope: type[Schema], form: str) -> type[Schema]:
    """The common fields and the answers of one form, as strict as the functions are."""
    narrowed = {
        "form": fields.String(required=True, validate=validate.OneOf([form])),
        "lang": fields.String(validate=validate.OneOf(list(languages()))),
        "form_version": fields.Integer(validate=validate.Range(min=1, max=form_named(form).version)),
    }
    narrow = type(f"{form}{envelope.__name__}", (envelope, type(schema_for(form))), narrowed)
    return type(narrow.__name__, (narrow,), {"Meta": type("Meta", (), {"unknown": "raise"})})


def _checked() -> Json:
    answers = {"anyOf": [_ref(f"{form}_answers") for form in FORMS]}
    notices = {"type": "array", "items": {"type": "string"}}
    properties = {"answers": answers, "notices": notices, "key": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(summary: str, body: Json, answers: dict[str, tuple[str, str]]) -> Json:
    """`answers`: status to (description, schema name); the failures that every call shares are added."""
    said = {**{code: (text, "Errors") for code, text in TEXTS.items()}, **answers}
    page = {"text/html": {"schema": {"type": "string"}}}
    responses = {
        code: {"description": text, "content": {"application/json": {"schema": _ref(name)}, **page}}
        for code, (text, name) in sorted(said.items())
    }
    kinds = ("application/json", "application/x-www-form-urlencoded")
    request = {"required": True, "content": {kind: {"schema": body} for kind in kinds}}
    return {"post": {"summary": summary, "requestBody": request, "responses": responses}}


def _check() -> Json:
    body = {"oneOf": [_ref(f"{form}_check") for form in FORMS]}
    return _operation("Are these answers fit to send? Nothing is stored", body, {"200": ("Fit to send", "Checked")})


def _send() -> Json:
    answers = {
        "200": ("Accepted before: the same receipt", "Receipt"),
        "201": ("Accepted", "Receipt"),
        "409": ("This key has brought other answers; nothing was changed", "Errors"),
    }
    return _operation("Send, once however often it is repeated", {"oneOf": [_ref(f"{f}_send") for f in FORMS]}, answers)


def _follow() -> Json:
    answers = {"200": ("What became of it", "Timeline"), "404": ("No case has this code", "Errors")}
    return _operation("What has become of it?", _ref("Follow"), answers)
