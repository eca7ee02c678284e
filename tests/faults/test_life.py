"""Whatever people, the council and the clock do, in any order and any number of times, no promise is broken."""

import json
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, precondition, rule

from heard import web
from heard.answers import digest
from heard.bounce import UNDELIVERABLE, bounced
from heard.case import COUNCIL
from heard.clock import stamp
from heard.exchange import Request
from heard.follow import follow
from heard.remind import remind
from heard.update import UpdateConflicts, update
from tests.faults.points import Fault, Points
from tests.faults.world import PEPPERS, sqlite_world

KEYS = [f"{number:032x}" for number in range(3)]
TEXTS = ["They moved me.", "Nobody came. 😢", "=1+1"]
AT = "2026-11-20T12:00:00Z"
SAYS_NOTHING_MORE = ("with_council", "looking_into_it", "reply_sent", "closed")


class Life(RuleBasedStateMachine):
    """A small model beside the real thing: what was accepted, which updates were taken, what the council took."""

    cases = Bundle("cases")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.points = Points()
        self.opened = sqlite_world(self.points, Path(self.folder.name))
        self.world = self.opened.__enter__()
        self.accepted, self.updates, self.taken, self.gone = {}, {}, [], set()

    def teardown(self):
        self.world.sweep_until_quiet()
        self.council_takes()
        told = {message["id"] for message in self.taken if message["type"] == "submission"}
        assert told == {receipt["id"] for receipt in self.accepted.values()}
        self.opened.__exit__(None, None, None)
        self.folder.cleanup()

    @rule(target=cases, key=st.sampled_from(KEYS), text=st.sampled_from(TEXTS), safe=st.booleans())
    def send(self, key, text, safe):
        answers = {"what_happened": text, "contact": "email", "email": "me@home.example"}
        answers |= {"contact_is_safe": "yes", "acknowledge": "yes"} if safe else {}
        body = json.dumps({"form": "complaint", "key": key, **answers}).encode()
        response = web.answer("send", Request("application/json", body), self.world.services)
        known = self.accepted.get(key)
        if known is None or key in self.gone:
            assert response.status == 201
        else:
            assert response.status == (200 if known["answers"] == answers else 409)
        if response.status == 409:
            return multiple()
        receipt = json.loads(response.body)
        assert known is None or (receipt["reference"], receipt["code"]) == (known["reference"], known["code"])
        if response.status == 201:
            kept = self.world.services.store.with_reference(receipt["reference"])
            self.accepted[key] = {**receipt, "answers": answers, "id": kept.id, "safe": safe}
            self.updates[key] = {}
            self.gone.discard(key)
        return key

    @rule()
    def deliver(self):
        self.world.sweep()

    @rule(at=st.integers(0, 12), fault=st.sampled_from([fault for fault in Fault if fault is not Fault.STALE]))
    def deliver_with_a_fault(self, at, fault):
        self.points.schedule = {self.points.passed + at: fault}
        self.world.sweep()
        self.points.schedule = {}

    @rule(minutes=st.sampled_from([0.5, 2, 6, 60, 24 * 60, 31 * 24 * 60]))
    def time_passes(self, minutes):
        self.world.wait(timedelta(minutes=minutes))

    @rule(key=cases, version=st.integers(1, 4), status=st.sampled_from(SAYS_NOTHING_MORE))
    def the_council_says(self, key, version, status):
        if key in self.gone:
            return
        said = {"version": version, "status": status, "at": AT}
        known = self.updates[key].get(version)
        try:
            update(self.accepted[key]["reference"], said, self.world.services.store, self.world.clock())
        except UpdateConflicts:
            assert known not in (None, status)
        else:
            assert known in (None, status)
            self.updates[key][version] = status

    @rule()
    def the_council_is_reminded(self):
        remind(self.world.services.store, self.world.clock())

    @rule(key=cases)
    def a_letter_comes_back(self, key):
        bounced(self.accepted[key]["reference"], UNDELIVERABLE, self.world.services.store, self.world.clock())

    @rule()
    def council_takes(self):
        inbox = self.world.services.inbox
        for message, handle in inbox.receive(100, visibility_seconds=30):
            self.taken.append(message)
            inbox.delete(handle)

    @precondition(lambda self: self.accepted)
    @rule()
    def what_may_go_goes(self):
        store = self.world.services.store
        before = {key: store.with_reference(known["reference"]) for key, known in self.accepted.items()}
        store.forget(stamp(self.world.now))
        for key, case in before.items():
            if case and store.with_id(case.id) is None:
                assert case.delivered_at
                assert case.first_for(COUNCIL) is None
                assert case.updates[-1].status == "closed"
                self.gone.add(key)

    @invariant()
    def each_case_is_what_was_sent_and_said(self):
        store = self.world.services.store
        for key in self.accepted.keys() - self.gone:
            known, case = self.accepted[key], store.with_reference(self.accepted[key]["reference"])
            assert case.digest == digest(case.answers)
            assert {update.version: update.status for update in case.updates} == self.updates[key]
            assert [update.version for update in case.updates] == sorted(self.updates[key])
            timeline = follow(known["code"], store, PEPPERS, self.world.clock())
            latest = self.updates[key][max(self.updates[key])] if self.updates[key] else None
            assert latest is None or timeline.status == latest

    @invariant()
    def the_council_has_nothing_twice_unflagged(self):
        unflagged = [(m["id"], m["attempt"]) for m in self.taken if not m["possible_duplicate"]]
        assert len(unflagged) == len({message_id for message_id, _ in unflagged})

    @invariant()
    def letters_go_once_and_only_where_it_is_safe(self):
        names = [name for name, _ in self.world.letters()]
        assert len(names) == len(set(names))
        safe = {f"{known['id']}-acknowledgement" for known in self.accepted.values() if known["safe"]}
        assert set(names) <= safe


Life.TestCase.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase
