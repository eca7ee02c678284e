"""Light enough for an old phone: few bytes, nobody else's servers, and no script that is needed."""

import gzip
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from heard.wording import VOICES
from tests.browser.conftest import Tabs
from tests.browser.person import ONE_OF_EACH, code_on, go_on, message_box, open_page, send_message
from tests.conftest import Live

LIMIT = 40 * 1024


def asked_for(context: BrowserContext) -> list[str]:
    """Every address this browser asks for, as it asks."""
    addresses: list[str] = []
    context.on("request", lambda request: addresses.append(request.url))
    return addresses


def packed_size(address: str) -> int:
    """Bytes of the body as it travels to a browser that takes gzip."""
    request = Request(address, headers={"Accept-Encoding": "gzip"})  # noqa: S310 - our own host
    with urlopen(request) as response:  # noqa: S310
        body = response.read()
        assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(body)
    return len(body)


@pytest.mark.parametrize("voice", VOICES)
def test_the_longest_form_weighs_at_most_40_kilobytes_with_all_it_needs(open_tab: Tabs, voice: str) -> None:
    tab = open_tab()
    addresses = asked_for(tab.context)
    open_page(tab, "complaint", voice)
    tab.wait_for_load_state("networkidle")
    assert len(addresses) >= 3
    weights = {address: packed_size(address) for address in set(addresses)}
    assert sum(weights.values()) <= LIMIT, weights


def test_no_page_asks_anything_of_another_server(open_tab: Tabs, live: Live) -> None:
    tab = open_tab()
    addresses = asked_for(tab.context)
    for page in ("index", "help", "leaving", "follow"):
        open_page(tab, page, "easy")
    go_on(tab)
    open_page(tab, "compliment", "easy")
    go_on(tab)
    send_message(tab, "Thank you.", "compliment", "easy")
    code = code_on(tab)
    open_page(tab, "follow", "easy")
    tab.fill("#code", code)
    go_on(tab)
    tab.goto("/en/nowhere/")
    assert len(addresses) > 20
    assert [address for address in addresses if not address.startswith(f"{live.address}/")] == []


def test_nothing_is_broken_or_refused_in_the_browsers_console(tab: Page, scripts: bool) -> None:
    """Not by the security policy, not by a missing file, not by a script."""
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: said.append(str(error)))
    for voice in VOICES:
        for page in ("index", "complaint", "help"):
            open_page(tab, page, voice)
    send_message(tab, f"Nothing in the console. Scripts: {scripts}")
    assert said == []


def test_nothing_is_kept_on_the_device(open_tab: Tabs) -> None:
    tab = open_tab()
    send_message(tab, "They never came.")
    open_page(tab, "help", "young")
    assert tab.context.cookies() == []
    assert tab.evaluate("Object.keys(localStorage)") == []
    assert tab.evaluate("Object.keys(sessionStorage)") == []
    assert tab.evaluate("indexedDB.databases().then(found => found.length)") == 0


@pytest.mark.parametrize(("form", "voice"), ONE_OF_EACH)
def test_a_form_works_without_its_script_and_its_style(plain_tab: Page, form: str, voice: str) -> None:
    """On a bad line only the page itself may arrive."""
    plain_tab.context.route("**/assets/**", lambda route: route.abort())
    open_page(plain_tab, form, voice)
    plain_tab.fill(message_box(form), f"A bad line, {voice}.")
    assert go_on(plain_tab).status == 200
    assert go_on(plain_tab).status == 201
    expect(plain_tab.locator("#code")).to_be_visible()
