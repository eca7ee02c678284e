"""The build: the same bytes every time, in seconds, and nothing lost when something in content/ is wrong.

Each build runs in a copy of the sources, so that no test sees a site that is only half there.
"""

import gzip
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT, SITE

SOURCES = ("content", "functions", "site", "mkdocs.yml")
TEXT = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt"}
COMPILED = "functions/heard/compiled"


def copy_sources(target):
    target.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, target / name, ignore=shutil.ignore_patterns("compiled", "__pycache__", "*.egg-info")
            )
        else:
            shutil.copy(source, target)
    return target


def run(tree, *arguments, **environment):
    """One command in a copy of the sources, which uses that copy's `heard` and not the installed one."""
    settings = {**os.environ, "PYTHONPATH": str(tree / "functions"), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=settings, capture_output=True, text=True, check=False
    )


def build(tree, **environment):
    """A whole build that works: what it said."""
    done = run(tree, "site/build.py", **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def change(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


ONE_MORE = """
import hashlib, shutil, sys
sys.path.insert(0, "site")
import languages, words
cy = words.merged("cy", words.template(), {})
for message in cy:
    message.string = f"ŵ {message.id}" if message.id else ""
words.write(cy, words.path_of("cy"))
for path in languages.prose():
    page = languages.PAGES / "cy" / path
    page.parent.mkdir(parents=True, exist_ok=True)
    front, body = (languages.PAGES / "en" / path).read_text().split("---\\n", 2)[1:]
    page.write_text(f"---\\n{front}english: {languages.fingerprint(path)}\\n---\\n{body}")
"""
"""What a translator does, done by a machine: a PO file and the prose."""


def add_welsh(tree):
    rows = tree / "content" / "languages.yml"
    rows.write_text("en: {name: English, direction: ltr, script: LATIN, checked: {by: us, on: 2026-11-20}}\n"
                    "cy: {name: Cymraeg, direction: ltr, script: LATIN}\n")  # fmt: skip
    done = run(tree, "-c", ONE_MORE)
    assert done.returncode == 0, done.stderr


def seconds_a_page(site, seconds):
    return seconds / len(list(site.rglob("*.html")))


def everything_in(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def fingerprints(site):
    """What stands behind ?v= in all the pages of a site."""
    pages = (path.read_text(encoding="utf-8") for path in site.rglob("*.html"))
    return {mark for page in pages for mark in re.findall(r"/assets/[\w.]+\?v=(\w+)", page)}


@dataclass(frozen=True)
class Built:
    """A site that was built once, for tests that only look: where, what the build said, and how long it took."""

    tree: Path
    site: Path
    said: str
    seconds: float


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    tree = copy_sources(tmp_path_factory.mktemp("once") / "heard")
    started = time.monotonic()
    said = build(tree, PYTHONHASHSEED="1")
    return Built(tree, tree / "build" / "site", said, time.monotonic() - started)


@pytest.fixture
def tree(tmp_path):
    return copy_sources(tmp_path / "elsewhere")


def test_the_same_sources_give_the_same_bytes_wherever_whenever_and_over_whatever_they_are_built(built, tree):
    left_over = tree / "build" / "site" / "en" / "gone" / "index.html"
    left_over.parent.mkdir(parents=True)
    left_over.write_text("gone")
    build(tree, PYTHONHASHSEED="2", TZ="Pacific/Auckland")

    assert everything_in(tree / "build") == everything_in(built.tree / "build")
    assert everything_in(tree / COMPILED) == everything_in(built.tree / COMPILED)


def test_a_whole_build_takes_seconds(built):
    assert built.seconds < 40


def test_one_more_language_is_a_row_a_po_file_and_its_prose_and_no_page_takes_longer_for_the_others(built, tree):
    add_welsh(tree)
    started = time.monotonic()
    build(tree)
    two_languages = time.monotonic() - started
    site = tree / "build" / "site"
    form = (site / "cy" / "young" / "complaint" / "index.html").read_text(encoding="utf-8")

    assert '<html lang="cy" dir="ltr"' in form
    assert "ŵ What happened?" in form
    assert 'hreflang="cy"' in (site / "en" / "index.html").read_text(encoding="utf-8")
    spoken = run(tree, "-c", "from heard.wording import Words; print(Words('cy', 'easy')('frame.leave'))")
    assert spoken.stdout == "ŵ Leave this page\n"
    assert seconds_a_page(built.site, built.seconds) < 3 * seconds_a_page(site, two_languages)


def test_a_build_says_nothing_when_nothing_is_wrong(built):
    assert built.said == ""


def test_mkdocs_alone_builds_one_language(tree, tmp_path):
    done = run(tree, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "alone"))
    form = (tmp_path / "alone" / "young" / "complaint" / "index.html").read_text(encoding="utf-8")

    assert done.returncode == 0, done.stderr
    assert '<textarea class="govuk-textarea" id="what_happened"' in form
    assert not (tree / "build").exists()


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("site/assets/heard.js", '"use strict";', '"use strict"; // changed'),
        ("content/forms/complaint.yml", "{needs: [interpreter]}", "{needs: [interpreter, bsl]}"),
        ("content/councils/demo.yml", 'light: "#0b5c5e"', 'light: "#0b4c5e"'),
    ],
    ids=["a script", "when a question is asked", "a council's colour"],
)
def test_what_browsers_keep_for_a_year_changes_its_address_with_its_content(built, tree, path, old, new):
    change(tree / path, old, new)
    build(tree)
    after = tree / "build" / "site"

    assert everything_in(after / "assets") != everything_in(built.site / "assets")
    assert len(fingerprints(built.site)) == len(fingerprints(after)) == 1
    assert fingerprints(built.site) != fingerprints(after)


