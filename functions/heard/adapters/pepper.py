"""A secret in a file of the data folder: made once, private, and whole or not there at all."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path


def kept_in(path: Path) -> str:
    """The secret in hex; makes it at the first start."""
    if not path.exists():
        _write_once(path, secrets.token_hex(32))
    return path.read_text()


def _write_once(path: Path, text: str) -> None:
    """Never over what another process wrote first."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=path.parent) as unfinished:
        unfinished.write(text)
        unfinished.flush()
        os.fsync(unfinished.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(unfinished.name)
