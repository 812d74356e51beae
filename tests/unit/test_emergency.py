"""When somebody is told past the store, how often, and in which words."""

from datetime import timedelta
from pathlib import Path

import pytest
from support.fakes import START

from detector.config.emergency import check_emergency
from detector.config.records import Config
from detector.config.secret import Secret
from detector.config.sections.emergency import EmergencySection
from detector.config.sections.telling import Receiver
from detector.emergency import APART, DOWN_SECONDS, Notebook, Notes, Pulse, Told, may_tell, rendered, trouble_of

TOLD = Told(at=START, trouble="the disk is full", receiver="phone", outcome="accepted")


@pytest.mark.parametrize(
    ("pulse", "trouble"),
    [
        (Pulse(), ""),
        (Pulse(writing_since=1.0, why="locked"), ""),
        (Pulse(writing_since=0.0, why="locked"), "the store has not been able to commit for 60 s: locked"),
        (Pulse(writing_since=0.0), "the store's writer has been stuck for 60 s"),
        (Pulse(reading_since=0.0), "the store's readers have been stuck for 60 s"),
    ],
)
def test_what_is_told(pulse: Pulse, trouble: str) -> None:
    """Nothing before a minute has passed; then what is wrong."""
    assert trouble_of(pulse, DOWN_SECONDS) == trouble


@pytest.mark.parametrize(
    ("since_last", "may"),
    [(None, True), (timedelta(0), False), (APART - timedelta(seconds=1), False), (APART, True), (-APART, True)],
)
def test_how_often(since_last: timedelta | None, may: bool) -> None:
    """Once in 15 minutes; a clock that was set back does not silence it for longer."""
    assert may_tell(Notes(told_at=None if since_last is None else START - since_last), START) is may


def test_the_words() -> None:
    """What is wrong, where, what that means, and that no record of it exists yet; no link."""
    message = rendered("the disk is full", "box", START)
    assert message.title == "TOCSIN DOWN on box"
    assert "Tocsin on box needs a person now: the disk is full." in message.body
    assert "This message is not recorded; it will be when the store is back." in message.body
    assert "://" not in message.body


def test_notes_survive(tmp_path: Path) -> None:
    """What was noted is there after a restart; a damaged or missing file is no reason to keep silent."""
    assert Notebook(tmp_path).keep(Notes(told_at=START, unrecorded=(TOLD,)))
    assert Notebook(tmp_path).notes == Notes(told_at=START, unrecorded=(TOLD,))
    Notebook(tmp_path).keep(Notes())
    assert Notebook(tmp_path).notes == Notes()
    (tmp_path / "emergency.json").write_text("{")
    assert Notebook(tmp_path).notes == Notes()
    assert not Notebook(tmp_path / "nowhere").keep(Notes())


@pytest.mark.parametrize(
    ("name", "url", "external", "says"),
    [
        ("", "json://push.example.org/", False, ""),
        ("phone", "json://push.example.org/", False, ""),
        ("phone", "tocsin-console://", False, "tells nobody who does not look at this machine"),
        ("phone", "json://push.example.org/", True, "is read outside"),
        ("fone", "json://push.example.org/", False, 'there is no receiver "fone"; did you mean "phone"?'),
    ],
)
def test_who_is_configured(name: str, url: str, external: bool, says: str) -> None:
    """A receiver that would not help is found before it is needed."""
    phone = Receiver(name="phone", url=Secret(url), external=external)
    config = Config(receivers=(phone,), emergency=EmergencySection(receiver=name))
    assert [says in problem.message for problem in check_emergency(config)] == ([True] if says else [])
