"""What programs are told about the calls is true: the description is sound, and real answers fit it."""

import json
import re

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

import heard
from heard import exchange, web
from heard.forms import FOLLOW_UPS, FORMS, form_named
from tests.conftest import KEY, MESSAGES, ROOT, SITE, send_json, token_in

DOCUMENT = "urn:openapi"
COMPLAINT = {
    "form": "complaint",
    "lang": "en",
    "voice": "young",
    "form_version": 1,
    "what_happened": "They never came.",
}

FOLLOW_UP = {
    "tell_more": {"more": "It was Tuesday."},
    "next_stage": {"still_wrong": "Nobody said sorry."},
    "ask_for": {"help_wanted": ["meeting", "advocate"], "help_words": "After school."},
    "change_contact": {"contact": "text", "phone": "07700 900123", "contact_is_safe": "yes"},
    "name_advocate": {"advocate_is": "Sam", "advocate_sees": "steps"},
    "remove_advocate": {},
    "withdraw": {},
    "carry_on": {},
    "closing_questions": {"closing_rights": "partly"},
}


@pytest.fixture(scope="module")
def document():
    return json.loads((SITE / "openapi.json").read_text(encoding="utf-8"))


def operations(document):
    return [operation for path in document["paths"].values() for operation in path.values()]


def nodes(tree):
    """Every object in a JSON document."""
    branches = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return [*([tree] if isinstance(tree, dict) else []), *(node for branch in branches for node in nodes(branch))]


def fits(document, schema, data):
    """Does this data fit a schema of the document, whatever the schema refers to?"""
    registry = Registry().with_resource(DOCUMENT, DRAFT202012.create_resource(document))
    rooted = json.loads(json.dumps(schema).replace('"#/', f'"{DOCUMENT}#/'))
    return Draft202012Validator(rooted, registry=registry).is_valid(data)


def body_schema(operation):
    return operation["requestBody"]["content"]["application/json"]["schema"]


def test_it_says_which_version_it_is_of_what(document):
    assert document["openapi"].startswith("3.1.")
    assert document["info"] == {"title": "Heard", "version": heard.__version__}


def test_it_describes_every_call_a_program_can_make_and_no_other(document):
    for_browsers = {"receipt"}

    assert set(document["paths"]) == {f"/api/{step}" for step in web.STEPS if step not in for_browsers} | {
        "/api/health"
    }
    assert [list(path) for path in document["paths"].values()] == [*[["post"]] * 4, ["post", "get"], ["get"]]


def test_every_operation_says_what_it_is_for_and_what_can_come_back(document):
    for operation in operations(document):
        assert operation["summary"]
        assert all(code.isdigit() and len(code) == 3 for code in operation["responses"])
        assert all(response["description"] for response in operation["responses"].values())


def test_everything_that_is_referred_to_is_there(document):
    pointers = [node["$ref"] for node in nodes(document) if "$ref" in node]

    assert pointers
    for pointer in pointers:
        section, name = pointer.removeprefix("#/components/").split("/")
        assert name in document["components"][section]


def test_every_schema_is_one(document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("form", "step"),
    [*((form, step) for form in FORMS for step in ("check", "send")), *((form, "say") for form in FOLLOW_UPS)],
)
def test_every_question_of_a_form_is_described(document, form, step):
    described = document["components"]["schemas"][f"{form}_{step}"]["properties"]

    for question in form_named(form).questions:
        found = described[question.id]
        if question.type == "choice":
            assert found["enum"] == list(question.codes)
        elif question.type == "choices":
            assert found["items"]["enum"] == list(question.codes)
        else:
            assert found["maxLength"] == question.max_length


@pytest.mark.parametrize(("step", "common"), [("check", ["form"]), ("send", ["form", "key"])])
@pytest.mark.parametrize("form", FORMS)
def test_only_the_message_and_what_carries_it_are_required(document, form, step, common):
    schema = document["components"]["schemas"][f"{form}_{step}"]

    assert sorted(schema["required"]) == sorted([*common, MESSAGES[form]])


@pytest.mark.parametrize("form", FOLLOW_UPS)
def test_what_carries_a_follow_up_is_required_and_of_it_what_the_form_says(document, form):
    schema = document["components"]["schemas"][f"{form}_say"]
    needed = [question.id for question in form_named(form).questions if question.required]

    needed += ["contact"] if form == "change_contact" else []
    assert sorted(schema["required"]) == sorted(["code", "form", "key", *needed])


@pytest.mark.parametrize("step", ["check", "send"])
def test_what_is_accepted_fits_the_description(document, services, step):
    status, _ = send_json(services, step, **COMPLAINT, key=KEY)

    assert status in (200, 201)
    assert fits(document, body_schema(document["paths"][f"/api/{step}"]["post"]), {**COMPLAINT, "key": KEY})


@pytest.mark.parametrize("wrong", [{"what_happened": "x" * 10_001}, {"safe_now": "maybe"}, {"themes": "delay"}])
def test_what_is_refused_does_not_fit_the_description(document, services, wrong):
    sent = {**COMPLAINT, "key": KEY, **wrong}

    assert send_json(services, "send", **sent)[0] == 422
    assert not fits(document, body_schema(document["paths"]["/api/send"]["post"]), sent)


