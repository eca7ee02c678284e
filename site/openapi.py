"""The description of the calls for programs, made from the same schemas that judge them."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields, validate

import heard
from heard.answers import ADDRESS_FOR, enough_digits, readable, schema_for
from heard.envelope import (
    A_KEY,
    EnvelopeSchema,
    FollowSchema,
    ReceiptSchema,
    SaySchema,
    SendSchema,
    SignInSchema,
    TimelineSchema,
)
from heard.exchange import FORM
from heard.forms import FOLLOW_UPS, FORMS, form_named
from heard.sign_in import A_TOKEN
from heard.wording import languages

Json = dict[str, Any]

JSON = "application/json"
CONTROLS = r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f"  # all but tabs and line breaks
TEXT = f"^[^{CONTROLS}]*$"
MESSAGE = rf"^[^{CONTROLS}]*[^\s{CONTROLS}][^{CONTROLS}]*$"
PHONE = rf"^([^\d{CONTROLS}]*\d){{5}}[^{CONTROLS}]*$"

TEXTS = {
    "400": "Not readable",
    "413": "Too big",
    "415": "Neither JSON nor a form",
    "422": "Something does not fit: a code for each field",
    "500": "Something broke; nothing was half done, and the same key may be sent again",
}
CHECKED = {"200": ("Fit to send", "Checked")}
SENT = {
    "200": ("Accepted before: the same receipt", "Receipt"),
    "201": ("Accepted", "Receipt"),
    "409": ("This key has brought other answers; nothing was changed", "Errors"),
}
UNKNOWN = {"404": ("No case has this code", "Errors")}
FOLLOWED = {"200": ("What became of it", "Timeline"), **UNKNOWN}
SIGNED_IN = {
    "200": ("The list that the link opens, this once", "Cases"),
    "202": ("If the address is registered, an email is on its way; how long its link works", "Asked"),
    "404": ("Nothing opens with this token, or this council registers nobody", "Errors"),
}
SAID = {
    "200": ("What became of it, with what was said in it", "Timeline"),
    **UNKNOWN,
    "409": ("Said before, and something else has taken its place since; nothing was changed", "Errors"),
    "413": ("Too big, or no room is left in the case", "Errors"),
}


def document() -> Json:
    """OpenAPI 3.1 as JSON data. Every call also takes a form and then answers with a page.

    It says what to send. The functions are kinder: blank answers count as not given, and an answer
    that another rules out is set aside before anybody judges it.
    """
    marshmallow = MarshmallowPlugin()
    spec = APISpec("Heard", heard.__version__, "3.1.0", plugins=[marshmallow])
    marshmallow.converter.add_attribute_function(_pattern)
    for name, schema in {"Receipt": ReceiptSchema, "Timeline": TimelineSchema, "Follow": FollowSchema}.items():
        spec.components.schema(name, schema=schema)
    for form in FORMS:
        spec.components.schema(f"{form}_answers", schema=type(schema_for(form)))
        spec.components.schema(f"{form}_check", schema=_asked(EnvelopeSchema, form))
        spec.components.schema(f"{form}_send", schema=_asked(SendSchema, form))
    for form in FOLLOW_UPS:
        spec.components.schema(f"{form}_say", schema=_added(form))
    codes = {"type": "object", "additionalProperties": {"type": "string"}}
    spec.components.schema("Errors", {"type": "object", "required": ["errors"], "properties": {"errors": codes}})
    spec.components.schema("Checked", _checked())
    changed = spec.components.schemas["change_contact_say"]
    changed |= {"required": [*changed["required"], "contact"], "allOf": _contact_whole()}
    spec.path("/api/check", operations=_check())
    spec.path("/api/send", operations=_send())
    spec.path("/api/follow", operations=_follow())
    spec.path("/api/say", operations=_say())
    spec.components.schema("SignIn", schema=SignInSchema)
    spec.components.schemas["SignIn"] |= {"anyOf": [{"required": ["email"]}, {"required": ["token"]}]}
    spec.components.schema("Asked", _object(minutes={"type": "integer"}))
    spec.components.schema("Cases", _object(cases={"type": "array", "items": _ref("Timeline")}))
    spec.path("/api/sign-in", operations={**_sign_in(), "get": _open_link()})
    spec.path("/api/health", operations={"get": _health()})
    return spec.to_dict()


def _pattern(_converter: Any, field: fields.Field[Any], **_: Any) -> Json:
    """What our own rules come to as a pattern; marshmallow's are known already."""
    if enough_digits in field.validators:
        return {"pattern": PHONE}
    if readable not in field.validators or field.metadata.get("format") == "email":
        return {}
    return {"pattern": MESSAGE if field.required else TEXT}


