"""What the answers suggest, and when anything is sent to a person by itself."""

import itertools
import string
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from heard.answers import digest
from heard.case import ACKNOWLEDGEMENT, NEWS, Case, Said
from heard.council import council
from heard.letters import is_wanted, letter_for, wants_acknowledgement
from heard.places import path_of
from heard.triage import suggest_procedure, urgency_of
from heard.wording import VOICES, Words, languages
from tests.site.markup import parse

LOCAL = {"adult_matters": ["communication", "staff_conduct"], "corporate_services": ["SEND"]}
NO_LOCAL_RULES = {"adult_matters": [], "corporate_services": []}
SAFE = {"contact": "email", "email": "person@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}
SAFE_BY_TEXT = {"contact": "text", "phone": "07700 900123", "contact_is_safe": "yes", "acknowledge": "yes"}
BY_CHANNEL = {"email": SAFE, "text": SAFE_BY_TEXT}


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


@pytest.mark.parametrize("texts", [True, False])
def test_nothing_is_sent_by_itself_unless_every_yes_was_said(texts):
    choices = {
        "contact": ["email", "text", "phone", "post", "advocate", "none", None],
        "email": ["person@home.example", None],
        "phone": ["07700 900123", None],
        "contact_is_safe": ["yes", "no", None],
        "acknowledge": ["yes", "no", None],
    }
    for combination in itertools.product(*choices.values()):
        answers = {name: value for name, value in zip(choices, combination, strict=True) if value}
        said_yes = answers.items() >= SAFE.items() or (texts and answers.items() >= SAFE_BY_TEXT.items())
        assert wants_acknowledgement(answers, texts=texts) == said_yes, answers


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
        CHANNELS, (True, False), (True, False), ("yes", "no", None), ("yes", "no", None), (True, False), (True, False),
        ({}, CHILD_ALONE), ((), ("safe_now_no",)),
    )  # fmt: skip


@pytest.mark.parametrize("kind", [ACKNOWLEDGEMENT, NEWS])
@pytest.mark.parametrize("texts", [True, False])
def test_the_table_of_who_may_be_written_to(kind, texts):
    """By email and, where this site sends texts, by text: who wants it, said that it is safe and gave that address.

    Whoever it is and however urgent, and whether or not they gave the other address as well. Every other row says no.
    """
    for channel, has_email, has_phone, safe, wish, came_back, stopped, who, urgency in combinations():
        contact = {"contact": channel, "contact_is_safe": safe, "acknowledge": wish, "news": wish}
        contact |= {"email": "person@home.example"} if has_email else {}
        contact |= {"phone": "07700 900123"} if has_phone else {}
        answers = who | {name: value for name, value in contact.items() if value}
        case = replace(
            case_with(answers), urgency=urgency, contact_failed=f"{LATER} undeliverable" if came_back else None
        )
        case = replace(case, said=(Said("a", "withdraw", LATER, {}),) if stopped else ())
        reached = (channel == "email" and has_email) or (texts and channel == "text" and has_phone)
        row = (safe, wish, came_back, stopped)
        assert is_wanted(kind, case, texts=texts) == (reached and row == ("yes", "yes", False, False)), (channel, row)


def test_what_was_said_last_is_what_counts():
    by_email = {"contact": "email", "email": "new@home.example", "contact_is_safe": "yes", "news": "yes"}
    case = replace(case_with({}), contact_failed=f"{LATER} undeliverable")
    changed = replace(case, said=(Said("a", "change_contact", "2026-11-22T09:30:00.000Z", by_email),))
    assert is_wanted(NEWS, changed, texts=False)
    assert letter_for(NEWS, changed, council()).to == "new@home.example"
    quieter = Said("b", "change_contact", "2026-11-23T09:30:00.000Z", {"contact": "none"})
    assert not is_wanted(NEWS, replace(changed, said=(*changed.said, quieter)), texts=False)
    by_text = Said("c", "change_contact", "2026-11-24T09:30:00.000Z", SAFE_BY_TEXT | {"news": "yes"})
    moved = replace(changed, said=(*changed.said, by_text))
    assert is_wanted(NEWS, moved, texts=True)
    assert not is_wanted(NEWS, moved, texts=False)
    assert letter_for(NEWS, moved, council()).to == "07700 900123"


