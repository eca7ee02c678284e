"""Who the site speaks for: one council's names, contacts and clocks, from its one file."""

from typing import Any

from heard.wording import read_compiled


def council() -> dict[str, Any]:
    """The council this copy was built for; the keys are those of content/councils/*.yml."""
    profile: dict[str, Any] = read_compiled("council.json")
    return profile


def provider_with_a_list(profile: dict[str, Any]) -> str | None:
    """The advocacy service whose people open a list of cases by a link; None where the council registers none."""
    registered: dict[str, Any] = profile.get("advocacy_sign_in") or {}
    return registered.get("provider")


def known_placement(code: str) -> str | None:
    """The code of a printed QR code, or None for one the council never put up."""
    return code if code in council()["placements"] else None
