"""An advocate asks for a link, opens the list and a case on it: with a mailbox, without scripts, without a password."""

import secrets

from playwright.sync_api import Page, expect

from tests.browser.person import answer_to, open_page
from tests.conftest import Live, link_in, send_complaint, send_json


def listed(live: Live) -> str:
    """The reference of a case that its person has put on the list."""
    receipt = send_complaint(live.services, key=secrets.token_hex(16))
    named = {"advocate_sees": "everything", "advocate_lists": "yes"}
    said = {"code": receipt["code"], "form": "name_advocate", "key": secrets.token_hex(16)}
    assert send_json(live.services, "say", **said, **named)[0] == 200
    return str(receipt["reference"])


def test_an_advocate_opens_the_list_and_a_case_on_it_by_a_link_in_an_email(tab: Page, live: Live) -> None:
    reference = listed(live)
    open_page(tab, "follow")
    asking = tab.locator("details", has_text="Speak Up Exampleshire")
    asking.locator("summary").click()
    asking.locator("#email").fill("duty@speakup.example")
    assert answer_to(tab, asking.locator("button").click).status == 202
    letters = live.services.messenger.folder.glob("*-link.eml")  # type: ignore[attr-defined]
    link = link_in(max(letters, key=lambda letter: letter.stat().st_mtime_ns)).partition("?")[2]
    tab.goto(f"{live.address}/api/sign-in?{link}")
    assert answer_to(tab, tab.locator("form button").click).status == 200
    case = tab.locator(".cases li", has_text=reference)
    with tab.expect_popup() as opened:
        case.locator("button").click()
    expect(opened.value.locator("main")).to_contain_text(reference)
    expect(opened.value.locator(".steps")).to_be_visible()
    expect(case).to_be_visible()
    tab.goto(f"{live.address}/api/sign-in?{link}")
    assert answer_to(tab, tab.locator("form button").click).status == 404
    expect(tab.locator("#email")).to_be_visible()
