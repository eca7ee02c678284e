"""An advocacy service opens its list of cases with a link by email: once, soon, and only what people agreed to."""

import re
import threading
from dataclasses import replace
from email import message_from_bytes, policy
from urllib.parse import urlencode, urlsplit

import pytest

from heard import exchange, web
from heard.link import MINUTES, MOST_A_DAY, MOST_LINKS, address_id
from heard.ports import NotSent, StaleCase
from heard.update import update
from tests.conftest import deliver_all, link_in, send_complaint, send_json, token_in
from tests.unit.test_advocates import POINTS, follow
from tests.unit.test_privacy import Crashing, logged  # noqa: F401 - `logged` is a fixture
from tests.unit.test_saying_more import say

REGISTERED = "duty@speakup.example"
NOT_FOUND = (404, {"errors": {"token": "not_found"}})


@pytest.fixture
def letters(tmp_path):
    """The files of the letters that went out, in their order."""
    return lambda: sorted(tmp_path.rglob("*-link.eml"), key=lambda path: path.stat().st_mtime_ns)


def ask(services, address=REGISTERED, **more):
    return send_json(services, "sign-in", email=address, **more)


def email(letter):
    return message_from_bytes(letter.read_bytes(), policy=policy.default)


@pytest.fixture
def link(services, letters):
    """Asks for a link: the token that came by email."""

    def asked():
        known = {token_in(letter) for letter in letters()}
        ask(services)
        [new] = {token_in(letter) for letter in letters()} - known
        return new

    return asked


def open_list(services, token):
    return send_json(services, "sign-in", token=token)


def listed(services, token):
    status, answer = open_list(services, token)
    assert status == 200
    return [case["reference"] for case in answer["cases"]]


def named(services, receipt, lists="yes", key="a" * 32, **more):
    answers = {"advocate_sees": "everything", **({"advocate_lists": lists} if lists else {}), **more}
    _, timeline = say(services, receipt["code"], "name_advocate", key=key, **answers)
    return timeline["advocates_code"]


@pytest.fixture
def receipt(services):
    return send_complaint(services)


def form(services, **fields):
    return web.answer("sign-in", exchange.Request(exchange.FORM, urlencode(fields).encode()), services)


def test_a_link_opens_the_cases_that_people_put_on_the_list_and_no_others(services, link):
    receipts = [send_complaint(services, key=f"{number:032x}") for number in range(4)]
    for receipt, lists in zip(receipts, ("yes", "no", None, "yes"), strict=True):
        named(services, receipt, lists)
    assert listed(services, link()) == [receipts[0]["reference"], receipts[3]["reference"]]


def test_each_case_comes_with_the_code_that_opens_it_for_the_advocate(services, receipt, link):
    code = named(services, receipt)
    _, answer = open_list(services, link())
    assert [case["advocates_code"] for case in answer["cases"]] == [code]
    assert follow(services, code)[0] == 200


def test_the_list_shows_of_a_case_what_the_person_allows(services, receipt, link):
    named(services, receipt, advocate_sees="steps")
    told = {"version": 1, "status": "reply_sent", "at": "2026-11-20T09:00:00Z", "note": "CANARY", "points": POINTS}
    update(receipt["reference"], told, services.store, services.clock())
    [case] = open_list(services, link())[1]["cases"]
    assert "CANARY" not in str(case)
    assert (case["status"], case["points"]) == ("reply_sent", [])


def test_the_council_hears_that_a_case_is_on_the_list(services, receipt):
    named(services, receipt)
    deliver_all(services)
    event = [taken.message for taken in services.inbox.receive(50, 60)][-1]
    assert event["details"]["choices"] == {"advocate_sees": "everything", "advocate_lists": "yes"}


def test_opening_the_list_marks_nothing_as_seen(services, receipt, link):
    named(services, receipt)
    told = {"version": 1, "status": "reply_sent", "at": "2026-11-20T09:00:00Z"}
    update(receipt["reference"], told, services.store, services.clock())
    listed(services, link())
    assert follow(services, receipt["code"])[1]["steps"][-1]["new"]


@pytest.mark.parametrize("form_name", ["remove_advocate", "name_advocate"])
def test_a_case_leaves_the_list_at_once_when_the_person_takes_it_back_or_names_somebody_else(
    services, receipt, link, form_name
):
    named(services, receipt)
    answers = {"advocate_sees": "everything"} if form_name == "name_advocate" else {}
    say(services, receipt["code"], form_name, key="b" * 32, **answers)
    assert listed(services, link()) == []


