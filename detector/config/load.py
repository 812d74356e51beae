"""Loading the configuration: files in, one frozen record out, or every problem at once."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from detector.config.check import check
from detector.config.documents import Document, Origins, Unreadable, merge, read
from detector.config.loaded import ConfigErrors, Loaded
from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem
from detector.config.records import Config
from detector.config.secret import Secret
from detector.config.shape import Shaper


def load(path: str | Path, *, environment: Mapping[str, str] | None = None) -> Loaded:
    """The configuration in the file *path* and in ``conf.d/*.toml`` beside it.

    Args:
        path: The main file.
        environment: For secrets given as ``${env:NAME}`` or ``${cred:NAME}``; by default the process's own.

    Raises:
        ConfigErrors: it cannot be used; tells all problems of all files.
    """
    documents: list[Document] = []
    broken: list[Problem] = []
    for file in files_of(Path(path)):
        try:
            documents.append(read(file))
        except Unreadable as error:
            broken.append(error.problem)
    if broken:  # what the other files say may depend on these
        raise ConfigErrors(broken)
    return build(documents, os.environ if environment is None else environment)


def files_of(path: Path) -> tuple[Path, ...]:
    """The main file, then ``conf.d/*.toml`` beside it, in order of name."""
    return (path, *sorted((path.parent / "conf.d").glob("*.toml")))


def build(documents: Iterable[Document], environment: Mapping[str, str]) -> Loaded:
    """The configuration that *documents* make together; the first is the main one.

    Raises:
        ConfigErrors: it cannot be used.
    """
    documents = tuple(documents)
    data, origins = merge(documents, documents[0].file)
    shaper = Shaper(environment)
    config = msgspec.convert(shaper.shape(Config, data), Config, dec_hook=_secret)
    refused = {one.path for one in shaper.problems if one.path}  # what stands there instead is not to be judged
    found = [*shaper.problems, *(one for one in check(config) if one.path not in refused)]
    problems = sorted(placed(found, origins, shaper.secrets), key=_order(documents))
    files = tuple(document.file for document in documents)
    loaded = Loaded(config=config, origins=origins, warnings=tuple(problems), files=files)
    if any(problem.level is Level.ERROR for problem in problems):
        raise ConfigErrors(problems, loaded)
    return loaded


def placed(problems: Iterable[Problem], origins: Origins, secrets: Iterable[KeyPath] = ()) -> Iterator[Problem]:
    """*problems* with the place that each is about; values at *secrets* are masked in the line."""
    for one in problems:
        if one.place is not None:  # it is about another file
            yield one
            continue
        hidden = (*secrets, one.path) if one.path[-1:] == ("url",) else secrets
        yield replace(one, place=origins.place(one.path, at_value=one.at_value, secrets=hidden))


def _order(documents: tuple[Document, ...]) -> Any:
    """As written: by file and line; what concerns no line comes last."""
    rank = {document.file: index for index, document in enumerate(documents)}

    def order(problem: Problem) -> tuple[bool, int, int, int]:
        place = problem.place
        if place is None or place.span is None:
            return (True, 0, 0, 0)
        return (False, rank.get(place.file, len(rank)), place.span.line, place.span.column)

    return order


def _secret(kind: type, value: Any) -> Any:
    if kind is Secret:
        return Secret(value)
    raise NotImplementedError(kind)
