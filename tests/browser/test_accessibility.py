"""axe-core finds nothing wrong, on any page, in any voice, in light and in dark, with errors and without."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from heard.council import council
from heard.forms import FORMS
from heard.places import path_of
from heard.say import Saying
from heard.say import say as say_directly
from heard.wording import VOICES
from tests.browser.council import everything_that_can_happen, unfold
from tests.browser.inspector import Inspector
from tests.browser.person import (
    answer_to,
    code_on,
    go_on,
    message_box,
    open_page,
    pages_of,
    reference_on,
    say,
    send_message,
)
from tests.conftest import Live

EXAMPLE = "They said Tuesday.\n\nلم يأتِ أحد، وقالوا «غدًا». 🎈"
LONG = "🎈" * 5000
WRONG_CODE = "one two three four five"

in_both_schemes = pytest.mark.parametrize(("scheme", "voice"), [*itertools.product(("light", "dark"), VOICES)])
in_one_dark_voice = pytest.mark.parametrize(
    ("scheme", "voice"), [*(("light", voice) for voice in VOICES), ("dark", "young")]
)
"""Every page there is, in both; what is answered, in the dark only in the most colourful voice."""


@pytest.fixture
def reader(chromium: Browser, live: Live, scheme: str) -> Iterator[Page]:
    """A tab whose device asks for this colour scheme."""
    context = chromium.new_context(base_url=live.address, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


@pytest.fixture
def inspector(reader: Page) -> Inspector:
    return Inspector(reader)


@in_both_schemes
def test_every_built_page(reader: Page, voice: str, built_site: Path, inspector: Inspector) -> None:
    for address in pages_of(built_site, voice):
        reader.goto(address)
        inspector.look()
    assert not inspector.found, inspector.report()


@in_one_dark_voice
def test_every_form_from_errors_to_receipt(reader: Page, voice: str, inspector: Inspector) -> None:
    for form in FORMS:
        open_page(reader, form, voice)
        _want_an_email(reader, "not an address")
        assert go_on(reader).status == 422
        inspector.look()
        reader.fill(message_box(form), EXAMPLE)
        reader.fill("#email", "someone@home.example")
        assert go_on(reader).status == 200
        inspector.look()
        assert go_on(reader).status == 201
        inspector.look()
    assert not inspector.found, inspector.report()


@in_one_dark_voice
def test_a_check_page_with_everything_to_say(reader: Page, voice: str, inspector: Inspector) -> None:
    """With a notice, with help, with the skipped questions unfolded, and after it was sent already."""
    open_page(reader, "complaint", voice)
    reader.fill("#what_happened", EXAMPLE)
    reader.locator("[name=contact][value=email]").check()
    if voice != "standard":
        reader.locator("[name=safe_now][value=no]").check()
    inspector.look()
    go_on(reader)
    reader.locator(".skipped summary").click()
    inspector.look()
    key = reader.locator("[name=key]").input_value()
    go_on(reader)
    _change_and_send(reader, voice, key)
    expect(reader.locator(".warning")).to_be_visible()
    inspector.look()
    assert not inspector.found, inspector.report()


def _want_an_email(reader: Page, address: str) -> None:
    reader.locator("[name=contact][value=email]").check()
    reader.locator("[name=contact_is_safe][value=yes]").check()
    reader.fill("#email", address)


def _change_and_send(reader: Page, voice: str, key: str) -> None:
    """Other answers under a key that was used, as a page kept in a browser would send them."""
    open_page(reader, "complaint", voice)
    reader.fill("#what_happened", f"{EXAMPLE} And again.")
    reader.locator("form[data-form] [name=key]").evaluate("(field, key) => { field.value = key }", key)
    go_on(reader)
    assert go_on(reader).status == 409


@in_one_dark_voice
def test_following(reader: Page, live: Live, voice: str, inspector: Inspector) -> None:
    open_page(reader, "complaint", voice)
    reader.fill("#what_happened", EXAMPLE)
    go_on(reader)
    go_on(reader)
    code, reference = code_on(reader), reference_on(reader)
    everything_that_can_happen(live, reference)
    for typed, status in (("", 422), (WRONG_CODE, 404), (code, 200)):
        open_page(reader, "follow", voice)
        reader.fill("#code", typed)
        assert go_on(reader).status == status
        unfold(reader)
        inspector.look()
    for form, status in (("ask_for", 422), ("tell_more", 422), ("next_stage", 200), ("withdraw", 200)):
        unfold(reader)
        assert say(reader, form).status == status
        unfold(reader)
        inspector.look()
    assert not inspector.found, inspector.report()


LANGUAGES = {"standard": "en", "easy": "en", "young": "ar"}
"""Each voice in one language, and one of them from right to left."""


@in_one_dark_voice
def test_what_an_advocate_sees(reader: Page, live: Live, voice: str, inspector: Inspector) -> None:
    """Everything open beside the timeline, the advocate's code and what it opens, and several cases at once."""
    language = LANGUAGES[voice]
    own_code = _a_full_case(reader, live, voice, language)
    _follow(reader, own_code, voice, language)
    reader.locator("[name=advocate_sees][value=everything]").check()
    assert say(reader, "name_advocate").status == 200
    unfold(reader)
    inspector.look()
    advocates_code = reader.locator("#advocates-code").inner_text()
    _follow(reader, advocates_code, voice, language)
    inspector.look()
    open_page(reader, "follow", voice, language)
    unfold(reader)
    reader.fill("#codes", "\n".join((advocates_code, own_code, WRONG_CODE)))
    assert answer_to(reader, reader.locator("form:has(#codes) button").click).status == 200
    expect(reader.locator(".cases > li")).to_have_count(2)
    inspector.look()
    assert not inspector.found, inspector.report()


