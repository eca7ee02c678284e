"""The council is reminded that an answer is due, and that it was; once for each day, and not without a reason."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from heard.clock import by_day, stamp
from heard.ports import StaleCase
from heard.remind import remind
from heard.reminders import remind_at, reminders_of
from tests.conftest import deliver_all, send_complaint, send_json
from tests.unit.test_saying_more import LETTER_WANTED, case_of, say, told

RECEIVED, SOON, LATE = "2026-11-20", "2026-12-01", "2026-12-05"  # due on the 4th of December, a Friday


def taken(services):
    """What the council takes off its queue."""
    found = services.inbox.receive(50, 60)
    for message in found:
        services.inbox.delete(message.handle)
    return [message.message for message in found]


def events(services):
    return [message["event"] for message in taken(services) if message["type"] == "event"]


def on(services, clock, day):
    """Nine o'clock on that day: what is to be reminded of is, and all goes out."""
    clock.moment = clock.moment.replace(year=int(day[:4]), month=int(day[5:7]), day=int(day[8:]), hour=9)
    remind(services.store, clock())
    deliver_all(services)
    return [(message["event"], message["due"]) for message in taken(services) if message["type"] == "event"]


def test_three_working_days_before_and_on_the_morning_after_the_council_hears_of_it(services, clock):
    send_complaint(services)
    days = ["2026-11-30", SOON, "2026-12-02", "2026-12-04", LATE, "2026-12-06", "2027-06-01"]
    heard = {day: on(services, clock, day) for day in days}
    told = {day: events for day, events in heard.items() if events}
    assert told == {SOON: [("due_soon", "2026-12-04")], LATE: [("overdue", "2026-12-04")]}


def test_a_service_that_slept_says_only_what_is_true_now(services, clock):
    send_complaint(services)
    assert on(services, clock, "2026-12-20") == [("overdue", "2026-12-04")]


@pytest.mark.parametrize("status", ["reply_sent", "closed", "referred"])
def test_what_was_answered_needs_no_reminder(services, clock, status):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, status)
    assert on(services, clock, LATE) == []
    assert remind_at(case_of(services, receipt)) is None


def test_nor_does_what_is_on_hold_or_was_withdrawn(services, clock):
    held, stopped = send_complaint(services, key="1" * 32), send_complaint(services, key="2" * 32)
    told(services, held["reference"], 1, "on_hold", reason="court")
    say(services, stopped["code"], "withdraw")
    deliver_all(services)
    taken(services)
    assert on(services, clock, LATE) == []


def test_a_new_day_has_reminders_of_its_own(services, clock):
    receipt = send_complaint(services)
    on(services, clock, SOON)
    told(services, receipt["reference"], 1, "extended", due="2026-12-18", note="More people to ask.")
    assert on(services, clock, LATE) == []
    assert on(services, clock, "2026-12-15") == [("due_soon", "2026-12-18")]
    assert on(services, clock, "2026-12-19") == [("overdue", "2026-12-18")]


def test_a_reminder_that_waited_until_it_was_untrue_does_not_go_out(services, clock):
    receipt = send_complaint(services)
    deliver_all(services)
    taken(services)
    clock.move(days=16)
    remind(services.store, clock())
    told(services, receipt["reference"], 1, "reply_sent", note="Sorry it is late.")
    deliver_all(services)
    assert taken(services) == []
    assert case_of(services, receipt).outbox == ()


def test_who_asked_to_be_told_of_news_is_told_once_that_there_is_some(services, clock):
    receipt = send_complaint(services, **LETTER_WANTED | {"acknowledge": "no"})
    wishes = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "news": "yes"}
    say(services, receipt["code"], "change_contact", **wishes)
    for day in (SOON, LATE, "2026-12-06"):
        on(services, clock, day)
    [letter] = services.messenger.folder.glob("*.eml")
    assert letter.name.startswith(case_of(services, receipt).id + "-news-late-2026-12-04")
    assert send_json(services, "follow", code=receipt["code"])[1]["late"]


