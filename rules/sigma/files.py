"""Finding and reading rule files: the bundled ones, single files, whole folders."""

from collections.abc import Iterable, Iterator
from pathlib import Path

BUNDLED = "bundled"
PACKAGE = Path(__file__).parents[1]  # the rules package, wherever it is installed
ENDINGS = (".yml", ".yaml")
CASES = (".test.yml", ".test.yaml")


class RuleFileUnreadable(Exception):
    """A rule file or folder that was named cannot be read. The message says which and why."""


def read_rule_files(names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(path to show, text) of every rule file, in a stable order, each once.

    Args:
        names: Files or folders; "bundled" stands for the rules that come with Tocsin. Folders are searched through
            and through; cases (``*.test.yml``) are left out. Bytes that are not UTF-8 are replaced.

    Raises:
        RuleFileUnreadable: a name leads nowhere, or a file cannot be read.
    """
    paths = dict.fromkeys(path for name in names for path in _files(name))
    return tuple((_shown(path), _text(path)) for path in paths)


def _files(name: str) -> Iterator[Path]:
    place = PACKAGE / BUNDLED if name == BUNDLED else Path(name)
    if place.is_dir():
        yield from (path for path in sorted(place.rglob("*")) if path.name.endswith(ENDINGS) and not _is_case(path))
    elif place.exists():
        yield place
    else:
        raise RuleFileUnreadable(f"there is no rule file or folder {name}; relative paths start at {Path.cwd()}")


def _is_case(path: Path) -> bool:
    return path.name.endswith(CASES)


def _shown(path: Path) -> str:
    """Bundled rules are shown from their package on: ``rules/bundled/…``, the same on every machine."""
    return str(path.relative_to(PACKAGE.parent)) if path.is_relative_to(PACKAGE) else str(path)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RuleFileUnreadable(f"cannot read the rule file {path}: {error.strerror}") from error
