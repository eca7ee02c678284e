"""Letters through SES go out once, say honestly whether they went, and a bounce finds its case."""

import email
import email.policy
import os
import threading
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock

import boto3
import jsonschema
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from botocore.stub import ANY, Stubber
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from heard import message
from heard.adapters.mail import Sender
from heard.adapters.ses import Ses, ses_client
from heard.bounce import REASONS, UNDELIVERABLE, UNWANTED, bounced
from heard.clock import stamp
from heard.letters import Letter
from heard.ports import NeverSent, NotSent, StaleCase
from tests.conftest import deliver_all, send_complaint

SENDER = Sender("Żółta Exampleshire", "no-reply@exampleshire.example")
LETTER = Letter("person@home.example", "We have your message", "We have what you sent.\n\nŻółć مرحبا\n", "<p>مرحبا</p>")
LETTER_WANTED = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}
NOBODY = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "eu-west-2"}


@pytest.fixture(autouse=True)
def account():
    """An account of nobody's."""
    with mock.patch.dict(os.environ, NOBODY):
        yield


@pytest.fixture
def aws():
    """SES inside this process, which knows our sender."""
    with mock_aws():
        boto3.client("sesv2").create_email_identity(EmailIdentity=SENDER.address)
        yield ses_backends[DEFAULT_ACCOUNT_ID]["eu-west-2"]


def ses(clock, client=None, sender=SENDER):
    return Ses(client or ses_client(), "letters", sender, clock)


@contextmanager
def refusing(code, status=400):
    client = ses_client()
    with Stubber(client) as stub:
        stub.add_client_error("send_email", code, f"about {LETTER.to}", http_status_code=status)
        yield client


def test_a_letter_arrives_whole_in_lines_of_ascii(aws, clock):
    ses(clock).send(LETTER, "abc-acknowledgement")
    [sent] = aws.sent_messages
    read = email.message_from_string(sent.raw_data, policy=email.policy.default)
    assert sent.raw_data.isascii()
    assert set(sent.destinations) == {LETTER.to}
    assert (read["To"], read["Subject"]) == (LETTER.to, LETTER.subject)
    assert read["From"] == f"{SENDER.name} <{SENDER.address}>"
    assert read["Auto-Submitted"] == "auto-generated"
    assert [part.get_content().replace("\r\n", "\n").strip() for part in read.iter_parts()] == [
        LETTER.text.strip(),
        LETTER.html,
    ]


def test_a_letter_is_tagged_with_its_id_and_nothing_personal(clock):
    client = ses_client()
    expected = {
        "Destination": {"ToAddresses": [LETTER.to]},
        "Content": ANY,
        "ConfigurationSetName": "letters",
        "EmailTags": [{"Name": "letter", "Value": "abc-acknowledgement"}],
    }
    with Stubber(client) as stub:
        stub.add_response("send_email", {"MessageId": "m"}, expected)
        ses(clock, client).send(LETTER, "abc-acknowledgement")
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("code", "status", "final"),
    [
        ("TooManyRequestsException", 429, False),
        ("ThrottlingException", 400, False),
        ("LimitExceededException", 400, False),
        ("AccountSuspendedException", 400, False),
        ("SendingPausedException", 400, False),
        ("MailFromDomainNotVerifiedException", 400, False),
        ("NotFoundException", 404, False),
        ("AccessDeniedException", 403, False),
        ("MessageRejected", 400, False),
        ("BadRequestException", 400, True),
    ],
)
def test_a_refusal_is_final_only_when_no_one_can_mend_it(clock, code, status, final):
    with refusing(code, status) as client, pytest.raises(NotSent) as refused:
        ses(clock, client).send(LETTER, "abc")
    assert str(refused.value) == f"ses_{code}"
    assert isinstance(refused.value, NeverSent) == final


@pytest.mark.parametrize(("code", "status"), [("InternalFailure", 500), ("ServiceUnavailable", 503)])
def test_what_breaks_with_the_letter_in_hand_leaves_the_outcome_unknown(clock, code, status):
    with refusing(code, status) as client, pytest.raises(ClientError):
        ses(clock, client).send(LETTER, "abc")


def test_a_sender_ses_does_not_know_yet_is_tried_again_later(aws, clock):
    with pytest.raises(NotSent, match="ses_MessageRejected") as refused:
        ses(clock, sender=Sender("Exampleshire", "other@elsewhere.example")).send(LETTER, "abc")
    assert not isinstance(refused.value, NeverSent)
    assert aws.sent_messages == []


@pytest.mark.parametrize("address", ["jürgen@home.example", "me@żółć.example", "a@b.example, c@d.example", "", "a@b\n"])
def test_an_address_ses_cannot_write_to_is_refused_for_good(aws, clock, address):
    with pytest.raises(NeverSent, match="address_unusable"):
        ses(clock).send(Letter(address, "s", "t", "<p>t</p>"), "abc")
    assert aws.sent_messages == []


@pytest.mark.parametrize("number", ["07700 900123", "٠٧٧٠٠ ٩٠٠١٢٣"])
def test_ses_sends_no_texts(aws, clock, number):
    assert not ses(clock).sends_texts
    with pytest.raises(NeverSent, match="no_text_messages"):
        ses(clock).send(Letter(number, "", "t", "", "text"), "abc")
    assert aws.sent_messages == []


