"""Every text that is asked for is there, every text that is there is asked for, and the voices agree on its blanks."""

import re
import string
import unicodedata
from functools import cache
from itertools import chain

import pytest
import yaml

from heard.case import STATUSES
from heard.controls import error_word
from heard.forms import FOLLOW_UPS, FORMS
from heard.places import PAGES
from heard.timeline import OUTCOMES
from heard.update import HOLD_REASONS
from heard.wording import COUNTED, VOICES, Words, languages, read_compiled
from tests.conftest import ROOT

ERRORS = (
    "required", "too_long", "unknown_choice", "not_text", "not_a_list", "repeated", "unreadable", "not_an_email",
    "not_a_phone", "leave_empty", "unknown",
)  # fmt: skip
SORRY = ("not_found", "too_big", "not_understood", "broken")
# Keys that the code puts together: how they begin, and every way they go on.
COMPOSED = {
    "about.": ("complaint", "compliment", "comment", "follow"),
    "check.notices.": ("no_email", "no_phone", "no_address", "not_said_safe"),
    "check.send.": FORMS,
    "errors.": ERRORS,
    "follow.": ("empty", "not_found"),
    "form.promises.": ("danger", "read", "share", "safe", "fair", "language"),
    "frame.": VOICES,
    "home.about.": ("help", "what-happens", "rights", "contact"),
    "home.door.": VOICES,
    "pages.": PAGES,
    "receipt.due.": FORMS,
    "receipt.title.": FORMS,
    "stages.": ("statutory", "corporate"),
    "stages.step.": ("mediation",),
    "sign_in.": tuple(f"{state}.{part}" for state in ("ask", "sent", "open", "gone") for part in ("title", "text")),
    "sorry.": tuple(f"{reason}.{part}" for reason in SORRY for part in ("title", "text")),
    "timeline.hold_reason.": HOLD_REASONS,
    "timeline.kinds.": FORMS,
    "say.button.": FOLLOW_UPS,
    "timeline.outcome.": (*OUTCOMES, "not_yet"),
    "timeline.step.": ("received", "delivered", *STATUSES, *FOLLOW_UPS),
}
# What the code fills in. A limit is never written into a text: it lives with the question.
BLANKS = {
    "acknowledge", "address", "council", "count", "date", "days", "due", "longest", "max_length", "minutes", "phone",
    "provider", "reference", "stage", "team",
}  # fmt: skip


def all_words():
    """Every key of every text, from wording.yml and from the forms, with its text in each voice."""
    return read_compiled("words/en.json.gz")["words"]


@cache
def sections():
    return tuple(yaml.safe_load((ROOT / "content" / "wording.yml").read_text(encoding="utf-8")))


def shared_keys():
    return {key for key in all_words() if key.partition(".")[0] in sections() and not key.startswith(FORMS)}


def code_that_speaks():
    places = ((ROOT / "site", "templates/*"), (ROOT / "site", "theme/**/*.html"), (ROOT / "functions/heard", "*.py"))
    found = chain.from_iterable(folder.glob(pattern) for folder, pattern in places)
    return "\n".join(path.read_text(encoding="utf-8") for path in found)


def quoted_keys():
    """Keys in quotes: whole ones, and the beginnings of those that are put together."""
    found = re.findall(rf"[\"']((?:{'|'.join(sections())})\.[a-z0-9_.-]*)(?=[\"'{{])", code_that_speaks())
    return {key for key in found if not key.endswith((".html", ".txt", ".sqlite"))}


def asked_for():
    whole = {key for key in quoted_keys() if not key.endswith(".")}
    return whole | {start + end for start, ends in COMPOSED.items() for end in ends}


def every_single_text():
    return [(key, text) for key, texts in all_words().items() for text in texts.values()]


def blanks(text):
    counted = {found[1] for found in COUNTED.finditer(text)}
    return counted | {name for _, name, _, _ in string.Formatter().parse(COUNTED.sub("", text)) if name is not None}


def test_every_key_that_is_put_together_is_known_here():
    assert {key for key in quoted_keys() if key.endswith(".")} == set(COMPOSED)


def test_every_text_that_is_asked_for_is_there():
    assert not asked_for() - shared_keys()


def test_every_text_that_is_there_is_asked_for():
    assert not shared_keys() - asked_for()


def test_every_problem_an_answer_can_have_has_words():
    rules = (ROOT / "functions" / "heard" / "answers.py").read_text(encoding="utf-8")
    codes = set(re.findall(r"(?:error=|ValidationError\(|\"invalid\": |\"required\": )\"(\w+)\"", rules))

    assert len(codes) >= 9
    assert codes <= set(ERRORS)


def test_a_question_has_its_own_words_only_for_problems_it_can_have():
    own = {key.rpartition(".")[2] for key in all_words() if ".errors." in key}

    assert own <= set(ERRORS)


def test_every_text_has_a_standard_voice_for_the_others_to_fall_back_on():
    assert not [key for key, texts in all_words().items() if "standard" not in texts]


def test_the_voices_leave_the_same_blanks():
    different = {key for key, texts in all_words().items() if len({frozenset(blanks(t)) for t in texts.values()}) > 1}

    assert not different


def test_every_blank_is_one_that_the_code_fills():
    assert set().union(*(blanks(text) for _, text in every_single_text())) == BLANKS


def test_words_hold_no_markup():
    assert not [key for key, text in every_single_text() if re.search(r"[<>]|&\w+;|\*\*|\]\(", text)]


def test_words_are_written_tidily():
    assert not [key for key, text in every_single_text() if text != " ".join(text.split())]


@pytest.mark.parametrize("start", ["errors.", "sorry.", "check.notices.", "follow.not_found"])
def test_bad_news_is_told_kindly(start):
    texts = [text for key, text in every_single_text() if key.startswith(start)]

    assert texts
    assert not [text for text in texts if re.search(r"!|invalid|required|\bfield\b|failed|must", text, re.I)]


def test_a_complaint_is_never_called_a_concern():
    assert not [key for key, text in every_single_text() if re.search(r"\bconcerns?\b", text, re.I)]


def test_every_picture_that_is_named_is_drawn():
    templates = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "site" / "templates").iterdir())
    named = set(re.findall(r"material/[a-z0-9-]+", templates))
    pictures = read_compiled("icons.json")

    assert named <= set(pictures)
    assert all("<path" in drawing for drawing in pictures.values())


def test_the_word_before_an_error_brings_no_colon_of_its_own_in_any_script():
    """The one that the macro adds is enough."""
    said = [error_word(Words(language, voice)) for language in languages() for voice in VOICES]
    assert not [word for word in said if unicodedata.category(word[-1]).startswith("P")]


@pytest.mark.parametrize(("language", "written"), [("en", "10,000"), ("es", "10\u00a0000"), ("ar", "10\u00a0000")])
def test_a_big_number_is_written_so_that_nobody_reads_a_decimal_mark_in_it(language, written):
    assert Words(language, "standard").number(10_000) == written
