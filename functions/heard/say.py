"""Use case: the person says more about their case, with their secret code. Kept with one write, and passed on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heard.answers import accept, digest
from heard.case import ADVOCATE, Said
from heard.clock import stamp
from heard.forms import form_named
from heard.holder import Holder, holder_of
from heard.letters import quiet
from heard.ports import StaleCase, Store
from heard.receipt import Peppers
from heard.timeline import ADVOCATES_MAY

MOST_LETTERS = 60_000
"""In all that is said to one case after its first message, and what each time takes beside the words.

A store's record has a largest size.
"""


class SaidEnough(Exception):
    """There is no room left in this case. The person is told how else to reach the team."""


class NotForAdvocates(Exception):
    """Only the person may say this: stopping, contact, and who else looks on."""


@dataclass(frozen=True)
class Saying:
    """What was sent: a form beside the timeline. `key`: 32 hex characters, new with each page that shows the form."""

    code: str
    form: str
    key: str
    raw: Mapping[str, Any]


def say(saying: Saying, store: Store, peppers: Peppers, now: datetime) -> Holder:
    """Who said it and the case with it, once however often it is sent.

    Other words under the same key are another thing said: somebody went back and wrote more.
    Raises AnswersRejected, CodeUnknown, FormUnknown, NotForAdvocates, SaidEnough.
    """
    answers = accept(form_named(saying.form), saying.raw)
    while True:
        holder = holder_of(saying.code, store, peppers)
        case = holder.case
        if holder.by == ADVOCATE and saying.form not in ADVOCATES_MAY:
            raise NotForAdvocates
        facts = (case.id, saying.key, saying.form, digest(answers))
        said_id = hashlib.sha256("\0".join(("said", *facts)).encode()).hexdigest()[:32]
        if any(known.id == said_id for known in case.said):
            return holder
        if sum(len(str(known)) for known in case.said) + len(str(answers)) > MOST_LETTERS:
            raise SaidEnough
        try:
            said = Said(said_id, saying.form, stamp(now), answers, by=holder.by)
            return Holder(store.replace(quiet(case.with_said(said))), holder.by)
        except StaleCase:  # the council wrote in between
            continue
