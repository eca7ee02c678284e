"""Use case: what has become of it? Answered to whoever holds the secret code: the person, or their advocate."""

from dataclasses import dataclass
from datetime import datetime

from heard.case import Case, Step, steps_of
from heard.ports import Store
from heard.receipt import Peppers, code_hash


class CodeUnknown(LookupError):
    """No case has this code. Mistyped and never given out are the same answer, found by the same work."""


@dataclass(frozen=True)
class Timeline:
    """What the holder of a code may see. No answer the person gave is in it."""

    reference: str
    kind: str
    status: str
    steps: list[Step]
    due: str | None
    longest: str | None
    awaited: bool
    late: bool


def follow(typed_code: str, store: Store, peppers: Peppers, now: datetime) -> Timeline:
    """The timeline of the case with this code; raises CodeUnknown."""
    for pepper in peppers:
        case = store.with_code_hash(code_hash(typed_code, pepper))
        if case is not None:
            return timeline_of(case, now)
    raise CodeUnknown


def timeline_of(case: Case, now: datetime) -> Timeline:
    steps = steps_of(case)
    return Timeline(
        reference=case.reference,
        kind=case.form,
        status=steps[-1].step,
        steps=steps,
        due=case.answer_due,
        longest=(case.due or {}).get("longest"),
        awaited=case.is_awaited,
        late=case.is_late(now),
    )
