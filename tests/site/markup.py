"""A page as a tree, for asking it questions. Strict: a tag that is not closed where it was opened is an error."""

from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
Element = ElementTree.Element


class NotWellFormed(Exception):
    """An element is closed that is not the one opened last."""


class Builder(HTMLParser):
    """Feeds a tree from HTML, without the leniency of a browser."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = ElementTree.TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tree.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.tree.end(tag)
        else:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            raise NotWellFormed(f"</{tag}> in line {self.getpos()[0]}")
        self.tree.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.tree.data(data)


def parse(page: str) -> Element:
    """The page's <html> element; raises NotWellFormed."""
    builder = Builder()
    builder.feed(page)
    builder.close()
    if builder.open:
        raise NotWellFormed(f"never closed: {builder.open}")
    return builder.tree.close()


@cache
def page_at(path: Path) -> Element:
    """A built page, read once. Callers must not change what they get."""
    return parse(path.read_text(encoding="utf-8"))


def text_of(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


def with_class(tree: Element, name: str) -> list[Element]:
    return [element for element in tree.iter() if name in element.get("class", "").split()]


def attributes(tree: Element) -> Iterator[tuple[str, str]]:
    return (pair for element in tree.iter() for pair in element.items())
