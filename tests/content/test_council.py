"""The council's file and the helplines hold what pages and letters say, and no number that could ring a stranger."""

import re
from datetime import date

import pytest
import yaml

from heard.triage import suggest_procedure
from heard.wording import VOICES
from tests.conftest import ROOT

# Ofcom keeps these for drama: nobody is rung by trying the demonstration.
# https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
NUMBERS_FOR_DRAMA = r"01632 960\d{3}|07700 900\d{3}|0808 157 0\d{3}"
PROCEDURES = ("statutory", "corporate", "concern", "compliment", "comment")
TEXTS = (
    "name", "short_name", "address", "team", "phone", "text", "email", "visit", "opening_hours", "leave_to",
    "procedure_version",
)  # fmt: skip


def read(name):
    return yaml.safe_load((ROOT / "content" / name).read_text(encoding="utf-8"))


DEMO = read("councils/demo.yml")
HELPLINES = read("helplines.yml")
every_helpline = pytest.mark.parametrize("line", HELPLINES.values(), ids=HELPLINES)


def leaves(tree):
    branches = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else None
    return [tree] if branches is None else [leaf for branch in branches for leaf in leaves(branch)]


def spellings(line, part):
    return [line[part].get(voice, line[part]["standard"]) for voice in VOICES]


@pytest.mark.parametrize("text", TEXTS)
def test_a_council_says_who_it_is_and_how_to_reach_it(text):
    assert isinstance(DEMO[text], str)
    assert DEMO[text] == DEMO[text].strip() != ""


def test_the_demonstration_says_that_it_is_one():
    assert DEMO["demonstration"] is True


def test_the_address_takes_a_path_as_it_is():
    assert re.fullmatch(r"https?://[^/]+", DEMO["address"])


def test_leaving_leads_to_a_secure_page_elsewhere():
    assert DEMO["leave_to"].startswith("https://")
    assert DEMO["address"] not in DEMO["leave_to"]


@pytest.mark.parametrize("number", [DEMO["phone"], DEMO["text"], DEMO["advocacy"]["phone"]])
def test_a_made_up_council_has_phone_numbers_from_the_ranges_kept_for_drama(number):
    assert re.fullmatch(NUMBERS_FOR_DRAMA, number)


def test_no_other_number_hides_in_the_made_up_council():
    digits = [re.findall(r"\+?\d[\d ]{8,}\d", leaf) for leaf in leaves(DEMO) if isinstance(leaf, str)]

    assert sum(map(len, digits)) == 3


def test_a_made_up_council_has_addresses_that_nobody_can_own():
    addresses = [leaf for leaf in leaves(DEMO) if isinstance(leaf, str) and "@" in leaf]

    assert set(addresses) == {DEMO["email"], DEMO["sender"]["address"], DEMO["advocacy"]["email"]}
    assert all(re.fullmatch(r"[a-z.-]+@[a-z-]+\.example", address) for address in addresses)


def test_letters_are_sent_in_a_name_that_gives_nothing_away():
    assert not re.search(r"complain|feedback|child|social|advoca", " ".join(DEMO["sender"].values()), re.I)


def test_a_letter_reaches_the_team_by_post():
    assert all(isinstance(line, str) and line for line in DEMO["post"])
    assert len(DEMO["post"]) >= 2


@pytest.mark.parametrize("part", ["name", "phone", "email", "for"])
def test_there_is_an_advocate_to_turn_to(part):
    assert isinstance(DEMO["advocacy"][part], str)


@pytest.mark.parametrize("procedure", PROCEDURES)
def test_every_procedure_has_its_clock(procedure):
    clock = DEMO["clocks"][procedure]

    assert set(clock) in ({"answer"}, {"answer", "longest"})
    assert list(clock.values()) == sorted(clock.values())
    assert all(isinstance(days, int) and 0 < days <= 65 for days in clock.values())


def test_what_can_be_suggested_has_a_clock():
    forms = [suggest_procedure(form, {}, DEMO).procedure for form in ("complaint", "compliment", "comment")]

    assert {*forms, "corporate"} <= set(DEMO["clocks"])


def test_the_statutory_clock_is_the_law_s():
    """SI 2006/1738, regulation 14: 10 working days, 20 where it is complex; regulation 15: 20 to ask for stage 2."""
    assert DEMO["clocks"]["statutory"] == {"answer": 10, "longest": 20}
    assert DEMO["clocks"]["ask_for_next_stage"] == 20
    assert 0 < DEMO["clocks"]["acknowledge"] < DEMO["clocks"]["statutory"]["answer"]


@pytest.mark.parametrize("code", DEMO["placements"])
def test_a_placement_is_a_short_code_that_says_nothing_about_a_person(code):
    assert re.fullmatch(r"[a-z0-9]{2,8}", code)
    assert set(DEMO["placements"][code]) == {"description"}


def test_the_ombudsman_is_a_helpline():
    assert DEMO["ombudsman"] in HELPLINES


@pytest.mark.parametrize("name", ["emergency", "childline"])
def test_the_lines_for_danger_are_there_under_their_names(name):
    assert HELPLINES[name]["phone"] in ("999", "0800 1111")


@every_helpline
def test_a_helpline_was_checked_on_a_day_that_is_written_down(line):
    assert isinstance(line["verified_on"], date)


@every_helpline
def test_a_helpline_has_a_number_that_can_be_dialled(line):
    assert re.fullmatch(r"999|0[38]\d\d ?\d{3,4}(?: \d{4})?|0800 1111", line["phone"])


@every_helpline
def test_a_helpline_says_what_it_is_for_in_every_voice(line):
    assert line["audience"] in ("child", "adult", "both")
    assert set(line["about"]) == set(VOICES)
    assert all(text and text == text.strip() for text in spellings(line, "about") + spellings(line, "name"))


@every_helpline
def test_a_helpline_s_website_is_secure(line):
    assert line.get("website", "https://").startswith("https://")


def luminance(colour):
    """Relative luminance of #rrggbb (WCAG 2.2)."""
    shares = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    linear = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one, other):
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_measured_as_the_guidelines_do():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


def grounds(scheme):
    """The colours that text in the council's own colour stands on, as the stylesheet sets them for a scheme."""
    css = (ROOT / "site" / "assets" / "heard.css").read_text(encoding="utf-8")
    light, dark = re.findall(
        r"^(?:@media [^{]*\(prefers-color-scheme: dark\)[^{]*\{\s+)?:root \{(.*?)\}", css, re.S | re.M
    )
    colours = dict(re.findall(r"(--[\w-]+):\s*(#\w+);", light + dark if scheme == "dark" else light))
    names = ("--md-default-bg-color", "--md-primary-bg-color", "--heard-surface")
    return [full(colours[name]) for name in names]


def full(colour):
    return colour if len(colour) == 7 else "#" + "".join(digit * 2 for digit in colour[1:])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_council_s_colours_can_be_read_on_every_ground(scheme):
    weak = [ground for ground in grounds(scheme) if contrast(DEMO["brand"][scheme], ground) < 7]

    assert len(grounds(scheme)) == 3
    assert not weak
