"""The calls of whoever holds a code: what has become of it, and saying more."""

import secrets
from dataclasses import asdict
from typing import Any

from marshmallow import ValidationError

from heard import log, pages
from heard.answers import AnswersRejected, problem_codes, tidy
from heard.council import provider_with_a_list
from heard.envelope import EnvelopeRejected, SaySchema
from heard.exchange import Exchange, Response, Unreadable, as_file, as_json
from heard.follow import follow, timeline_for
from heard.holder import CodeUnknown
from heard.say import NotForAdvocates, SaidBefore, SaidEnough, Saying, say
from heard.services import Services
from heard.timeline import Timeline

MOST_CASES = 50


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
        return as_file(pages.timeline_text(exchange.words, timeline), f"{timeline.reference}.txt")
    return _told(exchange, timeline, code)


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


def timeline_data(timeline: Timeline) -> dict[str, Any]:
    """The timeline as TimelineSchema describes it."""
    data = asdict(timeline)
    data["steps"] = [
        {"step": step.step, "on": step.on.isoformat(), "new": step.new, **step.said} for step in timeline.steps
    ]
    return data