class Service(BaseHTTPRequestHandler):
    """Takes the letter in, then answers with a status, or not at all."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.taken += 1
        self.server.connections.add(self.client_address)
        if self.server.status is None:
            self.server.over.wait(10)
            self.close_connection = True
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        """Quiet."""


@contextmanager
def playing_ses(status):
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.status, server.taken, server.connections, server.over = status, 0, set(), threading.Event()
        threading.Thread(target=server.serve_forever, args=[0.01], daemon=True).start()
        with mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}"}):
            yield server
        server.over.set()
        server.shutdown()


@pytest.mark.parametrize(("status", "error"), [(None, ReadTimeoutError), (500, ClientError), (503, ClientError)])
def test_a_letter_that_may_have_gone_out_is_not_sent_a_second_time(clock, status, error):
    with playing_ses(status) as server, pytest.raises(error):
        ses(clock, ses_client(read_seconds=0.3)).send(LETTER, "abc")
    assert server.taken == 1


def test_each_letter_has_a_connection_of_its_own_so_that_none_is_lost_on_a_dead_one(clock):
    with playing_ses(200) as server:
        messenger = ses(clock)
        for number in range(3):
            messenger.send(LETTER, f"{number}-acknowledgement")
    assert len(server.connections) == server.taken == 3


def test_a_service_that_is_not_there_is_known_not_to_have_it(clock):
    with (
        mock.patch.dict(os.environ, {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}),
        pytest.raises(NotSent, match="ses_unreachable"),
    ):
        ses(clock).send(LETTER, "abc")


def test_without_credentials_nothing_is_sent(clock):
    nowhere = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull}
    nowhere |= {"AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_DEFAULT_REGION": "eu-west-2"}
    with mock.patch.dict(os.environ, nowhere, clear=True), pytest.raises(NotSent, match="ses_no_credentials"):
        ses(clock, boto3.Session().client("sesv2")).send(LETTER, "abc")


class Tags:
    """Remembers the id of each letter, as SES hands it back with a bounce."""

    def __init__(self):
        self.ids = []

    def send(self, _, letter_id):
        self.ids.append(letter_id)


@pytest.fixture
def letter_id(services):
    """The id of a letter that went out."""
    tags = Tags()
    send_complaint(services, **LETTER_WANTED)
    deliver_all(replace(services, messenger=tags))
    [sent] = tags.ids
    return sent


def the_case(services):
    return services.store.with_reference(services.inbox.peek(10)[0]["reference"])


@pytest.mark.parametrize("reason", REASONS)
def test_a_bounce_marks_the_case_of_its_letter_and_tells_the_council_once(services, clock, letter_id, reason):
    clock.move(minutes=1)
    case = bounced(letter_id, reason, services.store, clock())
    assert case == the_case(services)
    assert case.contact_failed == f"2026-11-20T09:31:00.000Z {reason}"
    assert [outcome.kind.partition(":")[0] for outcome in deliver_all(services)] == ["contact_failed"]
    bounced(letter_id, reason, services.store, clock())
    assert deliver_all(services) == services.store.waiting() == []
    submission, event = services.inbox.peek(10)
    jsonschema.Draft7Validator(message.schema("event")).validate(event)
    assert (event["reference"], event["event"], event["at"]) == (
        submission["reference"],
        "contact_failed",
        "2026-11-20T09:31:00.000Z",
    )
    assert event["details"] == {"channel": "email", "reason": reason}
    assert event["id"] != submission["id"]


def test_the_council_hears_of_a_case_before_it_hears_what_happened_to_it(services, clock):
    class Down:
        def send(self, _):
            raise NotSent("down")

    receipt = send_complaint(services)
    deliver_all(replace(services, queue=Down()))
    bounced(receipt["reference"], UNDELIVERABLE, services.store, clock())
    assert deliver_all(services) == []  # the submission waits a little, and the event behind it
    assert list(services.store.due(stamp(clock()))) == []
    clock.move(minutes=1)
    deliver_all(services)
    assert [told["type"] for told in services.inbox.peek(10)] == ["submission", "event"]


def test_a_bounce_may_be_told_by_reference_and_the_first_reason_stays(services, clock, letter_id):
    first = bounced(letter_id, UNDELIVERABLE, services.store, clock())
    clock.move(days=1)
    assert bounced(first.reference.lower(), UNWANTED, services.store, clock()) == first == the_case(services)


@pytest.mark.parametrize("named", ["0" * 32 + "-acknowledgement", "", "someone else's letter"])
def test_a_bounce_of_a_letter_nobody_knows_changes_nothing(services, clock, letter_id, named):
    assert bounced(named, UNDELIVERABLE, services.store, clock()) is None
    assert letter_id
    assert the_case(services).contact_failed is None


def test_what_a_mail_server_says_is_not_kept(services, clock, letter_id):
    with pytest.raises(ValueError, match="not a reason"):
        bounced(letter_id, "550 me@home.example is not here", services.store, clock())
    assert the_case(services).contact_failed is None


class Busy:
    """A store in which somebody changes the case just before our first write."""

    def __init__(self, store):
        self.store = store
        self.with_id = store.with_id
        self.pending = True

    def replace(self, case):
        if self.pending:
            self.pending = False
            self.store.replace(replace(case, placement="kr7", contact_failed=None))
            with pytest.raises(StaleCase):
                self.store.replace(case)
            raise StaleCase(case.id)
        return self.store.replace(case)


def test_a_bounce_keeps_what_others_wrote_in_between(services, clock, letter_id):
    bounced(letter_id, UNDELIVERABLE, Busy(services.store), clock())
    case = the_case(services)
    assert (case.placement, case.contact_failed.split()[1]) == ("kr7", UNDELIVERABLE)