@pytest.mark.parametrize("form", FOLLOW_UPS)
def test_each_follow_up_fits_the_description_and_so_does_the_timeline_with_it(document, services, form):
    _, receipt = send_json(services, "send", **COMPLAINT, key=KEY)
    sent = {"code": receipt["code"], "form": form, "key": KEY, "lang": "en", "voice": "young", **FOLLOW_UP[form]}
    status, timeline = send_json(services, "say", **sent)

    assert (status, timeline["steps"][-1]["step"]) == (200, form)
    assert fits(document, body_schema(document["paths"]["/api/say"]["post"]), sent)
    assert fits(document, {"$ref": "#/components/schemas/Timeline"}, timeline)


@pytest.mark.parametrize(
    "wrong",
    [
        {"form": "complaint"},
        {"form": None},
        {"key": "short"},
        {"key": None},
        {"code": 5},
        {"code": ""},
        {"lang": 5},
        {"more": ""},
        {"what_happened": "x"},
        {"form": "name_advocate", "more": None},
        {"form": "change_contact", "more": None, "contact": "post"},
        {"form": "change_contact", "more": None, "contact": "post", "postal_address": " "},
        {"form": "ask_for", "more": None, "help_words": "A person who signs."},
    ],
)
def test_a_follow_up_that_is_refused_does_not_fit_the_description(document, services, wrong):
    _, receipt = send_json(services, "send", **COMPLAINT, key=KEY)
    sent = {"code": receipt["code"], "form": "tell_more", "key": KEY, "more": "x", **wrong}
    sent = {name: value for name, value in sent.items() if value is not None}
    status, answer = send_json(services, "say", **sent)

    assert (status, set(answer)) == (422, {"errors"})
    assert re.fullmatch("[a-z_]+", "".join(answer["errors"].values()))
    assert not fits(document, body_schema(document["paths"]["/api/say"]["post"]), sent)


@pytest.mark.parametrize(
    ("step", "sent", "status"),
    [
        ("check", COMPLAINT, 200),
        ("check", {**COMPLAINT, "what_happened": ""}, 422),
        ("check", {"form": "petition"}, 422),
        ("send", {**COMPLAINT, "key": "f" * 32}, 201),
        ("send", {**COMPLAINT, "key": KEY}, 200),
        ("send", {**COMPLAINT, "key": KEY, "what_happened": "Something else."}, 409),
        ("send", COMPLAINT, 422),
        ("send", {**COMPLAINT, "key": KEY, "name": "x" * exchange.MAX_BYTES}, 413),
        ("follow", {"code": "no such code"}, 404),
        ("follow", {"code": ""}, 422),
        ("say", {"code": "no such code", "form": "carry_on", "key": KEY}, 404),
        ("sign-in", {"email": "duty@speakup.example"}, 202),
        ("sign-in", {"token": "no such token"}, 404),
        ("sign-in", {}, 422),
        ("say", {"code": "no such code", "form": "petition", "key": KEY}, 422),
        ("say", {"code": "no such code", "form": "tell_more", "key": KEY, "more": "x" * exchange.MAX_BYTES}, 413),
    ],
)
def test_what_comes_back_is_described(document, services, step, sent, status):
    send_json(services, "send", **COMPLAINT, key=KEY)
    answered, answer = send_json(services, step, **sent)
    described = document["paths"][f"/api/{step}"]["post"]["responses"][str(status)]

    assert answered == status
    assert fits(document, described["content"]["application/json"]["schema"], answer)


@pytest.mark.parametrize(("content_type", "status"), [("application/json", 400), ("text/plain", 415)])
@pytest.mark.parametrize("step", ["check", "send", "follow", "say"])
def test_what_cannot_be_read_is_answered_as_described(document, services, step, content_type, status):
    response = web.answer(step, exchange.Request(content_type, b"{"), services)

    assert response.status == status
    assert str(status) in document["paths"][f"/api/{step}"]["post"]["responses"]


def test_what_asks_for_a_link_and_the_list_that_it_opens_fit_the_description(document, services, tmp_path):
    _, receipt = send_json(services, "send", **COMPLAINT, key=KEY)
    named = {"advocate_sees": "steps", "advocate_lists": "yes"}
    send_json(services, "say", code=receipt["code"], form="name_advocate", key=KEY, **named)
    post = document["paths"]["/api/sign-in"]["post"]
    asked = {"email": "duty@speakup.example"}
    send_json(services, "sign-in", **asked)
    [letter] = tmp_path.rglob("*-link.eml")
    opened = {"token": token_in(letter)}
    status, answer = send_json(services, "sign-in", **opened)

    assert (status, len(answer["cases"])) == (200, 1)
    assert fits(document, post["responses"]["200"]["content"]["application/json"]["schema"], answer)
    assert fits(document, body_schema(post), asked)
    assert fits(document, body_schema(post), opened)
    assert not any(fits(document, body_schema(post), wrong) for wrong in ({}, {"email": " "}, {"token": 5}))


def test_a_timeline_fits_its_description(document, services):
    _, receipt = send_json(services, "send", **COMPLAINT, key=KEY)
    status, timeline = send_json(services, "follow", code=receipt["code_digits"])

    assert status == 200
    assert fits(document, {"$ref": "#/components/schemas/Timeline"}, timeline)
    assert not fits(document, {"$ref": "#/components/schemas/Timeline"}, {**timeline, "kind": "petition"})


@pytest.mark.parametrize("name", ["message", "event", "update", "reply"])
def test_what_goes_between_us_and_a_council_has_its_schema_published_as_we_check_by_it(name):
    published = (SITE / "schemas" / f"{name}.v1.schema.json").read_bytes()

    assert published == (ROOT / "functions" / "heard" / f"{name}.v1.schema.json").read_bytes()
    Draft202012Validator.check_schema(json.loads(published))
