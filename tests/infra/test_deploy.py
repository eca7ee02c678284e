"""`make deploy` does things in an order that people who use the site meanwhile do not notice, and stops in time.

Stand-ins for `aws`, `sam` and `make` write down how they were called; the script itself is the real one.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.conftest import ROOT

STAND_IN = """#!/bin/sh
call="${0##*/} $*"
echo "$call" >> "$CALLS"
case "$call" in
  *"${FAILS:-nothing}"*) exit 1 ;;
  "make package"*) echo "$HEARD_COUNCIL" > "$CALLS.council"; echo "key functions-0123.zip, Python 3.13, arm64" ;;
  *describe-stacks*) [ -n "${FIRST:-}" ] && ! grep -q "^sam" "$CALLS" && exit 254
    printf 'SiteBucket\\tthe-site\\nDistributionId\\tE1\\nSiteUrl\\thttps://feedback.example\\n' ;;
esac
"""
SETTINGS = """# a comment
STACK=heard
REGION=eu-west-2
CODE_BUCKET=the-code
HEARD_COUNCIL=yours

Council=yours
PythonVersion=3.13
Architecture=arm64
KeepDays=
"""
STEPS = {  # what changes something, and a part of its call
    "code": "aws s3 cp",
    "stack": "sam deploy",
    "protection": "termination-protection",
    "assets": "build/site/assets s3:",
    "pages": "build/site s3:",
    "fresh": "create-invalidation",
}


class Desk:
    """Where somebody runs the script: a PATH of its own, a settings file, and what was called."""

    def __init__(self, folder: Path) -> None:
        self.tools, self.settings, self.log = folder / "tools", folder / "parameters", folder / "calls"
        self.tools.mkdir()
        self.settings.write_text(SETTINGS)
        for name in ("aws", "sam", "make"):
            (self.tools / name).write_text(STAND_IN)
            (self.tools / name).chmod(0o755)
        for name in ("dirname", "grep", "sed"):
            (self.tools / name).symlink_to(str(shutil.which(name)))

    def deploy(self, **environment: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": str(self.tools), "PARAMETERS": str(self.settings), "CALLS": str(self.log), **environment}
        return subprocess.run([ROOT / "infra" / "deploy"], env=given, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []

    @property
    def steps(self) -> list[str]:
        """The names of the steps, in the order they were taken."""
        return [name for call in self.calls for name, part in STEPS.items() if part in call]

    def the_call(self, step: str) -> str:
        (call,) = (call for call in self.calls if STEPS[step] in call)
        return call


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_an_empty_account_gets_the_code_then_the_stack_then_what_pages_need_then_the_pages(desk):
    done = desk.deploy(FIRST="yes")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "https://feedback.example")
    assert desk.steps == ["code", "stack", "protection", "assets", "pages", "fresh", "assets"]


def test_assets_are_there_before_a_new_function_or_page_asks_for_them(desk):
    desk.deploy()
    assert desk.steps.index("assets") < desk.steps.index("stack") < desk.steps.index("pages")


def test_the_stack_runs_the_bundle_that_was_uploaded(desk):
    desk.deploy()
    assert desk.the_call("code").endswith(" s3://the-code/functions-0123.zip")
    assert desk.the_call("stack").endswith(" CodeBucket=the-code CodeKey=functions-0123.zip")


def test_the_template_gets_its_parameters_and_is_told_which_are_empty(desk):
    desk.deploy()
    given = desk.the_call("stack").partition("--parameter-overrides ")[2].split()
    assert given[:-2] == ["Council=yours", "PythonVersion=3.13", "Architecture=arm64", 'KeepDays=""']


def test_lines_that_end_as_on_windows_are_read_alike(desk):
    desk.deploy()
    from_unix = desk.calls
    desk.log.unlink()
    desk.settings.write_text(SETTINGS, newline="\r\n")
    desk.deploy()
    assert desk.calls == from_unix


def test_the_site_is_built_for_the_council_of_the_file(desk):
    desk.deploy()
    assert desk.log.with_suffix(".council").read_text() == "yours\n"


def test_the_environment_goes_before_the_file(desk):
    desk.deploy(STACK="heard-trial", HEARD_COUNCIL="theirs")
    assert all("--stack-name heard-trial" in call for call in desk.calls if "stack" in call)
    assert desk.log.with_suffix(".council").read_text() == "theirs\n"


@pytest.mark.parametrize("tool", ["aws", "sam"])
def test_a_tool_that_is_missing_is_named_before_anything_is_done(desk, tool):
    (desk.tools / tool).unlink()
    done = desk.deploy()
    assert (done.returncode, desk.calls) == (1, [])
    assert tool in done.stderr
    assert "pipx install" in done.stderr


@pytest.mark.parametrize("setting", ["STACK", "REGION", "CODE_BUCKET", "HEARD_COUNCIL"])
def test_a_setting_that_is_missing_is_asked_for_before_anything_is_done(desk, setting):
    desk.settings.write_text("".join(line for line in SETTINGS.splitlines(True) if not line.startswith(setting)))
    done = desk.deploy()
    assert (done.returncode, desk.calls) == (1, [])
    assert setting in done.stderr


def test_without_a_file_of_settings_nothing_is_done(desk):
    desk.settings.unlink()
    done = desk.deploy()
    assert (done.returncode, desk.calls) == (1, [])
    assert "parameters.example" in done.stderr


def test_a_bundle_for_another_python_never_leaves_the_machine(desk):
    desk.settings.write_text(SETTINGS.replace("3.13", "3.14"))
    done = desk.deploy()
    assert done.returncode == 1
    assert [call.split()[:2] for call in desk.calls] == [["make", "package"]]
    assert "Python 3.13" in done.stderr


@pytest.mark.parametrize("step", ["make package", "describe-stacks", *STEPS.values()])
def test_what_fails_is_the_last_thing_done_and_is_said_in_a_sentence(desk, step):
    done = desk.deploy(FAILS=step)
    assert done.returncode == 1
    assert step in desk.calls[-1]
    assert done.stderr.startswith("deploy: ")


def test_the_example_names_every_parameter_that_the_script_does_not_find_by_itself(template):
    lines = (ROOT / "infra" / "parameters.example").read_text().splitlines()
    named = {line.partition("=")[0] for line in lines if line and not line.startswith("#")}
    found = {"CodeBucket", "CodeKey"}
    assert named == {"STACK", "REGION", "CODE_BUCKET", "HEARD_COUNCIL"} | set(template["Parameters"]) - found
