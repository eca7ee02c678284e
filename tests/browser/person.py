"""What a person does in a tab: opens a page, fills in, goes on, sends, presses Back."""

from collections.abc import Callable
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from playwright.sync_api import Error, Page, Response, expect

from heard.controls import HONEYPOT
from heard.forms import FORMS
from heard.places import PAGES, VOICE_FOLDER, path_of
from heard.wording import VOICES
from tests.conftest import MESSAGES

GO_ON = ".send button"
"""The one button that goes on: to the check page, to the receipt, to the timeline."""
ONE_OF_EACH = [("complaint", "young"), ("compliment", "easy"), ("comment", "standard")]
"""Each form once and each voice once, for what all nine share."""
BROWSERS_OWN_PAGE = "chrome-error://*"
"""Where Chromium asks whether to send a form again."""
NINE_FORMS = [(form, voice) for form in FORMS for voice in VOICES]


def message_box(form: str) -> str:
    return f"#{MESSAGES[form]}"


def open_page(tab: Page, page: str, voice: str = "standard", language: str = "en") -> None:
    tab.goto(path_of(page, language, voice))


def answer_to(tab: Page, act: Callable[[], object]) -> Response:
    """Does something that sends a form, and says what the server answered once the answer is on the screen."""
    with tab.expect_event("load"), tab.expect_response(lambda answer: answer.request.method == "POST") as answered:
        act()
    return answered.value


def go_on(tab: Page) -> Response:
    """Presses the button that goes on."""
    return answer_to(tab, tab.locator(GO_ON).click)


def check_message(tab: Page, text: str, form: str = "complaint", voice: str = "young", language: str = "en") -> None:
    """A form with nothing but the message in it, up to the page that reads it back."""
    open_page(tab, form, voice, language)
    tab.fill(message_box(form), text)
    assert go_on(tab).status == 200


def send_message(tab: Page, text: str, form: str = "complaint", voice: str = "young", language: str = "en") -> str:
    """The same, sent: the reference on the receipt."""
    check_message(tab, text, form, voice, language)
    assert go_on(tab).status == 201
    return reference_on(tab)


def say(tab: Page, form: str) -> Response:
    """Presses the button of a form beside the timeline, which is unfolded."""
    return answer_to(tab, tab.locator(f"#say-{form} form button[type=submit]").click)


def reference_on(tab: Page) -> str:
    return tab.locator("output#reference").inner_text()


def code_on(tab: Page) -> str:
    return tab.locator("output#code").inner_text()


def go_back(tab: Page, to: str = "*") -> None:
    """Presses Back, until a page whose address fits `to` has come, for however short a time."""
    with tab.expect_event("framenavigated", lambda frame: fnmatchcase(frame.url, to)), suppress(Error):
        tab.evaluate("history.back()")  # an Error: the page was gone before it could answer


def back_to_an_answer(tab: Page) -> Response:
    """Back to a page that was the answer to a form, and on through the browser's "send the form again?"."""
    go_back(tab, BROWSERS_OWN_PAGE)
    tab.wait_for_load_state()
    return answer_to(tab, lambda: tab.evaluate("location.reload()"))


def focused(tab: Page) -> dict[str, Any]:
    """What the keyboard is talking to now."""
    return tab.evaluate(
        """() => {
          const here = document.activeElement;
          const text = here.innerText ?? "";
          return {tag: here.localName, id: here.id, name: here.name ?? "", type: here.type ?? "",
                  value: here.value ?? "", href: here.getAttribute("href") ?? "", text: text.trim(),
                  goes_on: here.matches(".send button")};
        }"""
    )


def answer_by_keyboard(tab: Page, answers: dict[str, Any]) -> set[str]:
    """Tabs once through the form and answers what is reached, as far as the button; the ids of what was answered.

    Reaching a question that has no answer here is a mistake of the test, and is told.
    """
    answered: set[str] = set()
    for _ in range(300):
        tab.keyboard.press("Tab")
        here = focused(tab)
        if here["goes_on"]:
            return answered
        if here["tag"] not in ("input", "textarea"):
            continue
        name = here["name"]
        assert name != HONEYPOT, "the keyboard must not reach the box that people do not see"
        _answer(tab, here, answers[name])
        answered.add(name)
    raise AssertionError("the keyboard never reached the button")


def _answer(tab: Page, here: dict[str, Any], answer: Any) -> None:
    if here["type"] == "checkbox":
        if here["value"] in answer:
            tab.keyboard.press("Space")
    elif here["type"] == "radio":
        _choose(tab, here["name"], answer)
    else:
        tab.keyboard.type(answer)


def _choose(tab: Page, name: str, code: str) -> None:
    """From the first of some radio buttons, with the arrows, to the wanted one."""
    if focused(tab)["value"] == code:
        tab.keyboard.press("Space")
        return
    for _ in range(20):
        tab.keyboard.press("ArrowDown")
        if focused(tab)["value"] == code:
            return
    raise AssertionError(f"{name} has no {code}")


def tab_to_go_on(tab: Page) -> None:
    """On to the button that goes on, passing everything else."""
    for _ in range(100):
        tab.keyboard.press("Tab")
        if focused(tab)["goes_on"]:
            return
    raise AssertionError("the keyboard never reached the button")


def skip_to_main(tab: Page) -> None:
    """From the top of a page past everything that every page has."""
    tab.keyboard.press("Tab")
    assert focused(tab)["href"] == "#main"
    tab.keyboard.press("Enter")
    expect(tab.locator("main")).to_be_focused()


def questions_on(tab: Page) -> set[str]:
    """The ids of the questions that can be seen now."""
    shown = tab.locator(".question:visible").evaluate_all("found => found.map(question => question.id)")
    return {question.removeprefix("question-") for question in shown}


def pages_of(site: Path, voice: str) -> list[str]:
    """The addresses of every built page in one voice."""
    folders = {other: site / "en" / folder for other, folder in VOICE_FOLDER.items()}
    others = [folder for other, folder in folders.items() if other != voice and folder != site / "en"]
    built = sorted(folders[voice].rglob("index.html"))
    own = [page.parent for page in built if not any(page.is_relative_to(other) for other in others)]
    assert len(own) >= len(PAGES)
    return [f"/{folder.relative_to(site).as_posix()}/" for folder in own]