@in_one_dark_voice
def test_the_pages_of_the_link_to_a_list(reader: Page, live: Live, voice: str, inspector: Inspector) -> None:
    """Asking without an address, asking, the page behind a link, and a link that opens nothing."""
    open_page(reader, "follow", "standard", LANGUAGES[voice])
    unfold(reader)
    asking = reader.locator("form:has(#email)")
    assert answer_to(reader, asking.locator("button").click).status == 422
    inspector.look()
    reader.fill("#email", "nobody@home.example")
    assert answer_to(reader, reader.locator("form:has(#email) button").click).status == 202
    inspector.look()
    reader.goto(f"{live.address}/api/sign-in?token={'0' * 32}-{'0' * 32}&lang={LANGUAGES[voice]}")
    inspector.look()
    assert answer_to(reader, reader.locator("main form button").click).status == 404
    inspector.look()
    assert not inspector.found, inspector.report()


@in_one_dark_voice
def test_a_case_that_has_no_room_left(reader: Page, live: Live, voice: str, inspector: Inspector) -> None:
    """What was not kept stays in its form, under a warning."""
    language = LANGUAGES[voice]
    code = _a_full_case(reader, live, voice, language)
    for number in range(5):
        saying = Saying(code, "tell_more", f"{number:032}", {"more": LONG})
        say_directly(saying, live.services.store, live.services.peppers, live.services.clock())
    _follow(reader, code, voice, language)
    reader.fill("#more", LONG)
    assert say(reader, "tell_more").status == 413
    expect(reader.locator("#more")).to_have_value(LONG)
    inspector.look()
    assert not inspector.found, inspector.report()


def _a_full_case(reader: Page, live: Live, voice: str, language: str) -> str:
    """The code of a case in which everything has happened."""
    reference = send_message(reader, EXAMPLE, voice=voice, language=language)
    code = code_on(reader)
    everything_that_can_happen(live, reference)
    return code


def _follow(reader: Page, code: str, voice: str, language: str) -> None:
    open_page(reader, "follow", voice, language)
    reader.fill("#code", code)
    assert go_on(reader).status == 200
    unfold(reader)


@in_one_dark_voice
def test_pages_that_say_sorry(reader: Page, voice: str, inspector: Inspector) -> None:
    reader.goto(path_of("index", "en", voice) + "no-such-page/")
    expect(reader.locator("main a[href^='tel:']").first).to_contain_text(council()["phone"])
    inspector.look()
    open_page(reader, "complaint", voice)
    reader.fill("#what_happened", "🎈" * 30_000)
    assert go_on(reader).status == 413
    inspector.look()
    assert not inspector.found, inspector.report()
