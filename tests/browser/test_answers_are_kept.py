"""Being corrected costs nothing: every answer is still there, and the keyboard is where it is needed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heard.case import Case
from heard.controls import HONEYPOT
from heard.forms import form_named
from tests.browser.conftest import Tabs
from tests.browser.person import (
    NINE_FORMS,
    ONE_OF_EACH,
    answer_to,
    check_message,
    focused,
    go_on,
    message_box,
    open_page,
    questions_on,
)

TYPED = {
    "name": "Zoë O'Neill <b>",
    "contact": "email",
    "email": "zoe at home",
    "contact_is_safe": "no",
    "contact_notes": "Not before 4.\n\nلا رسائل",
}


def fill(tab: Page, answers: dict[str, Any]) -> None:
    for name, answer in answers.items():
        if tab.locator(f"input[type=radio][name={name}], input[type=checkbox][name={name}]").count():
            for code in [answer] if isinstance(answer, str) else answer:
                tab.locator(f"[name={name}][value={code}]").check()
        else:
            tab.locator(f"[name={name}]").fill(answer)


def answers_on(tab: Page) -> dict[str, Any]:
    """What the page's form would send, without the fields nobody sees."""
    return tab.evaluate(
        """() => {
          const sent = {};
          for (const [name, value] of new FormData(document.querySelector("form[data-form]"))) {
            const hidden = document.querySelector(`[type=hidden][name="${name}"]`);
            if (hidden || value === "") continue;
            sent[name] = name in sent ? [].concat(sent[name], value) : value;
          }
          return sent;
        }"""
    )


def choose(tab: Page, name: str, code: str) -> None:
    tab.locator(f"[name={name}][value={code}]").check()


@pytest.mark.parametrize(("form", "voice"), NINE_FORMS)
def test_a_form_without_its_message_comes_back_with_everything_else(
    tab: Page, form: str, voice: str, new_cases: Callable[[], list[Case]]
) -> None:
    open_page(tab, form, voice)
    kept = TYPED | {"email": "zoe@home.example"}
    fill(tab, kept)
    assert go_on(tab).status == 422
    assert tab.title().startswith("Error:")
    assert answers_on(tab) == kept
    assert focused(tab)["id"] == "error-summary"
    expect(tab.locator("#error-summary a")).to_have_count(1)
    assert new_cases() == []


@pytest.mark.parametrize(("form", "voice"), ONE_OF_EACH)
def test_the_error_leads_to_the_question_and_says_the_same_there(tab: Page, form: str, voice: str) -> None:
    open_page(tab, form, voice)
    go_on(tab)
    said = tab.locator("#error-summary a").inner_text()
    tab.keyboard.press("Tab")
    assert focused(tab)["text"] == said
    tab.keyboard.press("Enter")
    box = tab.locator(message_box(form))
    expect(box).to_be_focused()
    expect(box).to_be_in_viewport()
    expect(box).to_have_accessible_description(re.compile(re.escape(said)))


def test_two_mistakes_are_told_together_in_the_order_of_the_page(tab: Page) -> None:
    open_page(tab, "complaint", "easy")
    fill(tab, TYPED | {"themes": ["decision", "delay"], "who": "relative"})
    assert go_on(tab).status == 422
    links = tab.locator("#error-summary a")
    assert links.evaluate_all("found => found.map(link => link.hash)") == ["#what_happened", "#email"]
    assert answers_on(tab) == TYPED | {"themes": ["decision", "delay"], "who": "relative"}
    links.last.click()
    expect(tab.locator("#email")).to_be_focused()
    expect(tab.locator("#email")).to_have_value("zoe at home")


def test_a_text_that_begins_with_empty_lines_comes_back_as_it_was(plain_tab: Page) -> None:
    open_page(plain_tab, "complaint", "young")
    written = "\n\n  They never came.\n\n"
    fill(plain_tab, {"what_happened": written, "contact": "email", "email": "no"})
    assert go_on(plain_tab).status == 422
    expect(plain_tab.locator("#what_happened")).to_have_value(written)


def test_change_comes_back_in_place_with_everything_and_changes_one_thing(tab: Page) -> None:
    open_page(tab, "complaint", "standard")
    said = TYPED | {"email": "zoe@home.example", "what_happened": "They never came.\n🎈", "needs": ["bsl", "audio"]}
    said |= {"advocate": "have_one", "advocate_name": "أمل"}
    fill(tab, said)
    assert go_on(tab).status == 200
    before = _read_back(tab)
    answer_to(tab, tab.locator(".change[value=name]").click)
    assert answers_on(tab) == said
    expect(tab.locator("#name")).to_be_in_viewport()
    tab.fill("#name", "Zed")
    assert go_on(tab).status == 200
    after = _read_back(tab)
    assert after == {question: ["Zed"] if said == [TYPED["name"]] else said for question, said in before.items()}
    assert list(after) == list(before)


def _read_back(tab: Page) -> dict[str, list[str]]:
    rows = tab.locator(".answer-row").evaluate_all(
        "rows => rows.map(row => [row.querySelector('dt').innerText,"
        " [...row.querySelectorAll('.answer-text')].map(line => line.textContent)])"
    )
    return dict(rows)


