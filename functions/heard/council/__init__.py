"""Who the site speaks for: one council's names, contacts and clocks, from its one file."""

from typing import Any

from heard.wording import read_compiled


def council() -> dict[str, Any]:
    """The council this copy was built for; the keys are those of content/councils/*.yml."""
    profile: dict[str, Any] = read_compiled("council.json")
    return profile


def known_placement(code: str) -> str | None:
    """The code of a printed QR code, or None for one the council never put up."""
    return code if code in council()["placements"] else None
