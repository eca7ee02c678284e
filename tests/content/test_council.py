"""The councils' files and the helplines hold what pages and letters say, and no number that could ring a stranger."""

import re
import subprocess
import sys
from datetime import date

import pytest
import yaml

from heard.procedure import PROCEDURES, dates_for, next_stage, procedure_on, rules_on
from heard.triage import suggest_procedure
from heard.wording import VOICES
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "site"))  # scripts, not a package
import councils
from content import ContentWrong, read_forms, without

# Ofcom keeps these for drama: nobody is rung by trying the demonstration.
# https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
NUMBERS_FOR_DRAMA = r"01632 960\d{3}|07700 900\d{3}|0808 157 0\d{3}"
TEXTS = ("name", "short_name", "address", "team", "phone", "text", "email", "visit", "opening_hours", "leave_to")
TODAY = date(2026, 11, 20)


def read(name):
    return yaml.safe_load((ROOT / "content" / name).read_text(encoding="utf-8"))


DEMO = read("councils/demo.yml")
RULES = DEMO["rules"][-1]
HELPLINES = read("helplines.yml")
FILES = {path.stem: path for path in sorted((ROOT / "content" / "councils").glob("*.yml"))}
COUNCILS = {name: councils.loaded(path) for name, path in FILES.items()}
EXAMPLES = [name for name, council in COUNCILS.items() if council["example"]]
every_council = pytest.mark.parametrize("council", COUNCILS.values(), ids=COUNCILS)
every_example = pytest.mark.parametrize("name", EXAMPLES)
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


@every_council
def test_no_file_here_promises_texts_so_that_each_can_be_tried_with_any_mail_service(council):
    assert council["text_messages"] is False


def test_the_address_takes_a_path_as_it_is():
    assert re.fullmatch(r"https?://[^/]+", DEMO["address"])


def test_leaving_leads_to_a_secure_page_elsewhere():
    assert DEMO["leave_to"].startswith("https://")
    assert DEMO["address"] not in DEMO["leave_to"]


@pytest.mark.parametrize("number", [DEMO["phone"], DEMO["text"], DEMO["advocacy"][0]["phone"]])
def test_a_made_up_council_has_phone_numbers_from_the_ranges_kept_for_drama(number):
    assert re.fullmatch(NUMBERS_FOR_DRAMA, number)


def test_no_other_number_hides_in_the_made_up_council():
    digits = [re.findall(r"\+?\d[\d ]{8,}\d", leaf) for leaf in leaves(DEMO) if isinstance(leaf, str)]

    assert {number for found in digits for number in found} == {
        DEMO["phone"],
        DEMO["text"],
        DEMO["advocacy"][0]["phone"],
    }


def test_a_made_up_council_has_addresses_that_nobody_can_own():
    addresses = [leaf for leaf in leaves(DEMO) if isinstance(leaf, str) and "@" in leaf]

    assert set(addresses) == {
        DEMO["email"],
        DEMO["sender"]["address"],
        DEMO["advocacy"][0]["email"],
        *DEMO["advocacy_sign_in"]["emails"],
    }
    assert all(re.fullmatch(r"[a-z.-]+@[a-z-]+\.example", address) for address in addresses)


def test_letters_are_sent_in_a_name_that_gives_nothing_away():
    assert not re.search(r"complain|feedback|child|social|advoca", " ".join(DEMO["sender"].values()), re.I)


def test_a_letter_reaches_the_team_by_post():
    assert all(isinstance(line, str) and line for line in DEMO["post"])
    assert len(DEMO["post"]) >= 2


@pytest.mark.parametrize("part", ["name", "phone", "email", "for"])
def test_there_is_an_advocate_to_turn_to(part):
    assert isinstance(DEMO["advocacy"][0][part], str)


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_stage_of_the_demonstration_has_its_clock_and_somebody_who_runs_it(name):
    for stage in procedure_on(COUNCILS["demo"], name, TODAY).stages:
        assert stage.answer
        assert stage.starts
        assert stage.run_by


