"""What a person takes away can be read out, copied with mistakes, and typed in any script."""

import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heard.receipt import (
    LETTERS_AND_DIGITS,
    code_hash,
    code_words,
    read_code,
    read_reference,
    receipt_for,
)

PEPPER = b"a pepper for tests"
keys = st.binary(min_size=16, max_size=16).map(bytes.hex)


@given(keys)
def test_the_same_key_always_gives_the_same_receipt(key):
    assert receipt_for(key, PEPPER) == receipt_for(key, PEPPER)


def test_another_pepper_or_another_key_gives_another_receipt():
    receipts = [receipt_for("1" * 32, PEPPER), receipt_for("2" * 32, PEPPER), receipt_for("1" * 32, b"other")]
    for part in ("reference", "code", "code_digits", "code_hash"):
        assert len({getattr(receipt, part) for receipt in receipts}) == 3


def test_a_key_makes_one_case_whichever_pepper_is_in_use():
    assert receipt_for("1" * 32, PEPPER).case_id == receipt_for("1" * 32, b"other").case_id
    assert receipt_for("1" * 32, PEPPER).case_id != receipt_for("2" * 32, PEPPER).case_id


@given(keys)
def test_words_and_digits_are_the_same_secret(key):
    receipt = receipt_for(key, PEPPER)
    assert len(receipt.code.split()) == 5
    assert len(receipt.code_digits) == 20
    assert read_code(receipt.code) == read_code(receipt.code_digits) == int(receipt.code_digits)
    assert code_hash(receipt.code, PEPPER) == code_hash(receipt.code_digits, PEPPER) == receipt.code_hash


def test_the_code_has_between_62_and_65_bits():
    assert 62.5 < 5 * math.log2(len(code_words())) < 64.7
    assert len(code_words()) ** 5 < 10**20


def test_no_code_word_begins_another_so_they_can_stand_without_spaces():
    words = sorted(code_words())
    assert len(set(words)) == len(words)
    assert not [pair for pair in itertools.pairwise(words) if pair[1].startswith(pair[0])]


@given(keys, st.sampled_from([" ", "", "-", "  ", " – ", ". ", "\n", "\u00a0", "_"]), st.booleans())
def test_spaces_case_and_dashes_are_forgiven(key, between, capitals):
    receipt = receipt_for(key, PEPPER)
    typed = between.join(receipt.code.split())
    assert read_code(f"  {typed.upper() if capitals else typed}\t") == int(receipt.code_digits)


@pytest.mark.parametrize("zero", ["0", "٠", "۰", "०", "০", "੦", "０", "𝟎"])
def test_digits_of_any_script_are_read(zero):
    receipt = receipt_for("ab" * 16, PEPPER)
    typed = "".join(chr(ord(zero) + int(digit)) for digit in receipt.code_digits)
    assert read_code(" ".join(typed[i : i + 4] for i in range(0, 20, 4))) == int(receipt.code_digits)


@given(st.text())
def test_any_text_can_be_looked_up_and_none_of_it_raises(typed):
    assert re.fullmatch("[0-9a-f]{64}", code_hash(typed, PEPPER))


@pytest.mark.parametrize(
    "typed", ["", "one", "abacus " * 4, "abacus " * 6, "1" * 19, "1" * 21, "abacus" * 4 + "abacu", "x" * 501]
)
def test_what_cannot_be_a_code_is_none(typed):
    assert read_code(typed) is None


@given(keys)
def test_a_reference_has_no_look_alikes_no_vowels_and_never_three_letters_in_a_row(key):
    reference = receipt_for(key, PEPPER).reference
    assert re.fullmatch(rf"([{LETTERS_AND_DIGITS}]{{3}}-){{3}}[{LETTERS_AND_DIGITS}]{{3}}", reference)
    assert not re.search("[01ABEGILOQSUZ]", reference)
    assert not re.search("[A-Z]{3}", reference.replace("-", ""))


@given(keys)
def test_a_reference_is_read_however_it_is_typed(key):
    reference = receipt_for(key, PEPPER).reference
    assert read_reference(f" {reference.lower().replace('-', ' ')} ") == reference


@given(keys, st.integers(0, 11), st.sampled_from(LETTERS_AND_DIGITS))
def test_one_wrong_character_in_a_reference_is_noticed(key, place, wrong):
    reference = receipt_for(key, PEPPER).reference.replace("-", "")
    typed = reference[:place] + wrong + reference[place + 1 :]
    assert (read_reference(typed) is not None) == (typed == reference)


@given(keys, st.integers(0, 9))
def test_two_swapped_characters_in_a_reference_are_noticed(key, place):
    reference = receipt_for(key, PEPPER).reference.replace("-", "")
    typed = reference[:place] + reference[place + 1] + reference[place] + reference[place + 2 :]
    assert (read_reference(typed) is not None) == (typed == reference)