def test_who_did_not_is_not(services, clock):
    send_complaint(services, **LETTER_WANTED | {"acknowledge": "no"})
    on(services, clock, LATE)
    assert not list(services.messenger.folder.glob("*.eml"))


def test_nobody_s_telephone_lights_up_at_night(services, clock):
    receipt = send_complaint(services, **LETTER_WANTED | {"acknowledge": "no"})
    wishes = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "news": "yes"}
    say(services, receipt["code"], "change_contact", **wishes)
    for hour, letters in ((0, 0), (8, 0), (9, 1)):
        clock.moment = datetime(2026, 12, 5, hour, 0, 30, tzinfo=UTC)
        remind(services.store, clock())
        deliver_all(services)
        assert len(list(services.messenger.folder.glob("*.eml"))) == letters


@pytest.mark.parametrize(
    ("moment", "by_day_it_is"),
    [
        ("2026-12-05T00:00:30Z", "2026-12-05T09:00:00.000Z"),
        ("2026-12-05T09:00:00Z", "2026-12-05T09:00:00.000Z"),
        ("2026-12-05T19:59:59Z", "2026-12-05T19:59:59.000Z"),
        ("2026-12-05T20:00:00Z", "2026-12-06T09:00:00.000Z"),
        ("2026-07-05T22:30:00Z", "2026-07-06T08:00:00.000Z"),  # half past eleven in the evening there
        ("2027-03-27T21:00:00Z", "2027-03-28T08:00:00.000Z"),  # the night in which the clocks go forward
    ],
)
def test_day_is_from_nine_to_eight_in_england(moment, by_day_it_is):
    assert stamp(by_day(datetime.fromisoformat(moment))) == by_day_it_is


def test_two_that_remind_at_once_remind_once(services, clock):
    send_complaint(services)
    clock.move(days=12)

    class Slow:
        """Reads, and then somebody else is faster."""

        def __init__(self):
            self.overtaken = False

        def __getattr__(self, name):
            return getattr(services.store, name)

        def replace(self, case):
            if not self.overtaken:
                self.overtaken = True
                remind(services.store, clock())
            return services.store.replace(case)

    remind(Slow(), clock())
    deliver_all(services)
    assert events(services) == ["due_soon"]


def test_a_case_that_cannot_be_written_holds_up_no_other(services, clock):
    receipts = [send_complaint(services, key=str(number) * 32) for number in (1, 2)]
    broken = case_of(services, receipts[0]).id
    clock.move(days=16)

    class Poisoned:
        def __getattr__(self, name):
            return getattr(services.store, name)

        def replace(self, case):
            if case.id == broken:
                raise OSError("disk")
            return services.store.replace(case)

    assert remind(Poisoned(), clock()) == 1
    assert case_of(services, receipts[1]).reminded


def test_a_store_that_cannot_say_whom_to_remind_holds_up_nothing(services, clock):
    class Throttled:
        def to_remind(self, _):
            raise OSError("throttled")

    assert remind(Throttled(), clock()) == 0


def test_past_the_calendar_of_bank_holidays_it_is_still_said_that_it_is_late(services, clock):
    receipt = send_complaint(services)
    told(services, receipt["reference"], 1, "extended", due="2095-01-03", note="A long time.")
    assert list(reminders_of(case_of(services, receipt))) == ["overdue:2095-01-03"]


def test_looking_for_reminders_finds_none_of_those_that_wait_for_nothing(services, clock):
    receipt = send_complaint(services)
    clock.move(days=16)
    [case] = services.store.to_remind(stamp(clock()))
    with pytest.raises(StaleCase):
        services.store.replace(replace(case, revision=case.revision - 1))
    told(services, receipt["reference"], 1, "closed")
    assert list(services.store.to_remind(stamp(clock()))) == []
