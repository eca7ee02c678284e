"""Each of the nine forms can be filled in and sent with nothing but a keyboard, with scripts and without.

Every question that is shown is answered, and the council gets exactly what was typed and chosen.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from heard.case import Case
from heard.forms import form_named
from tests.browser.person import (
    NINE_FORMS,
    answer_by_keyboard,
    answer_to,
    code_on,
    open_page,
    questions_on,
    reference_on,
    skip_to_main,
    tab_to_go_on,
)

TEXT = (
    "  Nobody came.\n\nلم يأتِ أحد، وقالوا «غدًا».\n\N{WOMAN}\N{ZERO WIDTH JOINER}\N{GIRL} 🎈 été 没有人来 "
    "<b>&amp;</b> \"twice\" 'again' 100%+\\ \n– end"
)
NAME = "Zoë O'Neill-علي 🎈"
ANSWERS: dict[str, dict[str, Any]] = {
    "complaint": {
        "what_happened": TEXT,
        "safe_now": "not_sure",
        "what_would_help": "قل آسف\n" + TEXT,
        "themes": ["involvement", "family_time", "other"],
        "when": "over_a_year",
        "service": "Fostering & “kinship” team",
        "told_before": "yes",
        "previous_reference": "K4R-7T3-CX9-H5M",
        "court_or_police": "not_sure",
        "who": "child_advocate",
        "name": NAME,
        "age_band": "16_to_25",
        "child_name": "مريم",
        "child_knows": "too_young",
        "advocate": "have_one",
        "advocate_name": "Ada 🦉",
        "advocate_email": "ada@speakup.example",
        "meet": "yes",
        "needs": ["interpreter", "audio", "other"],
        "interpreter_language": "العربية",
    },
    "compliment": {
        "what_went_well": TEXT,
        "worker_or_team": "Ms Ünal & team 💛",
        "compliment_themes": ["support_given", "kept_informed"],
        "share": ["tell_the_worker", "public_without_names"],
        "who": "care_leaver",
        "name": NAME,
    },
    "comment": {"what_you_want_to_say": TEXT, "service": "All of it", "name": NAME},
}
NOTES = "Not before 4 o'clock.\nلا رسائل صوتية"
CONTACT = {
    "standard": {"contact": "email", "email": "someone@home.example", "contact_is_safe": "yes", "acknowledge": "yes"},
    "easy": {"contact": "post", "postal_address": "1 High Street\nExampleton", "contact_is_safe": "no"},
    "young": {"contact": "text", "phone": "07700 900 123", "contact_is_safe": "yes", "acknowledge": "no"},
}


def answers_for(form: str, voice: str) -> dict[str, Any]:
    """An answer to each question this voice asks, in the form's order."""
    said = ANSWERS[form] | CONTACT[voice] | {"contact_notes": NOTES}
    return {q.id: said[q.id] for q in form_named(form).questions if voice in q.asked_in and q.id in said}


@pytest.mark.parametrize(("form", "voice"), NINE_FORMS)
def test_a_keyboard_is_enough_to_send_every_answer(
    tab: Page, form: str, voice: str, new_cases: Callable[[], list[Case]]
) -> None:
    answers = answers_for(form, voice)
    open_page(tab, form, voice)
    skip_to_main(tab)
    answered = answer_by_keyboard(tab, answers)
    assert answered == questions_on(tab) == set(answers)
    assert answer_to(tab, lambda: tab.keyboard.press("Enter")).status == 200
    skip_to_main(tab)
    tab_to_go_on(tab)
    assert answer_to(tab, lambda: tab.keyboard.press("Enter")).status == 201
    [case] = new_cases()
    assert case.reference == reference_on(tab)
    assert len(code_on(tab).split()) == 5
    assert (case.form, case.voice, case.language) == (form, voice, "en")
    assert case.answers == answers
