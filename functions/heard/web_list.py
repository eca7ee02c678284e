"""The call by which an advocacy service opens its list of cases."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from marshmallow import ValidationError

from heard import log, pages
from heard.answers import problem_codes
from heard.case import ADVOCATE
from heard.council import provider_with_a_list
from heard.envelope import SignInSchema
from heard.exchange import Exchange, Response, Unreadable, as_json, words_of
from heard.follow import timeline_for
from heard.holder import Holder, advocates_code
from heard.link import MINUTES
from heard.services import Services
from heard.sign_in import LinkUnknown, ask, is_token, open_list
from heard.web_follow import timeline_data
from heard.wording import Words

LONGEST_QUERY = 500


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
