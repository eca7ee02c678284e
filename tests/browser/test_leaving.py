"""Leaving quickly: the page is gone at once, Back does not bring it back, and nothing typed is left behind."""

import re
from collections.abc import Callable, Iterator
from secrets import token_hex

import pytest
from playwright.sync_api import Browser, Page, Playwright, Route, expect

from heard.council import council
from heard.places import path_of
from heard.wording import VOICES
from tests.browser.conftest import QUIET, Tabs, chromium_path
from tests.browser.person import (
    BROWSERS_OWN_PAGE,
    check_message,
    code_on,
    focused,
    go_back,
    go_on,
    open_page,
    send_message,
)
from tests.conftest import Live

ELSEWHERE = council()["leave_to"]
OTHER_PAGE = "<!doctype html><html lang=en><title>Weather</title><h1>Rain later</h1></html>"


def secret() -> str:
    """Never the same twice: without scripts the same words are the same submission."""
    return f"Nobody may see this. {token_hex(4)}"


def help_page(tab: Page) -> None:
    open_page(tab, "help", "young")


def form_page(tab: Page) -> None:
    open_page(tab, "complaint", "young")
    tab.fill("#what_happened", secret())


def check_page(tab: Page) -> None:
    check_message(tab, secret())


def receipt_page(tab: Page) -> None:
    send_message(tab, secret())


def follow_page(tab: Page) -> None:
    open_page(tab, "follow", "young")
    tab.fill("#code", "half a code")


def timeline_page(tab: Page) -> None:
    send_message(tab, secret())
    code = code_on(tab)
    open_page(tab, "follow", "young")
    tab.fill("#code", code)
    go_on(tab)


PLACES = [help_page, form_page, check_page, receipt_page, follow_page, timeline_page]
every_place = pytest.mark.parametrize("go_to", PLACES, ids=lambda place: place.__name__)
Place = Callable[[Page], None]


def with_elsewhere(tab: Page) -> Page:
    """The other page is answered here: it is the weather, and the world outside is not part of the test."""
    tab.context.route(ELSEWHERE, lambda route: route.fulfill(body=OTHER_PAGE, content_type="text/html"))
    return tab


@pytest.fixture
def leaver(open_tab: Tabs) -> Page:
    """Somebody who came by the home page, with scripts."""
    tab = with_elsewhere(open_tab())
    open_page(tab, "index", "young")
    return tab


def press_shift(tab: Page, times: int) -> None:
    for _ in range(times):
        tab.keyboard.press("Shift")


def assert_left(tab: Page) -> None:
    tab.wait_for_url(ELSEWHERE)
    expect(tab.locator("h1")).to_have_text("Rain later")


def pages_before(tab: Page) -> int:
    """How many pages of this tab's history Back can reach."""
    history = tab.context.new_cdp_session(tab).send("Page.getNavigationHistory")
    return len([entry for entry in history["entries"][: history["currentIndex"]] if entry["url"] != "about:blank"])


@every_place
def test_the_button_leaves_every_page(leaver: Page, go_to: Place) -> None:
    go_to(leaver)
    leaver.locator("a.leave").click()
    assert_left(leaver)


@every_place
def test_back_after_leaving_goes_away_again_from_every_page(leaver: Page, go_to: Place) -> None:
    go_to(leaver)
    leaver.locator("a.leave").click()
    assert_left(leaver)
    before = pages_before(leaver)
    assert before > 0
    for _ in range(before):
        go_back(leaver)
        assert_left(leaver)
    go_back(leaver, "about:blank")


def test_a_form_that_is_sent_again_after_leaving_shows_no_page_of_ours(leaver: Page) -> None:
    """Back to an answer, the browser asks whether to send the form again. Whoever says yes must not see it."""
    receipt_page(leaver)
    leaver.locator("a.leave").click()
    assert_left(leaver)
    leaver.context.unroute(ELSEWHERE)  # Chromium asks only when nothing stands between it and the network
    go_back(leaver, BROWSERS_OWN_PAGE)
    with_elsewhere(leaver)
    leaver.evaluate("location.reload()")
    assert_left(leaver)


