"""Which mistakes with the journal the configuration's check finds."""

from pathlib import Path

import pytest

from detector.config import journal
from detector.config.problems import Level
from detector.config.records import Config
from detector.config.sections.reading import IntakeSection, Source
from detector.sources.choose import Either
from detector.sources.files.settings import FileSourceSettings
from detector.sources.journal.settings import JournalSettings, own_units


@pytest.fixture(autouse=True)
def everything_is_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A journalctl, so that all machines say the same."""
    program = tmp_path / "journalctl"
    program.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    return


def said(*sources: Source) -> list[str]:
    return [one.message for one in journal.check_journal(Config(sources=sources))]


JOURNAL = Source(name="journal", type="journal")


def test_the_same_messages_twice() -> None:
    """A file that a syslog daemon writes, beside the journal, is warned about, and which to leave out is said."""
    (one,) = journal.check_journal(Config(sources=(JOURNAL, Source(name="auth", path="/var/log/*.log"))))
    assert one.message.startswith('source "auth" reads /var/log/auth.log, and what a syslog daemon writes there is in')
    assert one.hint == 'leave out source "auth", or bound source "journal" by units, identifiers or facilities'
    assert one.level is Level.WARNING
    bounded = Source(name="journal", type="journal", units=("nginx.service",))
    (one,) = journal.check_journal(Config(sources=(bounded, Source(name="auth", path="/var/log/auth.log"))))
    assert one.level is Level.NOTICE
    assert not said(JOURNAL, Source(name="web", path="/var/log/nginx/access.log"))
    assert not said(Source(name="j", type="journal", directory="/srv/j"), Source(name="auth", path="/var/log/auth.log"))


def test_two_that_read_the_journal() -> None:
    """Two are fine where both are bounded."""
    assert said(JOURNAL, Source(name="other", type="journal")) == [
        'sources "journal" and "other" both read the journal: messages would count twice'
    ]
    bounded = [Source(name=unit, type="journal", units=(unit,)) for unit in ("a.service", "b.service")]
    assert not said(*bounded)


def test_options_that_do_not_fit() -> None:
    """Options of the one kind are refused to the other."""
    assert said(Source(name="a", type="journal", path="x"), Source(name="b", path="y", units=("z",))) == [
        "source[1].path is of files, and this source reads the journal",
        "source[2].units is of the journal, and this source reads files",
    ]


def test_names_that_journalctl_would_refuse() -> None:
    """A facility that there is not, and a name that is none, would keep journalctl from starting."""
    source = Source(name="a", type="journal", units=("a.service", ""), facilities=("auth", "author"))
    assert said(source) == [
        'source[1].units[2] "" is no name',
        'source[1].facilities[2] "author" is no facility of syslog',
    ]


def test_no_journalctl(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It is said where there is none, also of a source that would fall back on it."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert said(JOURNAL) == ['source "journal" reads the journal, and this machine has no journalctl']
    missing, there = str(tmp_path / "none.log"), tmp_path / "a.log"
    there.touch()
    assert said(Source(name="a", path=missing, otherwise="journal"))
    assert not said(Source(name="a", path=str(there), otherwise="journal"))


def test_our_name() -> None:
    """Nobody else may speak as Tocsin."""
    config = Config(sources=(Source(name="tocsin", path="x"),), intakes=(IntakeSection(name="tocsin", kind="logs"),))
    assert [one.message for one in journal.check_journal(config)] == [
        'source[1].name "tocsin" is the name under which Tocsin speaks of itself',
        'intake[1].name "tocsin" is the name under which Tocsin speaks of itself',
    ]


def test_files_or_the_journal(tmp_path: Path) -> None:
    """Files if there are any, else the journal; what was chosen once is kept, whatever is there later."""
    files = FileSourceSettings(name="a", paths=(str(tmp_path / "*.log"),))
    either = Either(name="a", files=files, journal=JournalSettings(name="a"))
    assert either.chosen([]) is either.journal
    assert either.chosen(["", "5a11"]) is files
    (tmp_path / "auth.log").touch()
    assert either.chosen([""]) is files
    assert either.chosen(["", "journal"]) is either.journal


@pytest.mark.parametrize(
    ("groups", "units"),
    [
        ("0::/system.slice/tocsin.service\n", ("tocsin.service",)),
        ("0::/system.slice/alarm.service\n", ("tocsin.service", "alarm.service")),
        ("0::/user.slice/user-0.slice/user@0.service/app.slice\n", ("tocsin.service",)),
        ("0::/\n", ("tocsin.service",)),
    ],
)
def test_our_own_units(tmp_path: Path, groups: str, units: tuple[str, ...]) -> None:
    """Tocsin knows its unit by any name."""
    path = tmp_path / "cgroup"
    path.write_text(groups)
    assert own_units(path) == units
