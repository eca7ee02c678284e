"""Whoever holds a secret code: the person, or their advocate. Their code is all they have to show."""

from heard.case import Case
from heard.ports import Store
from heard.receipt import Peppers, code_hash


class CodeUnknown(LookupError):
    """No case has this code. Mistyped and never given out are the same answer, found by the same work."""


def case_with_code(typed_code: str, store: Store, peppers: Peppers) -> Case:
    """Raises CodeUnknown."""
    for pepper in peppers:
        case = store.with_code_hash(code_hash(typed_code, pepper))
        if case is not None:
            return case
    raise CodeUnknown