@pytest.fixture(scope="module")
def remembering(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium as people have it: pages gone back to come whole out of memory, with all that was typed."""
    browser = playwright.chromium.launch(
        executable_path=chromium_path(), args=QUIET, ignore_default_args=["--disable-back-forward-cache"]
    )
    yield browser
    browser.close()


def test_a_page_that_comes_back_out_of_memory_goes_away_again(remembering: Browser, live: Live) -> None:
    with remembering.new_context(base_url=live.address) as context:
        tab = context.new_page()
        form_page(tab)
        open_page(tab, "help", "young")
        go_back(tab, "*/young/complaint/")
        expect(tab.locator("#what_happened")).to_have_value(re.compile("Nobody may see this."))
        open_page(tab, "help", "young")
        with_elsewhere(tab)
        tab.locator("a.leave").click()
        assert_left(tab)
        go_back(tab)
        assert_left(tab)


def test_everything_is_hidden_and_emptied_before_the_other_page_has_come(open_tab: Tabs) -> None:
    """The other page may be slow: here it never comes at all."""
    tab = open_tab()
    tab.context.route(ELSEWHERE, lambda route: route.fulfill(status=204))
    form_page(tab)
    tab.locator("[name=who][value=child_self]").check()
    tab.locator("[name=themes]").first.check()
    tab.locator("a.leave").click()
    expect(tab.locator("body")).to_be_hidden()
    expect(tab.locator("#what_happened")).to_have_value("")
    assert tab.title() == ""
    assert tab.locator("main :checked").count() == 0
    typed = tab.locator("input:not([type=radio], [type=checkbox]), textarea")
    assert set(typed.evaluate_all("found => found.map(field => field.value)")) == {""}


def test_the_form_is_empty_when_it_is_opened_anew_afterwards(leaver: Page) -> None:
    form_page(leaver)
    leaver.locator("a.leave").click()
    assert_left(leaver)
    open_page(leaver, "complaint", "young")
    expect(leaver.locator("main")).to_be_visible()
    expect(leaver.locator("#what_happened")).to_have_value("")
    open_page(leaver, "help", "young")
    go_back(leaver, "*/young/complaint/")
    expect(leaver.locator("#what_happened")).to_be_visible()


def test_a_key_used_before_leaving_is_not_used_after(leaver: Page) -> None:
    form_page(leaver)
    first = leaver.locator("form[data-form] [name=key]").input_value()
    leaver.locator("a.leave").click()
    assert_left(leaver)
    open_page(leaver, "complaint", "young")
    assert leaver.locator("form[data-form] [name=key]").input_value() != first


@every_place
def test_shift_three_times_leaves_every_page(leaver: Page, go_to: Place) -> None:
    go_to(leaver)
    press_shift(leaver, 3)
    assert_left(leaver)


def test_shift_twice_and_something_else_stays(leaver: Page) -> None:
    form_page(leaver)
    press_shift(leaver, 2)
    leaver.keyboard.press("a")
    press_shift(leaver, 2)
    leaver.wait_for_timeout(200)
    expect(leaver.locator("#what_happened")).to_be_visible()
    press_shift(leaver, 1)
    assert_left(leaver)


def test_writing_in_capitals_stays(leaver: Page) -> None:
    form_page(leaver)
    leaver.fill("#what_happened", "")
    leaver.focus("#what_happened")
    for letter in "STOP IT":
        leaver.keyboard.press(f"Shift+{letter}" if letter != " " else "Space")
    leaver.wait_for_timeout(200)
    expect(leaver.locator("#what_happened")).to_have_value("STOP IT")


def test_three_slow_presses_stay(leaver: Page) -> None:
    """People press Shift for other reasons; only three presses within five seconds leave."""
    leaver.clock.install()
    help_page(leaver)
    for _ in range(4):
        press_shift(leaver, 1)
        leaver.clock.run_for(3_000)
    expect(leaver.locator("main")).to_be_visible()
    press_shift(leaver, 2)
    assert_left(leaver)


def test_each_press_says_how_many_are_left(leaver: Page) -> None:
    help_page(leaver)
    status = leaver.get_by_role("status").and_(leaver.locator("#leave-status"))
    press_shift(leaver, 1)
    expect(status).to_contain_text("two more times")
    press_shift(leaver, 1)
    expect(status).to_contain_text("one more time")


@pytest.mark.parametrize("voice", VOICES)
def test_leaving_is_the_second_thing_the_keyboard_reaches(tab: Page, voice: str) -> None:
    with_elsewhere(tab)
    open_page(tab, "privacy", voice)
    tab.keyboard.press("Tab")
    assert focused(tab)["href"] == "#main"
    tab.keyboard.press("Tab")
    assert focused(tab)["href"] == ELSEWHERE
    expect(tab.locator(".skip.leave-link")).to_be_in_viewport()
    tab.keyboard.press("Enter")
    assert_left(tab)


@every_place
def test_without_scripts_it_is_a_plain_link(open_tab: Tabs, go_to: Place) -> None:
    tab = with_elsewhere(open_tab(java_script_enabled=False))
    go_to(tab)
    leave = tab.locator("a.leave")
    expect(leave).to_have_attribute("href", ELSEWHERE)
    leave.click()
    assert_left(tab)


def test_the_other_page_is_not_told_where_somebody_came_from(tab: Page) -> None:
    told: list[dict[str, str]] = []

    def listen(route: Route) -> None:
        told.append(route.request.all_headers())
        route.fulfill(body=OTHER_PAGE, content_type="text/html")

    tab.context.route(ELSEWHERE, listen)
    help_page(tab)
    tab.locator("a.leave").click()
    assert_left(tab)
    assert [headers.get("referer") for headers in told] == [None]


def test_coming_back_after_leaving_works_as_if_nothing_had_been(leaver: Page) -> None:
    help_page(leaver)
    press_shift(leaver, 3)
    assert_left(leaver)
    leaver.goto(path_of("index", "en", "young"))
    leaver.locator(".task-complaint a").click()
    expect(leaver.locator("#what_happened")).to_be_visible()
    leaver.reload()
    expect(leaver.locator("#what_happened")).to_be_visible()
    go_back(leaver, "*/young/")
    expect(leaver.locator(".tasks")).to_be_visible()
