"""Who chose texts gets them as others get email, where the council's file says so; elsewhere people write to them."""

from dataclasses import replace

import pytest

from heard.bounce import UNDELIVERABLE, bounced
from heard.case import ACKNOWLEDGEMENT, NEWS, PERSON
from heard.cli import main
from heard.clock import stamp
from heard.council import council
from heard.host.serve import reminding
from heard.update import update
from tests.conftest import deliver_all, send_complaint, send_json

BY_TEXT = {"contact": "text", "phone": "07700 900123", "contact_is_safe": "yes"}
NUMBER_IN_FILE = "To: 07700 900123\n"


@pytest.fixture
def texting(services):
    """The same machine, of a council whose site sends texts."""
    return replace(services, council=services.council | {"text_messages": True})


@pytest.fixture
def texts(tmp_path):
    """The texts that went out, as the messenger for trying things out writes them."""
    return lambda: sorted(path.read_text("utf-8") for path in (tmp_path / "data" / "letters").glob("*.txt"))


def change_contact(services, receipt, key="c" * 32, **answers):
    """How they want to be reached from now on."""
    fields = {"form": "change_contact", "code": receipt["code"], "key": key, "lang": "en", "voice": "young"}
    status, _ = send_json(services, "say", **fields, **answers)
    assert status == 200


def told(services, receipt, version=1, status="looking_into_it", **more):
    said = {"version": version, "status": status, "at": stamp(services.clock()), **more}
    texts = services.council["text_messages"]
    return update(receipt["reference"], said, services.store, services.clock(), texts=texts)


def test_a_complaint_is_acknowledged_by_text_to_who_asked_for_it(texting, texts):
    receipt = send_complaint(texting, **BY_TEXT, acknowledge="yes", what_happened="CANARY", name="CANARY")
    assert [outcome.outcome for outcome in deliver_all(texting)] == ["sent", "sent"]
    [text] = texts()
    assert text.startswith(f"{NUMBER_IN_FILE}\nWe have got what you sent.")
    assert not [secret for secret in ("CANARY", receipt["code"], receipt["reference"]) if secret in text]
    [message] = texting.inbox.peek(10)
    assert (message["contact"]["channel"], message["contact"]["acknowledgement_sent_by"]) == ("text", "heard")
    assert texting.store.waiting() == []


def test_where_this_site_sends_no_texts_people_do(services, texts):
    receipt = send_complaint(services, **BY_TEXT, acknowledge="yes")
    assert [outcome.kind for outcome in deliver_all(services)] == ["council_message"]
    [message] = services.inbox.peek(10)
    assert message["contact"]["acknowledgement_wanted"] is True
    assert message["contact"]["acknowledgement_sent_by"] is None
    change_contact(services, receipt, **BY_TEXT, news="yes")
    assert told(services, receipt).first_for(PERSON) is None
    assert texts() == []


@pytest.mark.parametrize(
    "answers",
    [
        {"acknowledge": "no"},
        {"contact_is_safe": "no", "acknowledge": "yes"},
        {"phone": None, "acknowledge": "yes"},
        {"contact": "phone", "acknowledge": "yes"},
    ],
)
def test_no_text_goes_to_who_did_not_say_yes_to_all_of_it(texting, texts, answers):
    send_complaint(texting, **(BY_TEXT | answers))
    deliver_all(texting)
    [message] = texting.inbox.peek(10)
    assert message["contact"]["acknowledgement_sent_by"] is None
    assert texts() == []


def test_who_asked_for_it_by_text_is_told_that_there_is_something_new(texting, texts):
    receipt = send_complaint(texting)
    change_contact(texting, receipt, **BY_TEXT, news="yes")
    told(texting, receipt, status="asked", note="CANARY question?")
    deliver_all(texting)
    [text] = texts()
    assert text.startswith(f"{NUMBER_IN_FILE}\nThere is something new for you to look at.")
    assert "CANARY" not in text