@every_council
def test_what_can_be_suggested_is_a_procedure_of_every_council(council):
    for rules in council["rules"]:
        forms = [suggest_procedure(form, {}, rules).procedure for form in ("complaint", "compliment", "comment")]
        assert {*forms, "corporate"} <= set(rules["procedures"])


@every_council
def test_the_statutory_clock_is_the_law_s(council):
    """SI 2006/1738, regulation 14: 10 working days, 20 where it is complex; regulation 17: stage 2, 25 up to 65."""
    statutory = procedure_on(council, "statutory", TODAY)
    first, second, third = statutory.stages

    assert (first.answer, first.longest) == (10, 20)
    assert (second.answer or 25, second.longest) == (25, 65)
    assert (third.longest or third.answer or 50) == 50
    assert statutory.ask_for_next_stage in (None, 20)
    assert (rules_on(council, TODAY)["acknowledge"] or 1) < first.answer


@every_example
def test_an_example_says_whose_shape_it_is_and_where_that_was_read(name):
    council = COUNCILS[name]

    assert council["demonstration"] is True
    assert council["example"]["compiled_from"]
    assert "An example" in FILES[name].read_text(encoding="utf-8").splitlines()[0]


@every_example
def test_an_example_gives_nobody_a_way_to_ring_or_write_to_a_real_council(name):
    given = [leaf for leaf in leaves(COUNCILS[name]) if isinstance(leaf, str)]

    assert not [leaf for leaf in given if re.search(r"\d[\d ]{7,}\d", leaf)]
    assert {leaf for leaf in given if "@" in leaf} == {COUNCILS[name]["sender"]["address"]}
    assert COUNCILS[name]["sender"]["address"].endswith(".example")


def test_herefordshire_s_rules_are_those_of_the_day_of_receipt():
    before, after = (procedure_on(COUNCILS["herefordshire"], "statutory", date(2025, 2, day)) for day in (1, 28))
    changed = procedure_on(COUNCILS["herefordshire"], "statutory", date(2025, 3, 1))

    assert before == after
    assert (before.rules, changed.rules) == ("2022-09", "2025-03")
    assert "managers" in before.stages[0].run_by.name
    assert "not involved in the case" in changed.stages[0].run_by.name
    assert procedure_on(COUNCILS["herefordshire"], "corporate", TODAY).stages[0].answer == 15


def test_oxfordshire_states_no_shorter_time_for_stage_2_and_none_is_made_up():
    statutory = procedure_on(COUNCILS["oxfordshire"], "statutory", TODAY)

    assert (statutory.stages[1].answer, statutory.stages[1].longest) == (None, 65)
    assert dates_for(statutory, 2, TODAY).answer is None


def test_sandwell_s_first_stage_is_the_trust_s_and_what_follows_the_council_s():
    statutory = procedure_on(COUNCILS["sandwell"], "statutory", TODAY)

    assert [stage.run_by.name.split()[-1] for stage in statutory.stages] == ["Trust", "Council", "Council"]
    assert next_stage(statutory, 1).starts == "terms_signed"
    assert [(step.name, step.after) for step in statutory.optional_steps] == [("mediation", 1)]


def test_cumbria_names_both_councils_that_followed_it():
    assert [area["council"] for area in COUNCILS["cumbria"]["areas"]] == [
        "Cumberland Council",
        "Westmorland and Furness Council",
    ]


def asked_by(council, form):
    """The ids of the questions that this council's form asks."""
    compiled = next(known for known in read_forms()[0] if known["name"] == form)
    sections = without(compiled, councils.not_asked(council))["sections"]
    return [question["id"] for section in sections for question in section["questions"]]


@every_council
def test_a_list_is_asked_about_only_where_the_council_registers_who_opens_it(council):
    asked = asked_by(council, "name_advocate")

    assert ("advocate_lists" in asked) == (council["advocacy_sign_in"] is not None)
    assert asked[:2] == ["advocate_is", "advocate_sees"]


