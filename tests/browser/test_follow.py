"""What became of it: whoever has the code sees it, in any spelling of the code; whoever has not learns nothing."""

from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from playwright.sync_api import Page, expect

from heard.clock import day_in_england
from heard.update import update
from heard.wording import VOICES, Words
from tests.browser.conftest import Tabs
from tests.browser.person import code_on, go_on, open_page, say, send_message
from tests.conftest import Live, deliver_all

WORDS = "  It was Tuesday.\nلم يأتِ أحد، وقالوا «غدًا». 🎈 <b>&amp;</b>"
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
    now = live.services.clock()
    said = {"version": 1, "status": "looking_into_it", "at": now.isoformat(), "stage": 1, "note": note}
    update(receipt["reference"], said, live.services.store, now)
    tab.reload()
    assert tab.locator(".step").count() > steps
    expect(tab.locator(".step-note q")).to_have_text(note)
    expect(tab.locator(".step").filter(has=tab.locator(".step-note"))).to_contain_text(
        Words("en", "young").date(day_in_england(now))
    )


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


def unfolded(tab: Page, form: str) -> None:
    tab.locator(f"#say-{form} summary").click()


def councils_events(live: Live, reference: str) -> list[dict[str, Any]]:
    """What the council has been told about this case since its first message."""
    deliver_all(live.services)
    waiting = live.services.inbox.peek(limit=10_000)
    return [m for m in waiting if m["type"] == "event" and m["reference"] == reference]


@pytest.mark.parametrize("voice", VOICES)
def test_somebody_adds_something_and_the_council_gets_it_word_for_word(tab: Page, live: Live, voice: str) -> None:
    receipt = send(tab, voice)
    follow(tab, receipt["code"], voice)
    unfolded(tab, "tell_more")
    tab.fill("#more", WORDS)
    assert say(tab, "tell_more").status == 200
    expect(tab.locator(".thanks")).to_be_visible()
    assert tab.locator(".step").last.locator("q").text_content() == WORDS
    [event] = councils_events(live, receipt["reference"])
    assert (event["event"], event["details"]["text"]) == ("told_more", {"more": WORDS})


def test_a_refresh_after_it_was_said_says_it_once(tab: Page, live: Live) -> None:
    receipt = send(tab)
    follow(tab, receipt["code"])
    unfolded(tab, "tell_more")
    tab.fill("#more", "Once.")
    say(tab, "tell_more")
    tab.reload()
    expect(tab.locator(".step-own")).to_have_count(1)
    assert len(councils_events(live, receipt["reference"])) == 1


def test_what_does_not_fit_stays_on_the_page_with_a_kind_word(tab: Page) -> None:
    receipt = send(tab)
    follow(tab, receipt["code"])
    unfolded(tab, "ask_for")
    tab.fill("#help_words", "After school, please.")
    assert say(tab, "ask_for").status == 422
    expect(tab.locator(".govuk-error-summary")).to_contain_text("Pick at least one.")
    expect(tab.locator("#say-ask_for")).to_have_attribute("open", "")
    expect(tab.locator("#help_words")).to_have_value("After school, please.")


def test_a_child_who_is_not_happy_asks_for_the_next_stage_without_a_word(tab: Page, live: Live) -> None:
    receipt = send(tab)
    said = {"version": 1, "status": "reply_sent", "at": "2027-01-05T10:00:00+00:00"}
    update(receipt["reference"], said, live.services.store, live.services.clock())
    follow(tab, receipt["code"])
    expect(tab.locator(".new")).to_have_count(1)
    unfolded(tab, "next_stage")
    say(tab, "next_stage")
    expect(tab.locator("#say-next_stage")).to_have_count(0)
    expect(tab.locator(".new")).to_have_count(0)
    assert [event["event"] for event in councils_events(live, receipt["reference"])] == ["next_stage_asked"]


def test_who_stops_can_go_on_after_all(tab: Page, live: Live) -> None:
    receipt = send(tab)
    follow(tab, receipt["code"])
    unfolded(tab, "withdraw")
    say(tab, "withdraw")
    unfolded(tab, "carry_on")
    say(tab, "carry_on")
    expect(tab.locator("#say-withdraw")).to_have_count(1)
    assert [event["event"] for event in councils_events(live, receipt["reference"])] == ["withdrawn", "carried_on"]


def test_a_new_telephone_number_is_not_shown_to_whoever_looks_on(tab: Page, live: Live) -> None:
    receipt = send(tab)
    follow(tab, receipt["code"])
    unfolded(tab, "change_contact")
    tab.locator("#say-change_contact [name=contact][value=text]").check()
    tab.fill("#phone", "07700 900 123")
    say(tab, "change_contact")
    expect(tab.locator("main")).not_to_contain_text("900 123")
    [event] = councils_events(live, receipt["reference"])
    assert event["details"]["contact"]["phone"] == "07700 900 123"


def test_nothing_that_is_typed_or_secret_gets_into_an_address(tab: Page) -> None:
    receipt = send(tab)
    follow(tab, receipt["code"])
    unfolded(tab, "tell_more")
    tab.fill("#more", WORDS)
    say(tab, "tell_more")
    assert tab.url.endswith("/api/say")
