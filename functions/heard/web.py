"""HTTP in, HTTP out, whatever serves it: forms get pages, programs get JSON, both from the same use cases.

The host and the Lambda handlers are thin fronts of this module, so that both answer alike. Each call's own part is in
web_send, web_follow or web_list.
"""

from collections.abc import Callable
from datetime import timedelta

from heard import log, pages
from heard.envelope import EnvelopeRejected
from heard.exchange import Exchange, Request, Response, Unreadable, as_json, read_body, words_of
from heard.holder import CodeUnknown
from heard.services import Services
from heard.web_follow import answer_follow, answer_say
from heard.web_list import answer_sign_in, show_link
from heard.web_send import answer_check, answer_receipt, answer_send
from heard.wording import Words

__all__ = ["STEPS", "answer", "show_link"]

STEPS: dict[str, Callable[[Exchange, Services], Response]] = {
    "check": answer_check,
    "send": answer_send,
    "receipt": answer_receipt,
    "follow": answer_follow,
    "say": answer_say,
    "sign-in": answer_sign_in,
}


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


def _no_such_code(request: Request, words: Words) -> Response:
    if request.is_json:
        return as_json(404, {"errors": {"code": "not_found"}})
    return Response(404, pages.follow_page(words, "not_found"))
