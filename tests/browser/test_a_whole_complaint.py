"""A whole complaint: a child in Arabic, their advocate in English, and the council at its command line."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from heard.cli import main
from heard.wiring import now_utc
from heard.wording import Words
from tests.browser.conftest import PATIENCE, Tabs
from tests.browser.person import code_on, go_on, open_page, say, send_message
from tests.conftest import Live
from tests.host.serving import serving

ARABIC, ENGLISH = Words("ar", "young"), Words("en", "standard")
STORY = "لم يأتِ أحدٌ يوم الثلاثاء.\n\nقالت: «سأعود غدًا» ولم تَعُد 😢"
ADVOCATES_WORDS = "Layla waited for two hours. I was with her. <b>"
QUESTION = "Which day was it? أي يوم كان؟"
ANSWER = "كان يوم الثلاثاء ١٠ نوفمبر."
STILL_WRONG = "لم يرد عليّ أحد."
POINTS = [
    {"number": 1, "title": "لم يأتِ أحد", "outcome": "upheld", "reason": "نعتذر. كان علينا أن نأتي."},
    {"number": 2, "title": "لم يرد أحد", "outcome": "not_upheld"},
]
HOW_IT_WAS = {"closing_serious": "yes", "closing_on_time": "no"}


class Calendar:
    """A clock that runs: weeks behind the real one, until they have gone by."""

    behind = timedelta(weeks=8)

    def __call__(self) -> datetime:
        return now_utc() - self.behind

    def weeks_go_by(self) -> None:
        self.behind = timedelta()


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def live(tmp_path: Path, calendar: Calendar) -> Iterator[Live]:
    """A host of its own, so that time can pass. The tabs of this test are opened on it."""
    with serving(tmp_path / "data", calendar) as host:
        yield host


class Council:
    """Somebody at `heard council`, over the folder of the host."""

    def __init__(self, calendar: Calendar, printed: Callable[[], str]) -> None:
        self.calendar = calendar
        self.printed = printed

    def says(self, reference: str, status: str, *more: str) -> None:
        now = self.calendar().isoformat()
        assert main(["council", "update", reference, "--status", status, "--at", now, *more]) == 0
        assert "is in place" in self.printed()

    def inbox(self) -> list[dict[str, Any]]:
        """All that the council has received, once nothing is on its way any more."""
        patience = time.monotonic() + PATIENCE / 1000
        while main(["outbox"]) or "Everything has been passed on." not in self.printed():
            assert time.monotonic() < patience, "something never reached the council"
            time.sleep(0.05)
        assert main(["council", "inbox", "--json"]) == 0
        return [json.loads(line) for line in self.printed().splitlines()]


@pytest.fixture
def council(
    live: Live, calendar: Calendar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Council:
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "data"))
    return Council(calendar, lambda: capsys.readouterr().out)


def follow(tab: Page, code: str, language: str, voice: str) -> None:
    open_page(tab, "follow", voice, language)
    tab.fill("#code", code)
    assert go_on(tab).status == 200
    expect(tab.locator("html")).to_have_attribute("lang", language)


def tell(tab: Page, form: str, chosen: Mapping[str, str] = MappingProxyType({}), **typed: str) -> None:
    """Unfolds a form beside the timeline, fills it in and sends it."""
    tab.locator(f"#say-{form} summary").click()
    for question, code in chosen.items():
        tab.locator(f"[name={question}][value={code}]").check()
    for box, text in typed.items():
        tab.fill(f"#{box}", text)
    assert say(tab, form).status == 200
    expect(tab.locator(".thanks")).to_be_visible()


def test_a_whole_complaint(open_tab: Tabs, council: Council, calendar: Calendar, tmp_path: Path) -> None:
    child, advocate = open_tab(java_script_enabled=False), open_tab(java_script_enabled=False)

    # A child sends a complaint, and lets an advocate see what becomes of it.
    reference = send_message(child, STORY, language="ar")
    code = code_on(child)
    follow(child, code, "ar", "young")
    tell(child, "name_advocate", {"advocate_sees": "everything"}, advocate_is="Ada")
    advocates_code = child.locator("#advocates-code").inner_text()

    # The council reads it, gives it to somebody, and has a question.
    council.says(reference, "with_council")
    council.says(reference, "assigned", "--to", "Team manager")
    council.says(reference, "asked", "--note", QUESTION)

    # The advocate looks in with the code of their own, and adds something. It is marked as theirs.
    follow(advocate, advocates_code, "en", "standard")
    expect(advocate.locator(".step").last).to_contain_text(QUESTION)
    tell(advocate, "tell_more", more=ADVOCATES_WORDS)
    expect(advocate.locator(".step").last).to_contain_text(ENGLISH("timeline.by_advocate"))

    # The child sees what both did, and answers.
    follow(child, code, "ar", "young")
    expect(child.locator(".new")).to_have_count(3)
    expect(child.locator(".step").last).to_contain_text(ARABIC("timeline.by_advocate"))
    expect(child.locator(".step").last.locator("q")).to_have_text(ADVOCATES_WORDS)
    tell(child, "tell_more", more=ANSWER)
    expect(child.locator("#say-next_stage")).to_have_count(0)

    # Weeks go by without a word. The page says so, and offers the next stage.
    calendar.weeks_go_by()
    follow(child, code, "ar", "young")
    expect(child.locator(".warning")).to_have_text(ARABIC("timeline.late"))
    tell(child, "next_stage", still_wrong=STILL_WRONG)
    expect(child.locator(".step-words").last).to_have_text(ARABIC("timeline.step.next_stage"))

    # Somebody else at the council looks at it, and answers each point.
    points = tmp_path / "points.json"
    points.write_text(json.dumps(POINTS), "utf-8")
    council.says(reference, "stage_moved", "--stage", "2", "--note", "Somebody new looks at it.")
    council.says(reference, "reply_sent", "--stage", "2", "--points", str(points))
    council.says(reference, "closed")

    # The child reads the outcome, and says how it was.
    follow(child, code, "ar", "young")
    expect(child.locator(".warning")).to_have_count(0)
    expect(child.locator(".points strong")).to_have_text([point["title"] for point in POINTS])
    outcomes = [ARABIC(f"timeline.outcome.{point['outcome']}") for point in POINTS]
    expect(child.locator(".points .outcome")).to_have_text(outcomes)
    expect(child.locator(".points q")).to_have_text([POINTS[0]["reason"]])
    expect(child.locator("main")).to_contain_text(ARABIC("timeline.outcome.partly_upheld"))
    tell(child, "closing_questions", HOW_IT_WAS)

    # The council has it all, in order, word for word, and who said it.
    complaint, *events = council.inbox()
    assert (complaint["reference"], complaint["language"], complaint["voice"]) == (reference, "ar", "young")
    assert complaint["text"] == {"what_happened": STORY}
    assert {event["reference"] for event in events} == {reference}
    said = [(event["event"], event["details"]["by"], event["details"]["text"]) for event in events]
    assert said == [
        ("advocate_named", "person", {"advocate_is": "Ada"}),
        ("told_more", "advocate", {"more": ADVOCATES_WORDS}),
        ("told_more", "person", {"more": ANSWER}),
        ("next_stage_asked", "person", {"still_wrong": STILL_WRONG}),
        ("closing_answered", "person", {}),
    ]
    assert events[0]["details"]["choices"] == {"advocate_sees": "everything"}
    assert events[-1]["details"]["choices"] == HOW_IT_WAS
