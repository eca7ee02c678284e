"""Makes the bundle that Lambda runs: build/functions.zip, and the folder it is made of.

    python infra/package.py [--architecture arm64]

Its byte code is for the Python that runs this, so that has to be the one named to the template. Only what the
handlers can import goes in. The zip is the same, byte for byte, whenever the same things go in.
"""

import argparse
import compileall
import hashlib
import os
import py_compile
import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "functions.txt"
PACKAGE = ROOT / "functions" / "heard"
FOLDER = ROOT / "build" / "functions"
ZIP = ROOT / "build" / "functions.zip"
HOST_ONLY = ("host", "cli.py", "__main__.py", "qr.py", "__pycache__", "sqlite.py")
FOR_COUNCILS = ("commands.py", "consume.py", "verify.py", "examples", "updates")
PURE_SOURCE = ("docopt",)  # comes with the Notify client; published without a wheel, and one file of Python
WHEELS = {"arm64": "aarch64", "x86_64": "x86_64"}
MOST_BYTES = 8 * 1024 * 1024
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # zips know no earlier day


class BundleTooBig(Exception):
    """The bundle, unzipped, is over MOST_BYTES: something that no handler needs has got in."""


def make_bundle(folder: Path = FOLDER, zipped: Path = ZIP, architecture: str = "arm64") -> int:
    """Returns the size unzipped, in bytes; raises BundleTooBig."""
    shutil.rmtree(folder, ignore_errors=True)
    install_dependencies(folder, architecture)
    leave_one_time_zone(folder / "tzdata")
    shutil.copytree(PACKAGE, folder / "heard", ignore=shutil.ignore_patterns(*HOST_ONLY, *FOR_COUNCILS))
    compile_all(folder)
    size = sum(path.stat().st_size for path in files_in(folder))
    if size > MOST_BYTES:
        raise BundleTooBig(f"{size} bytes")
    write_zip(folder, zipped)
    return size


def install_dependencies(folder: Path, architecture: str) -> None:
    """From wheels, for the machine that Lambda is, each held to its hash."""
    from_source = [f"--no-binary={name}" for name in PURE_SOURCE]
    wheels = [f"--platform=manylinux{kind}_{WHEELS[architecture]}" for kind in ("2014", "_2_17", "_2_28")]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]
    command += ["--require-hashes", "--no-deps", "--only-binary=:all:", *from_source, "--implementation=cp", *wheels]
    command += [f"--python-version={sys.version_info.major}.{sys.version_info.minor}"]
    subprocess.run([*command, f"--target={folder}", f"--requirement={LOCK}"], check=True)  # noqa: S603 - our own pip
    shutil.rmtree(folder / "bin", ignore_errors=True)


def leave_one_time_zone(tzdata: Path) -> None:
    """Heard counts days in one place only, and the other six hundred are a third of the bundle."""
    zones = tzdata / "zoneinfo"
    london = (zones / "Europe" / "London").read_bytes()
    shutil.rmtree(zones)
    (zones / "Europe").mkdir(parents=True)
    (zones / "Europe" / "London").write_bytes(london)
    for package in (zones, zones / "Europe"):
        (package / "__init__.py").touch()


def compile_all(folder: Path) -> None:
    """Unchecked: Lambda unzips with new times, by which Python would judge every ordinary .pyc stale."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    with warnings.catch_warnings(action="ignore"):  # of how others write; what is wrong still fails
        compiled = compileall.compile_dir(folder, quiet=1, stripdir=str(folder), invalidation_mode=mode)
    if not compiled:
        raise SystemExit("a module does not compile")


def files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write_zip(folder: Path, zipped: Path) -> None:
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files_in(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), LONG_AGO)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def code_key(zipped: Path = ZIP) -> str:
    """The name to upload the zip under: another for other code, so that a deploy notices."""
    return f"functions-{hashlib.sha256(zipped.read_bytes()).hexdigest()[:16]}.zip"


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the bundle that Lambda runs.")
    parser.add_argument("--architecture", choices=WHEELS, default="arm64")
    architecture = parser.parse_args().architecture
    size = make_bundle(architecture=architecture)
    print(f"{os.path.relpath(ZIP)}: {size / 1e6:.1f} MB unzipped, {ZIP.stat().st_size / 1e6:.1f} MB zipped")
    print(f"key {code_key()}, Python {sys.version_info.major}.{sys.version_info.minor}, {architecture}")


if __name__ == "__main__":
    main()
