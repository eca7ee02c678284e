"""Calls made up from the description, fit and unfit by turns, get the answers that the description promises."""

import os
import re
import subprocess
import sys

from tests.conftest import ROOT
from tests.host.serving import serving

CALLS = 25  # made up at random for each call of the description, besides those at every limit


def test_schemathesis_finds_nothing_that_the_description_does_not_promise(tmp_path):
    """All its checks are on. It runs as a process of its own, so that it is no part of the other tests."""
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "tests.host.kindness", "PYTHONPATH": str(ROOT)}
    options = ["--checks", "all", "--generation-deterministic", "--max-examples", str(CALLS), "--no-color"]
    with serving(tmp_path / "data") as live:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{live.address}/openapi.json", *options]
        run = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    generated, passed = map(int, re.search(r"(\d+) generated, (\d+) passed", run.stdout).groups())
    assert generated == passed > 1000