@pytest.mark.parametrize("voice", VOICES)
def test_news_says_that_there_is_something_new_and_nothing_else(voice):
    letter = letter_for(NEWS, case_with(SAFE | {"what_happened": "CANARY", "name": "CANARY"}, voice), council())
    whole = (letter.subject + letter.text + letter.html).replace(council()["address"], "").lower()
    assert "something new" in whole
    for told in ("canary", "complain", "children", "social worker", "2026", "answer", "reply from"):
        assert told not in whole


A_COMPLAINT = {
    "en": "complain", "pl": "skarg", "ro": "plânger", "pt": "reclama", "lt": "skund", "uk": "скарг", "pa": "ਸ਼ਿਕਾਇਤ",
    "ur": "شکایت", "bn": "অভিযোগ", "ar": "شكوى", "prs": "شکایت", "ps": "شکایت", "ckb": "سکاڵا", "ti": "ጥርዓን",
    "so": "cabasho", "sq": "ankes", "vi": "khiếu nại", "zh-Hans": "投诉", "es": "queja",
}  # fmt: skip
"""How the word begins in each language."""


@pytest.mark.parametrize("channel", BY_CHANNEL)
@pytest.mark.parametrize("language", languages())
def test_no_letter_in_any_language_says_what_it_is_about(language, channel):
    canaries = {"what_happened": "CANARY-STORY", "name": "CANARY-NAME", "child_name": "CANARY-CHILD"}
    assert A_COMPLAINT[language] in Words(language, "standard")("pages.complaint").lower()
    for voice, kind in itertools.product(VOICES, (ACKNOWLEDGEMENT, NEWS)):
        case = case_with(BY_CHANNEL[channel] | canaries, voice, language=language)
        letter = letter_for(kind, case, council())
        whole = (letter.subject + letter.text + letter.html).replace(council()["address"], "").lower()
        for told in ("canary", A_COMPLAINT[language], "complain", "child", "feedback", "advoca", "social worker"):
            assert told not in whole
        assert letter.text.count(council()["address"] + path_of("follow", language, voice)) == 1


def test_what_a_text_says():
    letter = letter_for(ACKNOWLEDGEMENT, case_with(SAFE_BY_TEXT, "young"), council())
    assert (letter.to, letter.channel, letter.subject, letter.html) == ("07700 900123", "text", "", "")
    assert letter.text == (
        "We have got what you sent. Thank you.\n"
        f"Use your secret code to see what happens: {council()['address']}/en/young/follow/\n"
        "Exampleshire\n"
    )


@pytest.mark.parametrize("language", languages())
def test_a_text_says_less_than_an_email_in_the_same_words_and_names_only_who_sends_it(language):
    for voice, kind in itertools.product(VOICES, (ACKNOWLEDGEMENT, NEWS)):
        text, email = (
            letter_for(kind, case_with(BY_CHANNEL[by], voice, language=language), council()).text
            for by in ("text", "email")
        )
        *said, name = text.strip().split("\n")
        assert name == council()["sender"]["name"]
        assert set(said) < set(email.split("\n"))
        assert "TM7" not in text
        assert not any(digits in text for digits in (council()["phone"], "2026"))


GSM = set("@£$¥èéùìòÇ\nØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà") | set(
    string.ascii_letters + string.digits
)
"""What a text message of 160 characters can hold (GSM 03.38); with others it has room for 70."""
ADDRESS_AT_LONGEST = 60


@pytest.mark.parametrize("voice", VOICES)
def test_a_text_in_english_is_two_messages_long_at_most(voice):
    for kind in (ACKNOWLEDGEMENT, NEWS):
        text = letter_for(kind, case_with(SAFE_BY_TEXT, voice), council()).text
        assert set(text) <= GSM
        assert len(text) - len(council()["address"]) + ADDRESS_AT_LONGEST <= 306


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
