"""A printed QR code opens the right form, and says where it was put up when scripts run, and only then."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from heard import qr
from heard.case import Case
from heard.council import council
from heard.places import DOORS, path_of
from tests.browser.conftest import Tabs
from tests.browser.person import go_back, go_on, open_page

every_door = pytest.mark.parametrize(("letter", "voice"), DOORS.items())
NewCases = Callable[[], list[Case]]


def scan(tab: Page, folder: Path, voice: str, placement: str = "kr7") -> str:
    """Makes a code as `heard qr` does and opens what it says, on the host under test."""
    written = qr.write(placement, voice, "M", folder)
    assert written.address.startswith(council()["address"])
    address = urlsplit(written.address)
    short = f"{address.path}?{address.query}"
    tab.goto(short)
    tab.wait_for_url(f"**{path_of('complaint', 'en', voice)}")
    return short


def send(tab: Page, text: str) -> None:
    tab.fill("#what_happened", text)
    go_on(tab)
    assert go_on(tab).status == 201


@every_door
def test_a_scanned_code_opens_its_form_and_its_placement_is_kept(
    tab: Page, scripts: bool, tmp_path: Path, letter: str, voice: str, new_cases: NewCases
) -> None:
    assert scan(tab, tmp_path, voice) == f"/{letter}/?p=kr7"
    expect(tab.locator("html")).to_have_class(f"voice-{voice}")
    assert urlsplit(tab.url).query == ""
    send(tab, f"By the code on my key ring, {voice}.")
    [case] = new_cases()
    assert (case.form, case.voice, case.placement) == ("complaint", voice, "kr7" if scripts else None)


def test_back_from_the_form_leads_past_the_short_address(open_tab: Tabs, tmp_path: Path) -> None:
    tab = open_tab()
    open_page(tab, "help", "young")
    scan(tab, tmp_path, "young")
    go_back(tab, f"*{path_of('help', 'en', 'young')}")


@pytest.mark.parametrize("worn", ["", "?p=", "?p=zz9", "?p=%3Cscript%3E", "?p=" + "a" * 500, "?q=1"])
def test_a_worn_or_old_code_still_opens_the_form_and_can_be_sent(
    open_tab: Tabs, worn: str, new_cases: NewCases
) -> None:
    tab = open_tab()
    tab.goto(f"/y/{worn}")
    tab.wait_for_url(f"**{path_of('complaint', 'en', 'young')}")
    send(tab, "By an old poster.")
    [case] = new_cases()
    assert case.placement is None


def test_the_placement_stays_with_its_tab(open_tab: Tabs, tmp_path: Path, new_cases: NewCases) -> None:
    tab = open_tab()
    scan(tab, tmp_path, "easy", "pc2")
    with tab.context.expect_page() as opened:
        tab.evaluate("open(location.href, '_blank', 'noopener')")
    send(opened.value, "In a tab of my own.")
    [case] = new_cases()
    assert case.placement is None
