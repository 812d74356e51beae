"""The first command on a fresh machine: what makes .venv, and notices when it is not whole.

A stub stands for Python and pip: it makes folders, and writes down what it was asked.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

STUB = """\
#!/bin/sh
echo "$*" >>"{calls}"
case "$*" in
*version_info*) exit {too_old} ;;
*ensurepip*) exit {no_venv} ;;
*python_version*) echo 3.11.7 ;;
"-m venv "*)
    mkdir -p "$3/bin" "$3/lib/python3.11/site-packages/aiohttp"
    cp "$0" "$3/bin/python" ;;
*" install "*" -e ."*)
    touch "$(dirname "$0")/tocsin" && chmod +x "$(dirname "$0")/tocsin" ;;
*" install "*)
    [ ! -e "{folder}/no-network" ] || {{ echo "no matching distribution" && exit 1; }} ;;
esac
"""


class Checkout:
    """A folder with the script, two locks, and a stub of Python."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / ".ci").mkdir(parents=True)
        shutil.copy(ROOT / ".ci" / "bootstrap", folder / ".ci")
        for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "Makefile"):
            (folder / name).write_text("one==1.0 --hash=sha256:00\n")
        self.calls = folder / "calls"
        self.stub()

    def stub(self, *, too_old: bool = False, no_venv: bool = False) -> None:
        """Put the stub in the place of Python."""
        python = self.folder / "python3"
        text = STUB.format(calls=self.calls, folder=self.folder, too_old=int(too_old), no_venv=int(no_venv))
        python.write_text(text)
        python.chmod(0o755)

    def bootstrap(self, extent: str = "run") -> subprocess.CompletedProcess[str]:
        """Run the script as make does, and forget what was asked before."""
        self.calls.write_text("")
        return subprocess.run(
            ["sh", str(self.folder / ".ci" / "bootstrap"), extent],
            env={"PATH": f"{self.folder}:/usr/bin:/bin", "PYTHON": str(self.folder / "python3")},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    @property
    def installed(self) -> list[str]:
        """Which locks pip was asked to install."""
        return [name for name in ("requirements.lock", "requirements-dev.lock") if name in self.calls.read_text()]

    @property
    def created(self) -> bool:
        """Whether a new environment was made."""
        return "-m venv" in self.calls.read_text()


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A checkout on which nothing was typed yet."""
    return Checkout(tmp_path / "checkout")


def test_a_fresh_checkout_is_made_ready_in_one_line(checkout: Checkout) -> None:
    """One line says what happens; what is installed is hash-checked and comes as wheels."""
    done = checkout.bootstrap()
    assert done.returncode == 0, done.stderr
    assert "3.11.7 ok · creating .venv · installing 1 hash-checked packages … " in done.stdout
    assert done.stdout.count("\n") == 1
    assert checkout.installed == ["requirements.lock"]
    assert "--require-hashes --only-binary :all:" in checkout.calls.read_text()


def test_a_ready_one_is_left_alone_without_a_word(checkout: Checkout) -> None:
    """The second time nothing is said and nothing is installed."""
    checkout.bootstrap()
    done = checkout.bootstrap()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not checkout.installed
    assert not checkout.created


def test_tests_add_their_tools_to_the_same_environment(checkout: Checkout) -> None:
    """`make test` after `make run` installs the rest; `make run` after `make test` has nothing to do."""
    checkout.bootstrap("run")
    checkout.bootstrap("dev")
    assert (checkout.installed, checkout.created) == (["requirements-dev.lock"], False)
    assert checkout.bootstrap("run").stdout == ""
    assert not checkout.installed


def test_a_changed_lock_is_installed_over(checkout: Checkout) -> None:
    """After an update the new versions are installed; the environment need not be made anew."""
    checkout.bootstrap()
    (checkout.folder / "requirements.lock").write_text("one==2.0 --hash=sha256:00\n")
    checkout.bootstrap()
    assert (checkout.installed, checkout.created) == (["requirements.lock"], False)


@pytest.mark.parametrize("gone", ["bin/python", "bin/tocsin", "lib/python3.11/site-packages/aiohttp"])
def test_a_damaged_one_is_made_anew(checkout: Checkout, gone: str) -> None:
    """An interpreter, a command or a package that has vanished is noticed."""
    checkout.bootstrap()
    path = checkout.folder / ".venv" / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    done = checkout.bootstrap()
    assert "replacing a broken .venv" in done.stdout
    assert checkout.created


def test_a_half_made_one_is_made_anew(checkout: Checkout) -> None:
    """Installing failed or was interrupted: the next run does not build on what is left."""
    (checkout.folder / "no-network").touch()
    done = checkout.bootstrap()
    assert done.returncode == 1
    assert "no matching distribution" in done.stderr
    assert "type the same again" in done.stderr
    (checkout.folder / "no-network").unlink()
    assert "replacing a broken .venv" in checkout.bootstrap().stdout
    assert checkout.bootstrap().stdout == ""


def test_a_moved_one_is_made_anew(checkout: Checkout, tmp_path: Path) -> None:
    """Commands in an environment hold its path: after a move they would start another one, or nothing."""
    checkout.bootstrap()
    checkout.folder = checkout.folder.rename(tmp_path / "elsewhere")
    checkout.calls = checkout.folder / "calls"
    checkout.stub()
    assert "replacing a broken .venv" in checkout.bootstrap().stdout


def test_an_old_python_is_answered_with_what_to_type(checkout: Checkout) -> None:
    """Nothing is made, and the line to type is there."""
    checkout.stub(too_old=True)
    done = checkout.bootstrap()
    assert done.returncode == 1
    assert "3.11 or newer" in done.stderr
    assert "python3-venv" in done.stderr
    assert not (checkout.folder / ".venv").exists()


def test_a_python_without_venv_is_answered_with_what_to_type(checkout: Checkout) -> None:
    """Debian ships venv apart from Python."""
    checkout.stub(no_venv=True)
    done = checkout.bootstrap()
    assert done.returncode == 1
    assert "-venv" in done.stderr
    assert not (checkout.folder / ".venv").exists()
