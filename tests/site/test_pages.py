"""The built pages hold together: nothing is missing, nothing leads nowhere, and nothing comes from anyone else."""

import re
from itertools import pairwise
from urllib.parse import urlsplit

import pytest

from heard.council import council
from heard.forms import FORMS
from heard.pages import CONTENT_MARK, TITLE_MARK
from heard.places import DOORS, PAGES, VOICE_FOLDER, path_of
from heard.web import STEPS
from heard.wording import COMPILED, VOICES, Words, languages
from tests.conftest import SITE
from tests.site.markup import attributes, page_at, parse, text_of, with_class

ADDRESSES = [path_of(page, "en", voice) for page in PAGES for voice in VOICES]
LEADING_ON = {"/": "/en/"} | {f"/{letter}/": path_of("complaint", "en", voice) for letter, voice in DOORS.items()}
LOST = ["/404.html", "/en/404.html"]
# Who else a page may send somebody to: public bodies, named where the law wants them named.
PUBLIC_BODIES = {
    "https://ico.org.uk/make-a-complaint/",
    "https://www.equalityadvisoryservice.com/",
    "https://www.w3.org/TR/WCAG22/",
}
LINKS = ("href", "src", "action", "formaction", "data-target")

every_page = pytest.mark.parametrize("address", [*ADDRESSES, *LOST])
every_voice = pytest.mark.parametrize("voice", VOICES)


def file_at(address):
    """The built file behind an address of the site."""
    path = SITE / address.lstrip("/")
    return path / "index.html" if address.endswith("/") else path


def page(address):
    return page_at(file_at(address))


def voice_of(address):
    return next((voice for voice, folder in VOICE_FOLDER.items() if folder and f"/en/{folder}" in address), "standard")


def links(address, names=LINKS):
    return [value for name, value in attributes(page(address)) if name in names]


def internal(address):
    return [link for link in links(address) if link.startswith(("/", "#", "?", ".")) and not link.startswith("/api/")]


def built_pages():
    return {f"/{path.relative_to(SITE).as_posix()}".removesuffix("index.html") for path in SITE.rglob("*.html")}


def test_every_page_is_there_in_every_voice_and_no_other_is():
    everywhere = {path_of(page, tag, voice) for tag in languages() for page in PAGES for voice in VOICES}
    assert built_pages() == {*everywhere, *LEADING_ON, "/404.html", *(f"/{tag}/404.html" for tag in languages())}


@pytest.mark.parametrize("tag", [tag for tag in languages() if tag != "en"])
def test_a_page_in_another_language_leads_nowhere_else_and_says_that_it_is_a_draft(tag):
    for page_name in PAGES:
        for voice in VOICES:
            address = path_of(page_name, tag, voice)
            assert page(address).get("dir") == languages()[tag]["direction"]
            for link in internal(address):
                target = urlsplit(link).path
                assert not target or file_at(target).exists(), (address, link)
            said = text_of(page(address))
            for language in ("en", tag):
                assert (Words(language, voice)("frame.draft") in said) == languages()[tag]["draft"]


@pytest.mark.parametrize(
    ("name", "voice"), [("index", "standard"), ("rights", "easy"), *((form, "young") for form in FORMS)]
)
def test_the_switch_keeps_page_and_voice_and_names_each_language_in_itself(name, voice):
    for tag in languages():
        [switch] = with_class(page(path_of(name, tag, voice)), "languages")
        leads = [(link.get("href"), link.get("lang"), link.get("dir"), text_of(link)) for link in switch.iter("a")]
        assert leads == [
            (path_of(name, other, voice), other, row["direction"], row["name"]) for other, row in languages().items()
        ]
        assert [link.get("lang") for link in switch.iter("a") if link.get("aria-current") == "true"] == [tag]


@pytest.mark.parametrize("name", PAGES)
def test_the_switch_says_that_answers_stay_behind_wherever_there_are_some_and_nowhere_else(name):
    for tag in languages():
        [switch] = with_class(page(path_of(name, tag, "young")), "languages")
        assert (Words(tag, "young")("frame.answers_stay_behind") in text_of(switch)) == (name in FORMS)


@every_voice
def test_the_frame_that_answers_are_put_in_is_with_the_functions_and_not_on_the_site(voice):
    frame = (COMPILED / "frames" / f"en-{voice}.html").read_text(encoding="utf-8")

    assert frame.count(CONTENT_MARK) == frame.count(TITLE_MARK) == 1
    assert not (SITE / "en" / VOICE_FOLDER[voice] / "frame").exists()


@every_voice
def test_a_frame_is_a_whole_page_but_for_its_content(voice):
    tree = parse((COMPILED / "frames" / f"en-{voice}.html").read_text(encoding="utf-8"))

    assert text_of(tree.find(".//main")) == CONTENT_MARK
    assert [link.get("href") for link in with_class(tree, "leave-link")] == [council()["leave_to"]] * 2
    assert with_class(tree, f"voice-{voice}") == [tree]


