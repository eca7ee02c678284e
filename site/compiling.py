"""Everything the functions and the theme read, written in one go."""

from typing import Any

from content import compile_content, write_json
from councils import compile_council, not_asked
from languages import compile_languages
from style import fingerprint


def compile_all() -> dict[str, Any]:
    """Writes functions/heard/compiled/; returns the forms, words and council, and the languages to build."""
    council = compile_council()
    compiled = {"council": council} | compile_content(not_asked(council))
    compiled["languages"] = compile_languages(compiled)
    compiled["fingerprint"] = fingerprint(compiled)
    write_json("assets.json", {"fingerprint": compiled["fingerprint"]})
    return compiled