def english_pages(site):
    return {path.relative_to(site / "en").as_posix(): path.read_text("utf-8") for path in site.glob("en/**/*.html")}


@pytest.mark.parametrize(
    ("council", "page", "said"),
    [
        ("herefordshire", "what-happens", "A quality assurance practitioner"),
        ("oxfordshire", "what-happens", "Working days: (not stated). At most: 65"),
        ("sandwell", "help", "The Trust&#39;s Participation Team"),
        ("cumbria", "contact", "Westmorland and Furness Council"),
    ],
)
def test_every_other_council_s_file_builds_a_whole_site_that_says_what_is_not_stated(built, tree, council, page, said):
    build(tree, HEARD_COUNCIL=council)
    pages = english_pages(tree / "build" / "site")
    name = yaml.safe_load((tree / f"content/councils/{council}.yml").read_text())["name"].replace("'", "&#39;")

    assert set(pages) == set(english_pages(built.site))
    assert said in pages[f"{page}/index.html"]
    assert "(not stated)" in pages["contact/index.html"]
    assert not [path for path, content in pages.items() if re.search(r"\b(None|NotStated|Undefined)\b(?! of)", content)]
    assert f"This is an example. It follows what {name} has made public." in pages["index.html"]
    assert all('class="demonstration"' in content for content in pages.values())


def test_the_demonstration_states_every_figure(built):
    assert not [path for path, content in english_pages(built.site).items() if "(not stated)" in content]


def test_the_council_s_colours_are_those_of_its_file(built):
    brand = yaml.safe_load((ROOT / "content" / "councils" / "demo.yml").read_text(encoding="utf-8"))["brand"]
    colours = re.findall(r"--md-primary-fg-color: (#\w+)", (built.site / "assets" / "heard.css").read_text())

    assert colours[-2:] == [brand["light"], brand["dark"]]


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("content/forms/comment.yml", "- service\n", "- servise\n", "servise"),
        ("content/forms/shared.yml", "material/badge-account", "material/badge-acount", "material/badge-acount"),
        ("content/pages/en/help.md", '{{ helpline("childline") }}', '{{ helpine("childline") }}', "helpine"),
        ("content/councils/demo.yml", "answer: 25,", "answer: ten,", "statutory.stages.2.answer has to be a whole"),
        ("content/wording.yml", "  nothing_sent_yet:", "  nothing_sent:", "form.nothing_sent_yet"),
    ],
    ids=[
        "a question nobody wrote",
        "a picture nobody drew",
        "a macro that is not there",
        "a figure that is none",
        "words that are missing",
    ],
)
def test_a_mistake_in_the_content_stops_the_build_and_leaves_the_site_that_was_there(tree, path, old, new, said):
    site = tree / "build" / "site"
    site.mkdir(parents=True)
    (site / "index.html").write_text("as it was")
    change(tree / path, old, new)
    done = run(tree, "site/build.py")

    assert done.returncode != 0
    assert said in done.stderr + done.stdout
    assert everything_in(site) == {"index.html": b"as it was"}


def test_every_text_has_a_compressed_twin_that_is_the_same(built):
    files = everything_in(built.site)
    texts = {name for name in files if Path(name).suffix in TEXT}

    assert {name for name in files if not name.endswith(".gz")} == texts
    assert {name.removesuffix(".gz") for name in files if name.endswith(".gz")} == texts
    assert all(gzip.decompress(files[f"{name}.gz"]) == files[name] for name in texts)


def test_nothing_of_material_s_own_scripts_styles_and_fonts_is_published(built):
    assets = everything_in(built.site / "assets")

    assert {name for name in assets if not name.endswith(".gz")} == {
        "heard.css",
        "heard.js",
        "icon.svg",
        "lead.js",
        "listen.js",
    }
    assert not [name for name in everything_in(built.site) if re.search(r"sitemap|search|\.map$", name)]


def test_every_page_of_the_site_under_test_asks_for_the_same_assets():
    assert len(fingerprints(SITE)) == 1