@every_page
def test_every_link_inside_the_site_leads_to_something(address):
    for link in internal(address):
        target = urlsplit(link)
        path = target.path or address
        assert path.startswith("/"), f"{link} depends on where it stands"
        assert file_at(path).is_file(), link
        if target.fragment:
            assert target.fragment in {element.get("id") for element in page(path).iter()}, link


@every_page
def test_forms_are_sent_to_where_something_answers(address):
    forms = set(links(address, ("action", "formaction")))

    assert forms <= {f"/api/{step}" for step in STEPS}
    assert bool(forms) == any(
        address.endswith(f"/{name}/") for name in ("complaint", "compliment", "comment", "follow")
    )


@every_page
def test_a_page_says_its_language_direction_and_voice(address):
    assert page(address).get("lang") == "en"
    assert page(address).get("dir") == "ltr"
    assert page(address).get("class") == f"voice-{voice_of(address)}"


@every_page
def test_a_page_has_one_main_heading_and_skips_no_level(address):
    levels = [int(element.tag[1]) for element in page(address).iter() if re.fullmatch("h[1-6]", element.tag)]

    assert levels.count(1) == 1
    below = levels[levels.index(1) :]
    assert all(lower - upper <= 1 for upper, lower in pairwise(below))


@every_page
def test_the_main_heading_comes_first(address):
    main = page(address).find(".//main")
    headings = [element.tag for element in main.iter() if re.fullmatch("h[1-6]", element.tag)]

    assert headings[0] == "h1"


@every_page
def test_a_page_has_a_title_that_says_which_page_and_whose_site(address):
    title = text_of(page(address).find("head/title"))
    parts = title.split(" – ")

    assert len(parts) == 3
    assert parts[1:] == [Words("en", voice_of(address))("frame.site"), council()["short_name"]]
    assert parts[0] not in ("", "None")


@every_voice
def test_no_two_pages_of_a_voice_have_the_same_title(voice):
    titles = [text_of(page(path_of(name, "en", voice)).find("head/title")) for name in PAGES]

    assert len(set(titles)) == len(PAGES)


@every_page
def test_an_id_is_given_once(address):
    ids = [value for name, value in attributes(page(address)) if name == "id"]

    assert sorted(ids) == sorted(set(ids))


@every_page
def test_what_labels_and_descriptions_point_to_is_there(address):
    ids = {value for name, value in attributes(page(address)) if name == "id"}
    pointing = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
    wanted = {one for name, value in attributes(page(address)) if name in pointing for one in value.split()}

    assert wanted <= ids


@every_page
def test_everything_that_is_filled_in_has_a_label(address):
    labels = {element.get("for") for element in page(address).iter("label")}
    fields = [element for tag in ("input", "textarea", "select") for element in page(address).iter(tag)]

    assert {field.get("id") for field in fields if field.get("type") != "hidden"} <= labels


@every_page
def test_leaving_is_the_second_thing_on_a_page_and_stands_at_its_top(address):
    tree = page(address)
    exits = with_class(tree, "leave-link")

    assert [link.get("href") for link in tree.iter("a")][:2] == ["#main", council()["leave_to"]]
    assert [link.get("href") for link in exits] == [council()["leave_to"]] * 2
    assert exits[1] in list(tree.find(".//header").iter("a"))
    assert all("noreferrer" in link.get("rel") for link in exits)


@every_page
def test_a_demonstration_says_so_before_anything_else_is_read(address):
    tree = page(address)
    said = with_class(tree, "demonstration")
    order = list(tree.iter())

    assert [text_of(one) for one in said] == [
        Words("en", voice_of(address))("frame.demonstration", council=council()["name"])
    ]
    assert order.index(said[0]) < order.index(tree.find(".//main"))


@every_page
def test_nothing_on_a_page_needs_what_the_content_security_policy_forbids(address):
    tree = page(address)
    handlers = [name for name, _ in attributes(tree) if name.startswith("on") or name == "style"]

    assert not handlers
    assert not list(tree.iter("style"))
    assert all(script.get("src") and not text_of(script) for script in tree.iter("script"))
    assert not [link for link in links(address) if link.startswith(("javascript:", "data:"))]


@pytest.mark.parametrize("address", [*ADDRESSES, *LOST, *LEADING_ON])
def test_nothing_is_fetched_from_anyone_else(address):
    fetched = [
        element.get(name)
        for element in page(address).iter()
        for name in ("src", "srcset", "poster", "data", "href")
        if element.get(name) and (name != "href" or element.tag in ("link", "use", "image"))
    ]

    assert fetched
    assert all(re.match(r"/[^/]", link) for link in fetched)


@every_page
def test_links_lead_away_only_to_where_they_may(address):
    helplines = {line["website"] for line in council()["helplines"].values() if "website" in line}
    away = {link for link in links(address) if re.match(r"\w+://|//", link)}

    assert away - helplines - PUBLIC_BODIES == {council()["leave_to"]}


