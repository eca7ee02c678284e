"""However often something is sent, by Back, refresh, a double press or all over again, it stays one case."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from heard.case import Case
from tests.browser.conftest import Tabs
from tests.browser.person import (
    GO_ON,
    ONE_OF_EACH,
    back_to_an_answer,
    check_message,
    go_back,
    go_on,
    message_box,
    open_page,
    reference_on,
    send_message,
)

NewCases = Callable[[], list[Case]]


@pytest.fixture
def text(scripts: bool) -> str:
    return f"They never came. Scripts: {scripts}.\nلم يأتِ أحد"


def test_back_from_the_receipt_and_send_again(tab: Page, text: str, new_cases: NewCases) -> None:
    reference = send_message(tab, f"{text} Back.")
    assert back_to_an_answer(tab).status == 200
    assert go_on(tab).status == 200
    assert reference_on(tab) == reference
    assert len(new_cases()) == 1


def test_refreshing_the_receipt(tab: Page, text: str, new_cases: NewCases) -> None:
    reference = send_message(tab, f"{text} Refresh.")
    for _ in range(2):
        answer = tab.reload()
        assert answer is not None
        assert answer.status == 200
        assert reference_on(tab) == reference
    assert len(new_cases()) == 1


@pytest.mark.parametrize(("form", "voice"), ONE_OF_EACH)
def test_a_double_press_of_send(tab: Page, text: str, form: str, voice: str, new_cases: NewCases) -> None:
    check_message(tab, f"{text} Double press, {form}, {voice}.", form, voice)
    tab.locator(GO_ON).dblclick()
    expect(tab.locator("#reference")).to_be_visible()
    [case] = new_cases()
    assert case.reference == reference_on(tab)


def test_back_to_the_form_and_the_same_answers_again(tab: Page, text: str, new_cases: NewCases) -> None:
    reference = send_message(tab, f"{text} From the start.")
    back_to_an_answer(tab)
    go_back(tab, "*/young/complaint/")
    tab.fill(message_box("complaint"), f"{text} From the start.")
    go_on(tab)
    assert go_on(tab).status == 200
    assert reference_on(tab) == reference
    assert len(new_cases()) == 1


def test_back_to_a_form_that_was_reached_by_its_skip_link(open_tab: Tabs, new_cases: NewCases) -> None:
    """The skip link makes a place of its own in the history; the form there is still the same form."""
    tab = open_tab()
    tab.goto("/en/young/complaint/")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    assert tab.url.endswith("#main")
    tab.fill(message_box("complaint"), "They never came. Skip link.")
    go_on(tab)
    go_on(tab)
    reference = reference_on(tab)
    back_to_an_answer(tab)
    go_back(tab, "*/young/complaint/#main")
    expect(tab.locator(message_box("complaint"))).to_be_visible()
    tab.reload()
    tab.fill(message_box("complaint"), "They never came. Skip link.")
    go_on(tab)
    assert go_on(tab).status == 200
    assert reference_on(tab) == reference
    assert len(new_cases()) == 1


def test_without_scripts_the_form_opened_anew_with_the_same_answers(open_tab: Tabs, new_cases: NewCases) -> None:
    tab = open_tab(java_script_enabled=False)
    reference = send_message(tab, "They never came. Opened anew.")
    check_message(tab, "They never came. Opened anew.")
    assert go_on(tab).status == 200
    assert reference_on(tab) == reference
    assert len(new_cases()) == 1


def test_with_scripts_a_form_opened_anew_is_a_new_case(open_tab: Tabs, new_cases: NewCases) -> None:
    """Two people on one family's device may well say the same few words."""
    tab = open_tab()
    first = send_message(tab, "Me too.")
    assert send_message(tab, "Me too.") != first
    assert len(new_cases()) == 2


def test_answers_changed_after_sending_are_kept_and_shown_as_sent_already(
    tab: Page, text: str, new_cases: NewCases
) -> None:
    reference = send_message(tab, f"{text} First words.")
    back_to_an_answer(tab)
    _change_message(tab, f"{text} Second words.\n\n😢")
    answer = go_on(tab)
    assert answer.status == 409
    expect(tab.locator(".warning")).to_be_visible()
    expect(tab.locator(".answer-text")).to_have_text(f"{text} Second words.\n\n😢")
    assert tab.locator("#reference").count() == 0
    [case] = new_cases()
    assert (case.reference, case.answers) == (reference, {"what_happened": f"{text} First words."})


def test_what_was_changed_after_sending_can_be_sent_as_one_more_and_no_third(
    tab: Page, text: str, new_cases: NewCases
) -> None:
    first = send_message(tab, f"{text} One.")
    back_to_an_answer(tab)
    _change_message(tab, f"{text} Two.")
    assert go_on(tab).status == 409
    assert go_on(tab).status == 201
    second = reference_on(tab)
    assert second != first
    tab.reload()
    assert reference_on(tab) == second
    assert {case.reference for case in new_cases()} == {first, second}


def test_with_scripts_another_text_in_the_form_gone_back_to_is_shown_as_sent_already(
    open_tab: Tabs, new_cases: NewCases
) -> None:
    tab = open_tab()
    send_message(tab, "They never came. Before.")
    back_to_an_answer(tab)
    go_back(tab, "*/young/complaint/")
    tab.fill(message_box("complaint"), "They never came. After.")
    go_on(tab)
    assert go_on(tab).status == 409
    expect(tab.locator(".answer-text")).to_have_text("They never came. After.")
    assert len(new_cases()) == 1


def test_nothing_is_kept_before_send_is_pressed(tab: Page, text: str, new_cases: NewCases) -> None:
    check_message(tab, f"{text} Not sent.")
    tab.reload()
    open_page(tab, "index")
    assert new_cases() == []


def _change_message(tab: Page, text: str) -> None:
    """By the button on the check page, back to the form and on to the check page again."""
    with tab.expect_navigation():
        tab.locator(".answers .change").first.click()
    tab.fill(message_box("complaint"), text)
    assert go_on(tab).status == 200
