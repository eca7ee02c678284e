"""Heard in every language: no barrier, nothing lost on the way, no English left over, nothing in reverse order."""

import re
import time
from collections.abc import Iterator
from unicodedata import normalize

import pytest
from playwright.sync_api import Page, Response

from heard.case import Case
from heard.clock import day_in_england, moment
from heard.council import council
from heard.forms import FORMS
from heard.places import path_of
from heard.wording import VOICES, Words, languages, read_compiled
from tests.browser.conftest import PATIENCE, Tabs
from tests.browser.council import everything_that_can_happen
from tests.browser.inspector import Inspector
from tests.browser.person import code_on, go_on, message_box, open_page, reference_on
from tests.conftest import Live
from tests.site.markup import Element, parse

OTHERS = [tag for tag in languages() if tag != "en"]


@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("tag", OTHERS)
def test_axe_finds_nothing_wrong_on_any_form(open_tab: Tabs, tag: str, voice: str) -> None:
    tab = open_tab(color_scheme="light", reduced_motion="reduce")
    inspector = Inspector(tab)
    for form in FORMS:
        open_page(tab, form, voice, tag)
        inspector.look()
    assert not inspector.found, inspector.report()


# What somebody might write: in their own digits and quotation marks, and Vietnamese in letters that come apart.
STORIES = {
    ("ar", "young"): "لم يأتِ أحدٌ يوم الثلاثاء.\n\nقالت: «سأعود غدًا» ولم تَعُد 😢\nعمري ١٤ سنة.",
    (
        "ur",
        "standard",
    ): "وہ منگل کو نہیں آئے۔\n\nانہوں نے کہا: ”ہم کل آئیں گے“ 😔\nمیری بیٹی ۱۲ سال کی ہے، اور ڈری ہوئی ہے۔",
    ("ti", "young"): "ሰሉስ ዝመጸ ሰብ ኣይነበረን።\n\n«ጽባሕ ክንመጽእ ኢና» ኢሎምኒ፤ ግን ኣይመጹን 😢\nዕድመይ 14 ዓመት እዩ።",
    ("pa", "standard"): "ਮੰਗਲਵਾਰ ਨੂੰ ਕੋਈ ਨਹੀਂ ਆਇਆ।\n\nਉਨ੍ਹਾਂ ਨੇ ਕਿਹਾ: “ਅਸੀਂ ਕੱਲ੍ਹ ਆਵਾਂਗੇ” 😔\nਮੇਰੀ ਧੀ ੧੨ ਸਾਲ ਦੀ ਹੈ।",
    (
        "pl",
        "young",
    ): "We wtorek nikt nie przyszedł.\n\nPowiedzieli: „Będziemy jutro” 😢\nMam 14 lat i źle się z tym czuję.",
    ("vi", "standard"): normalize(
        "NFD", "Hôm thứ Ba không có ai đến.\n\nHọ nói: “Ngày mai chúng tôi đến” 😔\nCon gái tôi 12 tuổi và rất buồn."
    ),
}
INTERPRETERS = {"ur": "پہاڑی", "pa": "ਪੋਠੋਹਾਰੀ", "vi": "tiếng H’Mông"}
"""Young forms do not ask for one."""


@pytest.mark.parametrize(("tag", "voice"), STORIES)
def test_a_complaint_without_scripts_arrives_as_it_was_written_and_is_answered_in_its_language(
    plain_tab: Page, live: Live, tag: str, voice: str
) -> None:
    text, words = STORIES[tag, voice], Words(tag, voice)
    open_page(plain_tab, "complaint", voice, tag)
    assert_is_in(plain_tab, tag)
    plain_tab.fill(message_box("complaint"), text)
    if tag in INTERPRETERS:
        plain_tab.locator("[name=needs][value=interpreter]").check()
        plain_tab.fill("#interpreter_language", INTERPRETERS[tag])
    assert go_on(plain_tab).status == 200
    assert_is_in(plain_tab, tag)
    assert plain_tab.locator(".answer-text").first.text_content() == text

    receipt = go_on(plain_tab)
    assert receipt.status == 201
    assert_is_in(plain_tab, tag)
    assert plain_tab.locator("h1").inner_text() == words("receipt.title.complaint")
    assert english_on(receipt, tag) == []

    case = delivered(live, reference_on(plain_tab))
    [message] = [one for one in live.services.inbox.peek(10_000) if one["reference"] == case.reference]
    assert message["text"]["what_happened"].encode() == text.encode()
    assert (message["language"], message["voice"]) == (tag, voice)
    assert message["needs"]["interpreter_language"] == INTERPRETERS.get(tag)

    timeline = follow(plain_tab, code_on(plain_tab), tag, voice)
    assert_is_in(plain_tab, tag)
    steps = plain_tab.locator(".step-words").all_inner_texts()
    assert steps == [words("timeline.step.received"), words("timeline.step.delivered")]
    day = words.date(day_in_england(moment(case.received_at)))
    assert plain_tab.locator(".step time").first.inner_text() == day
    assert english_on(timeline, tag) == []


def assert_is_in(tab: Page, tag: str) -> None:
    page = tab.locator("html")
    assert (page.get_attribute("lang"), page.get_attribute("dir")) == (tag, languages()[tag]["direction"])


def follow(tab: Page, code: str, tag: str, voice: str) -> Response:
    open_page(tab, "follow", voice, tag)
    tab.fill("#code", code)
    answer = go_on(tab)
    assert answer.status == 200
    return answer