def test_every_public_body_that_may_be_linked_is_linked_somewhere():
    assert {link for address in ADDRESSES for link in links(address)} >= PUBLIC_BODIES


@every_page
def test_the_foot_of_a_page_leads_to_help_and_rights_in_the_same_voice(address):
    listed = [link.get("href") for link in page(address).find(".//footer").iter("a")]
    wanted = ("help", "what-happens", "rights", "privacy", "leaving", "contact", "accessibility")

    assert listed[0] == f"tel:{council()['phone'].replace(' ', '')}"
    assert listed[1:] == [path_of(name, "en", voice_of(address)) for name in wanted]


@every_page
def test_a_phone_or_email_link_does_what_it_says(address):
    for link in page(address).iter("a"):
        scheme, _, rest = link.get("href").partition(":")
        if scheme == "tel":
            assert rest == text_of(link).replace(" ", "")
        if scheme == "mailto":
            assert rest == text_of(link)


@every_page
def test_phone_numbers_and_email_addresses_keep_their_order_in_any_script(address):
    for link in page(address).iter("a"):
        if link.get("href").startswith(("tel:", "mailto:")):
            assert [isolated.get("dir") for isolated in link.iter("bdi")] == ["ltr"]


@every_voice
@pytest.mark.parametrize("name", PAGES)
def test_the_three_voices_of_a_page_lead_to_each_other(name, voice):
    voices = with_class(page(path_of(name, "en", voice)), "voices")[0]
    here = [link.get("href") for link in voices.iter("a") if link.get("aria-current") == "true"]

    assert [link.get("href") for link in voices.iter("a")] == [path_of(name, "en", other) for other in VOICES]
    assert here == [path_of(name, "en", voice)]


@every_voice
def test_home_leads_to_everything_there_is_to_do(voice):
    home = links(path_of("index", "en", voice), ("href",))

    assert {path_of(name, "en", voice) for name in PAGES} - set(home) == set()


def test_the_front_page_has_three_doors():
    doors = [element.find(".//a").get("href") for element in with_class(page("/en/"), "door")]

    assert doors == ["#tasks", "/en/easy-read/", "/en/young/"]


@pytest.mark.parametrize(("address", "target"), LEADING_ON.items())
def test_short_addresses_lead_on_with_and_without_scripts_and_by_hand(address, target):
    tree = page(address)

    assert [script.get("data-target") for script in tree.iter("script")] == [target]
    assert [meta.get("content") for meta in tree.findall(".//noscript/meta")] == [f"0; url={target}"]
    assert [link.get("href") for link in tree.iter("a")] == [target]
    assert file_at(target).is_file()


@every_voice
def test_a_short_address_opens_the_voice_it_stands_for(voice):
    letter = next(letter for letter, door in DOORS.items() if door == voice)
    form = page(LEADING_ON[f"/{letter}/"]).find(".//form")
    hidden = {field.get("name"): field.get("value") for field in form.iter("input") if field.get("type") == "hidden"}

    assert hidden["form"] == "complaint"
    assert hidden["voice"] == voice


def test_a_page_that_is_not_there_leads_back():
    listed = {link.get("href") for link in page("/404.html").find(".//main").iter("a")}

    assert listed == {"/en/", "/en/help/", "/en/contact/"}


@pytest.mark.parametrize("script", ["heard.js", "lead.js"])
def test_scripts_leave_nothing_on_the_device_once_the_tab_is_closed(script):
    source = (SITE / "assets" / script).read_text(encoding="utf-8")

    assert not re.search(r"cookie|localStorage|indexedDB|caches\b|serviceWorker", source)


@pytest.mark.parametrize("script", ["heard.js", "lead.js"])
def test_scripts_send_nothing_anywhere(script):
    source = (SITE / "assets" / script).read_text(encoding="utf-8")

    assert not re.search(r"fetch\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource|https?:|innerHTML|eval\(", source)


def test_the_stylesheet_fetches_nothing():
    assert not re.search(r"url\(|@import|https?:", (SITE / "assets" / "heard.css").read_text(encoding="utf-8"))


@pytest.mark.parametrize("address", [*ADDRESSES, *LOST, *LEADING_ON])
def test_no_markup_shows_as_text(address):
    source = file_at(address).read_text(encoding="utf-8")
    spoken = "".join(page(address).itertext())

    assert not re.search(r"&amp;(?:\w+|#\d+);|&lt;/?\w", source)
    assert not re.search(r"\{\{|\{%|:material-|\]\(|\*\*|Undefined|@@|\{[a-z_]+\}", spoken)


@every_page
def test_pictures_say_nothing_of_their_own(address):
    """They always stand beside words; read out, a picture would say them twice."""
    drawings = list(page(address).iter("svg"))
    pictures = [drawing for drawing in drawings if drawing.get("role") or drawing.get("aria-label") or text_of(drawing)]

    assert drawings
    assert not pictures
    assert not list(page(address).iter("img"))
