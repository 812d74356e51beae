"""With the installed command: how far a correlation has counted."""

import json

from support.daemon import Daemon, eventually
from support.logs import failed_password

COUNTING = """\
title: Brute force
correlation:
  type: event_count
  rules: [6f3c2f0e-3a0b-4b57-9c39-0d8e3f1f7a11]
  group-by: [source.ip]
  timespan: 1h
  condition: {gte: 5}
"""


def counted(daemon: Daemon) -> dict[str, int]:
    """By address, how many failures there are."""
    said = daemon.command("rules", "progress", "brute force", "--json")
    assert said.returncode == 0, said.stderr
    return {one["group"]["source.ip"]: one["have"] for one in json.loads(said.stdout)["fullest"]}


def test_counters_are_told_as_they_stand(idle_daemon: Daemon) -> None:
    """The group that lacks least comes first, with what it lacks."""
    idle_daemon.write("rules/brute_force.yml", COUNTING)
    idle_daemon.start()
    first, second = "203.0.113.7", "203.0.113.8"
    idle_daemon.append("auth.log", [failed_password(one) for one in (first, second, second, second)])
    eventually(
        lambda: counted(idle_daemon) == {second: 3, first: 1}, "they are counted", context=lambda: idle_daemon.said
    )
    said = idle_daemon.command("rules", "progress", "Brute force").stdout
    assert '"Brute force" needs at least 5 events in 1h' in said
    assert said.index(second) < said.index(first)
    assert "2 more events" in said
    assert idle_daemon.stop() == 0
