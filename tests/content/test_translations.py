"""Every translation says what the English says: the same places to fill, the right script, and nothing left behind.

A language that is not complete yet is not published, and what there is of it is held to the same.
"""

import re
import sys
import unicodedata

import babel
import pytest

from heard.wording import COUNTED, FORM, Words
from tests.conftest import ROOT, SITE

sys.path.insert(0, str(ROOT / "site"))  # scripts, not a package

import languages
import words

ROWS = languages.rows()
BEGUN = [tag for tag in words.languages() if words.path_of(tag).exists()]
PUBLISHED = [tag for tag in words.languages() if languages.is_complete(tag)]
NAMES = re.compile(
    r"Childline|Help at Hand|NSPCC|Coram|Voice|Family Rights Group|Ombudsman|Samaritans|Easy Read|BSL|QR|Shift|Heard"
)
SHORT = ("frame.", "pages.")  # buttons and links, where there is little room
MARKS = re.compile(r"\{\w+(?=\}|, plural)|<[^>]+>|https?://\S+")
BESIDE = re.compile(r"[(（][A-Za-z ]+[)）]|\S+@\S+")
"""The English word that people will hear, after their own; and addresses."""
PROPER = re.compile(r"helplines\.\w+\.name|receipt\.file_name")

every_language = pytest.mark.parametrize("tag", BEGUN)


def texts_of(tag):
    """(key, English, translation) of all that is translated."""
    return [(c, str(m.id), str(m.string)) for c, m in words.read(tag).items() if m.string and not m.fuzzy]


def letters(text):
    return [character for character in MARKS.sub("", text) if unicodedata.category(character) in ("Ll", "Lu", "Lo")]


def is_of(script, character):
    return unicodedata.name(character, "").startswith(script)


def test_there_are_nineteen_languages_and_five_are_written_from_right_to_left():
    assert len(ROWS) == 19
    assert sorted(tag for tag, row in ROWS.items() if row["direction"] == "rtl") == ["ar", "ckb", "prs", "ps", "ur"]


def test_the_catalogue_for_translators_is_that_of_the_english_as_it_is_now(tmp_path):
    words.write(words.template(), tmp_path / "now.pot")
    assert words.TEMPLATE.read_text() == (tmp_path / "now.pot").read_text(), "run: heard words extract"


@every_language
def test_no_text_is_left_over_from_an_english_one_that_is_gone(tag):
    now = {str(message.context) for message in words.template() if message.id}
    assert set(words.read(tag)) <= now, "run: heard words merge"


@every_language
def test_places_to_fill_and_marks_are_those_of_the_english(tag):
    wrong = {
        c: text for c, english, text in texts_of(tag) if sorted(MARKS.findall(text)) != sorted(MARKS.findall(english))
    }
    assert wrong == {}


@every_language
def test_texts_are_in_the_script_of_the_language(tag):
    """Names of English bodies stay in Latin letters. What else is in another script is a mistake of the eye."""
    script = ROWS[tag]["script"]
    wrong = {}
    for context, _, text in texts_of(tag):
        found = [] if PROPER.match(context) else letters(NAMES.sub("", BESIDE.sub("", text)))
        foreign = [character for character in found if not is_of(script, character)]
        if script != "LATIN" and all(is_of("LATIN", character) for character in foreign):
            foreign = foreign if len(foreign) > len(found) / 2 and len(found) > 3 else []
        if foreign:
            wrong[context] = text
    assert wrong == {}


@every_language
def test_no_english_is_left(tag):
    """Proper names stay as they are."""
    said = [(c, english, text) for c, english, text in texts_of(tag) if not PROPER.match(c)]
    same = {c for c, english, text in said if text == english and len(NAMES.sub("", text).split()) > 2}
    assert same == set()


@every_language
def test_texts_fit_where_the_english_fits(tag):
    room = 1 if ROWS[tag]["script"] != "CJK" else 0.6
    wrong = {
        c: text
        for c, english, text in texts_of(tag)
        if len(text) > room * ((2.2 if c.startswith(SHORT) else 2.6) * len(english) + 32)
    }
    assert wrong == {}


@pytest.mark.parametrize("tag", [tag for tag in BEGUN if (languages.PAGES / tag).is_dir()])
def test_prose_calls_the_same_things_as_the_english(tag):
    """Links, numbers, phone numbers and names come from macros: each as often as in English, in any order."""
    wrong = {}
    for path in languages.prose():
        own = languages.PAGES / tag / path
        if own.exists():
            calls = [sorted(called(page.read_text())) for page in (languages.PAGES / "en" / path, own)]
            if calls[0] != calls[1]:
                wrong[path] = calls
    assert wrong == {}


def forms_of(tag):
    """CLDR's names of the forms that whole numbers from one on take in this language."""
    locale = babel.Locale.parse(ROWS[tag].get("like", tag), sep="-")
    return {locale.plural_form(number) for number in range(1, 200)}


@every_language
def test_a_number_and_its_word_are_there_in_every_form_the_language_has(tag):
    """A council's figures are its own: twenty days take another form than three in Polish, in Romanian another word."""
    texts = {c: [set(dict(FORM.findall(found[1]))) for found in COUNTED.findall(text)] for c, _, text in texts_of(tag)}
    texts |= {path: calls for path in languages.prose() if (calls := counted_in(languages.PAGES / tag / path))}
    assert {c: found for c, found in texts.items() if any(forms != forms_of(tag) for forms in found)} == {}


def counted_in(page):
    calls = re.findall(r"counted\(.*?\)", page.read_text()) if page.exists() else []
    return [set(re.findall(r'(\w+)="', call)) for call in calls]


@pytest.mark.parametrize(
    ("tag", "number", "said"),
    [("en", 1, "1 a"), ("en", 20, "20 b"), ("pl", 3, "3 c"), ("pl", 65, "65 d"), ("uk", 21, "21 a"), ("lt", 25, "25 c"),
     ("ar", 2, "2 e"), ("ar", 11, "11 d"), ("vi", 1, "1 b"), ("ro", 10_000, "10\u00a0000 b")],
)  # fmt: skip
def test_a_number_brings_its_word_in_the_right_form(tag, number, said):
    assert Words(tag, "young").counted(number, one="# a", other="# b", few="# c", many="# d", two="# e") == said


def called(markdown):
    """Macros without the words they are given, pictures, addresses and rows."""
    macros = [re.sub(r',\s*(?:\w+=)?".*"', "", call) for call in re.findall(r"\{\{ (.*?) \}\}", markdown)]
    return macros + re.findall(r":material-[\w-]+:|\]\([^)]*\)|<div[^>]*>|</div>", markdown)


@pytest.mark.parametrize("tag", PUBLISHED)
def test_a_published_language_is_on_every_page_and_says_which_way_it_runs(tag):
    for page in SITE.joinpath(tag).rglob("*.html"):
        assert f'<html lang="{tag}" dir="{ROWS[tag]["direction"]}"' in page.read_text()
