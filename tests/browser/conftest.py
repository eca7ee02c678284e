"""A real Chromium, and tabs in it that are looking at the live host."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from heard.case import Case
from tests.conftest import Live

QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # as in find-chromium
PATIENCE = 10_000  # milliseconds

Tabs = Callable[..., Page]


def chromium_path() -> str:
    """The Chromium of this machine. Without one these tests fail: a skipped test proves nothing."""
    named = [os.environ.get("CHROME"), *map(shutil.which, CHROMIUMS)]
    found = next(filter(None, named), None)
    if found is None:
        pytest.fail("The browser tests need Chromium: install it, or set CHROME=/path/to/it.", pytrace=False)
    return found


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
    yield browser
    browser.close()


@pytest.fixture
def open_tab(chromium: Browser, live: Live) -> Iterator[Tabs]:
    """Opens a tab of a browser that has never been here: `open_tab(java_script_enabled=False)`."""
    contexts = []

    def open_one(**options: object) -> Page:
        context = chromium.new_context(base_url=live.address, **options)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()


@pytest.fixture(params=[True, False], ids=["with scripts", "without scripts"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def tab(open_tab: Tabs, scripts: bool) -> Page:
    """One tab, once with scripts and once without: what uses it holds either way."""
    return open_tab(java_script_enabled=scripts)


@pytest.fixture
def plain_tab(open_tab: Tabs) -> Page:
    """One tab without scripts, for what no script of ours has a part in."""
    return open_tab(java_script_enabled=False)


@pytest.fixture
def new_cases(live: Live) -> Callable[[], list[Case]]:
    """Asks the store itself: the cases that came while this test ran."""

    def references() -> set[str]:
        rows = live.services.store.database.connection().execute("SELECT reference FROM cases")  # type: ignore[attr-defined]
        return {reference for (reference,) in rows}

    before = references()

    def since() -> list[Case]:
        found = [live.services.store.with_reference(reference) for reference in references() - before]
        return [case for case in found if case]

    return since
