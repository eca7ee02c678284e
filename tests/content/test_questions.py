"""The questions are those that were agreed: ids and codes are permanent, and every voice has words and pictures."""

import pytest
import yaml

from heard.forms import FORMS, form_named
from heard.places import path_of
from heard.wording import VOICES, Words, read_compiled
from tests.conftest import MESSAGES, ROOT, SITE

# A line a question: id, type, longest text, voices (a: all; s, e, y: standard, easy, young), codes (+: young sees it).
CONTACT = """
contact            choice     -     a    email+ text+ phone+ post+ advocate+ none+
email              email      254   a
phone              phone      40    a
postal_address     long_text  500   a
contact_is_safe    choice     -     a    yes+ no+
contact_notes      long_text  500   a
acknowledge        choice     -     a    yes+ no+
"""
WHO = """
who choice - a child_self+ care_leaver+ parent_pr relative foster_carer special_guardian adoption child_advocate+ \
professional other
"""
QUESTIONS = {
    "complaint": f"""
what_happened      long_text  10000 a
safe_now           choice     -     ey   yes+ no+ not_sure+
what_would_help    long_text  5000  a
themes             choices    -     a    involvement+ communication staff_conduct+ decision delay support+ \
service_quality accuracy placement+ family_time+ finance+ safety+ data_confidentiality equality transition other+
when               choice     -     se   this_month this_year over_a_year not_sure
service            text       200   se
told_before        choice     -     se   yes no not_sure
previous_reference text       200   se
court_or_police    choice     -     s    yes no not_sure
{WHO}
name               text       200   a
age_band           choice     -     y    under_8+ 8_to_11+ 12_to_15+ 16_to_25+ rather_not_say+
child_name         text       200   a
child_knows        choice     -     a    yes+ no+ too_young+ not_sure+
advocate           choice     -     a    want_one+ have_one+ no+ not_sure+
advocate_name      text       200   a
advocate_email     email      254   a
meet               choice     -     a    yes+ no+ not_sure+
needs              choices    -     se   interpreter bsl large_print braille audio easy_read other
interpreter_language text     200   se
{CONTACT}""",
    "compliment": f"""
what_went_well     long_text  5000  a
worker_or_team     text       200   a
compliment_themes  choices    -     a    working_practice+ support_given+ listened+ kept_informed+ other+
share              choices    -     a    tell_the_worker+ staff_news+ public_without_names+
{WHO}
name               text       200   a
{CONTACT}""",
    "comment": f"""
what_you_want_to_say long_text 5000 a
service            text       200   se
name               text       200   a
{CONTACT}""",
}
ASKED_WHEN = {
    "previous_reference": {"told_before": ["yes"]},
    "interpreter_language": {"needs": ["interpreter"]},
    "advocate_name": {"advocate": ["have_one"]},
    "advocate_email": {"advocate": ["have_one"]},
    "email": {"contact": ["email"]},
    "phone": {"contact": ["text", "phone"]},
    "postal_address": {"contact": ["post"]},
    "contact_is_safe": {"contact": ["email", "text", "phone", "post"]},
    "contact_notes": {"contact": ["email", "text", "phone", "post"]},
    "acknowledge": {"contact": ["email", "text", "phone"], "contact_is_safe": ["yes"]},
}
NOT_THE_CHILD = {
    "parent_pr", "relative", "foster_carer", "special_guardian", "adoption", "child_advocate", "professional", "other",
}  # fmt: skip
# The codes that councils' published reports have in common; what is sent is counted by these.
THEMES_OF_REPORTS = {
    "communication", "staff_conduct", "decision", "accuracy", "delay", "service_quality", "support", "finance",
    "placement", "family_time", "data_confidentiality", "safety", "involvement", "equality", "transition", "positive",
    "other",
}  # fmt: skip
COMPLAINANTS_OF_REPORTS = {
    "child_self", "child_advocate", "care_leaver", "parent_pr", "relative", "foster_carer", "special_guardian",
    "adoption", "professional", "mp_councillor", "other",
}  # fmt: skip
LETTERS = {"s": "standard", "e": "easy", "y": "young"}

every_form = pytest.mark.parametrize("form_name", FORMS)
every_voice = pytest.mark.parametrize("voice", VOICES)


def rows(form_name):
    return [row.split() for row in QUESTIONS[form_name].splitlines() if row.strip()]


def row_of(question):
    voices = "".join(letter for letter, voice in LETTERS.items() if voice in question.asked_in)
    length = "-" if question.type in ("choice", "choices") else str(question.max_length)
    codes = [f"{code}+" if code in codes_in(question, "young") else code for code in question.codes]
    return [question.id, question.type, length, "a" if voices == "sey" else voices, *codes]


def codes_in(question, voice):
    """The codes of the answers that somebody using this voice can choose."""
    return {option.code for option in question.options_in(voice)} if voice in question.asked_in else set()


def asked(form_name, voice):
    """The questions of a form that somebody using this voice meets."""
    return [question for question in form_named(form_name).questions if voice in question.asked_in]


def source(name):
    """content/forms/<name>.yml as written, before anything is compiled."""
    return yaml.safe_load((ROOT / "content" / "forms" / f"{name}.yml").read_text(encoding="utf-8"))