def test_a_yes_is_for_this_service_and_for_none_that_follows_it(services, receipt, link):
    named(services, receipt)
    another = {"provider": "Another Service", "emails": [REGISTERED]}
    later = replace(services, council=services.council | {"advocacy_sign_in": another})
    assert listed(later, link()) == []
    assert listed(services, link()) == [receipt["reference"]]


def test_a_link_works_once(services, link):
    token = link()
    assert open_list(services, token)[0] == 200
    assert open_list(services, token) == NOT_FOUND


def test_of_two_who_open_a_link_at_once_one_gets_the_list(services, link):
    token, answers = link(), []
    at_once = threading.Barrier(8)

    def open_it():
        at_once.wait()
        answers.append(open_list(services, token)[0])

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, *[404] * 7]


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 404)])
def test_a_link_works_for_a_quarter_of_an_hour(services, clock, link, seconds, status):
    token = link()
    clock.move(minutes=MINUTES, seconds=seconds)
    assert open_list(services, token)[0] == status


def test_a_new_link_ends_the_one_before(services, link):
    first, second = link(), link()
    assert open_list(services, first) == NOT_FOUND
    assert open_list(services, second)[0] == 200


def test_a_fourth_link_in_a_quarter_of_an_hour_is_not_sent_and_the_third_still_works(services, clock, letters, link):
    for _ in range(MOST_LINKS - 1):
        link()
        clock.move(minutes=1)
    last = link()
    assert ask(services) == ask(services, "nobody@else.example")
    assert len(letters()) == MOST_LINKS
    assert open_list(services, last)[0] == 200
    clock.move(minutes=MINUTES - 2)
    ask(services)
    assert len(letters()) == MOST_LINKS + 1


@pytest.mark.parametrize(
    "typed", ["nobody@else.example", "duty@speakup.example.evil.example", "x" * 5000, "\0", "ключ"]
)
def test_whoever_asks_cannot_tell_whether_an_address_is_registered(services, letters, typed):
    assert ask(services, typed) == ask(services) == (202, {"minutes": MINUTES})
    assert [email(letter)["To"] for letter in letters()] == [REGISTERED]
    assert form(services, email="nobody@else.example") == form(services, email=REGISTERED)


@pytest.mark.parametrize("typed", [" duty@speakup.example ", "Duty@SpeakUp.example"])
def test_an_address_is_known_however_it_is_typed_and_written_to_as_it_is_registered(services, letters, typed):
    ask(services, typed)
    assert [email(letter)["To"] for letter in letters()] == [REGISTERED]


@pytest.mark.parametrize("token", ["x", "", " ", "0" * 65, f"{'0' * 32}-{'0' * 32}", "ключ", "\0"])
def test_what_is_no_link_opens_nothing(services, receipt, link, token):
    named(services, receipt)
    link()
    assert open_list(services, token) == (NOT_FOUND if token.strip() else (422, {"errors": {"token": "required"}}))


def test_a_link_is_bound_to_its_address(services, link):
    secret, _, whose = link().partition("-")
    another = address_id("another@speakup.example", services.peppers[0])
    both = {**services.council["advocacy_sign_in"], "emails": [REGISTERED, "another@speakup.example"]}
    services = replace(services, council=services.council | {"advocacy_sign_in": both})
    assert open_list(services, f"{secret}-{another}") == NOT_FOUND
    assert open_list(services, f"{secret}-{whose}")[0] == 200


def test_an_address_that_was_taken_off_the_file_opens_nothing_any_more(services, link):
    token = link()
    others = {**services.council["advocacy_sign_in"], "emails": ["another@speakup.example"]}
    assert open_list(replace(services, council=services.council | {"advocacy_sign_in": others}), token) == NOT_FOUND


def test_after_the_pepper_was_changed_a_link_on_its_way_still_works(services, link):
    token = link()
    assert open_list(replace(services, peppers=(b"\xbb" * 32, *services.peppers)), token)[0] == 200


@pytest.mark.parametrize("fields", [{}, {"email": " "}, {"email": 5}, {"email": None}, {"token": ["x"]}])
def test_what_does_not_fit_is_said_by_a_code(services, fields):
    status, answer = send_json(services, "sign-in", **fields)
    assert status == 422
    assert set(answer["errors"].values()) <= {"required", "not_text"}