def test_a_skipped_question_can_still_be_answered_from_the_check_page(plain_tab: Page) -> None:
    check_message(plain_tab, "They never came.")
    plain_tab.locator(".skipped summary").click()
    answer_to(plain_tab, plain_tab.locator(".skipped .change[value=what_would_help]").click)
    expect(plain_tab.locator("#what_would_help")).to_be_in_viewport()
    assert answers_on(plain_tab) == {"what_happened": "They never came."}
    plain_tab.fill("#what_would_help", "Say sorry.")
    go_on(plain_tab)
    assert ["Say sorry."] in _read_back(plain_tab).values()


CONTACT = {"email", "phone", "postal_address", "contact_is_safe", "contact_notes", "acknowledge"}
REVEALED = {
    "email": {"email", "contact_is_safe", "contact_notes"},
    "text": {"phone", "contact_is_safe", "contact_notes"},
    "phone": {"phone", "contact_is_safe", "contact_notes"},
    "post": {"postal_address", "contact_is_safe", "contact_notes"},
    "advocate": set(),
    "none": set(),
}


@pytest.mark.parametrize(("form", "voice"), ONE_OF_EACH)
def test_questions_about_contact_are_shown_when_their_answer_is_wanted(plain_tab: Page, form: str, voice: str) -> None:
    open_page(plain_tab, form, voice)
    assert not questions_on(plain_tab) & CONTACT
    for channel, shown in REVEALED.items():
        choose(plain_tab, "contact", channel)
        assert questions_on(plain_tab) & CONTACT == shown, channel
    choose(plain_tab, "contact", "email")
    choose(plain_tab, "contact_is_safe", "yes")
    assert "acknowledge" in questions_on(plain_tab)
    choose(plain_tab, "contact_is_safe", "no")
    assert "acknowledge" not in questions_on(plain_tab)


@pytest.mark.parametrize(
    ("voice", "name", "code", "shown"),
    [
        ("standard", "told_before", "yes", {"previous_reference"}),
        ("easy", "needs", "interpreter", {"interpreter_language"}),
        ("young", "advocate", "have_one", {"advocate_name", "advocate_email"}),
    ],
)
def test_a_question_appears_with_the_answer_it_hangs_on(
    plain_tab: Page, voice: str, name: str, code: str, shown: set[str]
) -> None:
    open_page(plain_tab, "complaint", voice)
    assert not questions_on(plain_tab) & shown
    choose(plain_tab, name, code)
    assert shown <= questions_on(plain_tab)


@pytest.mark.parametrize("code", ["child_self", "care_leaver"])
def test_only_somebody_who_speaks_for_a_child_is_asked_about_one(plain_tab: Page, code: str) -> None:
    about_a_child = {"child_name", "child_knows"}
    open_page(plain_tab, "complaint", "young")
    assert not about_a_child & questions_on(plain_tab)
    choose(plain_tab, "who", "child_advocate")
    assert about_a_child <= questions_on(plain_tab)
    choose(plain_tab, "who", code)
    assert not about_a_child & questions_on(plain_tab)


@pytest.mark.parametrize("voice", ["easy", "young"])
def test_help_is_there_at_once_for_somebody_who_is_not_safe(plain_tab: Page, voice: str) -> None:
    open_page(plain_tab, "complaint", voice)
    help_now = plain_tab.locator(".help-now")
    expect(help_now).to_be_hidden()
    for code in ("no", "not_sure"):
        choose(plain_tab, "safe_now", code)
        expect(help_now).to_be_visible()
        assert help_now.locator("a[href='tel:999']").is_visible()
    choose(plain_tab, "safe_now", "yes")
    expect(help_now).to_be_hidden()


def test_an_answer_that_no_longer_fits_is_not_sent(open_tab: Tabs, new_cases: Callable[[], list[Case]]) -> None:
    tab = open_tab()
    open_page(tab, "complaint", "young")
    fill(tab, {"what_happened": "Hello.", "contact": "email", "email": "not one"})
    choose(tab, "contact", "none")
    assert go_on(tab).status == 200
    go_on(tab)
    [case] = new_cases()
    assert case.answers == {"what_happened": "Hello.", "contact": "none"}


@pytest.mark.parametrize("form", ["complaint", "compliment", "comment"])
def test_a_machine_that_fills_the_hidden_box_sends_nothing(
    tab: Page, form: str, new_cases: Callable[[], list[Case]]
) -> None:
    open_page(tab, form, "standard")
    tab.fill(message_box(form), "Buy now.")
    tab.locator(f"#{HONEYPOT}").fill("https://spam.example", force=True)
    assert go_on(tab).status == 422
    assert tab.title().startswith("Error:")
    expect(tab.locator("#error-summary")).to_be_focused()
    assert new_cases() == []


def test_a_person_caught_by_the_hidden_box_can_simply_go_on(plain_tab: Page) -> None:
    open_page(plain_tab, "complaint", "young")
    plain_tab.fill("#what_happened", "My browser fills in everything.")
    plain_tab.locator(f"#{HONEYPOT}").fill("https://home.example", force=True)
    go_on(plain_tab)
    expect(plain_tab.locator("#what_happened")).to_have_value("My browser fills in everything.")
    assert go_on(plain_tab).status == 200


def test_every_question_of_a_voice_is_on_its_page(plain_tab: Page) -> None:
    """Hidden ones too: a browser that cannot hide them asks them all."""
    open_page(plain_tab, "complaint", "standard")
    there = plain_tab.locator(".question").evaluate_all("found => found.map(question => question.id)")
    asked = [question.id for question in form_named("complaint").questions if "standard" in question.asked_in]
    assert there == [f"question-{name}" for name in asked]
