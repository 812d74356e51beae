"""The shape of the project: directions of imports, what packages hold, what locks and texts must not hold."""

import ast
import importlib.metadata
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]
PACKAGES = ("detector", "notifier", "store", "rules")
ENTRY_POINT = ROOT / "detector" / "cli" / "__init__.py"
LOCKS = ("requirements.lock", "requirements-dev.lock")

#: Addresses of package registries, and places of one machine.
#: Written in pieces, so that this file holds none of them itself.
_PIECES = (
    r"pypi\.(?!Package)\w+",
    "python" + "hosted",
    "npm" + "js",
    r"(?<![\w.\])}])/" + "work/",
    r"\." + "pyenv",
    r"\broot/\." + "cache",
)
UNWANTED = re.compile("|".join(_PIECES))


def modules() -> Iterator[Path]:
    """Every module of the four packages."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def texts() -> Iterator[Path]:
    """Every file that belongs to the repository, if git is there to tell."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if path.is_file() and path != Path(__file__).resolve():
            yield path


def imported(module: Path) -> Iterator[str]:
    """The top-level names that a module imports."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: relative import"
            yield (node.module or "").partition(".")[0]


def pins(lock: str) -> set[str]:
    """``name==version`` of each line of a lock."""
    found = re.findall(r"^([\w.-]+==\S+)", (ROOT / lock).read_text(), re.MULTILINE)
    assert found
    return set(found)


def test_imports_point_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """The contracts in pyproject.toml hold: detector, notifier, store, rules, in that order and never back.

    And what only decides reaches neither database nor network nor event loop, not even through another module.
    """
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_regular_expressions_from_outside_cannot_run_away() -> None:
    """No module uses the backtracking `re`: text and expressions from outside meet re2, or plain string methods."""
    assert [str(path) for path in modules() if "re" in imported(path)] == []


def test_packages_say_what_they_are_for() -> None:
    """An ``__init__.py`` is a docstring and nothing else: what is imported is imported from where it is defined.

    But for the console script's entry point, which lies there so that starting it imports nothing more.
    """
    for path in modules():
        if path.name == "__init__.py":
            tree = ast.parse(path.read_text())
            assert ast.get_docstring(tree), f"{path} has no docstring"
            names = [node.name if isinstance(node, ast.FunctionDef) else "?" for node in tree.body[1:]]
            assert names == (["main"] if path == ENTRY_POINT else []), f"{path} holds more than its docstring"


def test_folders_with_modules_are_packages() -> None:
    """A folder without ``__init__.py`` is left out by some tools and taken by others."""
    assert [str(path) for path in modules() if not (path.parent / "__init__.py").exists()] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_are_typed(package: str) -> None:
    """Type checkers look into a package only if it says so."""
    assert (ROOT / package / "py.typed").exists()


def test_there_is_no_place_for_everything() -> None:
    """A helper lives with its user."""
    assert [path.name for path in modules() if path.stem in ("utils", "util", "helpers", "common", "misc")] == []


def test_nobody_else_owns_our_names() -> None:
    """The four packages have generic names: a dependency that brought the same would overwrite ours without a word."""
    owners = importlib.metadata.packages_distributions()
    for package in PACKAGES:
        assert set(owners.get(package, ["tocsin"])) == {"tocsin"}, package


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_hold_no_addresses(lock: str) -> None:
    """Where packages come from is the business of the machine that installs them."""
    text = (ROOT / lock).read_text()
    for unwanted in ("://", "--index", "--find-links", "--extra-index"):
        assert unwanted not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_are_hashed(lock: str) -> None:
    """Each package is pinned, with at least one hash."""
    entries = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)


def test_what_is_tested_is_what_is_shipped() -> None:
    """The development lock pins everything that the other one pins, in the same version."""
    assert pins("requirements.lock") <= pins("requirements-dev.lock")


def test_texts_hold_no_addresses_of_registries_and_no_places_of_one_machine() -> None:
    """The repository works wherever it is put."""
    found = []
    for path in texts():
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if UNWANTED.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []
