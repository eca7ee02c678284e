"""What became of it: whoever has the code sees it, in any spelling of the code; whoever has not learns nothing."""

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from playwright.sync_api import Page, expect

from heard.update import update
from heard.wording import VOICES
from tests.browser.conftest import Tabs
from tests.browser.person import code_on, go_on, open_page, send_message
from tests.conftest import Live

EASTERN_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


def send(tab: Page, voice: str = "young") -> dict[str, str]:
    """The three things a receipt gives."""
    words = f"They never came. {voice} {tab.evaluate('Math.random()')}"
    reference = send_message(tab, words, voice=voice)
    return {"reference": reference, "code": code_on(tab), "digits": tab.locator("output#code-digits").inner_text()}


def follow(tab: Page, typed: str, voice: str = "young") -> Any:
    open_page(tab, "follow", voice)
    tab.fill("#code", typed)
    return go_on(tab)


@pytest.mark.parametrize("voice", VOICES)
def test_the_code_of_a_receipt_opens_its_timeline_however_it_is_typed(tab: Page, voice: str) -> None:
    receipt = send(tab, voice)
    code, digits = receipt["code"], receipt["digits"]
    in_capitals = f"  {code.upper().replace(' ', '-')} "
    for typed in (code, in_capitals, digits, digits.replace(" ", ""), digits.translate(EASTERN_DIGITS)):
        assert follow(tab, typed, voice).status == 200
        expect(tab.locator("main")).to_contain_text(receipt["reference"])
        expect(tab.locator(".step time").first).to_be_visible()


def test_what_the_council_does_is_seen_after_a_refresh(tab: Page, live: Live) -> None:
    receipt = send(tab)
    follow(tab, receipt["code"])
    steps = tab.locator(".step").count()
    note = "We have rung your school.\nاتصلنا بمدرستك <b>"
    said = {"version": 1, "status": "looking_into_it", "at": "2026-01-05T10:00:00+00:00", "stage": 1, "note": note}
    update(receipt["reference"], said, live.services.store, live.services.clock())
    tab.reload()
    assert tab.locator(".step").count() > steps
    expect(tab.locator(".step-note q")).to_have_text(note)
    expect(tab.locator(".step").filter(has=tab.locator(".step-note"))).to_contain_text("5 January 2026")


def test_an_advocate_sees_the_same_on_another_device_and_nothing_that_was_written(open_tab: Tabs) -> None:
    child = open_tab()
    receipt = send(child)
    follow(child, receipt["code"])
    advocate = open_tab()
    follow(advocate, receipt["code"])
    assert advocate.locator("main").inner_text() == child.locator("main").inner_text()
    assert "never came" not in advocate.content()


WRONG = [
    "ocean ocean ocean ocean ocean",
    "12345678901234567890",
    "hello",
    "<script>alert(1)</script>",
    "x" * 5000,
]


@pytest.mark.parametrize("voice", VOICES)
def test_every_wrong_code_gives_the_same_page_to_the_byte(plain_tab: Page, voice: str) -> None:
    receipt = send(plain_tab, voice)
    almost = " ".join(receipt["code"].split()[::-1])
    pages = set()
    for typed in [*WRONG, almost, receipt["reference"]]:
        answer = follow(plain_tab, typed, voice)
        assert answer.status == 404
        pages.add(answer.body())
    assert len(pages) == 1
    expect(plain_tab.locator("#error-summary")).to_be_focused()
    expect(plain_tab.locator("#code")).to_have_value("")


def test_no_code_at_all_is_asked_for_kindly(tab: Page) -> None:
    assert follow(tab, "   ").status == 422
    assert tab.title().startswith("Error:")
    tab.locator("#error-summary a").click()
    expect(tab.locator("#code")).to_be_focused()


def test_the_code_is_never_in_an_address(tab: Page) -> None:
    addresses: list[str] = []
    tab.on("request", lambda request: addresses.append(request.url))
    tab.on("framenavigated", lambda frame: addresses.append(frame.url))
    receipt = send(tab)
    follow(tab, receipt["code"])
    tab.reload()
    follow(tab, receipt["digits"])
    tab.locator("footer a").last.click()
    code, digits = receipt["code"], receipt["digits"].replace(" ", "")
    secrets = {code, quote(code), quote_plus(code), code.replace(" ", "-"), code.replace(" ", ""), digits}
    assert len(addresses) > 10
    assert not [address for address in addresses for secret in secrets if secret in address]
    assert not [address for address in addresses if "?" in address and "?v=" not in address]


def test_a_receipt_to_keep_is_a_file_with_all_three(tab: Page) -> None:
    receipt = send(tab)
    with tab.expect_download() as kept:
        tab.locator("form[action='/api/receipt'] button").click()
    text = kept.value.path().read_text(encoding="utf-8")
    assert all(part in text for part in receipt.values())
    assert kept.value.suggested_filename.endswith(".txt")
    assert "never came" not in text
