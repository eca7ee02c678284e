"""A council that has to change the pepper breaks no code that was given out."""

from dataclasses import replace

import pytest

from heard.follow import follow
from heard.holder import CodeUnknown
from heard.receipt import PepperMissing
from heard.receive import receipt_again
from tests.conftest import KEY, deliver_all, send_complaint, send_json

OTHER = "f" * 32


@pytest.fixture
def changed(services):
    """The same machine, after a new pepper was put before the old one."""
    return replace(services, peppers=(b"a new pepper, 32 bytes long ....", *services.peppers))


def test_codes_from_before_and_after_the_change_both_open_their_case(services, changed):
    before, after = send_complaint(services), send_complaint(changed, key=OTHER)
    for receipt in (before, after):
        for code in (receipt["code"], receipt["code_digits"]):
            assert follow(code, changed.store, changed.peppers, changed.clock()).reference == receipt["reference"]


def test_sending_again_after_the_change_gives_the_first_receipt_and_no_second_case(services, changed):
    before = send_complaint(services)
    fields = {"form": "complaint", "lang": "en", "voice": "young", "form_version": 1, "key": KEY}
    status, again = send_json(changed, "send", **fields, what_happened="They never came.")
    assert (status, again) == (200, before)
    assert receipt_again(KEY, changed.store, changed.peppers).receipt.code == before["code"]
    deliver_all(changed)
    assert len(changed.inbox.peek(10)) == 1


def test_other_answers_under_an_old_key_are_refused_after_the_change_too(services, changed):
    send_complaint(services)
    fields = {"form": "complaint", "lang": "en", "voice": "young", "form_version": 1, "key": KEY}
    assert send_json(changed, "send", **fields, what_happened="Something else.")[0] == 409


def test_new_receipts_hang_on_the_new_pepper_alone(changed):
    receipt = send_complaint(changed)
    newest = changed.peppers[:1]
    assert follow(receipt["code"], changed.store, newest, changed.clock()).reference == receipt["reference"]
    with pytest.raises(CodeUnknown):
        follow(receipt["code"], changed.store, changed.peppers[1:], changed.clock())


def test_without_the_pepper_that_made_it_a_receipt_is_not_made_up(services, changed):
    send_complaint(services)
    with pytest.raises(PepperMissing):
        receipt_again(KEY, changed.store, changed.peppers[:1])
