"""Every page people can meet is as easy to read as its voice promises: those that were built and those that answer."""

from dataclasses import replace
from functools import cache
from urllib.parse import urlencode

import pytest

from heard import exchange, pages, web
from heard.case import ACKNOWLEDGEMENT, NEWS
from heard.council import council
from heard.letters import letter_for
from heard.places import PAGES, path_of
from heard.update import HOLD_REASONS, update
from heard.wording import VOICES, Words
from tests.conftest import KEY, SITE, deliver_all, send_json
from tests.content.reading import blocks, grade, sentences, syllables, without, words

HARDEST = {"standard": 8, "easy": 5, "young": 5}
LONGEST = {"standard": 19, "easy": 15, "young": 19}
"""Words in one sentence. The statement on accessibility has one sentence that is fixed by law."""
FIXED_BY_LAW = "This website is partially compliant with the Web Content Accessibility Guidelines"
DAY = "2026-11-{:02}T10:00:00Z"
WISHES = {"contact": "email", "email": "me@home.example", "contact_is_safe": "yes", "acknowledge": "yes"}

every_voice = pytest.mark.parametrize("voice", VOICES)


@cache
def proper_names():
    """Names of people's places and services, which nobody can make shorter."""
    facts = council()
    names = {facts["name"], facts["short_name"], facts["team"], facts["advocacy"][0]["name"], ", ".join(facts["post"])}
    return names | {Words("en", voice)(f"helplines.{line}.name") for line in facts["helplines"] for voice in VOICES}


def read(page):
    return blocks(page, proper_names())


def too_long(texts, voice):
    found = [sentence for sentence in sentences(texts) if len(words(sentence)) > LONGEST[voice]]
    return [sentence for sentence in found if not sentence.startswith(FIXED_BY_LAW)]


def assert_reads_well(page, voice):
    texts = read(page)
    assert len(sentences(texts)) >= 3
    assert not too_long(texts, voice)
    assert grade(texts) <= HARDEST[voice]


def built(page, voice):
    return (SITE / path_of(page, "en", voice).strip("/") / "index.html").read_text(encoding="utf-8")


def post(services, step, voice, **fields):
    """A form as a browser posts it: the page that comes back."""
    body = urlencode({"lang": "en", "voice": voice, **fields}, doseq=True).encode()
    return web.answer(step, exchange.Request(exchange.FORM, body), services)


def send(services, voice, form="complaint", **answers):
    required = {"complaint": "what_happened", "compliment": "what_went_well", "comment": "what_you_want_to_say"}[form]
    return post(services, "send", voice, form=form, key=KEY, **{required: "They never came."}, **answers)


@every_voice
@pytest.mark.parametrize("page", PAGES)
def test_a_built_page_reads_well(page, voice):
    assert_reads_well(built(page, voice), voice)


@every_voice
def test_a_form_with_problems_reads_well(services, voice):
    wrong = {"what_would_help": "x" * 6000, "contact": "email", "email": "nowhere", "when": "never", "name": ["A", "B"]}
    answer = post(services, "check", voice, form="complaint", what_happened="", **wrong, child_name="\0", unasked="x")

    assert answer.status == 422
    assert_reads_well(answer.body, voice)


@every_voice
@pytest.mark.parametrize("channel", ["email", "text", "post", "none"])
def test_answers_read_back_read_well(services, voice, channel):
    """With what is pointed out before sending: an address that is missing, somebody who may not be safe."""
    said = {
        "what_happened": "They never came.",
        "contact": channel,
        "safe_now": "not_sure",
        "themes": ["delay", "support"],
    }
    answer = post(services, "check", voice, form="complaint", **said)

    assert answer.status == 200
    assert_reads_well(answer.body, voice)


@every_voice
def test_answers_that_no_letter_can_follow_read_well(services, voice):
    answer = post(
        services, "check", voice, form="complaint", what_happened="Hm.", contact="email", email="me@home.example"
    )

    assert Words("en", voice)("check.notices.not_said_safe") in answer.body
    assert_reads_well(answer.body, voice)


@every_voice
def test_being_told_that_it_was_sent_before_reads_well(services, voice):
    send(services, voice)
    answer = send(services, voice, what_would_help="Come.")

    assert answer.status == 409
    assert_reads_well(answer.body, voice)


@every_voice
def test_a_failure_while_sending_reads_well(services, voice):
    answer = send(replace(services, store=None), voice)

    assert answer.status == 500
    assert_reads_well(answer.body, voice)


@every_voice
@pytest.mark.parametrize("form", ["complaint", "compliment", "comment"])
def test_a_receipt_reads_well(services, voice, form):
    answer = send(services, voice, form)

    assert answer.status == 201
    assert_reads_well(answer.body, voice)


@every_voice
def test_a_receipt_with_everything_on_it_reads_well(services, voice):
    answer = send(services, voice, themes=["safety"], **WISHES)

    assert Words("en", voice)("receipt.next.letter") in answer.body
    assert_reads_well(answer.body, voice)


@every_voice
def test_a_receipt_past_the_official_calendar_reads_well(services, clock, voice):
    clock.move(days=800)
    answer = send(services, voice)

    assert Words("en", voice)("receipt.due_unknown") in answer.body
    assert_reads_well(answer.body, voice)


@every_voice
@pytest.mark.parametrize(("code", "status"), [("", 422), ("no such code", 404)])
def test_a_code_that_is_not_found_reads_well(services, voice, code, status):
    answer = post(services, "follow", voice, code=code)

    assert answer.status == status
    assert_reads_well(answer.body, voice)


