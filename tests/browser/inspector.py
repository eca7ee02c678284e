"""axe-core, and what it found.

All its rules run, those of good practice too, and two that it leaves out by itself: contrast of 7:1, size of targets.
"""

from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {"resultTypes": ["violations"], "rules": {"color-contrast-enhanced": {"enabled": True}}}
RULES["rules"] |= {"target-size": {"enabled": True}}


class Inspector:
    """Looks at one page after another, and remembers what was wrong and where."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.axe = Axe()
        self.found: dict[str, set[str]] = {}

    def look(self) -> None:
        where = f"{urlsplit(self.page.url).path} ({self.page.title()})"
        for rule in self.axe.run(self.page, options=RULES).response["violations"]:
            for node in rule["nodes"]:
                problem = f"{rule['id']}: {' '.join(map(str, node['target']))}: {node['failureSummary']}"
                self.found.setdefault(problem, set()).add(where)

    def report(self) -> str:
        return "\n\n".join(f"{problem}\n  on {', '.join(sorted(where))}" for problem, where in self.found.items())
