"""Letters through GOV.UK Notify, played by a small server: sent once, found again, and honest about what failed."""

import json
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from notifications_python_client.authentication import decode_jwt_token
from notifications_python_client.errors import APIError

from heard.adapters.notify import Notify, notify_client
from heard.bounce import UNDELIVERABLE, bounced, collect
from heard.letters import Letter
from heard.ports import NeverSent, NotSent
from tests.conftest import deliver_all, send_complaint

SERVICE, SECRET = "11111111-aaaa-4bbb-8ccc-222222222222", "33333333-dddd-4eee-8fff-444444444444"
LETTER = Letter("person@home.example", "We have your message", "We have what you sent.\n\nŻółć مرحبا\n", "<p>مرحبا</p>")
TEXT = Letter("07700 900123", "", "We have what you sent. مرحبا\n", "", "text")
LETTER_WANTED = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}
TEXT_WANTED = {"contact": "text", "phone": "07700 900123", "contact_is_safe": "yes", "acknowledge": "yes"}
HANGS, HANGS_UP, BABBLES = "hangs", "hangs up", "babbles"


class Service(BaseHTTPRequestHandler):
    """Notify in a few lines. `takes`: whether it keeps the letter; `answers`: how it then replies, None for well."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        letter = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        kind = self.path.removeprefix("/v2/notifications/")
        assert kind in ("email", "sms")
        self.server.tried += 1
        self.server.connections.add(self.client_address)
        if self.server.takes:
            self.server.letters.append(
                letter | {"template_type": kind, "token": self.headers["Authorization"].removeprefix("Bearer ")}
            )
        self.answer(201, {"id": "n-1", "reference": letter["reference"]}, self.server.answers)

    def do_GET(self):
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        by = {name: asked[name] for name in ("reference", "status", "template_type") if name in asked}
        found = [letter for letter in self.server.letters if by.items() <= letter.items()]
        page = [] if "older_than" in asked else found  # Notify names a next page after every one that holds something
        links = {"next": f"{self.path}&older_than={SERVICE}"} if page else {}
        self.answer(200, {"notifications": page, "links": links}, self.server.answers_look_up)

    def answer(self, status, body, chosen):
        if chosen == HANGS:
            self.server.over.wait(10)
        if chosen in (HANGS, HANGS_UP):
            self.close_connection = True
            return
        if isinstance(chosen, tuple):
            status, problem, message = chosen
            body = {"status_code": status, "errors": [{"error": problem, "message": message}]}
        data = b"<p>Sign in to the network" if chosen == BABBLES else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def service():
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.letters, server.connections, server.tried, server.over = [], set(), 0, threading.Event()
        server.takes, server.answers, server.answers_look_up = True, None, None
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


def notify(port, timeout=5.0):
    client = notify_client(f"heard-{SERVICE}-{SECRET}", f"http://127.0.0.1:{port}", timeout)
    return Notify(client, "template-1", "template-2")


def send(service, letter_id="abc-acknowledgement", letter=LETTER):
    timeout = 0.3 if HANGS in (service.answers, service.answers_look_up) else 5.0
    notify(service.server_address[1], timeout).send(letter, letter_id)


@contextmanager
def outcome_unknown():
    """Any error but NotSent."""
    with pytest.raises(APIError):
        yield


def test_a_letter_goes_as_our_template_with_its_words_and_its_id(service):
    send(service)
    [letter] = service.letters
    assert decode_jwt_token(letter.pop("token"), SECRET)
    assert letter == {
        "email_address": LETTER.to,
        "template_id": "template-1",
        "personalisation": {"subject": LETTER.subject, "text": LETTER.text},
        "reference": "abc-acknowledgement",
        "template_type": "email",
    }


def test_a_text_goes_by_a_template_of_its_own_with_its_words_alone(service):
    send(service, letter=TEXT)
    [letter] = service.letters
    assert decode_jwt_token(letter.pop("token"), SECRET)
    assert letter == {
        "phone_number": "07700 900123",
        "template_id": "template-2",
        "personalisation": {"text": TEXT.text},
        "reference": "abc-acknowledgement",
        "template_type": "sms",
    }
    assert notify(service.server_address[1]).knows("abc-acknowledgement")


def test_without_a_template_for_texts_none_is_sent(service):
    email_only = replace(notify(service.server_address[1]), text_template_id=None)
    assert not email_only.sends_texts
    with pytest.raises(NeverSent, match="no_text_messages"):
        email_only.send(TEXT, "abc-acknowledgement")
    email_only.send(LETTER, "abc-acknowledgement")
    assert [letter["template_type"] for letter in service.letters] == ["email"]


@pytest.mark.parametrize(
    ("status", "problem", "message", "code", "final"),
    [
        (400, "ValidationError", "phone_number Not enough digits", "notify_number_refused", True),
        (400, "ValidationError", "phone_number Must not contain letters or symbols", "notify_number_refused", True),
        (400, "BadRequestError", "Can't send to international mobile numbers", "notify_400", False),
        (400, "BadRequestError", "Missing personalisation: text", "notify_400", False),
        (429, "TooManyRequestsError", "Exceeded send limits (50) for today", "notify_429", False),
    ],
)
def test_a_text_that_is_refused_is_so_for_good_only_when_it_is_about_the_number(
    service, status, problem, message, code, final
):
    service.takes, service.answers = False, (status, problem, message)
    with pytest.raises(NotSent) as refused:
        send(service, letter=TEXT)
    assert str(refused.value) == code
    assert isinstance(refused.value, NeverSent) == final


def test_a_letter_that_went_out_can_be_found_by_its_id(service):
    send(service)
    messenger = notify(service.server_address[1])
    assert messenger.knows("abc-acknowledgement")
    assert not messenger.knows("xyz-acknowledgement")


def test_each_letter_has_a_connection_of_its_own_so_that_none_is_lost_on_a_dead_one(service):
    messenger = notify(service.server_address[1])
    for number in range(3):
        messenger.send(LETTER, f"{number}-acknowledgement")
    assert len(service.letters) == len(service.connections) == 3


@pytest.mark.parametrize(
    ("status", "problem", "message", "code", "final"),
    [
        (400, "ValidationError", "email_address Not a valid email address", "notify_address_refused", True),
        (400, "BadRequestError", "Template not found", "notify_400", False),
        (400, "BadRequestError", "Missing personalisation: email_address_of_ours", "notify_400", False),
        (400, "BadRequestError", "Can't send to this recipient using a team-only API key", "notify_400", False),
        (403, "AuthError", "Invalid token: API key not found", "notify_403", False),
        (404, "NoResultFound", "No result found", "notify_404", False),
        (429, "RateLimitError", "Exceeded rate limit", "notify_429", False),
        (429, "TooManyRequestsError", "Exceeded send limits (50) for today", "notify_429", False),
        (500, "Exception", "Internal server error", "notify_500", False),
    ],
)
def test_a_refusal_is_final_only_when_it_is_about_the_address(service, status, problem, message, code, final):
    service.takes, service.answers = False, (status, problem, message)
    with pytest.raises(NotSent) as refused:
        send(service)
    assert str(refused.value) == code
    assert isinstance(refused.value, NeverSent) == final


LOST = [HANGS, HANGS_UP, BABBLES, (500, "Exception", "e"), (502, "Gateway", "e"), (503, "e", "e"), (504, "e", "e")]


@pytest.mark.parametrize("answers", LOST)
def test_a_letter_that_notify_has_is_sent_however_the_answer_got_lost(service, answers):
    service.answers = answers
    send(service)
    assert (len(service.letters), service.tried) == (1, 1)


def test_a_text_whose_answer_got_lost_is_sent_once(service):
    service.answers = HANGS_UP
    send(service, letter=TEXT)
    assert (len(service.letters), service.tried) == (1, 1)


@pytest.mark.parametrize("answers", [answers for answers in LOST if answers[0] != 500])
def test_a_letter_not_found_after_a_lost_answer_may_still_be_on_its_way(service, answers):
    service.takes, service.answers = False, answers
    with outcome_unknown():
        send(service)
    assert service.tried == 1


@pytest.mark.parametrize("answers", [HANGS, HANGS_UP, BABBLES, (403, "AuthError", "e"), (500, "Exception", "e")])
def test_when_notify_cannot_be_asked_either_the_outcome_stays_unknown(service, answers):
    service.answers, service.answers_look_up = (500, "Exception", "Internal server error"), answers
    with outcome_unknown():
        send(service)


def test_a_service_that_is_not_there_is_known_not_to_have_it():
    with pytest.raises(NotSent, match="notify_unreachable"):
        notify(port=9).send(LETTER, "abc")


def test_the_reference_in_a_failed_delivery_leads_back_to_the_case(service, services, clock):
    receipt = send_complaint(services, **LETTER_WANTED)
    outcomes = deliver_all(replace(services, messenger=notify(service.server_address[1])))
    assert [outcome.outcome for outcome in outcomes] == ["sent", "sent"]
    [letter] = service.letters
    case = bounced(letter["reference"], UNDELIVERABLE, services.store, clock())
    assert case.reference == receipt["reference"]
    assert case.contact_failed


def test_notify_is_asked_which_letters_reached_nobody_and_the_council_is_told_once(service, services, clock):
    came_back, arrived = (send_complaint(services, key=key, **LETTER_WANTED) for key in ("1" * 32, "2" * 32))
    there = replace(services, messenger=notify(service.server_address[1]))
    deliver_all(there)
    for letter in service.letters:
        letter |= {"id": letter["reference"], "status": "delivered"}
    failed = services.store.with_reference(came_back["reference"])
    next(x for x in service.letters if x["reference"].startswith(failed.id))["status"] = "permanent-failure"
    for _ in range(2):
        assert collect(there.messenger, there.store, clock()) == 1
        deliver_all(there)
    events = [message for message in services.inbox.peek(10) if message["type"] == "event"]
    assert [event["reference"] for event in events] == [came_back["reference"]]
    assert services.store.with_reference(arrived["reference"]).contact_failed is None


def test_a_text_that_reached_nobody_is_told_to_the_council_as_one(service, services, clock):
    there = replace(
        services, messenger=notify(service.server_address[1]), council=services.council | {"text_messages": True}
    )
    receipt = send_complaint(there, **TEXT_WANTED)
    deliver_all(there)
    [text] = service.letters
    text |= {"id": text["reference"], "status": "permanent-failure"}
    assert collect(there.messenger, there.store, clock()) == 1
    deliver_all(there)
    submission, event = there.inbox.peek(10)
    assert submission["contact"]["acknowledgement_sent_by"] == "heard"
    assert (event["reference"], event["event"]) == (receipt["reference"], "contact_failed")
    assert event["details"] == {"channel": "text", "reason": UNDELIVERABLE}


def test_a_letter_of_another_service_that_shares_the_key_is_passed_over(service, services, clock):
    service.letters = [{"id": "1", "reference": None, "status": "permanent-failure", "template_type": "sms"}]
    assert collect(notify(service.server_address[1]), services.store, clock()) == 0


def test_a_letter_whose_case_cannot_be_read_or_that_is_not_ours_holds_up_no_other(services, clock):
    receipt = send_complaint(services)
    case = services.store.with_reference(receipt["reference"])
    unreadable = send_complaint(services, key="f" * 32)
    bad = services.store.with_reference(unreadable["reference"]).id
    services.store.database.connection().execute("UPDATE cases SET record = '{}' WHERE id = ?", (bad,))

    class Asked:
        def returned(self):
            return [f"{bad}-acknowledgement", "-x", receipt["reference"], f"{case.id}-acknowledgement"]

    assert collect(Asked(), services.store, clock()) == 1
    assert services.store.with_id(case.id).contact_failed
