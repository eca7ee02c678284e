"""The description of the three calls for programs, made from the same schemas that judge them."""

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

import heard
from heard.answers import schema_for
from heard.envelope import EnvelopeSchema, FollowSchema, ReceiptSchema, SendSchema, TimelineSchema
from heard.forms import FORMS


def document() -> dict[str, Any]:
    """OpenAPI 3.1 as JSON data."""
    spec = APISpec("Heard", heard.__version__, "3.1.0", plugins=[MarshmallowPlugin()])
    spec.components.schema("Receipt", schema=ReceiptSchema)
    spec.components.schema("Timeline", schema=TimelineSchema)
    spec.components.schema("Follow", schema=FollowSchema)
    for form in FORMS:
        answers = type(schema_for(form))
        spec.components.schema(f"{form}_check", schema=_with(EnvelopeSchema, answers, f"{form}_check"))
        spec.components.schema(f"{form}_send", schema=_with(SendSchema, answers, f"{form}_send"))
    spec.components.schema("Errors", _errors())
    spec.path("/api/check", operations=_post("Are these answers fit to send?", "check", {200: "Fit to send"}))
    spec.path("/api/send", operations=_post("Send once, however often it is repeated", "send", _sent()))
    spec.path("/api/follow", operations=_follow())
    spec.path("/api/health", operations={"get": {"summary": "Is it up?", "responses": {"200": {"description": "Yes"}}}})
    return spec.to_dict()


def _with(envelope: type[Schema], answers: type[Schema], name: str) -> type[Schema]:
    return type(name, (envelope, answers), {})


def _errors() -> dict[str, Any]:
    codes = {"type": "object", "additionalProperties": {"type": "string"}}
    return {"type": "object", "required": ["errors"], "properties": {"errors": codes}}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _failures(**more: str) -> dict[str, Any]:
    texts = {"400": "Not readable", "413": "Too big", "415": "Neither JSON nor a form", "422": "Something does not fit"}
    texts |= {code.lstrip("_"): text for code, text in more.items()}
    return {code: {"description": text, "content": _json("Errors")} for code, text in texts.items()}


def _sent() -> dict[int, str]:
    return {201: "Accepted", 200: "Accepted before: the same receipt", 409: "This key has brought other answers"}


def _post(summary: str, step: str, outcomes: dict[int, str]) -> dict[str, Any]:
    one_of = [{"$ref": f"#/components/schemas/{form}_{step}"} for form in FORMS]
    responses = {str(code): {"description": text} for code, text in outcomes.items()}
    for code in ("200", "201"):
        if step == "send":
            responses[code]["content"] = _json("Receipt")
    body = {"required": True, "content": {"application/json": {"schema": {"oneOf": one_of}}}}
    return {"post": {"summary": summary, "requestBody": body, "responses": {**_failures(), **responses}}}


def _follow() -> dict[str, Any]:
    found = {"200": {"description": "What became of it", "content": _json("Timeline")}}
    body = {"required": True, "content": _json("Follow")}
    responses = {**_failures(_404="No case has this code"), **found}
    return {"post": {"summary": "What has become of it?", "requestBody": body, "responses": responses}}
