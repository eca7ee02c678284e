"""The one stylesheet: the design, the council's two colours, and which question is shown when."""

import hashlib
from typing import Any

from content import ROOT


def condition(name: str, codes: list[str]) -> str:
    values = ",".join(f'[value="{code}"]' for code in codes)
    return f':has([name="{name}"]:is({values}):checked)'


def reveal_rules(forms: list[dict[str, Any]]) -> str:
    """CSS that shows a question only when it is asked, from the same `asked_when` the schema uses.

    A browser that does not know :has() ignores these rules and shows every question; nobody needs a script.
    """
    rules = set()
    for question in (q for form in forms for section in form["sections"] for q in section["questions"]):
        for name, codes in question.get("asked_when", {}).items():
            rules.add(f"form:not({condition(name, codes)}) #question-{question['id']}")
        for panel, codes in question.get("shows", {}).items():
            rules.add(f"form:not({condition(question['id'], codes)}) .{panel.replace('_', '-')}")
    body = "\n".join(f"  {rule} {{ display: none; }}" for rule in sorted(rules))
    return f"@supports selector(:has(*)) {{\n{body}\n}}\n"


def brand_rules(brand: dict[str, str]) -> str:
    """The council's two colours, one for light grounds and one for dark ones."""
    light, dark = (f":root {{ --md-primary-fg-color: {brand[ground]}; }}" for ground in ("light", "dark"))
    return f"@media screen {{ {light} }}\n@media screen and (prefers-color-scheme: dark) {{ {dark} }}\n"


def stylesheet(compiled: dict[str, Any]) -> str:
    """The one stylesheet: ours, then the council's colours, then which question is shown when."""
    ours = (ROOT / "site" / "assets" / "heard.css").read_text(encoding="utf-8")
    return "\n".join((ours, brand_rules(compiled["council"]["brand"]), reveal_rules(compiled["forms"])))


def fingerprint(compiled: dict[str, Any]) -> str:
    """Changes when the stylesheet or a script does, so that browsers may keep them for a year."""
    scripts = sorted((ROOT / "site" / "assets").glob("*.js"))
    parts = [stylesheet(compiled).encode(), *(script.read_bytes() for script in scripts)]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:10]