def entries(tree, key=None):
    """Every value in a YAML tree, with the name it stands under."""
    if isinstance(tree, dict):
        return [found for name, branch in tree.items() for found in ((name, name), *entries(branch, name))]
    return [found for branch in tree for found in entries(branch, key)] if isinstance(tree, list) else [(key, tree)]


@every_form
def test_each_form_asks_what_was_agreed_in_that_order(form_name):
    found = [row_of(question) for question in form_named(form_name).questions]

    assert found == rows(form_name)


@every_form
def test_only_the_message_is_required(form_name):
    required = [question.id for question in form_named(form_name).questions if question.required]

    assert required == [MESSAGES[form_name]]


@every_form
def test_no_form_asks_the_same_thing_twice(form_name):
    ids = [question.id for question in form_named(form_name).questions]
    sections = [section.id for section in form_named(form_name).sections]

    assert len(set(ids)) == len(ids)
    assert len(set(sections)) == len(sections)


@every_form
def test_a_choice_offers_each_code_once(form_name):
    for question in form_named(form_name).questions:
        assert len(set(question.codes)) == len(question.codes), question.id
        assert bool(question.codes) == (question.type in ("choice", "choices")), question.id


@every_form
def test_questions_hang_on_the_answers_that_were_agreed(form_name):
    for question in form_named(form_name).questions:
        if question.id in ("child_name", "child_knows"):
            assert set(question.asked_when["who"]) == NOT_THE_CHILD
        else:
            assert question.asked_when == ASKED_WHEN.get(question.id, {}), question.id


@every_form
def test_a_question_comes_after_the_one_it_hangs_on_in_every_voice_it_is_asked_in(form_name):
    earlier = {}
    for question in form_named(form_name).questions:
        for name, codes in question.asked_when.items():
            assert name in earlier, f"{question.id} hangs on {name}, which does not come before it"
            for voice in question.asked_in:
                assert set(codes) & codes_in(earlier[name], voice), (question.id, voice)
            assert set(codes) <= set(earlier[name].codes)
        earlier[question.id] = question


def test_help_now_shows_for_whoever_is_not_safe_or_not_sure():
    shows = {question.id: question.shows for question in form_named("complaint").questions if question.shows}

    assert shows == {"safe_now": {"help_now": ["no", "not_sure"]}}


def test_the_themes_and_the_people_are_those_of_the_public_reports():
    codes = {question.id: set(question.codes) for question in form_named("complaint").questions}

    assert codes["themes"] == THEMES_OF_REPORTS - {"positive"}
    assert codes["who"] == COMPLAINANTS_OF_REPORTS - {"mp_councillor"}


def test_who_is_asked_alike_on_every_form():
    found = [question for name in FORMS for question in form_named(name).questions if question.id == "who"]

    assert len(found) == 2
    assert found[0] == found[1]


@every_form
@every_voice
def test_every_question_and_answer_has_words_and_a_picture(form_name, voice):
    words, pictures = Words("en", voice), read_compiled("icons.json")
    for question in asked(form_name, voice):
        assert words.find(f"{question.words}.label"), question.id
        assert question.picture in pictures, question.id
        for option in question.options_in(voice):
            assert words.find(f"{question.words}.options.{option.code}.label"), (question.id, option.code)
            assert option.picture in pictures, (question.id, option.code)


@every_form
@every_voice
def test_every_question_says_why_it_is_asked_or_how_to_answer_it(form_name, voice):
    silent = [q.id for q in asked(form_name, voice) if not Words("en", voice).find(f"{q.words}.hint")]

    assert not silent


@every_form
@every_voice
def test_no_two_answers_to_one_question_read_the_same(form_name, voice):
    words = Words("en", voice)
    for question in asked(form_name, voice):
        labels = [words(f"{question.words}.options.{option.code}.label") for option in question.options_in(voice)]
        assert len(set(labels)) == len(labels), question.id


@every_form
@every_voice
def test_every_section_has_a_heading_and_something_to_ask(form_name, voice):
    for section in form_named(form_name).sections:
        assert Words("en", voice).find(f"{section.words}.heading"), section.id
        assert any(voice in question.asked_in for question in section.questions), f"{section.id} is empty in {voice}"


@every_form
@every_voice
def test_safety_is_spoken_of_before_anyone_types(form_name, voice):
    page = (SITE / path_of(form_name, "en", voice).strip("/") / "index.html").read_text(encoding="utf-8")
    before, _, _ = page.partition("<textarea")

    assert Words("en", voice)("form.promises.safe") in before
    assert "not safe" in Words("en", voice)("form.promises.safe")
    assert f'href="{path_of("help", "en", voice)}"' in before.partition("<main")[2]


@pytest.mark.parametrize("name", [*FORMS, "shared"])
def test_yes_and_no_stay_text(name):
    """YAML takes a bare yes for true: as a code it would be lost."""
    not_text = {key for key, value in entries(source(name)) if isinstance(value, bool)}

    assert not_text <= {"required"}, "put yes and no in quotes"


def test_no_question_is_written_that_no_form_asks():
    named = {
        entry
        for form in FORMS
        for section in source(form)["sections"]
        for entry in section["questions"]
        if isinstance(entry, str)
    }

    assert named == set(source("shared")["questions"])
