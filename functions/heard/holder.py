"""Whoever holds a secret code: the person, or the advocate they named. The code is all they have to show.

A person's code is five words or 20 digits. An advocate's is the case's reference and such a code of their own. It
follows from what the person said when they named them, is stored nowhere, and ends when they take it back.
"""

import hmac
import unicodedata
from dataclasses import dataclass

from heard.case import ADVOCATE, PERSON, Case, Said
from heard.ports import Store
from heard.receipt import Peppers, Receipt, code_hash, read_code, read_reference, receipt_for

REFERENCE_LETTERS = 12


class CodeUnknown(LookupError):
    """No case has this code. Mistyped and never given out are the same answer, found by the same work."""


@dataclass(frozen=True)
class Holder:
    """A case, and who looks at it: PERSON or ADVOCATE."""

    case: Case
    by: str


def holder_of(typed_code: str, store: Store, peppers: Peppers) -> Holder:
    """Raises CodeUnknown."""
    reference, own_code = split(typed_code)
    if reference is not None:
        case = store.with_reference(reference)
        if case is None or not _is_advocates(own_code, case, peppers):
            raise CodeUnknown
        return Holder(case, ADVOCATE)
    for pepper in peppers:
        case = store.with_code_hash(code_hash(typed_code, pepper))
        if case is not None:
            return Holder(case, PERSON)
    raise CodeUnknown


def split(typed_code: str) -> tuple[str | None, str]:
    """An advocate's code in its two parts; for any other text there is no reference."""
    if read_code(typed_code) is not None or len(typed_code) > 500:
        return None, typed_code
    characters = "".join(c for c in unicodedata.normalize("NFKC", typed_code) if c.isalnum())
    return read_reference(characters[:REFERENCE_LETTERS]), characters[REFERENCE_LETTERS:]


def advocates_code(case: Case, peppers: Peppers) -> str | None:
    """What the person gives to their advocate; None while they have named none."""
    return f"{case.reference} {_receipt(case.advocate, peppers[0]).code}" if case.advocate else None


def _receipt(named: Said, pepper: bytes) -> Receipt:
    """Its key is none that anybody can send: the council knows the id, and must not be able to make the code of it."""
    return receipt_for(f"advocate\0{named.id}", pepper)


def _is_advocates(typed: str, case: Case, peppers: Peppers) -> bool:
    if case.advocate is None:
        return False
    given = [hmac.compare_digest(code_hash(typed, pepper), _receipt(case.advocate, pepper).code_hash)
             for pepper in peppers]  # fmt: skip
    return any(given)
