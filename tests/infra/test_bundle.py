"""The bundle starts fast and holds only what submissions pass through."""

import re
import subprocess
import sys

import package
import pytest
import stack

HANDLERS = ["bounce", "check", "council_update", "deliver", "follow", "health", "receipt", "say", "send"]
NEVER = {"flask", "werkzeug", "mkdocs", "yaml", "babel", "boto3", "botocore", "PIL"}
UNWANTED = NEVER | {"sqlite3", "argparse", "requests"}  # what nobody should wait for at a cold start
UNCHECKED_HASH = 0b01  # PEP 552: the flags of a .pyc that carries a hash and is taken at its word


def test_python_takes_all_byte_code_at_its_word(bundle):
    compiled = sorted(bundle.rglob("*.pyc"))
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {UNCHECKED_HASH}


def test_every_module_is_compiled(bundle):
    modules = set(bundle.rglob("*.py"))
    tag = sys.implementation.cache_tag
    assert all((path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists() for path in modules)


def test_it_holds_what_the_lock_names_and_nothing_else(bundle):
    locked = re.findall(r"^([a-z0-9._-]+)==", package.LOCK.read_text(), re.MULTILINE)
    bundled = [path.name.partition("-")[0].replace("_", "-") for path in bundle.glob("*.dist-info")]
    assert sorted(bundled) == sorted(locked)
    assert not NEVER & {path.name for path in bundle.iterdir()}


def test_the_host_and_its_adapters_stay_at_home(bundle):
    heard = bundle / "heard"
    assert not any((heard / name).exists() for name in ("host", "cli.py", "qr.py", "adapters/sqlite.py"))
    assert {path.name for path in (heard / "council").iterdir()} == {"__init__.py", "__pycache__"}


def test_it_holds_the_compiled_forms_and_pages(bundle):
    compiled = bundle / "heard" / "compiled"
    assert (compiled / "forms" / "complaint.json").exists()
    assert list((compiled / "templates").glob("*.py"))


def test_it_is_small(bundle):
    assert sum(path.stat().st_size for path in bundle.rglob("*") if path.is_file()) <= 8 * 1024 * 1024


def test_one_that_is_too_big_is_refused(bundle, tmp_path, monkeypatch):
    monkeypatch.setattr(package, "MOST_BYTES", 1000)
    with pytest.raises(package.BundleTooBig):
        package.make_bundle(tmp_path / "functions", tmp_path / "functions.zip", stack.THIS_MACHINE)


def test_the_same_things_make_the_same_zip(bundle, tmp_path):
    again = tmp_path / "functions.zip"
    package.make_bundle(tmp_path / "functions", again, stack.THIS_MACHINE)
    assert package.code_key(again) == package.code_key(bundle.with_suffix(".zip"))


@pytest.mark.parametrize("handler", HANDLERS)
def test_a_handler_imports_from_the_bundle_alone_and_nothing_unwanted(bundle, handler):
    """Without site-packages: what is missing in the bundle, or reaches for AWS before it is asked, fails here."""
    program = f"import sys; sys.path.insert(0, {str(bundle)!r}); import heard.handlers.{handler}; print(*sys.modules)"
    python = [sys.executable, "-I", "-S", "-B", "-c", program]
    loaded = subprocess.run(python, capture_output=True, text=True, check=True).stdout.split()
    assert not UNWANTED & {name.partition(".")[0] for name in loaded}


def test_london_is_known_without_the_system(bundle):
    program = (
        f"import sys, zoneinfo; sys.path.insert(0, {str(bundle)!r}); zoneinfo.reset_tzpath(());"
        "print(zoneinfo.ZoneInfo('Europe/London').key)"
    )
    found = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "Europe/London"
