"""The pages fit: small phones, 400 % zoom, wide spacing, forced colours, paper, and writing from right to left."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heard.wording import VOICES
from tests.browser.conftest import Tabs
from tests.browser.council import everything_that_can_happen
from tests.browser.person import (
    check_message,
    code_on,
    go_on,
    message_box,
    open_page,
    pages_of,
    reference_on,
    send_message,
)  # fmt: skip
from tests.conftest import Live

LONG = "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch" * 3 + " \n\nلم يأتِ أحد"
# The four distances of WCAG 1.4.12, all at once.
SPACED = """* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }
p { margin-block-end: 2em !important }"""
PHONE = {"width": 320, "height": 640}
ZOOMED = {"width": 320, "height": 256}  # 1280 x 1024 at 400 %

every_voice = pytest.mark.parametrize("voice", VOICES)


def every_page(tab: Page, site: Path, voice: str) -> Iterator[str]:
    """Opens each page of a voice in turn, built and answered ones, and says its address."""
    for address in pages_of(site, voice):
        tab.goto(address)
        yield address
    for name, arrive in ANSWERS.items():
        arrive(tab, voice)
        yield name


def errors(tab: Page, voice: str) -> None:
    open_page(tab, "complaint", voice)
    tab.locator("[name=contact][value=email]").check()
    tab.fill("#email", "x" * 300)
    assert go_on(tab).status == 422


def check(tab: Page, voice: str) -> None:
    open_page(tab, "complaint", voice)
    tab.locator("[name=contact][value=email]").check()
    tab.fill("#email", f"{'somebody' * 7}@{'home' * 12}.example")
    tab.fill(message_box("complaint"), LONG)
    assert go_on(tab).status == 200
    tab.locator(".skipped summary").click()


def receipt(tab: Page, voice: str) -> None:
    send_message(tab, LONG, voice=voice)


def timeline(tab: Page, voice: str) -> None:
    code = code_on(tab)
    open_page(tab, "follow", voice)
    tab.fill("#code", code)
    assert go_on(tab).status == 200


ANSWERS: dict[str, Callable[[Page, str], None]] = {
    "errors": errors,
    "check": check,
    "receipt": receipt,
    "timeline": timeline,
}


def sticking_out(tab: Page) -> list[str]:
    """What reaches past the edge of the window and makes the page scroll sideways."""
    return tab.evaluate(
        """() => {
          const root = document.documentElement, width = root.clientWidth;
          if (root.scrollWidth <= width && document.body.scrollWidth <= width) return [];
          const reaches = element => {
            const {left, right} = element.getBoundingClientRect();
            return right > width + 0.5 || left < -0.5;
          };
          const names = [...document.querySelectorAll("body *")].filter(reaches)
            .map(element => `${element.localName}.${element.className}#${element.id}`);
          return [`${root.scrollWidth} px wide`, ...names.slice(0, 5)];
        }"""
    )


@every_voice
def test_no_page_scrolls_sideways_on_a_small_phone_in_either_direction(
    open_tab: Tabs, built_site: Path, voice: str
) -> None:
    tab = open_tab(viewport=PHONE)
    found = {}
    for name in every_page(tab, built_site, voice):
        for direction in ("ltr", "rtl"):
            tab.evaluate("direction => { document.documentElement.dir = direction }", direction)
            found[name, direction] = sticking_out(tab)
    assert something_in(found) == {}


def something_in(found: dict[Any, list[str]]) -> dict[Any, list[str]]:
    return {name: what for name, what in found.items() if what}


def cut_off(tab: Page) -> list[str]:
    """Elements that hide part of their own text."""
    return tab.evaluate(
        """() => [...document.querySelectorAll("main *, header *, footer *")].filter(element => {
          const style = getComputedStyle(element);
          const hides = style.overflowX !== "visible" || style.overflowY !== "visible";
          const unseen = element.closest(".visually-hidden, .govuk-visually-hidden, .leave-empty, textarea, svg");
          if (!hides || unseen || !element.innerText?.trim()) return false;
          return element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1;
        }).map(element => `${element.localName}.${element.className}`)"""
    )


@every_voice
def test_wide_spacing_at_400_percent_cuts_nothing_off(open_tab: Tabs, built_site: Path, voice: str) -> None:
    tab = open_tab(viewport=ZOOMED, bypass_csp=True)
    found = {}
    for name in every_page(tab, built_site, voice):
        tab.add_style_tag(content=SPACED)
        found[name] = sticking_out(tab) + cut_off(tab)
    assert something_in(found) == {}


@every_voice
@pytest.mark.parametrize("tag", ["pl", "ur", "zh-Hans", "ckb"])
def test_long_words_and_tall_or_dense_scripts_find_room_when_zoomed_and_when_spaced_wide(
    open_tab: Tabs, live: Live, tag: str, voice: str
) -> None:
    tab = open_tab(bypass_csp=True)
    found = {}
    for name in some_pages(tab, live, tag, voice):
        close = {size: how_it_fits(tab, size)[1] for size in SIZES}
        found[name] = [what for size in SIZES for what in how_it_fits(tab, size)[0]]
        tab.add_style_tag(content=SPACED)
        for size in SIZES:
            lost, closer = how_it_fits(tab, size)
            found[name, "spaced", size] = lost + sorted(closer - close[size])
    assert something_in(found) == {}


SIZES = ((360, 640), (320, 256))


def some_pages(tab: Page, live: Live, tag: str, voice: str) -> Iterator[str]:
    """Opens the pages that people need most, in another language, and says which it is."""
    for page in ("index", "complaint"):
        open_page(tab, page, voice, tag)
        yield page
    reference = send_message(tab, LONG, voice=voice, language=tag)
    code = code_on(tab)
    yield "receipt"
    everything_that_can_happen(live, reference)
    open_page(tab, "follow", voice, tag)
    tab.fill("#code", code)
    assert go_on(tab).status == 200
    yield "timeline"


def how_it_fits(tab: Page, size: tuple[int, int]) -> tuple[list[str], set[str]]:
    """In a window of this size: what sticks out or is cut off; and which texts lie over each other."""
    tab.set_viewport_size({"width": size[0], "height": size[1]})
    return sticking_out(tab) + cut_off(tab), set(tab.evaluate(OVERLAPPING))


# Texts, a block each, whose lines lie over each other.
OVERLAPPING = """() => {
  const block = node => {
    let element = node.parentElement;
    while (getComputedStyle(element).display === "inline") element = element.parentElement;
    return element;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), lines = new Map();
  while (texts.nextNode()) {
    const text = texts.currentNode, element = block(text), range = document.createRange();
    const unseen = !element.checkVisibility() || element.closest(".skips, .leave-empty, [class*=visually-hidden]");
    if (!text.data.trim() || unseen) continue;
    range.selectNodeContents(text);
    lines.set(element, [...(lines.get(element) ?? []), ...range.getClientRects()]);
  }
  const covers = (one, other) => Math.min(one.right, other.right) - Math.max(one.left, other.left) > 2
    && Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top) > 2;
  const name = element => `${element.localName}.${element.className}: ${element.innerText.slice(0, 40)}`;
  const blocks = [...lines.keys()], found = [];
  blocks.forEach((one, place) => blocks.slice(place + 1).forEach(other => {
    if (lines.get(one).some(line => lines.get(other).some(under => covers(line, under))))
      found.push(`${name(one)} | ${name(other)}`);
  }));
  return found;
}"""


@every_voice
def test_nothing_that_stays_on_screen_hides_what_the_keyboard_is_on(open_tab: Tabs, voice: str) -> None:
    """WCAG 2.4.11, on the smallest window."""
    tab = open_tab(viewport=ZOOMED)
    open_page(tab, "complaint", voice)
    hidden = []
    for _ in range(60):
        tab.keyboard.press("Tab")
        if not tab.evaluate(IN_SIGHT):
            hidden.append(tab.evaluate("document.activeElement.outerHTML.slice(0, 120)"))
    assert hidden == []


IN_SIGHT = """() => {
  const here = document.activeElement;
  if (here === document.body) return true;
  const shown = here.matches("[type=radio], [type=checkbox]") ? here.parentElement : here;
  const lines = [...shown.getClientRects()]; // a link in a sentence may stand on two lines
  const seen = (x, y) => shown.contains(document.elementFromPoint(x, y));
  return lines.some(({left, top, right, bottom}) =>
    seen(left + 4, top + 4) || seen(right - 4, bottom - 4) || seen((left + right) / 2, (top + bottom) / 2));
}"""

TARGETS = """() => {
  const roomy = ".govuk-button, button, .govuk-radios__item, .govuk-checkboxes__item, .task a, .door a, a.leave, " +
    ".voices a, .onward-link, .helplines .phone, input[type=text], input[type=email], input[type=tel], textarea";
  const inSentence = element => getComputedStyle(element).display === "inline"
    && element.closest("p, li, dd, td")?.innerText.trim().length > element.innerText.trim().length + 3;
  const all = "a, button, input, textarea, summary, .govuk-radios__item, .govuk-checkboxes__item";
  return [...document.querySelectorAll(all)]
    .filter(element => element.checkVisibility() && !element.closest(".skips, .leave-empty"))
    .filter(element => !element.matches("[type=radio], [type=checkbox], [type=hidden]") && !inSentence(element))
    .map(element => {
      const {width, height} = element.getBoundingClientRect();
      return {name: element.outerHTML.slice(0, 90), width, height, wanted: element.matches(roomy) ? 44 : 24};
    })
    .filter(({width, height, wanted}) => Math.min(width, height) < wanted - 0.5)
    .map(({name, width, height, wanted}) => `${width} x ${height}, wanted ${wanted}: ${name}`);
}"""


@every_voice
def test_everything_that_can_be_pressed_is_big_enough(open_tab: Tabs, built_site: Path, voice: str) -> None:
    """24 px for all (WCAG 2.5.8; a link in a sentence may be as high as its line), 44 px for what matters."""
    tab = open_tab(viewport=PHONE)
    small = {name: tab.evaluate(TARGETS) for name in every_page(tab, built_site, voice)}
    assert something_in(small) == {}


BORDERLESS = """elements => elements.filter(element => element.checkVisibility()).filter(element => {
  const style = getComputedStyle(element);
  return !["Top", "Right", "Bottom", "Left"].every(side =>
    style[`border${side}Style`] !== "none" && parseFloat(style[`border${side}Width`]) >= 1
    && style[`border${side}Color`] !== style.backgroundColor);
}).map(element => element.outerHTML.slice(0, 120))"""


@every_voice
def test_forced_colours_show_the_edges_of_buttons_and_boxes(open_tab: Tabs, voice: str) -> None:
    tab = open_tab(forced_colors="active")
    open_page(tab, "complaint", voice)
    tab.locator("[name=contact][value=email]").check()
    boxes = ".govuk-button, .govuk-input, .govuk-textarea, a.leave"
    assert tab.locator(boxes).count() > 3
    assert tab.locator(boxes).evaluate_all(BORDERLESS) == []
    check_message(tab, "They never came.", voice=voice)
    assert tab.locator("button, a.leave").evaluate_all(BORDERLESS) == []


def test_forced_colours_show_which_choice_is_made(open_tab: Tabs) -> None:
    """By the drawing of the control, not by a colour that is forced away."""
    tab = open_tab(forced_colors="active")
    open_page(tab, "complaint", "young")
    for name, code in (("who", "child_self"), ("themes", "support")):
        item = tab.locator(f":is(.govuk-radios__item, .govuk-checkboxes__item):has([name={name}][value={code}])")
        item.scroll_into_view_if_needed()
        before = item.screenshot()
        item.locator("input").check()
        tab.locator("body").click(position={"x": 1, "y": 1})
        assert item.screenshot() != before


@every_voice
def test_a_printed_receipt_is_all_there_and_nothing_else(open_tab: Tabs, voice: str) -> None:
    tab = open_tab(color_scheme="dark")
    reference = send_message(tab, "They never came.", voice=voice)
    code = code_on(tab)
    tab.emulate_media(media="print")
    for shown in ("#reference", "#code", "#code-digits"):
        expect(tab.locator(shown)).to_be_visible()
    assert (reference_on(tab), code_on(tab)) == (reference, code)
    for hidden in ("a.leave", ".voices", ".keep button"):
        assert tab.locator(hidden).locator("visible=true").count() == 0, hidden
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"


@every_voice
def test_right_to_left_is_the_mirror_image(open_tab: Tabs, voice: str) -> None:
    tab = open_tab(viewport=PHONE)
    open_page(tab, "complaint", voice)
    left_to_right = tab.evaluate(DISTANCES)
    tab.evaluate("document.documentElement.dir = 'rtl'")
    assert tab.evaluate(DISTANCES) == left_to_right
    assert min(left_to_right.values()) > 0


# How far some things stand from the edge where reading starts, in whole pixels.
DISTANCES = """() => {
  const start = element => {
    const {left, right} = element.getBoundingClientRect();
    return document.documentElement.dir === "rtl" ? innerWidth - right : left;
  };
  const some = ["[name=contact]", "#name", ".brand", "[name=themes]", ".send button", "footer a"];
  return Object.fromEntries(some.map(name => [name, Math.round(start(document.querySelector(name)))]));
}"""


def test_what_stays_on_screen_leaves_room_to_read_at_400_percent(open_tab: Tabs) -> None:
    tab = open_tab(viewport=ZOOMED)
    open_page(tab, "complaint", "young")
    tab.locator("#what_happened").focus()
    covered = tab.evaluate(
        """() => [...document.querySelectorAll("body *")]
          .filter(element => ["fixed", "sticky"].includes(getComputedStyle(element).position))
          .map(element => element.getBoundingClientRect())
          .filter(({top, bottom}) => bottom > 0 && top < innerHeight)
          .reduce((height, box) => height + box.height, 0)"""
    )
    assert covered <= ZOOMED["height"] / 3
