"""Use case: the person says more about their case, with their secret code. Kept with one write, and passed on."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from heard.answers import ADDRESS_FOR, Answers, AnswersRejected, accept, digest
from heard.case import ADVOCATE, Said, size_of
from heard.clock import stamp
from heard.forms import form_named
from heard.holder import Holder, holder_of
from heard.letters import quiet
from heard.ports import StaleCase, Store
from heard.receipt import Peppers
from heard.timeline import ADVOCATES_MAY

TALK = ("tell_more", "next_stage", "ask_for", "closing_questions")
"""What may take all the room there is. For stopping, contact and who looks on some is kept free."""
MOST_BYTES = 120_000
"""In all that is said to one case after its first message, for talk: a store's record has a largest size."""
ADVOCATES_BYTES = 60_000
"""Of these, for what an advocate says."""
RESERVE_BYTES = 40_000
"""Beyond these, for stopping, contact and who looks on."""
LAST_BYTES = 10_000
"""And beyond those, for what takes nothing but a press: nobody is kept from it because there was much to say."""


class SaidEnough(Exception):
    """There is no room left in this case. The person is told how else to reach the team."""


class SaidBefore(Exception):
    """The same page said this before, and then something else took its place. Nothing is changed."""


class NotForAdvocates(Exception):
    """Only the person may say this: stopping, contact, and who else looks on."""


INSTEAD = (("withdraw", "carry_on"), ("name_advocate", "remove_advocate"))
"""Forms that take each other's place."""


@dataclass(frozen=True)
class Saying:
    """What was sent: a form beside the timeline. `key`: 32 hex characters, new with each page that shows the form."""

    code: str
    form: str
    key: str
    raw: Mapping[str, Any]


def say(
    saying: Saying, store: Store, peppers: Peppers, now: datetime, *, texts: bool = False, lists: str | None = None
) -> Holder:
    """Who said it and the case with it, once however often it is sent. `texts`: see letters.may_write.

    `lists`: the advocacy service that has a list of cases. A yes is a yes to this service and to none that follows it.

    Other words under the same key are another thing said: somebody went back and wrote more.
    Raises AnswersRejected, CodeUnknown, FormUnknown, NotForAdvocates, SaidBefore, SaidEnough.
    """
    answers = _complete(saying.form, accept(form_named(saying.form), saying.raw))
    while True:
        holder = holder_of(saying.code, store, peppers)
        case = holder.case
        if holder.by == ADVOCATE and saying.form not in ADVOCATES_MAY:
            raise NotForAdvocates
        facts = (case.id, saying.key, saying.form, digest(answers))
        said_id = hashlib.sha256("\0".join(("said", *facts)).encode()).hexdigest()[:32]
        if any(known.id == said_id for known in case.said):
            return _repeated(holder, said_id)
        listed_for = lists if answers.get("advocate_lists") == "yes" else None
        said = Said(said_id, saying.form, stamp(now), answers, by=holder.by, listed_for=listed_for)
        _has_room(holder, said)
        try:
            return Holder(store.replace(quiet(case.with_said(said), texts=texts)), holder.by)
        except StaleCase:  # the council wrote in between
            continue


def _complete(form: str, answers: Answers) -> Answers:
    """A new contact takes the place of the old one whole, so half a one is asked for again."""
    if form == "change_contact":
        channel = answers.get("contact")
        address, _ = ADDRESS_FOR.get(str(channel), ("contact", ""))
        if address not in answers:
            raise AnswersRejected({address: "required"})
    return answers


def _has_room(holder: Holder, said: Said) -> None:
    """Raises SaidEnough. What an advocate says counts for the person too, and never takes the last room."""
    room = MOST_BYTES + (0 if said.form in TALK else RESERVE_BYTES) + (0 if said.answers else LAST_BYTES)
    advocates = [known for known in (*holder.case.said, said) if known.by == ADVOCATE]
    if size_of((*holder.case.said, said)) > room or (said.by == ADVOCATE and size_of(advocates) > ADVOCATES_BYTES):
        raise SaidEnough


def _repeated(holder: Holder, said_id: str) -> Holder:
    """A repeat changes nothing, unless something was chosen in between: then nobody may be told that this holds."""
    said = next(said for said in holder.case.said if said.id == said_id)
    group = next((group for group in INSTEAD if said.form in group), (said.form,))
    latest = [known for known in holder.case.said if known.form in group][-1]
    if said.form not in TALK and latest.id != said_id:
        raise SaidBefore
    return holder
