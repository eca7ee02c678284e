"""The tests of this folder notice mistakes: each mutant of the product has to be killed by the tests that name it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.faults.mutants import MUTANTS

FAILED = 1  # pytest's status when tests ran and some did not pass; anything else would prove nothing


def with_(mutant, folder: Path) -> Path:
    """A copy of the product with one mistake in it."""
    copy = folder / "functions"
    shutil.copytree(ROOT / "functions", copy, ignore=shutil.ignore_patterns("__pycache__"))
    changed = copy / "heard" / mutant.file
    text = changed.read_text()
    assert text.count(mutant.old) == 1, "the mutant no longer fits the product"
    changed.write_text(text.replace(mutant.old, mutant.new))
    return copy


def run(killers, product: Path) -> subprocess.CompletedProcess[str]:
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov"]
    environment = {**os.environ, "PYTHONPATH": str(product), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", *quiet, *killers]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=180)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_the_tests_notice(mutant, tmp_path):
    product = with_(mutant, tmp_path)
    told = run(mutant.killers, product)
    assert told.returncode == FAILED, told.stdout[-2000:] + told.stderr[-2000:]


def test_it_is_the_copy_that_is_tested(tmp_path):
    shutil.copytree(ROOT / "functions", tmp_path / "functions", ignore=shutil.ignore_patterns("__pycache__"))
    program = "import heard; print(heard.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "functions")}
    asked = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert asked.stdout.startswith(str(tmp_path))