def delivered(live: Live, reference: str) -> Case:
    """The case once the council has it."""
    patience = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < patience:
        case = live.services.store.with_reference(reference)
        if case and case.delivered_at:
            return case
        time.sleep(0.05)
    raise AssertionError("the council never got it")


def english_on(answer: Response, tag: str) -> list[str]:
    """English that a page takes for its own language: our texts but for names, and what the council says of itself."""
    said = "\n".join(spoken(parse(answer.text()), tag))
    english, own = (read_compiled(f"words/{language}.json.gz")["words"] for language in ("en", tag))
    keys = [key for key in english if not key.endswith(".name")]
    texts = {text for key in keys for voice, text in english[key].items() if own[key].get(voice) != text}
    scraps = {scrap.strip() for text in texts for scrap in re.split(r"\{\w+\}", text) if len(scrap.split()) > 2}
    return [scrap for scrap in (*scraps, council()["team"], council()["advocacy"][0]["name"]) if scrap in said]


def spoken(element: Element, tag: str, language: str = "") -> Iterator[str]:
    """Every text, seen or read out, that is said to be in this language."""
    language = element.get("lang", language)
    if language == tag:
        yield from (text for text in (element.text, element.get("aria-label")) if text)
    for child in element:
        yield from spoken(child, tag, language)
        if language == tag and child.tail:
            yield child.tail


def test_the_switch_leads_through_all_languages_without_scripts_and_keeps_page_and_voice(plain_tab: Page) -> None:
    """From each language by its own switch to the next; each asks to leave the answers behind first."""
    open_page(plain_tab, "complaint", "young", "ar")
    for tag in [*languages(), "ar"]:
        before = plain_tab.locator("html").get_attribute("lang") or ""
        plain_tab.fill(message_box("complaint"), "?")
        plain_tab.locator(".languages summary").click()
        assert plain_tab.get_by_text(Words(before, "young")("frame.answers_stay_behind")).is_visible()
        link = plain_tab.locator(f".languages a[hreflang='{tag}']")
        row = languages()[tag]
        said = (link.inner_text(), link.get_attribute("lang"), link.get_attribute("dir"))
        assert said == (row["name"], tag, row["direction"])
        with plain_tab.expect_response(f"**{path_of('complaint', tag, 'young')}") as opened:
            link.click()
        assert opened.value.status == 200
        plain_tab.wait_for_load_state()
        assert_is_in(plain_tab, tag)
        assert plain_tab.locator("html").get_attribute("class") == "voice-young"
        assert plain_tab.locator(message_box("complaint")).input_value() == ""


CONTACT = {"email": ("email", "layla@home.example"), "phone": ("text", "٠٧٧٠٠ ٩٠٠ ١٢٣ (أمي)")}
"""How a person wants to be reached, by the box they write it in."""
LEFT_TO_RIGHT = re.compile(r"\d{3,} ?\d{3}|\w@|@\w|\w{3}-\w{3}-|^(?:[a-z]+ ){4}[a-z]+$")
"""Phone numbers, email addresses, references, and secret codes of either kind."""


@pytest.mark.parametrize("voice", VOICES)
def test_in_arabic_numbers_addresses_and_codes_still_run_from_left_to_right(
    plain_tab: Page, live: Live, voice: str
) -> None:
    for box, (chosen, typed) in CONTACT.items():
        open_page(plain_tab, "complaint", voice, "ar")
        plain_tab.fill(message_box("complaint"), f"{STORIES['ar', 'young']} {voice}")
        plain_tab.locator(f"[name=contact][value={chosen}]").check()
        plain_tab.fill(f"#{box}", typed)
        check = directions(go_on(plain_tab))
        assert check[typed] == "ltr"
    receipt = directions(go_on(plain_tab))
    code, reference = code_on(plain_tab), reference_on(plain_tab)
    everything_that_can_happen(live, reference)
    timeline = directions(follow(plain_tab, code, "ar", voice))
    for found, shown in ((check, council()["phone"]), (receipt, code), (receipt, reference), (timeline, reference)):
        assert shown in found
        assert set(found.values()) == {"ltr"}, found


def directions(answer: Response) -> dict[str, str]:
    """Which way each text on a page runs that has to run from left to right."""
    texts = runs(parse(answer.text()))
    return {text.strip(): direction for text, direction in texts if LEFT_TO_RIGHT.search(text)}


def runs(element: Element, direction: str = "") -> Iterator[tuple[str, str]]:
    """Every text that can be seen, and which way it is told to run."""
    direction = element.get("dir", direction)
    yield element.text or "", direction
    for child in element:
        yield from runs(child, direction)
        yield child.tail or "", direction


@pytest.mark.parametrize("voice", VOICES)
def test_in_arabic_boxes_take_words_as_they_are_written_and_the_rest_from_left_to_right(
    plain_tab: Page, voice: str
) -> None:
    found = set()
    for page in (*FORMS, "follow"):
        open_page(plain_tab, page, voice, "ar")
        boxes = plain_tab.locator("main :is(input[id]:is([type=text], [type=email], [type=tel]), textarea)")
        found |= set(map(tuple, boxes.evaluate_all(BOXES)))
    words = {("text", "auto"), ("textarea", "auto")}
    assert found == words | {("email", "ltr"), ("tel", "ltr"), ("code", "ltr")}


BOXES = """boxes => boxes.filter(box => !box.closest(".leave-empty"))
  .map(box => [box.id.startsWith("code") ? "code" : box.type, box.dir])"""
