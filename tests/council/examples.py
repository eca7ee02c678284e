"""The example messages that councils try their systems with, made by the real thing: sent, accepted, and built.

    python -m tests.council.examples

writes them anew, after a change to the forms or the message that is meant.
"""

import json
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from heard.bounce import UNDELIVERABLE, bounced
from heard.case import CONTACT_FAILED, COUNCIL_MESSAGE, Case, Entry
from heard.council.verify import EXAMPLES
from heard.message import EVENTS, build
from heard.reminders import reminders_of
from heard.say import Saying, say
from heard.services import Services
from heard.wiring import one_machine
from tests.conftest import MESSAGES, Clock, send_json

BEGINS = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NOTE = "This is an example from `heard council verify`. Nobody wrote it."
ARABIC = "هذا مثال. أخبرتُ ثلاثة أشخاص بالأمر، ولم يتصل بي أحد. رقم الباب ١٢."
FULLEST = {
    "what_happened": f"{NOTE}\n\nThe meeting was moved twice.\n\tNobody told me why.",
    "safe_now": "not_sure",
    "what_would_help": "Tell me the new date in writing.",
    "themes": ["communication", "delay", "safety"],
    "when": "over_a_year",
    "service": "The fostering team",
    "told_before": "yes",
    "previous_reference": "TM7-MM8-PP9-456",
    "court_or_police": "not_sure",
    "who": "foster_carer",
    "name": "Example Carer",
    "age_band": "rather_not_say",
    "child_name": "Example Child",
    "child_knows": "yes",
    "advocate": "have_one",
    "advocate_name": "Example Advocate",
    "advocate_email": "advocate@speakup.example",
    "meet": "yes",
    "needs": ["interpreter", "bsl", "large_print", "braille", "audio", "easy_read", "other"],
    "interpreter_language": "Polish",
    "contact": "email",
    "email": "carer@home.example",
    "contact_is_safe": "yes",
    "contact_notes": "Not before 4 o'clock. No voicemail.",
    "acknowledge": "yes",
}
TEXTS = {"contact": "text", "phone": "07700 900124", "contact_is_safe": "yes", "acknowledge": "yes"}
BY_POST = {"contact": "post", "postal_address": "1 Example Street\nExampleton\nEX1 1EX"}
SUBMISSIONS = {  # name: form, voice, placement, and what was answered besides the note
    "smallest": ("comment", "young", None, {}),
    "fullest": ("complaint", "standard", "lf4", FULLEST),
    "complaint_easy": ("complaint", "easy", None, {"who": "care_leaver", "when": "this_month", "advocate": "want_one"}),
    "complaint_urgent": ("complaint", "young", "kr7", {"who": "child_self", "safe_now": "no", "age_band": "8_to_11"}),
    "complaint_text_message": ("complaint", "young", None, {"who": "child_self", **TEXTS}),
    "anonymous": ("complaint", "standard", None, {"themes": ["staff_conduct"], "contact": "none"}),
    "compliment": ("compliment", "easy", None, {"compliment_themes": ["listened"], **BY_POST}),
    "comment": ("comment", "standard", None, {"service": "Buses"}),
    "arabic": ("complaint", "easy", None, {"what_happened": f"{NOTE}\n{ARABIC}", "name": "مثال"}),
    "emoji": ("compliment", "young", None, {"what_went_well": f"{NOTE} 👩🏽‍👧‍👦🎉 Zażółć gęślą jaźń, e\u0301, ﷽, 𝔊"}),
    "looks_like_code": (
        "comment", "standard", None,
        {"what_you_want_to_say": f"=1+1\n<b>{NOTE}</b> '; -- \\ {{{{}}}} %s\r\n@SUM(A1)", "name": '+44 "Example", -1'},
    ),
    "may_be_a_repeat": ("comment", "easy", None, {}),
}  # fmt: skip
SAID = {
    "tell_more": {"more": f"{NOTE}\n{ARABIC}"},
    "next_stage": {"still_wrong": NOTE},
    "ask_for": {"help_wanted": ["meeting", "interpreter"], "help_words": "Polish, on a Tuesday"},
    "change_contact": {"contact": "post", "postal_address": "1 Example Street\nExampleton\nEX1 1EX"},
    "name_advocate": {"advocate_is": "Example Advocate", "advocate_sees": "steps"},
    "remove_advocate": {},
    "withdraw": {"why_stop": NOTE},
    "carry_on": {},
    "closing_questions": {"closing_rights": "yes", "closing_better": "partly", "closing_advocate": "not_sure"},
}
LATER_ATTEMPTS = {"may_be_a_repeat": 2}


def made(services: Services, clock: Clock) -> dict[str, dict[str, object]]:
    """Each example by name."""
    messages = {}
    for number, (name, (form, voice, placement, answers)) in enumerate(SUBMISSIONS.items(), start=1):
        clock.moment = BEGINS.replace(hour=9 + number)
        fields = {"form": form, "lang": "en", "voice": voice, "form_version": 1, "key": f"{number:032x}"}
        if placement:
            fields["placement"] = placement
        status, receipt = send_json(services, "send", **fields, **({MESSAGES[form]: NOTE} | answers))
        assert status == 201, (name, receipt)
        case = services.store.with_reference(receipt["reference"])
        attempt = LATER_ATTEMPTS.get(name, 1)
        messages[name] = build(case, Entry(COUNCIL_MESSAGE, "", attempts=attempt), possible_duplicate=attempt > 1)
        if name == "fullest":
            code = receipt["code"]
    failed = bounced(messages["fullest"]["reference"], UNDELIVERABLE, services.store, clock())
    told = dict(said(services, clock, code))
    return messages | {"contact_failed": event(failed, CONTACT_FAILED)} | told | reminders(failed)


def reminders(case: Case) -> dict[str, dict[str, object]]:
    """That its answer is due on the day that was promised, and was."""
    told = {kind.partition(":")[0]: Entry(kind, at, since=at, attempts=1) for kind, at in reminders_of(case).items()}
    return {name: build(case, entry, possible_duplicate=False) for name, entry in told.items()}


def said(services: Services, clock: Clock, code: str) -> Iterator[tuple[str, dict[str, object]]]:
    """What the person of the fullest complaint said since, one after the other."""
    for number, (form, answers) in enumerate(SAID.items(), start=1):
        clock.moment = BEGINS.replace(day=23, minute=number)
        case = say(Saying(code, form, f"{number:032x}", answers), services.store, services.peppers, clock()).case
        yield EVENTS[form], event(case, f"said:{case.said[-1].id}")


def event(case: Case, kind: str) -> dict[str, object]:
    return build(case, Entry(kind, "", attempts=1), possible_duplicate=False)


def as_file(message: dict[str, object]) -> str:
    return json.dumps(message, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    clock = Clock(BEGINS)
    with tempfile.TemporaryDirectory() as folder:
        settings = {"HEARD_DATA": folder, "HEARD_PEPPER": "aa" * 32}
        with closing(one_machine(settings, clock)) as services:
            messages = made(services, clock)
    for old in EXAMPLES.glob("*.json"):
        old.unlink()
    for name, message in messages.items():
        Path(EXAMPLES, f"{name}.json").write_text(as_file(message), encoding="utf-8")


if __name__ == "__main__":
    main()
