"""What a person takes away: a reference to quote and a secret code to follow the case with.

Both are HMACs of the submission's random key under a secret pepper, so that a retry gives the
same receipt and nothing secret is stored: a code is looked up by its own HMAC. After a pepper was
changed, the old ones still open what they gave out.
"""

import hashlib
import hmac
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# No look-alikes (0 O Q, 1 I L, 2 Z, 5 S, 8 B, 6 G, U V) and no vowels. 23 is a prime, which the check character needs.
LETTERS_AND_DIGITS = "23456789CDFHJKMNPRTVWXY"
DIGITS = "23456789"
PATTERN = "xxdxxdxxdxd"  # x any of the 23, d a digit: never three letters in a row, so never a word
WORDS_IN_A_CODE = 5
DIGITS_IN_A_CODE = 20


Peppers = tuple[bytes, ...]
"""Secrets, newest first. The first makes new receipts, the others are for those made before."""


class PepperMissing(LookupError):
    """None of the peppers made this case's receipt: one was taken away too early."""


@dataclass(frozen=True)
class Receipt:
    """Everything that follows from a submission's key."""

    case_id: str
    reference: str
    code: str
    code_digits: str
    code_hash: str


def receipt_for(key: str, pepper: bytes) -> Receipt:
    """The receipt of a submission key (32 hex characters). The same key always gives the same receipt."""
    secret = int.from_bytes(_hmac(pepper, "code", key)) % len(code_words()) ** WORDS_IN_A_CODE
    return Receipt(
        case_id=case_id_for(key),
        reference=_reference(int.from_bytes(_hmac(pepper, "reference", key))),
        code=_in_words(secret),
        code_digits=str(secret).zfill(DIGITS_IN_A_CODE),
        code_hash=_hash_of(str(secret), pepper),
    )


def case_id_for(key: str) -> str:
    """The id of the case that a key makes. No pepper is in it: a key makes one case, whichever pepper is in use."""
    return hashlib.sha256(f"case\0{key}".encode(errors="replace")).hexdigest()[:32]


def receipt_given(key: str, known_hash: str, peppers: Peppers) -> Receipt:
    """The receipt that was given out for a case that is kept; raises PepperMissing."""
    receipts = (receipt_for(key, pepper) for pepper in peppers)
    given = next((receipt for receipt in receipts if receipt.code_hash == known_hash), None)
    if given is None:
        raise PepperMissing
    return given


def code_hash(typed: str, pepper: bytes) -> str:
    """What a typed code is looked up by. Text that is no code gets a hash too, and so the same look-up."""
    secret = read_code(typed)
    return _hash_of(typed if secret is None else str(secret), pepper)


def _hash_of(secret: str, pepper: bytes) -> str:
    return _hmac(pepper, "lookup", secret).hex()


def _hmac(pepper: bytes, purpose: str, text: str) -> bytes:
    return hmac.digest(pepper, f"{purpose}\0{text}".encode(errors="replace"), hashlib.sha256)


@cache
def code_words() -> tuple[str, ...]:
    """6,042 words of the EFF long list: no hyphens, nothing that could hurt a reader; no word begins another."""
    return tuple((Path(__file__).parent / "code_words.txt").read_text(encoding="ascii").split())


@cache
def _word_numbers() -> dict[str, int]:
    return {word: number for number, word in enumerate(code_words())}


def _in_words(secret: int) -> str:
    words = []
    for _ in range(WORDS_IN_A_CODE):
        secret, number = divmod(secret, len(code_words()))
        words.append(code_words()[number])
    return " ".join(words)


def read_code(typed: str) -> int | None:
    """The secret in a typed code, five words or 20 digits, or None if it cannot be one.

    Case, spaces, dashes and dots do not matter, nor does the script the digits are in.
    """
    if len(typed) > 500:
        return None
    characters = [character for character in unicodedata.normalize("NFKC", typed).casefold() if character.isalnum()]
    if len(characters) == DIGITS_IN_A_CODE and all(character.isdecimal() for character in characters):
        return int("".join(characters))
    return _read_words("".join(characters))


def _read_words(letters: str) -> int | None:
    """Words need no space between them: no word begins another, so there is one way to cut them apart."""
    numbers = []
    start = 0
    for end in range(1, len(letters) + 1):
        number = _word_numbers().get(letters[start:end])
        if number is not None:
            numbers.append(number)
            start = end
    if start < len(letters) or len(numbers) != WORDS_IN_A_CODE:
        return None
    secret = 0
    for number in reversed(numbers):
        secret = secret * len(code_words()) + number
    return secret


def _reference(number: int) -> str:
    """Twelve characters in groups of three, the last a check character, e.g. `TM7-MM8-PP9-456`."""
    body = ""
    for kind in PATTERN:
        alphabet = DIGITS if kind == "d" else LETTERS_AND_DIGITS
        number, place = divmod(number, len(alphabet))
        body += alphabet[place]
    return _grouped(body + _check_character(body))


def _grouped(characters: str) -> str:
    return "-".join(characters[start : start + 3] for start in range(0, len(characters), 3))


def _check_character(body: str) -> str:
    """A weighted sum modulo 23: notices any one wrong character and any two neighbours swapped."""
    total = sum(weight * LETTERS_AND_DIGITS.index(character) for weight, character in enumerate(body, start=1))
    return LETTERS_AND_DIGITS[total % len(LETTERS_AND_DIGITS)]


def read_reference(typed: str) -> str | None:
    """The reference as we write it, or None when it cannot be one: a character is wrong or two are swapped."""
    characters = "".join(c for c in unicodedata.normalize("NFKC", typed).upper() if c.isalnum())
    if len(characters) != len(PATTERN) + 1 or not set(characters) <= set(LETTERS_AND_DIGITS):
        return None
    return _grouped(characters) if _check_character(characters[:-1]) == characters[-1] else None
