"""The `heard` command, as a council officer and a newcomer use it."""

import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from heard.cli import main
from heard.council import council
from tests.conftest import deliver_all, send_complaint


@pytest.fixture
def machine(services, monkeypatch, tmp_path):
    """The command works on the same data folder as `services`."""
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "data"))
    return services  # and no pepper is in reach: the council's side needs none


def run(capsys, *arguments):
    status = main(arguments)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.mark.parametrize(
    "words",
    [[], ["serve"], ["build"], ["council"], ["outbox"], ["qr"], ["words"]]
    + [["council", action] for action in ("inbox", "update", "check", "consume", "received", "reconcile", "verify")],
)
def test_help_reads_well(words, capsys):
    with pytest.raises(SystemExit) as left:
        main([*words, "--help"])
    shown = capsys.readouterr().out
    assert left.value.code == 0
    assert shown.startswith("usage: heard")
    assert len(shown.splitlines()) >= 4


def test_a_case_goes_from_the_outbox_to_the_inbox_and_is_moved_along(machine, capsys):
    receipt = send_complaint(machine, safe_now="no", themes=["safety", "other"], contact_notes="x", contact="text")
    assert f"{receipt['reference']}  council_message  attempts 0" in run(capsys, "outbox")[1]
    deliver_all(machine)
    assert run(capsys, "outbox")[1] == "Everything has been passed on.\n"
    shown = run(capsys, "council", "inbox")[1]
    assert receipt["reference"] in shown
    assert "URGENT: safe_now_no, theme_safety" in shown
    assert "They never came." in shown
    status, out, _ = run(
        capsys, "council", "update", receipt["reference"], "--status", "looking_into_it", "--stage", "1"
    )
    assert (status, "update 1 is in place" in out) == (0, True)
    assert "update 2" in run(capsys, "council", "update", receipt["reference"], "--status", "reply_sent")[1]


def test_taking_prints_whole_messages_and_empties_the_queue(machine, capsys):
    for number in range(3):
        send_complaint(machine, key=f"{number:032x}")
    deliver_all(machine)
    taken = run(capsys, "council", "inbox", "--take", "2", "--json")[1].splitlines()
    assert [json.loads(line)["version"] for line in taken] == [1, 1]
    assert len(run(capsys, "council", "inbox", "--json")[1].splitlines()) == 1
    run(capsys, "council", "inbox", "--take", "5")
    assert run(capsys, "council", "inbox")[1] == "Nothing is waiting.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["222-222-222-222", "--status", "closed"], "no case with this reference"),
        (["{reference}", "--status", "on_hold"], "reason: This status needs it: why it is on hold"),
        (["{reference}", "--status", "closed", "--due", "soon"], "due: Not a valid date"),
        (["{reference}", "--status", "closed", "--at", "0001-01-01T00:00:00+12:00"], "at: Not a year"),
        (["{reference}", "--status", "closed", "--note", "\udcff"], "note: It holds a control character"),
    ],
)
def test_a_wrong_update_is_explained_and_changes_nothing(machine, capsys, arguments, says):
    receipt = send_complaint(machine)
    filled = [argument.format(**receipt) for argument in arguments]
    status, _, err = run(capsys, "council", "update", *filled)
    assert status == 1
    assert says in err
    assert "Nothing was changed" in err
    assert machine.store.with_reference(receipt["reference"]).updates == ()


def test_a_file_of_updates_is_taken_and_each_that_does_not_fit_has_its_reply(machine, tmp_path, capsys):
    reference = send_complaint(machine)["reference"]
    right = {"reference": reference, "version": 1, "status": "closed", "at": "2026-11-20T14:00:00Z", "note": "\u2028"}
    others = ({"version": 2, "status": "lost"}, {"reference": "TM7-MM8-PP9-456"}, {"note": "CANARY"})
    lines = [json.dumps(right, ensure_ascii=False), *(json.dumps({**right, **other}) for other in others), "", "no"]
    (tmp_path / "updates.jsonl").write_text("\n".join(lines), encoding="utf-8")
    status, out, err = run(capsys, "council", "update", "--file", str(tmp_path / "updates.jsonl"))
    assert status == 1
    assert [list(json.loads(line)["problems"]) for line in out.splitlines()] == [
        ["status"], ["reference"], ["version"], ["body"],
    ]  # fmt: skip
    assert "CANARY" not in out + err
    assert err.splitlines()[-1] == "heard: in place: 1; refused: 4."
    (tmp_path / "updates.jsonl").write_text(lines[0], encoding="utf-8")
    assert run(capsys, "council", "update", "--file", str(tmp_path / "updates.jsonl"))[:2] == (0, "")
    assert len(machine.store.with_reference(reference).updates) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["TM7-MM8-PP9-456"],
        ["--status", "closed"],
        ["--file", "updates.jsonl", "--status", "closed"],
        ["TM7-MM8-PP9-456", "--status", "closed", "--file", "updates.jsonl"],
    ],
)
def test_an_update_is_one_or_a_file_of_them(machine, capsys, arguments):
    assert run(capsys, "council", "update", *arguments) == (
        2, "", "heard: give a reference and --status, or --file alone. Nothing was changed.\n",
    )  # fmt: skip


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_file_of_updates_that_cannot_be_read_is_said(machine, tmp_path, capsys, content):
    if content is not None:
        (tmp_path / "updates.jsonl").write_bytes(content)
    status, _, err = run(capsys, "council", "update", "--file", str(tmp_path / "updates.jsonl"))
    assert (status, err.endswith("cannot be read. Nothing was changed.\n")) == (1, True)


@pytest.mark.parametrize("arguments", [["council", "inbox"], ["council", "inbox", "--take", "1"], ["outbox"]])
def test_looking_in_the_wrong_folder_does_not_look_like_no_cases(monkeypatch, tmp_path, capsys, arguments):
    monkeypatch.setenv("HEARD_DATA", str(tmp_path / "elsewhere"))
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (1, "")
    assert "set HEARD_DATA" in err
    assert not (tmp_path / "elsewhere").exists()


def test_taking_less_than_one_message_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["council", "inbox", "--take", "-1"])
    assert "invalid positive value" in capsys.readouterr().err


def test_a_qr_code_is_written_with_its_address_beside_it(tmp_path, capsys):
    status, out, _ = run(capsys, "qr", "kr7", "--door", "easy", "--level", "Q", "--folder", str(tmp_path / "new"))
    assert status == 0
    address, svg, png = out.splitlines()
    assert address == f"{council()['address']}/e/?p=kr7"
    drawing = ElementTree.parse(svg).getroot()  # noqa: S314 - our own file
    assert [text.text for text in drawing.iter("{http://www.w3.org/2000/svg}text")] == [address]
    assert Path(png).read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_a_placement_nobody_put_up_is_refused(tmp_path, capsys):
    status, _, err = run(capsys, "qr", "zz9", "--folder", str(tmp_path))
    assert status == 1
    assert "kr7" in err
    assert list(tmp_path.iterdir()) == []
