"""The use cases one after the other: received once, delivered, updated by the council, followed by the person."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import jsonschema
import pytest

from heard import message
from heard.case import ACKNOWLEDGEMENT, COUNCIL, COUNCIL_MESSAGE, PARKED, Entry
from heard.clock import Calendar
from heard.follow import follow
from heard.holder import CodeUnknown
from heard.ports import NeverSent, NotSent
from heard.receive import due_dates
from heard.update import CaseUnknown, UpdateConflicts, UpdateRejected, next_version, update
from heard.wiring import deliverer
from tests.conftest import KEY, deliver_all, send_complaint, send_json

LETTER_WANTED = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}
FIRST = Entry(COUNCIL_MESSAGE, due="", attempts=1)


class Broken:
    """A queue or messenger that fails in a chosen way, then hands on to a real one."""

    def __init__(self, failures, behind=None):
        self.failures = list(failures)
        self.behind = behind
        self.sent = []

    def send(self, *handed):
        failure = self.failures.pop(0) if self.failures else None
        if failure != "lost before":
            self.sent.append(handed[0])
        if failure == "lost before":
            raise NotSent("queue_down")
        if failure:
            raise ConnectionResetError("CANARY " + json.dumps(str(handed)))
        if self.behind:
            self.behind.send(*handed)


def with_queue(services, *failures):
    queue = Broken(failures, services.queue)
    return replace(services, queue=queue), queue


def test_a_second_send_with_the_same_key_keeps_the_first_receipt(services, clock):
    first = send_complaint(services)
    clock.move(days=3)
    status, again = send_json(
        services, "send", form="complaint", voice="young", key=KEY, what_happened="They never came."
    )
    assert (status, again) == (200, first)
    assert len(services.store.waiting()) == 1


@pytest.mark.parametrize("changed", [{"what_happened": "Something else."}, {"form": "comment", "what_happened": None}])
def test_a_key_with_other_answers_is_refused_and_changes_nothing(services, changed):
    send_complaint(services)
    [before] = services.store.waiting()
    fields = {"form": "complaint", "key": KEY, "what_happened": "They never came."} | changed
    if changed.get("form"):
        fields["what_you_want_to_say"] = "They never came."
    assert send_json(services, "send", **fields) == (409, {"errors": {"key": "used"}})
    assert services.store.waiting() == [before]


def test_the_answer_is_due_ten_working_days_after_the_day_of_receipt_in_england(services, clock):
    clock.moment = datetime(2026, 7, 1, 23, 30, tzinfo=UTC)  # 2 July in England
    receipt = send_complaint(services)
    assert receipt["due"] == "2026-07-16"


def test_past_the_official_calendar_a_complaint_is_accepted_without_a_date(services):
    short = replace(services, calendar=Calendar(frozenset({date(2025, 12, 25)})))
    receipt = send_complaint(short)
    assert receipt["due"] is None
    assert due_dates("statutory", services.council, short.calendar, services.clock()) is None
    deliver_all(short)
    [delivered] = services.inbox.peek(10)
    assert delivered["due"] is None


def test_a_case_reaches_the_council_as_a_message_that_fits_the_published_schema(services):
    receipt = send_complaint(services, who="child_self", safe_now="no", themes=["safety"], meet="yes", **LETTER_WANTED)
    outcomes = deliver_all(services)
    assert {(outcome.kind, outcome.outcome) for outcome in outcomes} == {
        (COUNCIL_MESSAGE, "sent"),
        (ACKNOWLEDGEMENT, "sent"),
    }
    [delivered] = services.inbox.peek(10)
    jsonschema.Draft7Validator(message.schema()).validate(delivered)
    assert delivered["reference"] == receipt["reference"]
    assert delivered["text"] == {"what_happened": "They never came."}
    assert delivered["choices"] == {"who": "child_self", "safe_now": "no", "themes": ["safety"]}
    assert delivered["contact"]["safe"] is True
    assert delivered["contact"]["acknowledgement_sent_by"] == "heard"
    assert delivered["advocate"]["meet_in_person"] == "yes"
    assert delivered["urgency"] == {"urgent": True, "reasons": ["safe_now_no", "theme_safety"]}
    assert (delivered["attempt"], delivered["possible_duplicate"]) == (1, False)
    assert services.store.waiting() == []
    assert deliver_all(services) == []


def test_a_message_that_does_not_fit_its_schema_is_never_sent_and_says_only_where(services):
    send_complaint(services)
    [case] = services.store.waiting()
    wrong = replace(case, voice="shouting")
    with pytest.raises(message.MessageMalformed) as malformed:
        message.build(wrong, FIRST, possible_duplicate=False)
    assert str(malformed.value) == "data.voice"
    services.store.replace(wrong)
    [outcome] = deliver_all(services)
    assert (outcome.outcome, outcome.problem) == ("not_sent", "message_malformed")
    assert services.inbox.peek(10) == []


def test_a_failed_send_is_tried_again_later_and_later_still(services, clock):
    send_complaint(services)
    broken, queue = with_queue(services, *["lost before"] * 3)
    waits = []
    for _ in range(3):
        [outcome] = deliver_all(broken)
        assert (outcome.outcome, outcome.problem) == ("not_sent", "queue_down")
        [case] = services.store.waiting()
        waits.append((datetime.fromisoformat(case.next_due) - clock()).total_seconds())
        assert deliver_all(broken) == []
        clock.moment = datetime.fromisoformat(case.next_due)
    assert waits == [15, 30, 60]
    [outcome] = deliver_all(broken)
    assert outcome.outcome == "sent"
    assert (queue.sent[0]["attempt"], queue.sent[0]["possible_duplicate"]) == (4, False)


@pytest.mark.parametrize("gap", [30, 301])
def test_every_attempt_after_one_of_unknown_outcome_is_flagged(services, clock, gap):
    send_complaint(services)
    broken, queue = with_queue(services, "answer lost")
    [outcome] = deliver_all(broken)
    assert (outcome.outcome, outcome.problem) == ("unknown", "ConnectionResetError")
    clock.move(seconds=gap)
    deliver_all(broken)
    assert [(sent["id"], sent["possible_duplicate"]) for sent in queue.sent] == [
        (queue.sent[0]["id"], False),
        (queue.sent[0]["id"], True),
    ]


def test_a_failure_after_an_unknown_outcome_does_not_forget_it(services, clock):
    send_complaint(services)
    broken, queue = with_queue(services, "answer lost", "lost before")
    for _ in range(3):
        deliver_all(broken)
        clock.move(minutes=10)
    assert [sent["possible_duplicate"] for sent in queue.sent] == [False, True]


def letters_after(services, clock, messenger, days):
    """Sweeps every ten minutes for some days; what the messenger was handed, and what is left in the outbox."""
    sweeping = replace(services, messenger=messenger)
    for _ in range(days * 24 * 6):
        deliver_all(sweeping)
        clock.move(minutes=10)
    return len(messenger.sent), [entry for case in services.store.waiting() for entry in case.outbox]


def test_a_letter_whose_outcome_is_unknown_is_never_sent_again(services, clock):
    send_complaint(services, **LETTER_WANTED)
    sent, [left] = letters_after(services, clock, Broken(["answer lost"] * 9), days=2)
    assert (sent, left.kind, left.attempts, left.due) == (1, ACKNOWLEDGEMENT, 1, PARKED)


def test_a_letter_that_was_being_sent_when_the_host_died_is_not_sent_again(services, clock):
    send_complaint(services, **LETTER_WANTED)

    class Dies(Broken):
        def send(self, *handed):
            super().send(*handed)
            raise KeyboardInterrupt

    messenger = Dies([])
    with pytest.raises(KeyboardInterrupt):
        deliver_all(replace(services, messenger=messenger))
    sent, [left] = letters_after(services, clock, messenger, days=1)
    assert (sent, left.problem) == (1, "may_have_been_sent")


def test_a_letter_that_was_refused_for_good_is_parked_at_once(services, clock):
    class Refuses(Broken):
        def send(self, *handed):
            self.sent.append(handed)
            raise NeverSent("address_unusable")

    send_complaint(services, **LETTER_WANTED)
    tried, [left] = letters_after(services, clock, Refuses([]), days=1)
    assert (tried, left.problem, left.due) == (1, "address_unusable", PARKED)


def test_a_letter_that_cannot_go_out_is_tried_for_hours_and_then_parked(services, clock):
    class Down(Broken):
        def send(self, *handed):
            self.sent.append(handed)
            raise NotSent("mail_server_unreachable")

    send_complaint(services, **LETTER_WANTED)
    tried, [left] = letters_after(services, clock, Down([]), days=3)
    assert (tried, left.due) == (12, PARKED)


def test_a_message_to_the_council_is_never_given_up(services, clock):
    send_complaint(services)
    broken, queue = with_queue(services, *["lost before"] * 200)
    for _ in range(200):
        deliver_all(broken)
        clock.move(hours=1)
    assert queue.failures == []
    assert [outcome.outcome for outcome in deliver_all(broken)] == ["sent"]


def test_one_entry_that_fails_holds_up_no_other(services):
    send_complaint(services, **LETTER_WANTED)
    broken, _ = with_queue(services, "answer lost")
    outcomes = deliver_all(broken)
    assert sorted(outcome.outcome for outcome in outcomes) == ["sent", "unknown"]


def test_two_deliverers_at_once_send_one_message(services):
    send_complaint(services)

    class Meanwhile(Broken):
        def send(self, handed):
            super().send(handed)
            assert deliver_all(services) == []

    queue = Meanwhile([])
    deliver_all(replace(services, queue=queue))
    assert len(queue.sent) == 1


def test_a_deliverer_that_died_is_followed_by_another_after_a_minute(services, clock):
    send_complaint(services)

    class Dies(Broken):
        def send(self, handed):
            super().send(handed)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver_all(replace(services, queue=Dies([])))
    assert deliver_all(services) == []
    clock.move(seconds=61)
    [outcome] = deliver_all(services)
    assert outcome.outcome == "sent"


def test_a_late_failure_does_not_overwrite_what_a_second_deliverer_did(services, clock):
    send_complaint(services)

    class SlowThenLost(Broken):
        def send(self, handed):
            self.sent.append(handed)
            clock.move(seconds=61)
            assert [outcome.outcome for outcome in deliver_all(services)] == ["sent"]
            raise NotSent("too_slow")

    deliver_all(replace(services, queue=SlowThenLost([])))
    assert services.store.waiting() == []


def test_an_update_in_the_middle_of_a_delivery_is_kept(services):
    receipt = send_complaint(services)

    class Meanwhile(Broken):
        def send(self, handed):
            super().send(handed)
            update(receipt["reference"], said(1, "with_council"), services.store, services.clock())

    deliver_all(replace(services, queue=Meanwhile([])))
    steps = follow(receipt["code"], services.store, services.peppers, services.clock()).steps
    assert [step.step for step in steps] == ["received", "delivered", "with_council"]


def said(version, status, day=21, **more):
    return {"version": version, "status": status, "at": f"2026-11-{day}T10:00:00Z", **more}


def test_updates_in_any_order_and_repeated_give_one_timeline(services, clock):
    receipt = send_complaint(services)
    clock.move(days=8)
    updates = [
        said(1, "with_council"),
        said(2, "looking_into_it", 23, stage=1),
        said(3, "reply_sent", 27, note="Posted."),
    ]
    for one in [updates[2], updates[0], updates[2], updates[1], updates[0]]:
        update(receipt["reference"].lower(), one, services.store, services.clock())
    timeline = follow(receipt["code_digits"], services.store, services.peppers, services.clock())
    assert [(step.step, step.on) for step in timeline.steps] == [
        ("received", date(2026, 11, 20)),
        ("with_council", date(2026, 11, 21)),
        ("looking_into_it", date(2026, 11, 23)),
        ("reply_sent", date(2026, 11, 27)),
    ]
    assert timeline.status == "reply_sent"
    assert next_version(receipt["reference"], services.store) == 4


def test_another_update_under_a_used_number_is_refused(services):
    receipt = send_complaint(services)
    update(receipt["reference"], said(1, "with_council"), services.store, services.clock())
    with pytest.raises(UpdateConflicts):
        update(receipt["reference"], said(1, "closed"), services.store, services.clock())
    assert follow(receipt["code"], services.store, services.peppers, services.clock()).status == "with_council"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (said(1, "lost"), "status"),
        (said(0, "closed"), "version"),
        (said(1, "closed", stage=4), "stage"),
        (said(1, "on_hold"), "reason"),
        (said(1, "closed", reason="court"), "reason"),
        (said(1, "with_council", due="soon"), "due"),
        (said(1, "with_council", note="x" * 2001), "note"),
        ({"version": 1, "status": "closed", "at": "yesterday"}, "at"),
        (said(1, "closed", colour="teal"), "body"),
    ],
)
def test_an_update_that_does_not_fit_says_where_and_changes_nothing(services, wrong, field):
    receipt = send_complaint(services)
    with pytest.raises(UpdateRejected) as rejected:
        update(receipt["reference"], wrong, services.store, services.clock())
    assert field in rejected.value.problems
    assert services.store.with_reference(receipt["reference"]).updates == ()


@pytest.mark.parametrize("reference", ["", "nonsense", "222-222-222-222", "333-333-333-333"])
def test_an_update_for_no_case_is_refused(services, reference):
    with pytest.raises(CaseUnknown):
        update(reference, said(1, "closed"), services.store, services.clock())


def test_a_new_due_date_from_the_council_replaces_the_promised_one(services, clock):
    receipt = send_complaint(services)
    update(receipt["reference"], said(1, "looking_into_it", due="2026-12-18"), services.store, services.clock())
    clock.moment = datetime(2026, 12, 10, tzinfo=UTC)
    timeline = follow(receipt["code"], services.store, services.peppers, clock())
    assert (timeline.due, timeline.late) == ("2026-12-18", False)
    clock.moment = datetime(2026, 12, 19, tzinfo=UTC)
    assert follow(receipt["code"], services.store, services.peppers, clock()).late


def test_a_code_that_is_wrong_is_looked_up_like_one_that_exists(services):
    send_complaint(services)
    looked_up = []

    class Watched:
        def with_code_hash(self, code_hash):
            looked_up.append(code_hash)

    for typed in ("abacus " * 5, "nonsense", "1" * 20, "\ud800"):
        with pytest.raises(CodeUnknown):
            follow(typed, Watched(), services.peppers, services.clock())
    assert len(looked_up) == 4
    assert all(len(code_hash) == 64 for code_hash in looked_up)


@pytest.mark.parametrize(
    ("status", "more", "awaited"),
    [
        ("with_council", {}, True),
        ("looking_into_it", {}, True),
        ("reply_sent", {}, False),
        ("closed", {}, False),
        ("on_hold", {"reason": "court"}, False),
        ("referred", {}, False),
    ],
)
def test_a_case_is_late_only_while_an_answer_is_awaited(services, clock, status, more, awaited):
    receipt = send_complaint(services)
    update(receipt["reference"], said(1, status, **more), services.store, services.clock())
    clock.move(days=60)
    timeline = follow(receipt["code"], services.store, services.peppers, clock())
    assert (timeline.awaited, timeline.late) == (awaited, awaited)


def test_a_hold_says_why_which_investigation_it_could_harm_and_until_when_it_can_be_sent_again(services, clock):
    receipt = send_complaint(services)
    words = {"reason": "police", "investigation": "The one about Tuesday.", "resubmit_by": "2027-11-20"}
    update(receipt["reference"], said(1, "on_hold", **words), services.store, clock())
    assert follow(receipt["code"], services.store, services.peppers, clock()).steps[-1].said == words


def test_a_question_that_was_retired_does_not_stop_its_answers_on_their_way(services):
    send_complaint(services)
    [case] = services.store.waiting()
    old = {**case.answers, "retired_text": "kept", "retired_choices": ["a"]}
    built = message.build(replace(case, answers=old), FIRST, possible_duplicate=False)
    assert built["text"]["retired_text"] == "kept"
    assert built["choices"]["retired_choices"] == ["a"]


@pytest.mark.parametrize("safe", ["yes", "no", None])
def test_the_council_is_asked_to_acknowledge_only_where_contact_is_safe(services, safe):
    send_complaint(services, contact="text", phone="07700 900123", acknowledge="yes", contact_is_safe=safe)
    [case] = services.store.waiting()
    assert message.build(case, FIRST, possible_duplicate=False)["contact"]["acknowledgement_wanted"] == (safe == "yes")


def test_no_secret_is_stored(services, tmp_path):
    receipt = send_complaint(services)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*.sqlite*"))
    assert receipt["reference"].encode() in stored
    for secret in (KEY, receipt["code"], receipt["code_digits"]):
        assert secret.encode() not in stored


def test_any_number_of_letters_that_wait_hide_no_message_to_the_council(services, clock):
    for number in range(30):
        send_complaint(services, key=f"{number:032x}", **LETTER_WANTED)
    deliverer(services).deliver_due(COUNCIL)
    clock.move(minutes=1)
    receipt = send_complaint(services)
    passing = deliverer(services)
    assert [outcome.reference for outcome in passing.deliver_due(COUNCIL, at_most=10)] == [receipt["reference"]]
