"""Listen: a part of a page is read aloud, by a voice that lives on the device, in the page's language.

The browser of the tests has no voices, so a stand-in for the device's speech says what it was told to say.
"""

from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from heard.council import council
from heard.places import path_of
from tests.browser.conftest import Tabs
from tests.browser.person import check_message, open_page

DEVICE = """
(voices) => {
  const speech = Object.assign(new EventTarget(), {
    said: [], waiting: [], getVoices: () => voices,
    speak(run) { this.waiting.push(run); if (this.waiting.length === 1) this.begin(); },
    begin() { const run = this.waiting[0]; this.said.push([run.voice.name, run.text]); run.onstart?.(); },
    ends() { const run = this.waiting.shift(); if (this.waiting.length) this.begin(); run.onend?.(); },
    cancel() { this.waiting = []; console.log("silent"); },
  });
  Object.defineProperty(window, "speechSynthesis", { value: speech });
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
}
"""
VOICES = [
    {"name": "Far away", "lang": "ar-SA", "localService": False},
    {"name": "Amal", "lang": "ar_EG", "localService": True},
    {"name": "Daniel", "lang": "en-GB", "localService": True},
    {"name": "Farhad", "lang": "fa-IR", "localService": True},
    {"name": "Ting", "lang": "zh-CN", "localService": True},
]


@pytest.fixture
def speaking(open_tab: Tabs) -> Page:
    return tab_with(open_tab, VOICES)


def tab_with(open_tab: Tabs, voices: list[dict[str, Any]]) -> Page:
    tab = open_tab()
    tab.add_init_script(f"({DEVICE})({str(voices).replace('True', 'true').replace('False', 'false')})")
    return tab


def said(tab: Page) -> list[list[str]]:
    found: list[list[str]] = tab.evaluate("speechSynthesis.said")
    return found


def hear_all(tab: Page) -> list[list[str]]:
    tab.evaluate("while (speechSynthesis.waiting.length) speechSynthesis.ends()")
    return said(tab)


def test_a_question_is_read_with_its_hint_and_its_choices_and_nothing_else(speaking: Page) -> None:
    open_page(speaking, "complaint", "young")
    speaking.fill("#what_happened", "Only for the council.")
    speaking.locator("#question-safe_now .listen").click()
    assert [words for _, words in hear_all(speaking)] == [
        "Are you safe right now?",
        "If you are helping someone, tell us if they are safe. We may not read this right away.",
        "Yes",
        "No",
        "I am not sure",
    ]
    speaking.locator("#question-what_happened .listen").click()
    assert "Only for the council." not in str(hear_all(speaking))


def test_every_question_and_every_heading_can_be_heard(speaking: Page) -> None:
    open_page(speaking, "complaint", "easy")
    for part in speaking.locator(".question, main h1, .form-section > h2").all():
        words = (
            part.locator(".question-label").first.inner_text() if part.locator(".listen").count() else part.inner_text()
        )
        assert speaking.get_by_role("button", name=f"Listen {' '.join(words.split())}", include_hidden=True).count()


def test_a_section_ends_where_the_next_begins(speaking: Page) -> None:
    open_page(speaking, "rights", "standard")
    second = speaking.locator("main h2").nth(1).inner_text()
    speaking.locator("main h2 + .listen").first.click()
    heard = [words for _, words in hear_all(speaking)]
    assert heard[0] == speaking.locator("main h2").first.inner_text()
    assert len(heard) > 1
    assert second not in heard


def test_what_is_read_is_marked_and_the_mark_goes_on(speaking: Page) -> None:
    open_page(speaking, "complaint", "young")
    speaking.locator("#question-safe_now .listen").click()
    marked = speaking.locator(".being-read")
    expect(marked).to_have_count(1)
    first = marked.inner_text()
    speaking.evaluate("speechSynthesis.ends()")
    expect(marked).to_have_count(1)
    assert marked.inner_text() != first
    hear_all(speaking)
    expect(marked).to_have_count(0)


def test_the_button_stops_what_it_began(speaking: Page) -> None:
    open_page(speaking, "complaint", "young")
    button = speaking.locator("#question-safe_now .listen")
    button.click()
    expect(button).to_contain_text("Stop")
    button.click()
    expect(button).to_contain_text("Listen")
    expect(speaking.locator(".being-read")).to_have_count(0)
    assert len(hear_all(speaking)) == 1