def test_a_council_names_the_closing_questions_it_asks_and_else_asks_all_seven():
    some = COUNCILS["demo"] | {"closing_questions": ["closing_on_time", "closing_rights"]}

    assert len(asked_by(COUNCILS["demo"], "closing_questions")) == 7
    assert asked_by(some, "closing_questions") == ["closing_rights", "closing_on_time"]


def broken(tmp_path, old, new, name="demo"):
    """What is said about a file with one change."""
    text = FILES[name].read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "broken.yml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContentWrong) as wrong:
        councils.loaded(path)
    return [line.removeprefix(f"{path}: ") for line in str(wrong.value).splitlines()]


STATUTORY = "rules.1.procedures.statutory"
DAYS = "has to be a whole number of days from 1 to 365, or left out"
COMPLIMENT = "      compliment: {stages: [{run_by: team, answer: 10, starts: receipt}]}\n"
CONCERN = "{stages: [{run_by: team, answer: 10, longest: 20, starts: receipt}]}"
WRONG = [
    ("\nteam: Children's Feedback Team", "", "team is missing"),
    ("ombudsman: ombudsman", "ombudsman: ombudsman\nfax: none", "fax is not a key that belongs here"),
    ("short_name: Exampleshire", "short_name:", "short_name is empty"),
    ("short_name: Exampleshire", "short_name: 7", "short_name has to be a text; put a number in quotes"),
    ("demonstration: true ", "demonstration: maybe ", "demonstration has to be true or false"),
    ("text: 07700 900192", "text: none", "text has to be a telephone number of digits and spaces"),
    ("no-reply@exampleshire.example", "nobody", "sender.address has to be an email address"),
    ("127.0.0.1:8000", "127.0.0.1/", "address has to begin with https:// and end without a slash"),
    ('"#8fd8d2"', "teal", 'brand.dark has to be a colour such as "#0b5c5e", in quotes'),
    ("day_one: after_receipt", "day_one: soon", "day_one has to be one of after_receipt, on_receipt"),
    ("since: 2026-04-01", "since: April", "rules.1.since has to be a day such as 2026-04-01"),
    ("acknowledge: 3 ", "acknowledge: 3.5 ", f"rules.1.acknowledge {DAYS}"),
    ("answer: 25,", "answer: yes,", f"{STATUTORY}.stages.2.answer {DAYS}"),
    ("longest: 65", "longest: 24", f"{STATUTORY}.stages.2.longest is fewer days than answer"),
    ("run_by: panel", "run_by: them", f"{STATUTORY}.stages.3.run_by names them, which is not one of the bodies"),
    (
        "65, starts: request",
        "65, starts: receipt",
        f"{STATUTORY}.stages.2.starts can only be receipt in the first stage; try request",
    ),
    ("after: 1,", "after: 4,", f"{STATUTORY}.optional_steps.1.after names a stage that is not there"),
    ("name: mediation", "name: a chat", f"{STATUTORY}.optional_steps.1.name has to be one of mediation"),
    (COMPLIMENT, "", "rules.1.procedures.compliment is missing"),
    (CONCERN, "{stages: []}", "rules.1.procedures.concern.stages has to hold one to three stages"),
    (CONCERN, "{stages: ten}", "rules.1.procedures.concern.stages has to be a list"),
    (
        "[communication, ",
        "[comunication, ",
        "rules.1.adult_matters.1 is comunication, which is no theme of the complaint form",
    ),
    ("  kr7:", "  KR 7:", "placements.KR 7 has to be a code of 2 to 8 small letters and digits"),
    ("ombudsman: ombudsman", "ombudsman: ofsted", "ombudsman is not an entry of content/helplines.yml"),
    ("publish_drafts: true ", "languages: [en, xx] #", "languages.2 is not in content/languages.yml"),
    ("publish_drafts: true ", "languages: [pl] #", "languages has to hold en"),
    ("  provider: Speak Up", "  provider: Shout", "advocacy_sign_in.provider is not the name of one of advocacy"),
    ("emails: [duty@speakup.example]", "emails: []", "advocacy_sign_in.emails needs at least one"),
    ("[duty@speakup.example]", "[duty]", "advocacy_sign_in.emails.1 has to be an email address"),
    ("publish_drafts: true ", "closing_questions: [] #", "closing_questions needs at least one"),
    (
        "publish_drafts: true ",
        "closing_questions: [closing_rights, more] #",
        "closing_questions.2 is not one of the questions of content/forms/follow/closing_questions.yml",
    ),
    (
        "publish_drafts: true ",
        "keep_days: 0 #",
        "keep_days has to be a whole number of days from 1 to 36500, or left out",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[said for _, _, said in WRONG])
def test_what_is_wrong_with_a_file_is_said_in_a_sentence_with_its_place(tmp_path, old, new, said):
    assert broken(tmp_path, old, new) == [f"{said}."]


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    said = broken(tmp_path, "answer: 25, longest: 65", "anser: 25, longest: 0")

    assert said == [
        f"{STATUTORY}.stages.2.longest has to be a whole number of days from 1 to 365, or left out.",
        f"{STATUTORY}.stages.2.anser is not a key that belongs here.",
    ]


def test_rules_of_two_versions_follow_one_another_under_names_of_their_own(tmp_path):
    assert broken(
        tmp_path, "version: 2025-03\n    since: 2025-03-01", "version: 2022-09\n    since: 2022-09-01", "herefordshire"
    ) == [
        "rules.2.since has to be later than that of the rules before.",
        "rules.2.version is the name of other rules as well.",
    ]


def test_a_live_council_can_be_reached_and_is_no_example(tmp_path):
    assert broken(tmp_path, "demonstration: true", "demonstration: false", "oxfordshire") == [
        "phone may only be left out of a demonstration.",
        "email may only be left out of a demonstration.",
        "advocacy may only be left out of a demonstration.",
        "example is for demonstrations only; leave it out of a live council's file.",
    ]


def test_what_is_no_yaml_is_said_with_its_line(tmp_path):
    [said] = broken(tmp_path, "brand:  ", "brand: [")

    assert re.fullmatch(r"the file cannot be read as YAML, at line \d+: .*\.", said)


def test_a_key_that_is_written_twice_is_no_way_to_hide_the_first(tmp_path):
    [said] = broken(tmp_path, "ombudsman: ombudsman", "ombudsman: ombudsman\nphone: 0808 157 0199")

    assert re.fullmatch(r"the file cannot be read as YAML, at line \d+: phone stands there twice\.", said)


@pytest.mark.parametrize("content", ["", "- a list", "just words"])
def test_a_file_that_holds_no_keys_is_refused(tmp_path, content):
    path = tmp_path / "broken.yml"
    path.write_text(content)

    with pytest.raises(ContentWrong, match="the file has to hold keys with values"):
        councils.loaded(path)


def test_the_command_checks_every_file_and_says_which_do_not_fit(tmp_path):
    path = tmp_path / "broken.yml"
    path.write_text(
        FILES["demo"].read_text(encoding="utf-8").replace("short_name: Exampleshire\n", ""), encoding="utf-8"
    )
    heard = [sys.executable, "-m", "heard", "council", "check"]
    all_of_ours = subprocess.run(heard, capture_output=True, text=True, check=False)
    one = subprocess.run([*heard, str(path)], capture_output=True, text=True, check=False)

    assert (all_of_ours.returncode, len(all_of_ours.stdout.splitlines())) == (0, len(FILES))
    assert (one.returncode, one.stdout) == (1, f"{path}: short_name is missing.\n")


def test_a_council_that_nobody_has_written_is_refused_by_its_name(monkeypatch):
    monkeypatch.setenv("HEARD_COUNCIL", "../demo")

    with pytest.raises(ContentWrong, match="content/councils, which has cumbria, demo"):
        councils.chosen_file()


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


@every_council
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_council_s_colours_can_be_read_on_every_ground(scheme, council):
    weak = [ground for ground in grounds(scheme) if contrast(council["brand"][scheme], ground) < 7]

    assert len(grounds(scheme)) == 3
    assert not weak
