"""The calls that take a message: is it fit to send, send it, and the receipt once more as a file."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any

from heard import log, pages
from heard.answers import Answers, AnswersRejected, digest, tidy
from heard.check import check
from heard.clock import day_in_england
from heard.controls import HONEYPOT
from heard.envelope import Envelope, EnvelopeRejected, answers_in, open_envelope
from heard.exchange import Exchange, Response, Unreadable, as_file, as_json
from heard.forms import form_named
from heard.receipt import Peppers
from heard.receive import Accepted, KeyUsed, Submission, receipt_again, receive
from heard.services import Services
from heard.wording import Words

NOT_AN_ANSWER = ("change", HONEYPOT)


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
    return as_file(text, exchange.words("receipt.file_name"))


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
