"""Does the configuration make sense? What the shape of a record cannot say; tells everything at once."""

from collections.abc import Iterator

from detector.config.problems import Problem
from detector.config.records import Config


def check(config: Config) -> Iterator[Problem]:
    """Everything that is wrong or worth knowing; empty names stand for what has been refused already."""
    yield from ()
