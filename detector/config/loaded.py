"""What loading a configuration comes to: one that can be used, or everything that is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass

from detector.config.documents import Origins
from detector.config.problems import KEPT, Problem, report
from detector.config.records import Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A configuration that can be used."""

    config: Config
    origins: Origins  #: which file and line each value came from
    warnings: tuple[Problem, ...]  #: warnings and notices
    files: tuple[str, ...]  #: what was read: the file itself, then conf.d/*.toml in order of name


class ConfigErrors(Exception):
    """The configuration cannot be used.

    Args:
        problems: Everything that was found, warnings too; at least one is an error.
        partly: What could be built all the same, so that more can be said of it; None if a file could not be read.
    """

    def __init__(self, problems: Iterable[Problem], partly: "Loaded | None" = None) -> None:
        self.problems = tuple(problems)
        self.partly = partly
        super().__init__(report(self.problems, KEPT))
