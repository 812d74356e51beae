"""Mappings on disk: those that come with Tocsin, and the operator's own; with all that is wrong in them at once."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import msgspec

import rules.intake
from detector.config.documents import Unreadable, merge, read
from detector.config.positions import KeyPath
from detector.config.problems import Problem
from detector.config.shape import Shaper, dotted
from rules.intake.mapping import AlertMapping, compiled
from rules.intake.mapping_file import MappingFile, faults


class MappingRefused(Exception):
    """A mapping cannot be used; tells everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def folder() -> Path:
    """Where the mappings that come with Tocsin lie."""
    return Path(rules.intake.__path__[0], "presets")


@cache
def presets() -> tuple[str, ...]:
    """The names of the mappings that come with Tocsin."""
    return tuple(sorted(path.stem for path in folder().glob("*.toml")))


@cache
def preset(name: str) -> AlertMapping:
    """The mapping of that name that comes with Tocsin."""
    return load(folder() / f"{name}.toml")


def load(path: Path) -> AlertMapping:
    """The mapping in a file.

    Raises:
        MappingRefused: It cannot be used.
    """
    try:
        document = read(path)
    except Unreadable as error:
        raise MappingRefused((error.problem,)) from None
    data, origins = merge([document], document.file)
    shaper = Shaper({})
    shaped = msgspec.convert(shaper.shape(MappingFile, data), MappingFile)
    found = list(shaper.problems)
    told = {one.path for one in found if one.path}
    for fault in faults(shaped):
        at: KeyPath = fault.path
        if not any(at[: len(one)] == one for one in told) and (at != ("name",) or "name" in data):
            found.append(Problem(path=at, at_value=True, message=f"{dotted(at)} {fault.message}"))
    if found:
        placed = (replace(one, place=origins.place(one.path, at_value=one.at_value)) for one in found)
        raise MappingRefused(tuple(sorted(placed, key=_as_written)))
    return compiled(shaped)


def _as_written(problem: Problem) -> tuple[int, int]:
    span = problem.place.span if problem.place else None
    return (span.line, span.column) if span else (0, 0)