@every_voice
@pytest.mark.parametrize("reason", HOLD_REASONS)
def test_a_case_on_hold_reads_well(services, voice, reason):
    hold = {"status": "on_hold", "reason": reason, "resubmit_by": "2027-11-20"}

    assert_reads_well(followed(services, voice, hold), voice)


@every_voice
def test_a_long_story_that_is_late_reads_well(services, voice):
    steps = [
        {"status": status, "stage": 2}
        for status in ("with_council", "reply_sent", "closed", "referred", "looking_into_it")
    ]
    page = followed(services, voice, *steps, after=60)

    assert Words("en", voice)("timeline.late") in page
    assert_reads_well(page, voice)


def accepted(services, voice, **answers):
    """What a program is told when it sends a complaint for somebody."""
    fields = {"form": "complaint", "voice": voice, "key": KEY, "what_happened": "They never came."}
    return send_json(services, "send", **fields, **answers)[1]


def followed(services, voice, *said, after=0):
    """The timeline of a case that was delivered and of which the council said something."""
    receipt = accepted(services, voice)
    deliver_all(services)
    for version, one in enumerate(said, start=1):
        update(
            receipt["reference"],
            {"version": version, "at": DAY.format(20 + version), **one},
            services.store,
            services.clock(),
        )
    services.clock.move(days=after)
    answer = post(services, "follow", voice, code=receipt["code"])
    assert answer.status == 200
    return answer.body


@every_voice
@pytest.mark.parametrize("reason", ["not_found", "too_big", "not_understood", "broken"])
def test_an_apology_reads_well(voice, reason):
    assert_reads_well(pages.sorry_page(Words("en", voice), reason), voice)


@every_voice
def test_a_letter_reads_well(services, voice):
    reference = accepted(services, voice, **WISHES)["reference"]
    case = services.store.with_reference(reference)
    address = council()["address"] + path_of("follow", "en", voice)
    for kind, sentences_in_it in ((ACKNOWLEDGEMENT, 5), (NEWS, 4)):
        letter = letter_for(kind, case, council())
        texts = without(letter.text, [reference, address, council()["phone"]])

        assert len(texts) == sentences_in_it
        assert not too_long(texts, voice)
        assert grade(texts) <= HARDEST[voice]


@pytest.mark.parametrize("easier", VOICES[1:])
def test_what_is_written_for_everyone_is_never_easier_than_what_is_written_to_be_easy(easier):
    """Over all pages together: a voice that read no easier than the standard one would not be worth choosing."""
    assert grade_of_everything(easier) < grade_of_everything("standard")


def grade_of_everything(voice):
    return grade(text for page in PAGES for text in read(built(page, voice)))


HARD = (
    "Notwithstanding the foregoing provisions, complainants dissatisfied with the adjudication of their "
    "representations may petition the authority's independent review panel for reconsideration of the determination."
)
EASY = "The cat sat on the mat. The dog ran to the cat. They had fun."


def test_the_measure_finds_hard_text_hard_and_easy_text_easy():
    assert grade([HARD]) > 15
    assert grade([EASY]) < 2


def test_the_measure_never_falls_below_a_grade_counted_by_hand():
    """13 words, 24 syllables."""
    known = "The Australian platypus is seemingly a hybrid of a mammal and reptilian creature."
    by_hand = 0.39 * 13 + 11.8 * 24 / 13 - 15.59

    assert by_hand <= grade([known]) <= by_hand + 2


def test_headings_and_buttons_do_not_make_a_page_easier():
    assert grade([HARD, "Next", "Your rights", "Send"]) == grade([HARD])


@pytest.mark.parametrize(
    ("word", "spoken"),
    [
        ("cat", 1), ("made", 1), ("asked", 1), ("moves", 1), ("through", 1), ("table", 2), ("wanted", 2), ("idea", 3),
        ("ideas", 3), ("quiet", 2), ("social", 2), ("people", 2), ("seeing", 2), ("question", 2), ("advocate", 3),
        ("anyone", 3), ("area", 3), ("family", 3), ("places", 2), ("complaint", 2), ("everything", 3), ("council", 2),
        ("information", 4), ("situation", 4), ("video", 3), ("Ombudsman", 3), ("accessibility", 6), ("GDPR", 4),
        ("10", 2), ("2026", 4),
    ],
)  # fmt: skip
def test_syllables_are_rather_counted_twice_than_missed(word, spoken):
    assert spoken <= syllables(word) <= spoken + 1


def test_blocks_end_sentences_and_links_do_not():
    page = "<main><h1>Help</h1><p>You can <a href='#'>phone</a> us.<br>Ask <b>now</b></p><ul><li>One<li>Two</ul></main>"

    assert sentences(blocks(page)) == ["Help", "You can phone us.", "Ask now", "One", "Two"]


def test_what_nobody_reads_is_left_out():
    page = (
        "<header>Top</header><main><p>Call Childline on <bdi>0800 1111</bdi> now.</p><p hidden>No</p>"
        "<script>no()</script>"
        "<div aria-hidden='true'>No</div><p>Yes<span class='visually-hidden'>no</span>.</p></main><footer>End</footer>"
    )

    assert blocks(page, ["Childline"]) == ["Call on now.", "Yes."]


def test_a_sentence_ends_where_it_ends():
    assert sentences(["Is it? Yes! “It is.” We open at 9.30 on 1 May, every year."]) == [
        "Is it?", "Yes!", "“It is.", "We open at 9.30 on 1 May, every year.",
    ]  # fmt: skip