def test_a_second_button_takes_over_from_the_first(speaking: Page) -> None:
    open_page(speaking, "complaint", "young")
    speaking.locator("#question-safe_now .listen").click()
    speaking.locator("#question-what_happened .listen").click()
    expect(speaking.locator(".listen.reading")).to_have_count(1)
    expect(speaking.locator("#question-safe_now .listen")).to_contain_text("Listen")


@pytest.mark.parametrize("how", ["Escape", "another tab in front", "going"])
def test_it_falls_silent(speaking: Page, how: str) -> None:
    open_page(speaking, "complaint", "young")
    speaking.locator("#question-safe_now .listen").click()
    if how == "Escape":
        speaking.keyboard.press("Escape")
    else:
        hidden = "Object.defineProperty(document, 'hidden', { value: true });"
        event = "pagehide" if how == "going" else "visibilitychange"
        speaking.evaluate(
            f"{hidden} document.dispatchEvent(new Event('visibilitychange'))"
            if "tab" in how
            else f"dispatchEvent(new Event('{event}'))"
        )
    assert speaking.evaluate("speechSynthesis.waiting.length") == 0


def test_leaving_quickly_silences_before_the_other_page_has_answered(speaking: Page) -> None:
    open_page(speaking, "complaint", "young")
    happened: list[str] = []

    def other_page(route: Route) -> None:
        happened.append("the other page is asked for")
        route.fulfill(body="Weather")

    speaking.context.route(council()["leave_to"], other_page)
    speaking.on("console", lambda message: happened.append(message.text))
    speaking.locator("#question-safe_now .listen").click()
    happened.clear()
    speaking.locator(".leave").click()
    expect(speaking.get_by_text("Weather")).to_be_visible()
    assert happened[:2] == ["silent", "the other page is asked for"]


@pytest.mark.parametrize(("tag", "voice"), [("ar", "Amal"), ("prs", "Farhad"), ("zh-Hans", "Ting"), ("en", "Daniel")])
def test_the_voice_is_of_the_pages_language_and_lives_on_the_device(speaking: Page, tag: str, voice: str) -> None:
    speaking.goto(path_of("complaint", tag, "young"))
    speaking.locator("#question-safe_now .listen").click()
    assert {name for name, _ in hear_all(speaking)} == {voice}


def test_english_in_a_translated_page_is_read_by_an_english_voice(speaking: Page) -> None:
    speaking.goto(path_of("index", "ar", "standard"))
    english = speaking.locator("main [lang=en]").count()
    for button in speaking.locator(".listen").all():
        button.click()
        hear_all(speaking)
    assert ("Daniel" in {name for name, _ in said(speaking)}) == bool(english)


@pytest.mark.parametrize("tag", ["ti", "so", "ckb"])
def test_without_a_voice_there_is_no_button(speaking: Page, tag: str) -> None:
    speaking.goto(path_of("complaint", tag, "young"))
    expect(speaking.locator("main h1")).to_be_visible()
    expect(speaking.locator(".listen")).to_have_count(0)


def test_a_voice_far_away_is_no_voice(open_tab: Tabs) -> None:
    tab = tab_with(open_tab, VOICES[:1])
    tab.goto(path_of("complaint", "ar", "young"))
    expect(tab.locator("main h1")).to_be_visible()
    expect(tab.locator(".listen")).to_have_count(0)


def test_voices_that_come_late_bring_the_buttons(open_tab: Tabs) -> None:
    tab = tab_with(open_tab, [])
    open_page(tab, "complaint", "young")
    expect(tab.locator(".listen")).to_have_count(0)
    tab.evaluate(
        """() => { speechSynthesis.getVoices = () => [{ name: "Daniel", lang: "en-GB", localService: true }];
                   speechSynthesis.dispatchEvent(new Event("voiceschanged")); }"""
    )
    assert tab.locator(".listen").count() > 5


def test_a_person_can_hear_what_they_wrote_before_they_send_it(speaking: Page) -> None:
    check_message(speaking, "They never came.")
    speaking.locator("main h1 + .listen").click()
    assert "They never came." in [words for _, words in hear_all(speaking)]
