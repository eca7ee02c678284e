"""HTTP in, HTTP out, whatever serves it: forms get pages, programs get JSON, both from the same use cases.

The host and the Lambda handlers are thin fronts of this module, so that both answer alike.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from marshmallow import ValidationError

from heard import log, pages
from heard.answers import Answers, AnswersRejected, digest, problem_codes, tidy
from heard.case import ADVOCATE
from heard.check import check
from heard.clock import day_in_england
from heard.controls import HONEYPOT
from heard.council import provider_with_a_list
from heard.envelope import Envelope, EnvelopeRejected, SaySchema, SignInSchema, answers_in, open_envelope
from heard.exchange import Exchange, Request, Response, Unreadable, as_json, read_body, words_of
from heard.follow import follow, timeline_for
from heard.forms import form_named
from heard.holder import CodeUnknown, Holder, advocates_code
from heard.link import MINUTES
from heard.receipt import Peppers
from heard.receive import Accepted, KeyUsed, Submission, receipt_again, receive
from heard.say import NotForAdvocates, SaidBefore, SaidEnough, Saying, say
from heard.services import Services
from heard.sign_in import LinkUnknown, ask, is_token, open_list
from heard.timeline import Timeline
from heard.wording import Words

MOST_CASES = 50
LONGEST_QUERY = 500
NOT_AN_ANSWER = ("change", HONEYPOT)


def answer(step: str, request: Request, services: Services) -> Response:
    """Answers one POST to /api/<step>. Never raises: what fails is said kindly, and logged without content."""
    started = services.clock()
    response = _answer(step, request, services)
    milliseconds = int((services.clock() - started) / timedelta(milliseconds=1))
    log.note(step, outcome=str(response.status), reference=response.about, milliseconds=milliseconds)
    return response


def _answer(step: str, request: Request, services: Services) -> Response:
    words = Words("en", "standard")
    try:
        sent = read_body(request)
        words = words_of(sent)
        return STEPS[step](Exchange(request, sent, words), services)
    except Unreadable as unreadable:
        return sorry(request, words, unreadable.status, unreadable.reason)
    except EnvelopeRejected as rejected:
        if request.is_json:
            return as_json(422, {"errors": rejected.problems})
        return sorry(request, words, 400, "not_understood")
    except CodeUnknown:
        return _no_such_code(request, words)
    except Exception as broken:  # the last place where it can be told without its content
        log.note(step, outcome="broken", problem=log.where(broken))
        return sorry(request, words, 500, "broken")


def sorry(request: Request, words: Words, status: int, reason: str) -> Response:
    if request.is_json:
        return as_json(status, {"errors": {"body": reason}})
    return Response(status, pages.sorry_page(words, reason))


def answer_check(exchange: Exchange, services: Services) -> Response:
    envelope = open_envelope(exchange.sent)
    raw = answers_in(exchange.sent, NOT_AN_ANSWER)
    if exchange.sent.get("change") and not exchange.request.is_json:
        return Response(200, pages.form_page(_filled(envelope, exchange.words, tidy(raw))))
    try:
        checked = check(envelope.form, raw)
        _no_machine(exchange.sent)
    except AnswersRejected as rejected:
        return _rejected(exchange, envelope, raw, rejected)
    key = envelope.key or _key_without_scripts(exchange, envelope, checked.answers, services)
    if exchange.request.is_json:
        return as_json(200, {"answers": checked.answers, "notices": list(checked.notices), "key": key})
    filled = _filled(envelope, exchange.words, checked.answers, key=key)
    return Response(200, pages.check_page(filled, checked.notices))


def answer_send(exchange: Exchange, services: Services) -> Response:
    envelope = open_envelope(exchange.sent)
    raw = answers_in(exchange.sent, NOT_AN_ANSWER)
    if envelope.key is None and exchange.request.is_json:
        raise EnvelopeRejected({"key": "required"})
    try:
        checked = check(envelope.form, raw)
        _no_machine(exchange.sent)
    except AnswersRejected as rejected:
        return _rejected(exchange, envelope, raw, rejected)
    if envelope.key is None:  # nobody has seen these answers read back yet
        return answer_check(exchange, services)
    try:
        accepted = _receive(envelope, envelope.key, checked.answers, services)
    except KeyUsed:
        return _used(exchange, envelope, envelope.key, checked.answers, services)
    except Exception as broken:
        if exchange.request.is_json:
            raise
        log.note("send", outcome="broken", problem=log.where(broken))
        filled = _filled(envelope, exchange.words, checked.answers, key=envelope.key)
        return Response(500, pages.check_page(filled, warning="check.out_of_order"))
    return _accepted(exchange, envelope.key, accepted)


def _receive(envelope: Envelope, key: str, answers: Answers, services: Services) -> Accepted:
    submission = Submission(
        key, envelope.form, envelope.form_version, envelope.lang, envelope.voice, answers, envelope.placement
    )
    return receive(submission, services.store, services.peppers, services.council, services.calendar, services.clock())


def _accepted(exchange: Exchange, key: str, accepted: Accepted) -> Response:
    receipt, case = accepted.receipt, accepted.case
    status = 200 if accepted.repeated else 201
    if exchange.request.is_json:
        due = (case.due or {}).get("answer")
        data = {"reference": receipt.reference, "code": receipt.code, "code_digits": receipt.code_digits, "due": due}
        return as_json(status, data, about=receipt.reference)
    return Response(status, pages.receipt_page(exchange.words, receipt, case, key), about=receipt.reference)


def _used(exchange: Exchange, envelope: Envelope, key: str, answers: Answers, services: Services) -> Response:
    """Sent before, changed since. The new words are kept on the page, under a key that repeats with them."""
    if exchange.request.is_json:
        return as_json(409, {"errors": {"key": "used"}})
    next_key = _keyed_hash(services.peppers, "after", key, digest(answers))
    filled = _filled(envelope, exchange.words, answers, key=next_key)
    return Response(409, pages.check_page(filled, warning="check.changed_after_sending"))


def answer_receipt(exchange: Exchange, services: Services) -> Response:
    """The receipt as a file to keep, for whoever holds the key: the page that showed it."""
    key = exchange.sent.get("key")
    accepted = receipt_again(key, services.store, services.peppers) if isinstance(key, str) else None
    if accepted is None:
        raise Unreadable(404, "not_found")
    text = pages.receipt_text(exchange.words, accepted.receipt, accepted.case)
    return _as_file(text, exchange.words("receipt.file_name"))


def answer_follow(exchange: Exchange, services: Services) -> Response:
    """The timeline of one case. Several `codes`, one a line, give a list of cases: nobody keeps it but that page."""
    codes, code = exchange.sent.get("codes"), exchange.sent.get("code")
    if isinstance(codes, str) and codes.strip():
        return _several(exchange, codes, services)
    if not isinstance(code, str) or not code.strip():
        if exchange.request.is_json:
            return as_json(422, {"errors": {"code": "required"}})
        return Response(422, pages.follow_page(exchange.words, "empty"))
    timeline = follow(code, services.store, services.peppers, services.clock())
    if "save" in exchange.sent and not exchange.request.is_json:
        return _as_file(pages.timeline_text(exchange.words, timeline), f"{timeline.reference}.txt")
    return _told(exchange, timeline, code)


def _as_file(text: str, name: str) -> Response:
    return Response(200, text, "text/plain; charset=utf-8", {"Content-Disposition": f'attachment; filename="{name}"'})


def _several(exchange: Exchange, codes: str, services: Services) -> Response:
    found, missed = {}, 0
    typed = dict.fromkeys(line.strip() for line in codes.splitlines() if line.strip())
    for code in list(typed)[:MOST_CASES]:
        try:
            found[code] = follow(code, services.store, services.peppers, services.clock(), look=False)
        except CodeUnknown:
            missed += 1
    if exchange.request.is_json:
        return as_json(200, {"cases": [timeline_data(timeline) for timeline in found.values()], "not_found": missed})
    return Response(200, pages.cases_page(exchange.words, found, missed))


def answer_sign_in(exchange: Exchange, services: Services) -> Response:
    """An address that wants a link, or the token of one: then the list of an advocacy service, this once."""
    if provider_with_a_list(services.council) is None:
        raise Unreadable(404, "not_found")
    try:
        sent = SignInSchema().load(exchange.sent)
    except ValidationError as rejected:
        if exchange.request.is_json:
            return as_json(422, {"errors": problem_codes(rejected)})
        return Response(422, pages.sign_in_page(exchange.words, "ask", empty=True))
    if "token" in sent:
        return _list(exchange, sent["token"], services)
    _ask_for_a_link(sent["email"], exchange.words, services)
    if exchange.request.is_json:
        return as_json(202, {"minutes": MINUTES})
    return Response(202, pages.sign_in_page(exchange.words, "sent"))


def _ask_for_a_link(address: str, words: Words, services: Services) -> None:
    """The answer is the same whatever comes of it. What that is stands in the log, without the address."""
    store, messenger, now = services.store, services.messenger, services.clock()
    try:
        outcome = ask(address, words, store, messenger, services.peppers, services.council, now)
    except Exception as broken:
        log.note("link", outcome="broken", problem=log.where(broken))
    else:
        log.note("link", outcome=outcome)


def _list(exchange: Exchange, token: str, services: Services) -> Response:
    """Each case as its advocate may see it, by the advocate's code. Nobody's news is seen by that."""
    now = services.clock()
    try:
        cases = open_list(token, services.store, services.peppers, services.council, now)
    except LinkUnknown:
        if exchange.request.is_json:
            return as_json(404, {"errors": {"token": "not_found"}})
        return Response(404, pages.sign_in_page(exchange.words, "gone"))
    codes = {advocates_code(case, services.peppers) or "": case for case in cases}
    found = {code: timeline_for(Holder(case, ADVOCATE), services.peppers, now) for code, case in codes.items()}
    if exchange.request.is_json:
        told = [timeline_data(replace(timeline, advocates_code=code)) for code, timeline in found.items()]
        return as_json(200, {"cases": told})
    return Response(200, pages.cases_page(exchange.words, found, missed=0, listed=True))


def show_link(query: str, services: Services) -> Response:
    """GET /api/sign-in: the page that a link in an email opens. Mail scanners open links too, so it has only a button.

    It says nothing about the token but whether it has the shape of one.
    """
    sent: dict[str, Any] = dict(parse_qsl(query[:LONGEST_QUERY]))
    words, token = words_of(sent), sent.get("token", "")
    if provider_with_a_list(services.council) is None:
        return Response(404, pages.sorry_page(words, "not_found"))
    if not is_token(token):
        return Response(404, pages.sign_in_page(words, "gone"))
    return Response(200, pages.sign_in_page(words, "open", token))


def answer_say(exchange: Exchange, services: Services) -> Response:
    """One of the forms beside the timeline. The answer is the timeline, with what was said in it."""
    saying = _saying(exchange.sent)
    rejected: dict[str, str] = {}
    try:
        texts = services.council["text_messages"]
        lists = provider_with_a_list(services.council)
        holder = say(saying, services.store, services.peppers, services.clock(), texts=texts, lists=lists)
        timeline = timeline_for(holder, services.peppers, services.clock())
    except SaidEnough:
        return _not_said(exchange, saying, services, 413, "say.full")
    except SaidBefore:
        if exchange.request.is_json:
            return as_json(409, {"errors": {"key": "used"}})
        timeline = follow(saying.code, services.store, services.peppers, services.clock())
        return _told(exchange, timeline, saying.code, status=409)
    except NotForAdvocates:
        raise EnvelopeRejected({"form": "unknown_choice"}) from None
    except AnswersRejected as refused:
        if exchange.request.is_json:
            return as_json(422, {"errors": refused.problems})
        timeline = follow(saying.code, services.store, services.peppers, services.clock())
        rejected = refused.problems
    except CodeUnknown:
        raise
    except Exception as broken:
        if exchange.request.is_json:
            raise
        log.note("say", outcome="broken", problem=log.where(broken))
        return _not_said(exchange, saying, services, 500, "check.out_of_order")
    return _told(exchange, timeline, saying.code, pages.Offered(saying.form, tidy(saying.raw), rejected))


def _not_said(exchange: Exchange, saying: Saying, services: Services, status: int, warning: str) -> Response:
    """Nothing was kept. What was typed is still in its form."""
    if exchange.request.is_json:
        raise Unreadable(status, warning.split(".")[1])
    timeline = follow(saying.code, services.store, services.peppers, services.clock(), look=False)
    offered = pages.Offered(saying.form, tidy(saying.raw), {}, warning)
    return _told(exchange, timeline, saying.code, offered, status)


def _saying(sent: dict[str, Any]) -> Saying:
    """Raises EnvelopeRejected."""
    common = {name: sent[name] for name in SaySchema().fields if sent.get(name) not in (None, "")}
    try:
        loaded = SaySchema().load(common)
    except ValidationError as rejected:
        raise EnvelopeRejected(problem_codes(rejected)) from None
    raw = {name: value for name, value in sent.items() if name not in SaySchema().fields}
    return Saying(loaded["code"], loaded["form"], loaded["key"], raw)


def _told(
    exchange: Exchange, timeline: Timeline, code: str, offered: pages.Offered | None = None, status: int = 200
) -> Response:
    status = 422 if offered and offered.problems else status
    if exchange.request.is_json:
        return as_json(status, timeline_data(timeline), about=timeline.reference)
    held = pages.Held(code, secrets.token_hex(16), offered)
    return Response(status, pages.timeline_page(exchange.words, timeline, held), about=timeline.reference)


def _no_such_code(request: Request, words: Words) -> Response:
    if request.is_json:
        return as_json(404, {"errors": {"code": "not_found"}})
    return Response(404, pages.follow_page(words, "not_found"))


def timeline_data(timeline: Timeline) -> dict[str, Any]:
    """The timeline as TimelineSchema describes it."""
    data = asdict(timeline)
    data["steps"] = [
        {"step": step.step, "on": step.on.isoformat(), "new": step.new, **step.said} for step in timeline.steps
    ]
    return data


STEPS: dict[str, Callable[[Exchange, Services], Response]] = {
    "check": answer_check,
    "send": answer_send,
    "receipt": answer_receipt,
    "follow": answer_follow,
    "say": answer_say,
    "sign-in": answer_sign_in,
}


def _filled(envelope: Envelope, words: Words, answers: dict[str, Any], **more: Any) -> pages.Filled:
    given = {"key": envelope.key, "placement": envelope.placement, **more}
    return pages.Filled(form_named(envelope.form), words, answers, **given)


def _rejected(exchange: Exchange, envelope: Envelope, raw: dict[str, Any], rejected: AnswersRejected) -> Response:
    if exchange.request.is_json:
        return as_json(422, {"errors": rejected.problems})
    return Response(422, pages.form_page(_filled(envelope, exchange.words, tidy(raw), problems=rejected.problems)))


def _no_machine(sent: dict[str, Any]) -> None:
    if sent.get(HONEYPOT):
        raise AnswersRejected({HONEYPOT: "leave_empty"})


def _key_without_scripts(exchange: Exchange, envelope: Envelope, answers: Answers, services: Services) -> str:
    """A key for a browser that brought none.

    Programs get a random one. A page without scripts cannot keep one, and Back asks for the check page
    again; so the same answers from the same browser on the same day give the same key, and one filled
    form stays one case. The day ends at four in the morning, when fewest people are writing.
    """
    if exchange.request.is_json:
        return secrets.token_hex(16)
    day = day_in_england(services.clock() - timedelta(hours=4)).isoformat()
    return _keyed_hash(services.peppers, "first", exchange.request.sender, day, envelope.form, digest(answers))


def _keyed_hash(peppers: Peppers, *parts: str) -> str:
    return hmac.digest(peppers[0], "\0".join(("key", *parts)).encode(errors="replace"), hashlib.sha256).hex()[:32]
