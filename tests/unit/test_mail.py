"""Letters leave as email with nothing typed in a header but the address, and say honestly whether they went."""

import email
import email.policy
import socketserver
import threading
from contextlib import closing
from uuid import uuid4

import pytest

from heard.adapters.mail import EmlFolder, Sender, Smtp
from heard.council import council
from heard.letters import Letter
from heard.ports import NeverSent, NotSent
from heard.wiring import SettingWrong, one_machine
from tests.conftest import deliver_all, send_complaint

SENDER = Sender("Exampleshire", "no-reply@exampleshire.example")
LETTER = Letter("person@home.example", "We have your message", "We have what you sent.\n\nŻółć مرحبا\n", "<p>مرحبا</p>")


def test_a_letter_is_written_to_a_file_to_look_at(tmp_path, clock):
    EmlFolder(tmp_path / "letters", SENDER, clock).send(LETTER, "abc-acknowledgement")
    [path] = (tmp_path / "letters").iterdir()
    read = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert (read["To"], read["Subject"]) == ("person@home.example", "We have your message")
    assert read["From"] == "Exampleshire <no-reply@exampleshire.example>"
    assert read["Date"] == "Fri, 20 Nov 2026 09:30:00 +0000"
    assert read["Auto-Submitted"] == "auto-generated"
    plain, html = read.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert (html.get_content_type(), html.get_content().strip()) == ("text/html", LETTER.html)


def test_a_text_is_written_to_a_file_to_look_at(tmp_path, clock):
    EmlFolder(tmp_path / "letters", SENDER, clock).send(TEXT, "abc-acknowledgement")
    [path] = (tmp_path / "letters").iterdir()
    assert path.name == "abc-acknowledgement.txt"
    assert path.read_text(encoding="utf-8") == "To: 07700 900123\n\nWe have what you sent. مرحبا\n"
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "address", ["a@b.example\nBcc: c@d.example", "a@b@c.example", "", "a b@c.example", "żółć@home.example\r"]
)
def test_an_address_no_header_can_carry_is_not_sent_to(tmp_path, clock, address):
    with pytest.raises(NeverSent) as refused:
        EmlFolder(tmp_path, SENDER, clock).send(Letter(address, "s", "t", "<p>t</p>"), "id")
    assert str(refused.value) == "address_unusable"
    assert list(tmp_path.iterdir()) == []


TEXT = Letter("07700 900123", "", "We have what you sent. مرحبا\n", "", "text")


class MailServer(socketserver.StreamRequestHandler):
    """A mail server of a few lines: says yes to everything but what the test chose."""

    def handle(self):
        self.reply("220 ready")
        while line := self.rfile.readline().decode().strip():
            verb = line.split()[0].upper()
            if verb in self.server.refuses:
                self.reply(self.server.refuses[verb])
            elif verb == "DATA":
                self.reply("354 go on")
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    self.server.received.append(part.decode())
                if self.server.hangs_up:
                    return None
                self.reply("250 kept")
            elif verb == "QUIT":
                return self.reply("221 bye")
            else:
                self.reply("250 ok")
        return None

    def reply(self, text):
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def mail_server():
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), MailServer) as server:
        server.daemon_threads = True
        server.refuses, server.received, server.hangs_up = {}, [], False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def smtp(server, clock, **more):
    return Smtp("127.0.0.1", server.server_address[1], SENDER, clock, encrypt=more.pop("encrypt", False), **more)


def test_a_letter_goes_through_a_mail_server(mail_server, clock):
    smtp(mail_server, clock).send(LETTER, "abc")
    assert "Subject: We have your message\r\n" in mail_server.received


def test_a_mail_server_sends_no_texts(mail_server, clock):
    assert not smtp(mail_server, clock).sends_texts
    with pytest.raises(NeverSent, match="no_text_messages"):
        smtp(mail_server, clock).send(TEXT, "abc")
    assert mail_server.received == []


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(("reply", "final"), [("451 later", False), ("550 never", True)])
def test_a_letter_that_was_refused_is_known_not_to_be_sent_and_for_how_long(mail_server, clock, verb, reply, final):
    mail_server.refuses[verb] = reply
    with pytest.raises(NotSent, match="mail_server_refused") as refused:
        smtp(mail_server, clock).send(LETTER, "abc")
    assert isinstance(refused.value, NeverSent) == final


def test_a_letter_that_was_taken_stays_sent_when_saying_goodbye_fails(mail_server, clock):
    mail_server.refuses["QUIT"] = "421 busy"
    smtp(mail_server, clock).send(LETTER, "abc")
    assert mail_server.received


def test_an_address_the_server_cannot_write_is_refused_for_good(mail_server, clock):
    with pytest.raises(NeverSent, match="mail_server_cannot"):
        smtp(mail_server, clock).send(Letter("jürgen@home.example", "s", "t", "<p>t</p>"), "abc")


def test_a_server_without_encryption_gets_nothing_unless_we_were_told_so(mail_server, clock):
    with pytest.raises(NotSent, match="mail_server_cannot"):
        smtp(mail_server, clock, encrypt=True).send(LETTER, "abc")
    assert mail_server.received == []


def test_a_password_is_not_tried_where_the_server_knows_none(mail_server, clock):
    with pytest.raises(NotSent, match="mail_server_cannot"):
        smtp(mail_server, clock, user="u", password="p").send(LETTER, "abc")  # noqa: S106