@pytest.mark.parametrize(("site_sends", "sent_by"), [(True, "heard"), (False, None)])
def test_the_council_learns_who_wants_news_by_text_and_whether_it_has_to_send_them(services, site_sends, sent_by):
    services = replace(services, council=services.council | {"text_messages": site_sends})
    receipt = send_complaint(services)
    change_contact(services, receipt, **BY_TEXT, news="yes")
    deliver_all(services)
    contact = services.inbox.peek(10)[1]["details"]["contact"]
    assert (contact["channel"], contact["news_wanted"], contact["news_sent_by"]) == ("text", True, sent_by)


def test_news_are_wanted_only_by_who_said_that_it_is_safe(texting):
    receipt = send_complaint(texting)
    change_contact(texting, receipt, contact="text", phone="07700 900123", news="yes")
    deliver_all(texting)
    contact = texting.inbox.peek(10)[1]["details"]["contact"]
    assert (contact["news_wanted"], contact["news_sent_by"]) == (False, None)


def test_a_letter_that_waits_goes_the_way_they_chose_since(texting, texts, tmp_path):
    receipt = send_complaint(
        texting, contact="email", email="me@home.example", contact_is_safe="yes", acknowledge="yes"
    )
    change_contact(texting, receipt, **BY_TEXT)
    deliver_all(texting)
    assert len(texts()) == 1
    assert not list((tmp_path / "data").rglob("*.eml"))


def test_a_text_that_waits_is_not_sent_once_the_council_has_switched_texts_off(texting, services, texts):
    send_complaint(texting, **BY_TEXT, acknowledge="yes")
    assert [outcome.outcome for outcome in deliver_all(services)] == ["sent", "not_wanted"]
    assert texts() == []
    assert services.store.waiting() == []


def test_saying_something_else_leaves_a_text_that_waits_where_it_is(texting):
    receipt = send_complaint(texting, **BY_TEXT, acknowledge="yes")
    send_json(texting, "say", code=receipt["code"], form="tell_more", key="d" * 32, more="And on Tuesday.")
    assert texting.store.with_reference(receipt["reference"]).first_for(PERSON).what == ACKNOWLEDGEMENT


def test_who_wants_news_by_text_is_told_by_one_when_the_answer_is_late(texting, texts, clock):
    receipt = send_complaint(texting)
    change_contact(texting, receipt, **BY_TEXT, news="yes")
    deliver_all(texting)
    clock.move(days=30)
    reminding(texting).sweep()
    deliver_all(texting)
    assert len(texts()) == 1


@pytest.mark.parametrize(("contact", "channel"), [("email", "email"), ("text", "text")])
def test_what_came_back_is_told_by_the_way_it_went_whatever_they_chose_since(texting, clock, contact, channel):
    reached = {"contact": contact, "email": "me@home.example", "phone": "07700 900123", "contact_is_safe": "yes"}
    receipt = send_complaint(texting, **reached, acknowledge="yes")
    deliver_all(texting)
    case = texting.store.with_reference(receipt["reference"])
    bounced(f"{case.id}-acknowledgement", UNDELIVERABLE, texting.store, clock())
    clock.move(seconds=1)
    change_contact(texting, receipt, contact="post", postal_address="1 Example Street")
    deliver_all(texting)
    assert texting.inbox.peek(10)[1]["details"] == {"channel": channel, "reason": UNDELIVERABLE}


def test_an_update_from_the_command_line_is_told_by_text(texting, monkeypatch, tmp_path):
    receipt = send_complaint(texting)
    change_contact(texting, receipt, **BY_TEXT, news="yes")
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "data"))
    monkeypatch.setitem(council(), "text_messages", True)
    assert main(["council", "update", receipt["reference"], "--status", "reply_sent"]) == 0
    assert texting.store.with_reference(receipt["reference"]).first_for(PERSON).what == NEWS
