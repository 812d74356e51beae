"""What `tocsin check` asks of the machine it runs on."""

from pathlib import Path

import pytest

from detector.config.machine import check_machine, machine_zone, package_names, zone
from detector.config.records import Config
from detector.config.sections.reading import Source


def test_another_owner_of_our_packages_is_an_error() -> None:
    """Whose files were installed last has won; the message names it and the way out."""
    (problem,) = package_names({"rules": ["tocsin", "business-rules"], "store": ["tocsin"], "yaml": ["PyYAML"]})
    assert (
        problem.message == 'the package "rules" is brought by business-rules too: one of them has overwritten the other'
    )
    assert "environment of its own" in problem.hint


def test_this_environment_is_clean() -> None:
    """None of our own dependencies brings a package of one of our names."""
    assert [str(one) for one in check_machine(Config())] == []


@pytest.mark.parametrize(("here", "told"), [("Europe/Berlin", True), ("UTC", False), ("Etc/UTC", False), ("", False)])
def test_local_time_is_thought_of(here: str, told: bool) -> None:
    """A source left at UTC on a machine that is not is worth a notice; one with a zone of its own is not."""
    config = Config(sources=(Source(name="a", path="a.log"), Source(name="b", path="b.log", timezone="Asia/Tokyo")))
    found = list(zone(config, here))
    assert [one.path for one in found] == ([("source", 0)] if told else [])


def test_the_machines_zone_is_read_from_its_link(tmp_path: Path) -> None:
    """The name is what follows "zoneinfo" in the path; without a link there is none."""
    (tmp_path / "localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    assert machine_zone(tmp_path / "localtime") in ("Europe/Berlin", "Arctic/Longyearbyen")  # one may link to the other
    assert machine_zone(tmp_path / "nothing") == ""
