"""Builds the whole site into build/site, and the page frames the functions answer in.

python site/build.py        (or: heard build, make build)
"""

import gzip
import json
import logging
import os
import shutil
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.config import load_config

from compiling import compile_all
from content import COMPILED, ROOT, ContentWrong
from heard.places import DOORS, VOICE_FOLDER, path_of
from languages import pages_for
from macros import COMPILED_ALREADY
from openapi import document
from style import stylesheet

SITE = ROOT / "build" / "site"
FRESH = ROOT / "build" / "site-being-built"
COMPRESSED = {".html", ".css", ".js", ".json", ".svg", ".xml", ".txt"}


def build_language(language: str) -> None:
    """One MkDocs build; its page frames move to the functions, Material's own assets go."""
    site_dir = FRESH / language
    pages = pages_for(language, ROOT / "build" / "pages")
    config = load_config(str(ROOT / "mkdocs.yml"), docs_dir=str(pages), site_dir=str(site_dir))
    mkdocs_build(config)
    frames = COMPILED / "frames"
    frames.mkdir(parents=True, exist_ok=True)
    for voice, folder in VOICE_FOLDER.items():
        frame = site_dir / folder / "frame"
        shutil.move(frame / "index.html", frames / f"{language}-{voice}.html")
        shutil.rmtree(frame)
    shutil.rmtree(site_dir / "assets")  # Material's scripts, styles and fonts: no page of ours asks for them
    for leftover in ("sitemap.xml", "sitemap.xml.gz"):
        (site_dir / leftover).unlink(missing_ok=True)


def build_assets(compiled: dict[str, Any]) -> None:
    shutil.copytree(ROOT / "site" / "assets", FRESH / "assets")
    (FRESH / "assets" / "heard.css").write_text(stylesheet(compiled), encoding="utf-8")


def build_short_addresses(languages: list[str], assets: str) -> None:
    """The root, and the addresses on QR codes: plain pages that lead on, with or without scripts."""
    default = languages[0]
    write_leading_page(FRESH / "index.html", f"/{default}/", default, assets)
    for letter, voice in DOORS.items():
        write_leading_page(FRESH / letter / "index.html", path_of("complaint", default, voice), default, assets)


def write_leading_page(path: Path, target: str, language: str, assets: str) -> None:
    """With scripts, heard.js leads on and keeps the placement code; without, the browser does, and the code is gone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>Heard</title>\n'
        f'<script src="/assets/lead.js?v={assets}" data-target="{target}"></script>\n'
        f'<noscript><meta http-equiv="refresh" content="0; url={target}"></noscript>\n'
        f'</head>\n<body>\n<main><p><a href="{target}">Continue</a></p></main>\n</body>\n</html>\n',
        encoding="utf-8",
    )


def compress() -> None:
    """A .gz beside each text file, so that the host need not compress anything while somebody waits."""
    for path in FRESH.rglob("*"):
        if path.suffix in COMPRESSED and path.is_file():
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))


def put_in_place() -> None:
    """The new site takes the old one's place in a moment, so that a host goes on serving during a build."""
    old = SITE.with_name("site-before")
    shutil.rmtree(old, ignore_errors=True)
    if SITE.exists():
        SITE.rename(old)
    FRESH.rename(SITE)
    shutil.rmtree(old, ignore_errors=True)


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    shutil.rmtree(FRESH, ignore_errors=True)
    compiled = compile_all()
    languages = list(compiled["languages"])
    os.environ[COMPILED_ALREADY] = "yes"
    with ProcessPoolExecutor() as pool:
        list(pool.map(build_language, languages))
    shutil.copy(FRESH / languages[0] / "404.html", FRESH / "404.html")
    build_assets(compiled)
    build_short_addresses(languages, compiled["fingerprint"])
    (FRESH / "openapi.json").write_text(json.dumps(document(), indent=1) + "\n", encoding="utf-8")
    schemas = FRESH / "schemas"
    schemas.mkdir()
    for schema in (ROOT / "functions" / "heard").glob("*.schema.json"):
        shutil.copy(schema, schemas)
    compress()
    put_in_place()


if __name__ == "__main__":
    try:
        main()
    except ContentWrong as wrong:
        sys.exit(f"{wrong}\nNothing was built.")
