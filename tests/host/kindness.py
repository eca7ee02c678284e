"""Loaded by schemathesis: where the functions are kinder than their description, and rightly so.

The description says what to send. The functions take blank answers as not given and set aside what
another answer rules out; and whoever follows a case in a language or voice that nobody knows is answered in plain
English. A call that is wrong in these ways alone is accepted, and no fault.
"""

import json
from typing import Any

import schemathesis

from heard.answers import tidy
from heard.forms import FOLLOW_UPS, FORMS, form_named
from tests.conftest import SITE
from tests.site.test_openapi import fits

FOLLOW, A_CODE = "/api/follow", "five words that open it"
DOCUMENT = json.loads((SITE / "openapi.json").read_text(encoding="utf-8"))


@schemathesis.hook
def filter_case(_: schemathesis.HookContext, case: schemathesis.Case) -> bool:
    """False for a call that is meant to be wrong, and is right once it is read kindly."""
    if not case.meta.generation.mode.is_negative or not isinstance(case.body, dict):
        return True
    read = read_kindly(case.body)
    body = DOCUMENT["paths"][case.operation.path]["post"]["requestBody"]["content"][case.media_type]
    if case.operation.path == FOLLOW and not fits(DOCUMENT, body["schema"], {**case.body, "code": A_CODE}):
        return False
    return read == case.body or not fits(DOCUMENT, body["schema"], read)


def read_kindly(sent: dict[str, Any]) -> dict[str, Any]:
    answers = tidy(sent)
    if answers.get("form") in FORMS + FOLLOW_UPS:
        for question in form_named(answers["form"]).questions:
            if question.id in answers and question.ruled_out_by(answers):
                del answers[question.id]
    return answers