def test_without_an_address_the_page_asks_again_and_kindly(services):
    answer = form(services, email="")
    assert answer.status == 422
    assert 'href="#email"' in answer.body


def test_where_the_council_registers_nobody_there_is_no_such_call(services):
    without = replace(services, council=services.council | {"advocacy_sign_in": None})
    assert ask(without)[0] == web.show_link(f"token={'0' * 32}-{'0' * 32}", without).status == 404


def test_looking_at_a_link_uses_nothing_up_and_says_nothing_about_it(services, letters, link):
    token = link()
    query = urlsplit(link_in(letters()[-1])).query
    first, second = web.show_link(query, services), web.show_link(query, services)
    assert first == second
    assert first.status == 200
    assert token in first.body
    stranger = f"{'0' * 32}-{'0' * 32}"
    assert web.show_link(f"token={stranger}", services).body == first.body.replace(token, stranger)
    assert form(services, token=token).status == 200


@pytest.mark.parametrize("query", ["", "token=", "token=<script>", "token=%00&lang=xx", "&" * 5000, "lang=\ufffd"])
def test_an_address_without_a_link_in_it_is_answered_as_an_old_link(services, query):
    answer = web.show_link(query, services)
    assert answer.status == 404
    assert answer.body == form(services, **{"token": "x"}).body
    assert "<script>" not in answer.body


def test_the_page_of_the_list_keeps_itself_open_when_a_case_is_opened(services, receipt, link):
    named(services, receipt)
    page = form(services, token=link()).body
    assert receipt["reference"] in page
    assert 'action="/api/follow" target="_blank"' in page


def test_the_letter_is_neutral_and_holds_nothing_but_the_link(services, receipt, letters):
    named(services, receipt, advocate_is="Zoltan")
    ask(services, lang="en", voice="standard")
    [letter] = letters()
    parts = [email(letter).get_body((kind,)).get_content() for kind in ("plain", "html")]
    written = email(letter)["Subject"] + "".join(parts)
    assert not re.search(r"complain|child|social|advoca|case|Zoltan", written, re.I)
    assert receipt["reference"] not in written
    assert link_in(letter).startswith(f"{services.council['address']}/api/sign-in?token=")


def test_nobody_gets_more_than_so_many_links_in_a_day(services, clock, letters):
    for _ in range(MOST_A_DAY + 5):
        ask(services)
        clock.move(minutes=MINUTES + 1)
    assert len(letters()) == MOST_A_DAY
    clock.move(hours=24)
    ask(services)
    assert len(letters()) == MOST_A_DAY + 1


def test_what_is_kept_of_an_address_grows_by_nothing_and_names_nobody(services, clock, link):
    for _ in range(MOST_A_DAY + 5):
        token = link()
        clock.move(hours=2)
    whose = token.partition("-")[2]
    record = services.store.link(whose).to_record()
    assert len(record["asked_at"]) <= MOST_A_DAY
    assert token not in str(record)
    assert "speakup" not in str(record)


@pytest.mark.parametrize("happening", ["sent", "unregistered", "not sent", "store crashes"])
def test_no_address_and_no_token_reaches_the_log_or_the_answer(services, logged, happening):  # noqa: F811
    canary = "canary@home.example"
    registered = {
        "provider": "Speak Up Exampleshire",
        "emails": ["x@y.example" if happening == "unregistered" else canary],
    }
    services = replace(services, council=services.council | {"advocacy_sign_in": registered})
    if happening == "not sent":
        services = replace(services, messenger=Refusing())
    if happening == "store crashes":
        services = replace(services, store=Crashing())
    answers = [ask(services, canary), open_list(services, "canary"), form(services, email=canary)]
    web.show_link("token=canary", services)
    assert answers[0] == (202, {"minutes": MINUTES})
    assert "canary" not in logged.getvalue() + repr(answers)
    assert '"step": "link"' in logged.getvalue()


class Refusing:
    def send(self, *_):
        raise NotSent("mail_server_unreachable")


class Racing:
    """A store where somebody else always comes first, a few times."""

    def __init__(self, store):
        self.store, self.lost = store, 0

    def __getattr__(self, name):
        return getattr(self.store, name)

    def keep_link(self, link):
        if self.lost < 2:
            self.lost += 1
            raise StaleCase(link.address_id)
        self.store.keep_link(link)


def test_who_asks_while_somebody_else_does_gets_a_link_too(services, letters):
    ask(replace(services, store=Racing(services.store)))
    assert len(letters()) == 1
