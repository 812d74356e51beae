"""Values that must never be shown: a type that hides them, and the three places they can come from."""

from collections.abc import Mapping
from pathlib import Path

import re2

HIDDEN = "***"
PLACEHOLDER = re2.compile(r"\$\{(env|cred):([^}]*)\}")


class Secret:
    """A text that shows itself only to who asks by name: ``reveal()``."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})" if self._text else "Secret()"

    def __str__(self) -> str:
        return HIDDEN if self._text else ""


class SecretMissing(Exception):
    """A secret's file, variable or credential cannot be had.

    Args:
        message: What is missing.
        hint: What to do about it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def from_file(path: str) -> str:
    """The first line of a secret's file.

    Raises:
        SecretMissing: the file cannot be read, is not text, or is empty.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").strip().splitlines()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SecretMissing(f"cannot read {path}: {reason}", "name a file that this user may read") from None
    except UnicodeDecodeError:
        raise SecretMissing(f"{path} is not UTF-8 text", "put the secret alone on the first line of the file") from None
    if not lines:
        raise SecretMissing(f"{path} is empty", "put the secret alone on the first line of the file")
    return lines[0].strip()


def expand(text: str, environment: Mapping[str, str]) -> str:
    """*text* with each ``${env:NAME}`` and ``${cred:NAME}`` replaced by what it names.

    Raises:
        SecretMissing: the variable is not set, or the credential is not there.
    """
    pieces = []
    done = 0
    for found in PLACEHOLDER.finditer(text):
        kind, name = found.groups()
        pieces += [text[done : found.start()], _look_up(kind, name, environment)]
        done = found.end()
    return "".join([*pieces, text[done:]])


def _look_up(kind: str, name: str, environment: Mapping[str, str]) -> str:
    if kind == "cred":
        return _credential(name, environment)
    if not environment.get(name):
        raise SecretMissing(f"the environment variable {name} is not set", f"set {name}, or use a file instead")
    return environment[name]


def _credential(name: str, environment: Mapping[str, str]) -> str:
    """A credential that systemd handed over; see "Credentials" in systemd.exec(5)."""
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise SecretMissing(
            f"no credential {name}: CREDENTIALS_DIRECTORY is not set",
            f"systemd sets it with LoadCredential={name}:/path; to check by hand, set it to a folder that holds {name}",
        )
    if not name or "/" in name:
        raise SecretMissing(f'"{name}" is no name of a credential', "use the name given to LoadCredential=")
    return from_file(f"{folder}/{name}")
