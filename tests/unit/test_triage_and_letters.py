"""What the answers suggest, and when anything is sent to a person by itself."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from heard.answers import digest
from heard.case import ACKNOWLEDGEMENT, NEWS, Case, Said
from heard.council import council
from heard.letters import is_wanted, letter_for, wants_acknowledgement
from heard.places import path_of
from heard.triage import suggest_procedure, urgency_of
from heard.wording import VOICES, languages
from tests.site.markup import parse

LOCAL = {"adult_matters": ["communication", "staff_conduct"], "corporate_services": ["SEND"]}
NO_LOCAL_RULES = {"adult_matters": [], "corporate_services": []}
SAFE = {"contact": "email", "email": "person@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}


@pytest.mark.parametrize(
    ("answers", "reasons"),
    [
        ({}, ()),
        ({"safe_now": "yes"}, ()),
        ({"safe_now": "no"}, ("safe_now_no",)),
        ({"safe_now": "not_sure"}, ("safe_now_not_sure",)),
        ({"themes": ["safety"]}, ("theme_safety",)),
        ({"safe_now": "no", "themes": ["delay", "safety"]}, ("safe_now_no", "theme_safety")),
    ],
)
def test_a_case_is_urgent_for_reasons_that_are_named(answers, reasons):
    assert urgency_of(answers) == reasons


@pytest.mark.parametrize(
    ("form", "answers", "procedure", "reason"),
    [
        ("compliment", {}, "compliment", "sent_as_compliment"),
        ("comment", {}, "comment", "sent_as_comment"),
        ("complaint", {"who": "child_self"}, "statutory", "from_or_for_a_child"),
        ("complaint", {"who": "care_leaver"}, "statutory", "from_or_for_a_child"),
        ("complaint", {"who": "child_advocate", "themes": ["communication"]}, "statutory", "from_or_for_a_child"),
        ("complaint", {"who": "parent_pr"}, "statutory", "person_named_in_the_regulations"),
        ("complaint", {"who": "foster_carer", "themes": ["placement"]}, "statutory", "person_named_in_the_regulations"),
        (
            "complaint",
            {"who": "parent_pr", "service": "the SEND team"},
            "corporate",
            "service_outside_the_children_s_procedure",
        ),
        (
            "complaint",
            {"who": "parent_pr", "service": "sending letters"},
            "statutory",
            "person_named_in_the_regulations",
        ),
        ("complaint", {"who": "child_self", "service": "SEND"}, "statutory", "from_or_for_a_child"),
        ("complaint", {"who": "relative"}, "statutory", "sufficient_interest_to_be_decided"),
        ("complaint", {"who": "professional"}, "statutory", "sufficient_interest_to_be_decided"),
        ("complaint", {"themes": ["communication"]}, "statutory", "who_not_given"),
        (
            "complaint",
            {"who": "parent_pr", "themes": ["communication"]},
            "corporate",
            "adult_about_how_they_were_treated",
        ),
        (
            "complaint",
            {"who": "parent_pr", "themes": ["communication", "safety"]},
            "statutory",
            "person_named_in_the_regulations",
        ),
    ],
)
def test_a_procedure_is_suggested_with_its_reason(form, answers, procedure, reason):
    suggestion = suggest_procedure(form, answers, LOCAL)
    assert (suggestion.procedure, suggestion.reasons[0]) == (procedure, reason)


def test_a_council_without_a_local_rule_never_gets_it_applied():
    answers = {"who": "parent_pr", "themes": ["communication"]}
    assert suggest_procedure("complaint", answers, NO_LOCAL_RULES).procedure == "statutory"


def test_the_team_is_told_what_may_change_its_decision():
    answers = {"court_or_police": "yes", "when": "over_a_year", "themes": ["data_confidentiality"]}
    assert suggest_procedure("complaint", answers, NO_LOCAL_RULES).reasons[1:] == (
        "court_or_police_may_pause_it",
        "over_a_year_ago_needs_discretion",
        "also_a_data_protection_complaint",
    )


def test_nothing_is_sent_by_itself_unless_every_yes_was_said():
    choices = {
        "contact": ["email", "text", "phone", "post", "advocate", "none", None],
        "email": ["person@home.example", None],
        "contact_is_safe": ["yes", "no", None],
        "acknowledge": ["yes", "no", None],
    }
    for combination in itertools.product(*choices.values()):
        answers = {name: value for name, value in zip(choices, combination, strict=True) if value}
        assert wants_acknowledgement(answers) == (answers == SAFE), answers


UNSEEN = dict.fromkeys((0x2066, 0x2069))


def case_with(answers, voice="standard", due="2026-12-04", language="en"):
    return Case(
        id="c" * 32, reference="TM7-MM8-PP9-456", code_hash="h" * 64, form="complaint", form_version=1,
        language=language, voice=voice, received_at="2026-11-20T09:30:00.000Z", answers=answers, digest=digest(answers),
        procedure="statutory", procedure_version="2026-04", reasons=("who_not_given",),
        due={"answer": due} if due else None,
    )  # fmt: skip


@pytest.mark.parametrize("voice", VOICES)
def test_an_acknowledgement_says_that_we_have_it_and_nothing_of_what_was_written(voice):
    canaries = {"what_happened": "CANARY-STORY", "name": "CANARY-NAME", "child_name": "CANARY-CHILD"}
    letter = letter_for(ACKNOWLEDGEMENT, case_with(SAFE | canaries, voice), council())
    whole = letter.subject + letter.text + letter.html
    assert letter.to == "person@home.example"
    assert "TM7-MM8-PP9-456" in letter.text
    assert "Friday 4 December 2026" in letter.text
    for told in ("CANARY", "complain", "children's services", "social worker"):
        assert told.lower() not in whole.lower().replace(council()["address"], "")


CHANNELS = (None, "email", "text", "phone", "post", "advocate", "none")
CHILD_ALONE = {"who": "child_self", "age_band": "8_to_11"}
LATER = "2026-11-21T09:30:00.000Z"


def combinations():
    """Every way in which somebody may have said how to reach them, and what became of it."""
    return itertools.product(
        CHANNELS, (True, False), ("yes", "no", None), ("yes", "no", None), (True, False), (True, False),
        ({}, CHILD_ALONE), ((), ("safe_now_no",)),
    )  # fmt: skip


@pytest.mark.parametrize("kind", [ACKNOWLEDGEMENT, NEWS])
def test_the_table_of_who_may_be_written_to(kind):
    """One row in the whole table says yes, whoever it is and however urgent; each other combination says no."""
    for channel, has_address, safe, wish, came_back, stopped, who, urgency in combinations():
        contact = {"contact": channel, "contact_is_safe": safe, "acknowledge": wish, "news": wish}
        contact |= {"email": "person@home.example"} if has_address else {}
        answers = who | {name: value for name, value in contact.items() if value}
        case = replace(
            case_with(answers), urgency=urgency, contact_failed=f"{LATER} undeliverable" if came_back else None
        )
        case = replace(case, said=(Said("a", "withdraw", LATER, {}),) if stopped else ())
        row = (channel, has_address, safe, wish, came_back, stopped)
        assert is_wanted(kind, case) == (row == ("email", True, "yes", "yes", False, False)), row


def test_what_was_said_last_is_what_counts():
    by_email = {"contact": "email", "email": "new@home.example", "contact_is_safe": "yes", "news": "yes"}
    case = replace(case_with({}), contact_failed=f"{LATER} undeliverable")
    changed = replace(case, said=(Said("a", "change_contact", "2026-11-22T09:30:00.000Z", by_email),))
    assert is_wanted(NEWS, changed)
    assert letter_for(NEWS, changed, council()).to == "new@home.example"
    quieter = Said("b", "change_contact", "2026-11-23T09:30:00.000Z", {"contact": "none"})
    assert not is_wanted(NEWS, replace(changed, said=(*changed.said, quieter)))


@pytest.mark.parametrize("voice", VOICES)
def test_news_says_that_there_is_something_new_and_nothing_else(voice):
    letter = letter_for(NEWS, case_with(SAFE | {"what_happened": "CANARY", "name": "CANARY"}, voice), council())
    whole = (letter.subject + letter.text + letter.html).replace(council()["address"], "").lower()
    assert "something new" in whole
    for told in ("canary", "complain", "children", "social worker", "2026", "answer", "reply from"):
        assert told not in whole


@pytest.mark.parametrize("language", ["en", "pl", "ar", "ur", "prs", "ps", "ckb"])
def test_the_letter_as_html_says_the_same_in_its_language_and_direction(language):
    letter = letter_for(ACKNOWLEDGEMENT, case_with(SAFE, "young", language=language), council())
    page = parse(letter.html)
    direction = languages()[language]["direction"]
    assert (page.get("lang"), page.get("dir"), page.find("body").get("dir")) == (language, direction, direction)
    assert page.findtext(".//title") == letter.subject
    written = [" ".join(text.split()) for text in letter.text.translate(UNSEEN).split("\n\n")]
    assert ["".join(paragraph.itertext()) for paragraph in page.iterfind(".//p")] == written
    assert [part.text for part in page.iterfind(".//bdi[@dir='ltr']")] == ["TM7-MM8-PP9-456", council()["phone"]]
    [link] = page.iterfind(".//a[@dir='ltr']")
    assert link.get("href") == link.text == council()["address"] + path_of("follow", language, "young")


def test_in_a_letter_that_runs_right_to_left_the_numbers_keep_their_order_and_the_address_is_a_line_of_its_own():
    text = letter_for(ACKNOWLEDGEMENT, case_with(SAFE, language="ur"), council()).text
    assert "\u2066TM7-MM8-PP9-456\u2069" in text
    assert f"\u2066{council()['phone']}\u2069" in text
    assert council()["address"] + path_of("follow", "ur", "standard") in text.splitlines()


def test_a_letter_that_runs_left_to_right_has_no_marks_that_nobody_sees():
    assert not set(UNSEEN) & set(map(ord, letter_for(ACKNOWLEDGEMENT, case_with(SAFE, language="pl"), council()).text))


def test_an_acknowledgement_without_a_due_date_promises_none():
    assert "2026" not in letter_for(ACKNOWLEDGEMENT, case_with(SAFE, due=None), council()).text


def test_a_case_is_late_only_while_an_answer_is_missing():
    case = case_with(SAFE)
    assert not case.is_late(datetime(2026, 12, 4, 23, 30, tzinfo=UTC))
    assert case.is_late(datetime(2026, 12, 5, 0, 30, tzinfo=UTC))
    assert not case_with(SAFE, due=None).is_late(datetime(2027, 12, 5, tzinfo=UTC))