def _asked(envelope: type[Schema], form: str) -> type[Schema]:
    """The common fields and the answers of one form, as strict as the functions are."""
    narrowed = {
        "form": fields.String(required=True, validate=validate.OneOf([form])),
        "lang": fields.String(validate=validate.OneOf(list(languages()))),
        "form_version": fields.Integer(validate=validate.Range(min=1, max=form_named(form).version)),
        "key": fields.String(required=envelope is SendSchema, validate=A_KEY),
        "placement": fields.String(),
    }
    return _strict(envelope, form, narrowed)


def _added(form: str) -> type[Schema]:
    """The common fields and the answers of one form beside the timeline."""
    return _strict(SaySchema, form, {"form": fields.String(required=True, validate=validate.OneOf([form]))})


def _strict(envelope: type[Schema], form: str, narrowed: Json) -> type[Schema]:
    narrow = type(f"{form}{envelope.__name__}", (envelope, type(schema_for(form))), narrowed)
    return type(narrow.__name__, (narrow,), {"Meta": type("Meta", (), {"unknown": "raise"})})


def _contact_whole() -> list[Json]:
    """A new way to be reached comes with its address."""
    return [
        {
            "if": {"required": ["contact"], "properties": {"contact": {"const": channel}}},
            "then": {"required": [address], "properties": {address: {"pattern": MESSAGE}}},
        }
        for channel, (address, _) in ADDRESS_FOR.items()
    ]


def _checked() -> Json:
    answers = {"anyOf": [_ref(f"{form}_answers") for form in FORMS]}
    notices = {"type": "array", "items": {"type": "string"}}
    properties = {"answers": answers, "notices": notices, "key": {"type": "string", "pattern": "^[0-9a-f]{32}$"}}
    return {"type": "object", "required": list(properties), "properties": properties}


def _ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(name: str, summary: str, bodies: Json, answers: dict[str, tuple[str, str]]) -> Json:
    """`bodies`: content type to schema. `answers`: status to (description, schema name), beyond those all share."""
    said = {**{code: (text, "Errors") for code, text in TEXTS.items()}, **answers}
    page = {"text/html": {"schema": {"type": "string"}}}
    responses: Json = {
        code: {"description": text, "content": {JSON: {"schema": _ref(schema)}, **page}}
        for code, (text, schema) in sorted(said.items())
    }
    request = {"required": True, "content": {kind: {"schema": body} for kind, body in bodies.items()}}
    return {"post": {"operationId": name, "summary": summary, "requestBody": request, "responses": responses}}


def _check() -> Json:
    summary = "Are these answers fit to send? Nothing is stored"
    return _operation("check", summary, {JSON: _any_of(FORMS, "check"), FORM: _any_of(FORMS, "check")}, CHECKED)


def _send() -> Json:
    """A form without a key is answered like a check: nobody has seen those answers read back yet."""
    bodies = {JSON: _any_of(FORMS, "send"), FORM: _any_of(FORMS, "check")}
    operation = _operation("send", "Send, once however often it is repeated", bodies, SENT)
    for status in ("200", "201"):
        code = {"requestBody": {"code": "$response.body#/code"}}
        links = {step: {"operationId": step, **code} for step in ("follow", "say")}
        operation["post"]["responses"][status]["links"] = links
    return operation


def _follow() -> Json:
    return _operation("follow", "What has become of it?", {JSON: _ref("Follow"), FORM: _ref("Follow")}, FOLLOWED)


def _say() -> Json:
    body = _any_of(FOLLOW_UPS, "say")
    return _operation("say", "Say more about a case, once however often it is repeated", {JSON: body, FORM: body}, SAID)


def _sign_in() -> Json:
    summary = "A link by email to an advocacy service's list of cases, and the list it opens"
    return _operation("sign_in", summary, {JSON: _ref("SignIn"), FORM: _ref("SignIn")}, SIGNED_IN)


def _open_link() -> Json:
    """For browsers: what a link in an email opens. It changes nothing."""
    token = {"type": "string", "pattern": f"^{A_TOKEN}$"}
    page = {"content": {"text/html": {"schema": {"type": "string"}}}}
    return {
        "operationId": "open_link",
        "summary": "The page that a link opens, with a button that sends its token",
        "parameters": [{"name": "token", "in": "query", "required": True, "schema": token}],
        "responses": {
            "200": {"description": "A page with a button", **page},
            "404": {"description": "This is no link, or this council registers nobody", **page},
        },
    }


def _object(**properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties}


def _any_of(forms: tuple[str, ...], step: str) -> Json:
    return {"oneOf": [_ref(f"{form}_{step}") for form in forms]}


def _health() -> Json:
    up = {"type": "object", "required": ["status"], "properties": {"status": {"const": "ok"}}}
    answer = {"description": "Yes", "content": {JSON: {"schema": up}}}
    return {"operationId": "health", "summary": "Is it up?", "responses": {"200": answer}}
