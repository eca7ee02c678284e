"""Where each page lives: one rule for addresses, for the site, the functions and the letters."""

PAGES = (
    "index", "complaint", "compliment", "comment", "follow", "help",
    "what-happens", "rights", "privacy", "leaving", "contact", "accessibility",
)  # fmt: skip
VOICE_FOLDER = {"standard": "", "easy": "easy-read/", "young": "young/"}
DOORS = {"s": "standard", "e": "easy", "y": "young"}
"""Short addresses for printed QR codes: /y/ opens the young complaint form."""


def path_of(page: str, language: str, voice: str) -> str:
    """The address of a page from the root of the site, e.g. /en/young/help/."""
    folder = f"/{language}/{VOICE_FOLDER[voice]}"
    return folder if page == "index" else f"{folder}{page}/"