def test_a_server_that_hangs_up_leaves_the_outcome_unknown(mail_server, clock):
    mail_server.hangs_up = True
    with pytest.raises(Exception) as lost:  # noqa: PT011 - any error but NotSent
        smtp(mail_server, clock).send(LETTER, "abc")
    assert not isinstance(lost.value, NotSent)


def test_a_server_that_is_not_there_is_known_not_to_have_it(clock):
    with pytest.raises(NotSent, match="mail_server_unreachable"):
        Smtp("127.0.0.1", 9, SENDER, clock).send(LETTER, "abc")


def wired(**environment):
    with closing(one_machine(environment)) as services:
        return services


def test_the_environment_chooses_the_mail_server(tmp_path):
    settings = {"HEARD_DATA": str(tmp_path), "HEARD_SMTP_HOST": "mail.example", "HEARD_SMTP_USER": "u"}
    messenger = wired(**settings, HEARD_SMTP_PASSWORD="p", HEARD_SMTP_PORT="25").messenger  # noqa: S106
    assert (messenger.host, messenger.port, messenger.user, messenger.encrypt) == ("mail.example", 25, "u", True)
    assert not wired(**settings, HEARD_SMTP_PLAIN="yes").messenger.encrypt


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"HEARD_MESSENGER": "pigeon"}, "HEARD_MESSENGER=pigeon"),
        ({"HEARD_MESSENGER": "ses"}, "HEARD_SES_CONFIGURATION_SET has to be set"),
        ({"HEARD_MESSENGER": "notify"}, "HEARD_NOTIFY_SECRET has to be set"),
        ({"HEARD_STORE": "paper"}, "HEARD_STORE=paper"),
        ({"HEARD_QUEUE": "people"}, "HEARD_QUEUE=people"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(tmp_path, settings, says):
    with pytest.raises(SettingWrong, match=says):
        wired(HEARD_DATA=str(tmp_path), **settings)


def test_ses_and_notify_are_chosen_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    ses = {"HEARD_MESSENGER": "ses", "HEARD_SES_CONFIGURATION_SET": "letters"}
    assert wired(HEARD_DATA=str(tmp_path), **ses).messenger.configuration_set == "letters"
    notify = {"HEARD_MESSENGER": "notify", "HEARD_NOTIFY_KEY": f"k-{uuid4()}-{uuid4()}", "HEARD_NOTIFY_TEMPLATE": "t"}
    assert wired(HEARD_DATA=str(tmp_path), **notify).messenger.template_id == "t"


NOTIFY = {"HEARD_MESSENGER": "notify", "HEARD_NOTIFY_KEY": f"k-{uuid4()}-{uuid4()}", "HEARD_NOTIFY_TEMPLATE": "t"}
NO_TEXTS = [
    {"HEARD_SMTP_HOST": "mail.example"},
    {"HEARD_MESSENGER": "ses", "HEARD_SES_CONFIGURATION_SET": "letters"},
    NOTIFY,
    NOTIFY | {"HEARD_NOTIFY_TEXT_TEMPLATE": ""},
]


@pytest.mark.parametrize("settings", NO_TEXTS)
def test_where_texts_are_promised_no_host_starts_that_cannot_send_them(tmp_path, monkeypatch, settings):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert wired(HEARD_DATA=str(tmp_path), **settings)
    monkeypatch.setitem(council(), "text_messages", True)
    with pytest.raises(SettingWrong, match="HEARD_NOTIFY_TEXT_TEMPLATE"):
        wired(HEARD_DATA=str(tmp_path), **settings)


def test_texts_go_out_by_notify_or_to_files(tmp_path, monkeypatch):
    monkeypatch.setitem(council(), "text_messages", True)
    by_notify = wired(HEARD_DATA=str(tmp_path), **NOTIFY, HEARD_NOTIFY_TEXT_TEMPLATE="t2").messenger
    assert (by_notify.sends_texts, by_notify.text_template_id) == (True, "t2")
    assert wired(HEARD_DATA=str(tmp_path)).messenger.sends_texts


def test_a_pepper_too_short_to_be_secret_is_refused(tmp_path):
    with pytest.raises(SettingWrong, match="32 hexadecimal digits"):
        wired(HEARD_DATA=str(tmp_path), HEARD_PEPPER="abcd")


@pytest.mark.parametrize("pepper", ["not hexadecimal", "ab" * 32 + "\nabcd", " \n "])
def test_peppers_that_cannot_be_used_are_refused_without_being_quoted(tmp_path, pepper):
    with pytest.raises(SettingWrong) as refused:
        wired(HEARD_DATA=str(tmp_path), HEARD_PEPPER=pepper)
    assert pepper not in str(refused.value)


def test_several_peppers_stand_one_a_line_the_newest_first(tmp_path):
    assert wired(HEARD_DATA=str(tmp_path), HEARD_PEPPER=f"{'ab' * 32}\n{'cd' * 32}\n").peppers == (
        b"\xab" * 32,
        b"\xcd" * 32,
    )


def test_the_pepper_is_made_once_and_kept_private(tmp_path):
    [first] = wired(HEARD_DATA=str(tmp_path / "data")).peppers
    assert len(first) == 32
    assert wired(HEARD_DATA=str(tmp_path / "data")).peppers == (first,)
    assert (tmp_path / "data" / "pepper").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_every_file_of_the_data_folder_is_private(services, tmp_path):
    send_complaint(services, contact="email", email="a@b.example", contact_is_safe="yes", acknowledge="yes")
    deliver_all(services)
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} >= {".sqlite", ".sqlite-wal", ".eml"}
    assert not [path for path in files if path.stat().st_mode & 0o077]
