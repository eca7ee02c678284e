"""A canary in every field is found in no log line, header, address or error text, whatever happens to the request."""

import io
import json
import logging
from dataclasses import replace

import pytest

from heard import exchange, log, web
from heard.forms import FORMS, form_named
from heard.ports import NotSent
from tests.conftest import KEY, deliver_all

CANARY = "canary"


@pytest.fixture
def logged():
    """Everything that any logger wrote, ours and other people's."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(exc_text)s"))
    root = logging.getLogger()
    ours = log.logger
    before = (root.level, ours.level, ours.propagate)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    ours.setLevel(logging.DEBUG)
    ours.propagate = True
    yield lines
    root.removeHandler(handler)
    root.setLevel(before[0])
    ours.setLevel(before[1])
    ours.propagate = before[2]


def full(form_name, **changes):
    """A form with a canary in every text, and choices that let every question be asked."""
    form = form_named(form_name)
    fields = {"form": form_name, "lang": "en", "voice": "standard", "key": KEY}
    for question in form.questions:
        if question.type in ("text", "long_text"):
            fields[question.id] = f"{CANARY} {question.id}"
        elif question.type == "email":
            fields[question.id] = f"{CANARY}@home.example"
        elif question.type == "phone":
            fields[question.id] = f"{CANARY} 07700 900123"
        elif question.type == "choices":
            fields[question.id] = list(question.codes)
    choices = {
        "who": "parent_pr",
        "told_before": "yes",
        "contact": "email",
        "contact_is_safe": "yes",
        "acknowledge": "yes",
    }
    choices |= {"advocate": "have_one"}
    asked = {question.id for question in form.questions}
    return fields | {name: code for name, code in choices.items() if name in asked} | changes


class Crashing:
    """Fails with everything it was handed in the text of its error, as libraries do."""

    def __getattr__(self, name):
        def fail(*handed, **_):
            raise RuntimeError(f"{name} {handed}")

        return fail


class Refusing(Crashing):
    """Says that nothing was sent."""

    def send(self, *_):
        raise NotSent("queue_down")


def send(services, fields, step="send"):
    return web.answer(step, exchange.Request("application/json", json.dumps(fields).encode(), CANARY), services)


@pytest.mark.parametrize("form_name", FORMS)
@pytest.mark.parametrize(
    "happening", ["accepted", "rejected", "store crashes", "queue crashes", "queue refuses", "unreadable"]
)
def test_no_answer_reaches_a_log_a_header_or_an_error(services, logged, form_name, happening, tmp_path):
    fields = full(form_name)
    if happening == "rejected":
        fields |= {"contact": CANARY, f"{CANARY}_field": CANARY, "lang": CANARY}
    if happening == "store crashes":
        services = replace(services, store=Crashing())
    if happening == "queue crashes":
        services = replace(services, queue=Crashing(), messenger=Crashing())
    if happening == "queue refuses":
        services = replace(services, queue=Refusing(), messenger=Refusing())
    response = send(services, fields)
    if happening == "unreadable":
        response = web.answer("send", exchange.Request("application/json", f'{{"{CANARY}'.encode()), services)
    expected = {"rejected": 422, "store crashes": 500, "unreadable": 400}.get(happening, 201)
    assert response.status == expected
    outcomes = deliver_all(services) if response.status == 201 else []
    for outcome in outcomes:
        log.note("deliver", outcome.outcome, reference=outcome.reference, problem=outcome.problem)
    assert '"step": "send"' in logged.getvalue()
    seen = logged.getvalue() + repr(response.headers) + repr(outcomes)
    assert CANARY not in seen
    for letter in tmp_path.rglob("*.eml"):
        assert CANARY not in letter.read_text().replace(f"To: {CANARY}@home.example", "")


def test_a_reference_is_logged_only_as_a_hash(services, logged):
    response = send(services, full("complaint"))
    assert response.about not in logged.getvalue()
    assert json.loads(response.body)["code"] not in logged.getvalue()


def test_a_code_that_was_typed_is_not_logged(services, logged):
    send(services, {"code": CANARY}, step="follow")
    assert CANARY not in logged.getvalue()


def test_a_problem_that_is_no_code_is_left_out_of_the_log(logged):
    log.note("deliver", "unknown", problem=f"it said: {CANARY} is wrong")
    assert CANARY not in logged.getvalue()


def test_an_error_is_told_by_its_kind_and_place():
    try:
        form_named(CANARY)
    except LookupError as error:
        told = log.where(error)
    assert told.startswith("FormUnknown:forms:")
    assert log.where(ValueError(CANARY)) == "ValueError:elsewhere"
