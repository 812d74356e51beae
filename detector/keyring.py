"""Secrets that this installation made for itself, one file each (0600) in the state directory."""

import os
import secrets
import tempfile
from pathlib import Path

SECRET_BYTES = 32
SEAL_KEY = "seal.key"


class KeyUnusable(Exception):
    """A key's file cannot be used; says which, and what to do."""


def state_dir(path: Path) -> Path:
    """Make the state directory if it is not there; only its owner may look into it."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def link_secrets(folder: Path) -> list[bytes]:
    """The keys that sign links, oldest first; made at the first start.

    Rotating: append a line to the file; the last one signs, all of them verify.
    """
    path = folder / "link.key"
    if not path.exists():
        _write(path, secrets.token_hex(SECRET_BYTES) + "\n")
    return [bytes.fromhex(line) for line in path.read_text().split()]


def seal_seeds(folder: Path, *, sealed_with: str | None) -> list[bytes]:
    """The private keys that sign seals, oldest first; made at the first start.

    Rotating: append a line to the file; the last one signs, all of them verify.

    Args:
        sealed_with: Id of the key of the newest seal; None if there is no seal yet.

    Raises:
        KeyUnusable: The file cannot be read, holds something else, or is missing although there are seals.
    """
    path = folder / SEAL_KEY
    if sealed_with and not path.exists():
        raise KeyUnusable(
            f"{path} is missing, but the records are sealed with it (key {sealed_with}). Restore it from the backup; "
            "if it is lost for ever, docs/how-to/verify-the-record.md says how to go on with a new one."
        )
    try:
        if not path.exists():
            _write(path, secrets.token_hex(SECRET_BYTES) + "\n")
        seeds = [bytes.fromhex(line) for line in path.read_text().split()]
    except (OSError, ValueError) as error:
        raise KeyUnusable(f"{path} cannot be used: {error}") from None
    if not seeds or any(len(seed) != SECRET_BYTES for seed in seeds):
        raise KeyUnusable(f"{path} must hold keys of {2 * SECRET_BYTES} hexadecimal digits, one a line; restore it")
    return seeds


def _write(path: Path, text: str) -> None:
    """Write all of it or nothing: temporary file, fsync, rename."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600 from the start
    with os.fdopen(handle, "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    Path(name).replace(path)
