"""What the council does meanwhile."""

from playwright.sync_api import Page

from heard.update import update
from tests.conftest import Live

POINTS = [
    {"number": 1, "title": "لم يأتِ أحد", "outcome": "upheld", "reason": "We should have called you."},
    {"number": 2, "title": "The meeting was moved", "outcome": "not_upheld"},
    {"number": 3, "title": "Nobody wrote it down"},
]


def everything_that_can_happen(live: Live, reference: str) -> None:
    story = [
        {"status": "looking_into_it", "stage": 1, "note": "We are reading your file.\nنقرأ ملفك", "due": "2026-01-05"},
        {"status": "on_hold", "reason": "court", "resubmit_by": "2026-06-01"},
        {"status": "with_council"},
        {"status": "referred"},
        {"status": "acknowledged"},
        {"status": "assigned", "to": "Team manager"},
        {"status": "asked", "note": "Which day was it?"},
        {"status": "extended", "due": "2026-01-06", "note": "We have to ask one more person."},
        {"status": "handed_over", "to": "The Trust"},
        {"status": "meeting_offered"},
        {"status": "mediation_offered"},
        {"status": "hold_ended"},
        {"status": "resumed"},
        {"status": "reply_sent", "stage": 2, "points": POINTS},
        {"status": "closed"},
        {"status": "looking_into_it", "stage": 3},
    ]
    for version, said in enumerate(story, start=1):
        told = {"version": version, "at": f"2027-01-{version:02}T09:00:00+00:00", **said}
        update(reference, told, live.services.store, live.services.clock())


def unfold(tab: Page) -> None:
    """Opens all that can be said beside a timeline."""
    tab.locator("details.say").evaluate_all("all => all.forEach(one => { one.open = true })")
