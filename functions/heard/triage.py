"""What the answers suggest: how urgent, and which procedure. Suggestions with reasons; people decide.

The rules follow the statutory guidance's scope and published council practice (who may use the
procedure of SI 2006/1738, what goes to the corporate one). Council differences are data in its file,
in the rules that held on the day of receipt.
"""

import re
from dataclasses import dataclass
from typing import Any

from heard.answers import Answers

FROM_A_CHILD = ("child_self", "care_leaver", "child_advocate")
NAMED_IN_THE_LAW = ("parent_pr", "foster_carer", "special_guardian", "adoption")


@dataclass(frozen=True)
class Suggestion:
    """A procedure and the codes of the reasons for it, most telling first."""

    procedure: str
    reasons: tuple[str, ...]


def urgency_of(answers: Answers) -> tuple[str, ...]:
    """Reasons to read this first; empty when nothing in the choices says so. The text itself is for people to read."""
    reasons = []
    if answers.get("safe_now") in ("no", "not_sure"):
        reasons.append(f"safe_now_{answers['safe_now']}")
    if "safety" in answers.get("themes", []):
        reasons.append("theme_safety")
    return tuple(reasons)


def suggest_procedure(form_name: str, answers: Answers, rules: dict[str, Any]) -> Suggestion:
    """Which procedure the team may start from. Where it is unclear the children's procedure, the stricter one."""
    if form_name != "complaint":
        return Suggestion(form_name, (f"sent_as_{form_name}",))
    procedure, reason = _complaint_procedure(answers, rules)
    return Suggestion(procedure, (reason, *_to_look_at(answers)))


def _complaint_procedure(answers: Answers, rules: dict[str, Any]) -> tuple[str, str]:
    who = answers.get("who")
    if who in FROM_A_CHILD:
        return "statutory", "from_or_for_a_child"
    if who and _names_one_of(answers.get("service", ""), rules["corporate_services"]):
        return "corporate", "service_outside_the_children_s_procedure"
    themes = set(answers.get("themes", []))
    if who and themes and themes <= set(rules["adult_matters"]):
        return "corporate", "adult_about_how_they_were_treated"
    if who in NAMED_IN_THE_LAW:
        return "statutory", "person_named_in_the_regulations"
    if who:
        return "statutory", "sufficient_interest_to_be_decided"
    return "statutory", "who_not_given"


def _names_one_of(service: str, names: list[str]) -> bool:
    """Whole words only: `SEND` is not in `sending`."""
    return any(re.search(rf"\b{re.escape(name)}\b", service, re.IGNORECASE) for name in names)


def _to_look_at(answers: Answers) -> list[str]:
    """What does not change the suggestion but may change the team's decision."""
    found = []
    if answers.get("court_or_police") == "yes":
        found.append("court_or_police_may_pause_it")
    if answers.get("when") == "over_a_year":
        found.append("over_a_year_ago_needs_discretion")
    if "data_confidentiality" in answers.get("themes", []):
        found.append("also_a_data_protection_complaint")
    return found
