"""Where rules lie on disk. The only module of ``rules`` that opens files."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

BUNDLED: Final = "bundled"  #: stands for the folder of the rules that come with Tocsin
SUFFIXES: Final = (".yml", ".yaml")
CASES: Final = (".test.yml", ".test.yaml")  #: cases beside a rule: no rules themselves


class RuleFileUnreadable(Exception):
    """A rule file or folder cannot be read; the message says which and why."""


def bundled_folder() -> Path:
    """Where the rules that come with Tocsin lie."""
    return Path(__file__).parent.parent / "bundled"


def find_rule_files(paths: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """(path to tell, path to open) of every rule file, folders with all below them, in a stable order, each once.

    Raises:
        RuleFileUnreadable: one of *paths* does not exist.
    """
    seen: set[Path] = set()
    for name in paths:
        top = bundled_folder() if name == BUNDLED else Path(name)
        shown = Path("rules", "bundled") if name == BUNDLED else top
        if not top.exists():
            raise RuleFileUnreadable(f"{name}: no such rule file or folder; rules.paths or --rules names it")
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.suffix in SUFFIXES and not path.name.endswith(CASES) and path.resolve() not in seen:
                seen.add(path.resolve())
                yield str(shown / path.relative_to(top)), path


def read_rule_files(paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(path, text) of every rule file. For bytes that are no UTF-8 stands U+FFFD, which loading refuses with its place.

    Raises:
        RuleFileUnreadable: a file or folder cannot be read.
    """
    return tuple((shown, read_text(path)) for shown, path in find_rule_files(paths))


def is_bundled(path: str) -> bool:
    """Whether a path, as it is told, is that of a rule that comes with Tocsin."""
    return Path(path).parts[:2] == ("rules", BUNDLED)


def read_pipelines(paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """(path, text) of files with processing pipelines, in the order named.

    Raises:
        RuleFileUnreadable: one cannot be read.
    """
    return tuple((path, read_text(Path(path))) for path in paths)


def case_file(path: Path) -> Path | None:
    """The file of cases beside a rule file, if there is one."""
    beside = (path.with_name(path.stem + suffix) for suffix in CASES)
    return next((found for found in beside if found.is_file()), None)


def case_less(path: Path) -> Path:
    """The rule file beside which a file of cases stands: ``x.yml`` of ``x.test.yml``; it need not be there."""
    suffix = next(suffix for suffix in CASES if path.name.endswith(suffix))
    return path.with_name(path.name.removesuffix(suffix) + SUFFIXES[CASES.index(suffix)])


def lone_case_files(paths: Iterable[str]) -> Iterator[str]:
    """Files of cases below the folders among *paths* beside which there is no rule file, as they are told."""
    for name in paths:
        top = bundled_folder() if name == BUNDLED else Path(name)
        for path in sorted(top.rglob("*.test.y*ml")) if top.is_dir() else ():
            stem = case_less(path).with_suffix("")
            if path.name.endswith(CASES) and not any(Path(f"{stem}{suffix}").is_file() for suffix in SUFFIXES):
                yield str(path)


def read_text(path: Path) -> str:
    """The text of a rule file.

    Raises:
        RuleFileUnreadable: it cannot be read.
    """
    try:
        return path.read_text("utf-8", "replace")
    except OSError as error:
        raise RuleFileUnreadable(f"{path}: {error.strerror}; make it readable for the user of the daemon") from error
