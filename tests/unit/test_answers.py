"""Every answer is kept exactly as typed, or refused with a code that has words."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heard.answers import BUILDERS, AnswersRejected, accept, digest
from heard.forms import FORMS, FormUnknown, form_named
from tests.conftest import MESSAGES

COMPLAINT = form_named("complaint")
typed_by_people = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t"), max_size=300)


def problems_of(**answers):
    with pytest.raises(AnswersRejected) as rejected:
        accept(COMPLAINT, {"what_happened": "x", **answers})
    return rejected.value.problems


def test_only_the_message_is_ever_required():
    for name in FORMS:
        form = form_named(name)
        assert [question.id for question in form.questions if question.required] == [MESSAGES[name]]
        assert accept(form, {MESSAGES[name]: "x"}) == {MESSAGES[name]: "x"}


def test_a_form_nobody_made_is_unknown():
    with pytest.raises(FormUnknown):
        form_named("survey")


@pytest.mark.parametrize("blank", ["", " ", "\n \t", "\r\n", None])
def test_a_blank_message_is_asked_for(blank):
    with pytest.raises(AnswersRejected) as rejected:
        accept(COMPLAINT, {"what_happened": blank})
    assert rejected.value.problems == {"what_happened": "required"}


@given(typed_by_people.filter(str.strip))
def test_text_in_any_script_goes_through_unchanged(text):
    assert accept(COMPLAINT, {"what_happened": text})["what_happened"] == text


@pytest.mark.parametrize(
    "text",
    [
        "👩‍👧‍👦 zero\u200dwidth\u200cjoiners",
        "من مساعدة می‌خواهم \u202eright to left\u202c \u2067x\u2069",
        "  spaces before and after  ",
        "one\n\n\nthree",
        "ਮੇਰੀ ਗੱਲ ሰላም 我很难过 ńśźżó",
        "'; DROP TABLE cases; -- <script>alert(1)</script> {{7*7}} %0d%0a",
    ],
)
def test_nothing_in_a_text_is_cleaned_away(text):
    assert accept(COMPLAINT, {"what_happened": text})["what_happened"] == text


def test_the_carriage_returns_that_html_forms_add_are_taken_off():
    assert accept(COMPLAINT, {"what_happened": "one\r\ntwo\rthree"})["what_happened"] == "one\ntwo\nthree"


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"])
def test_control_characters_and_halves_of_characters_are_refused(character):
    assert problems_of(what_happened=f"a{character}b") == {"what_happened": "unreadable"}


def test_a_text_may_be_as_long_as_its_limit_and_no_longer():
    assert accept(COMPLAINT, {"what_happened": "ა" * 10_000})
    assert problems_of(what_happened="ა" * 10_001) == {"what_happened": "too_long"}


@pytest.mark.parametrize(
    ("answers", "problems"),
    [
        ({"who": "somebody"}, {"who": "unknown_choice"}),
        ({"who": ["child_self"]}, {"who": "unknown_choice"}),
        ({"who": {"a": 1}}, {"who": "unknown_choice"}),
        ({"themes": ["delay", "magic"]}, {"themes": "unknown_choice"}),
        ({"themes": ["delay", "delay"]}, {"themes": "repeated"}),
        ({"themes": "delay"}, {"themes": "not_a_list"}),
        ({"themes": [1]}, {"themes": "unknown_choice"}),
        ({"what_would_help": 7}, {"what_would_help": "not_text"}),
        ({"contact": "email", "email": "nobody"}, {"email": "not_an_email"}),
        ({"contact": "email", "email": "a@b.example\nBcc: c@d.example"}, {"email": "unreadable"}),
        ({"contact": "phone", "phone": "mum has it"}, {"phone": "not_a_phone"}),
        ({"favourite_colour": "teal"}, {"favourite_colour": "unknown"}),
    ],
)
def test_what_does_not_fit_is_named_by_a_code(answers, problems):
    found = problems_of(**answers)
    if answers.get("email", "").count("\n"):
        assert found["email"] in ("unreadable", "not_an_email")
    else:
        assert found == problems


def test_every_problem_is_told_at_once():
    assert set(problems_of(what_happened="\x00", who="x", when="y")) == {"what_happened", "who", "when"}


def test_a_rejection_carries_no_answer():
    with pytest.raises(AnswersRejected) as rejected:
        accept(COMPLAINT, {"what_happened": "canary\x00"})
    assert "canary" not in repr(rejected.value) + str(rejected.value.__cause__)


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ({"contact": "phone", "email": "not an email", "phone": "07700 900123"}, {"contact", "phone"}),
        ({"contact": "none", "contact_is_safe": "yes", "acknowledge": "yes"}, {"contact"}),
        ({"contact": "email", "contact_is_safe": "no", "acknowledge": "yes"}, {"contact", "contact_is_safe"}),
        ({"who": "child_self", "child_name": "Ali"}, {"who"}),
        ({"who": "parent_pr", "child_name": "Ali"}, {"who", "child_name"}),
        ({"child_name": "Ali", "email": "a@b.example"}, {"child_name", "email"}),
        ({"needs": ["bsl"], "interpreter_language": "Polski"}, {"needs"}),
        ({"needs": ["bsl", "interpreter"], "interpreter_language": "Polski"}, {"needs", "interpreter_language"}),
    ],
)
def test_an_answer_is_set_aside_only_when_another_rules_it_out(answers, kept):
    assert set(accept(COMPLAINT, {"what_happened": "x", **answers})) == {"what_happened", *kept}


def test_spaces_around_an_email_address_are_not_part_of_it():
    assert (
        accept(COMPLAINT, {"what_happened": "x", "contact": "email", "email": " a@b.example "})["email"]
        == "a@b.example"
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
question_ids = st.sampled_from([question.id for question in COMPLAINT.questions])


@settings(max_examples=150)
@given(st.dictionaries(question_ids | st.text(max_size=10), json_values, max_size=8))
def test_any_json_is_accepted_or_rejected_with_codes_and_never_breaks(raw):
    try:
        accepted, problems = accept(COMPLAINT, raw), {}
    except AnswersRejected as rejected:
        accepted, problems = None, rejected.problems
    assert all(code.replace("_", "").isalpha() for code in problems.values())
    if accepted is not None:
        assert json.dumps(accepted, ensure_ascii=False).encode()
        assert accept(COMPLAINT, accepted) == accepted


def test_every_type_of_question_has_a_builder():
    assert {question.type for name in FORMS for question in form_named(name).questions} == set(BUILDERS)


def test_the_digest_does_not_depend_on_order_and_does_on_every_answer():
    one = digest({"a": "1", "b": ["x", "y"]})
    assert one == digest({"b": ["x", "y"], "a": "1"})
    assert one != digest({"a": "1", "b": ["y", "x"]})
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
