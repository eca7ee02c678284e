"""The examples are what Heard really sends, and show all that a council has to be ready for."""

import unicodedata

import fastjsonschema
import pytest

from heard.council.verify import EXAMPLES, examples
from heard.message import schema
from tests.council.examples import as_file, made


def test_each_example_is_what_heard_sends_today(services, clock):
    """When this fails after a change that is meant: python -m tests.council.examples"""
    kept = {path.stem: path.read_text("utf-8") for path in EXAMPLES.glob("*.json")}
    assert kept == {name: as_file(message) for name, message in made(services, clock).items()}


@pytest.mark.parametrize("name", examples())
def test_each_example_fits_the_published_schema(name):
    message = examples()[name]
    fastjsonschema.validate(schema("message" if message["type"] == "submission" else "event"), message)


def submissions():
    return [message for message in examples().values() if message["type"] == "submission"]


def test_every_form_and_every_voice_is_among_them():
    assert {message["kind"] for message in submissions()} == {"complaint", "compliment", "comment"}
    assert {message["voice"] for message in submissions()} == {"standard", "easy", "young"}


def test_the_smallest_holds_a_message_alone_and_the_fullest_all_there_can_be():
    smallest, fullest = examples()["smallest"], examples()["fullest"]
    assert (len(smallest["text"]), smallest["choices"], smallest["placement"]) == (1, {}, None)
    assert not any(smallest["contact"].values()) | any(smallest["advocate"].values()) | any(smallest["needs"].values())
    assert all(fullest["advocate"].values()) & all(fullest["needs"].values()) & all(fullest["due"].values())
    assert [name for name, value in fullest["contact"].items() if value is None] == ["phone", "postal_address"]
    assert set(fullest["due"]) == {"acknowledge", "answer", "longest"}


def test_somebody_who_says_nothing_about_themselves_is_among_them():
    anonymous = examples()["anonymous"]
    assert anonymous["contact"]["channel"] == "none"
    assert {"name", "child_name"}.isdisjoint(anonymous["text"])
    assert "who" not in anonymous["choices"]


def test_other_scripts_emoji_and_what_looks_like_code_are_among_them():
    texts = {name: "".join(examples()[name]["text"].values()) for name in ("arabic", "emoji", "looks_like_code")}
    assert "ARABIC LETTER HAH" in {unicodedata.name(character, "") for character in texts["arabic"]}
    assert any(ord(character) > 0xFFFF for character in texts["emoji"])
    assert texts["looks_like_code"].startswith("=1+1")
    assert "<b>" in texts["looks_like_code"]


def test_the_first_copy_may_already_say_that_it_may_be_a_repeat():
    example = examples()["may_be_a_repeat"]
    assert example["possible_duplicate"]
    assert example["attempt"] == 2


def test_an_event_is_about_one_of_the_cases():
    event = examples()["contact_failed"]
    assert event["reference"] == examples()["fullest"]["reference"]
    assert event["id"] not in {message["id"] for message in submissions()}


def test_nobody_real_is_in_any_of_them():
    for message in submissions():
        email, phone = message["contact"]["email"], message["contact"]["phone"]
        assert email is None or email.endswith(".example")
        assert phone is None or phone.startswith("07700 900")  # Ofcom keeps these for drama
        assert any("Nobody wrote it." in text for text in message["text"].values())
