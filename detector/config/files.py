"""Files that sources read: patterns that make sense, no file read twice, none that we write ourselves."""

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from detector.config.positions import KeyPath
from detector.config.problems import Problem
from detector.config.records import Config
from detector.config.shape import dotted

STATE_FILES = ("tocsin.sock", "tocsin.lock", "link.key")


def check_files(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with paths."""
    yield from patterns(config)
    yield from own_outputs(config)
    yield from read_twice(config)
    yield from rule_files(config)
    yield from pipelines(config)


def patterns(config: Config) -> Iterator[Problem]:
    """Paths of sources are patterns that can match."""
    for path, pattern in _source_paths(config):
        wrong = _what_is_wrong(pattern)
        if wrong:
            message, hint = wrong
            yield Problem(path=path, at_value=True, message=f'{dotted(path)} "{pattern}" {message}', hint=hint)
    for index, source in enumerate(config.sources):
        if source.path == () and source.type == "file":
            at: KeyPath = ("source", index, "path")
            hint = 'name a file, or say type = "journal"'
            yield Problem(path=at, message=f"{dotted(at)} is empty: nothing would be read", hint=hint)


def _what_is_wrong(pattern: str) -> tuple[str, str] | None:
    if "\0" in pattern:
        return "holds a NUL", "write the path without it"
    if pattern.count("[") != pattern.count("]"):
        return "has a [ without its ]", "write [[] for a [ that is meant as such"
    if any("**" in part and part != "**" for part in Path(pattern).parts):
        return "has ** within a name", "** stands alone between slashes, for any number of folders"
    if Path(pattern).is_dir():
        return "is a folder", f'name its files: "{pattern.rstrip("/")}/*.log"'
    return None


def own_outputs(config: Config) -> Iterator[Problem]:
    """No source reads what we write: that would go round for ever."""
    outputs = [*outputs_of(config)]
    for path, pattern in _source_paths(config):
        for what, output in outputs:
            if covers(pattern, output):
                message = f'{dotted(path)} "{pattern}" takes in {output}, {what}: it would read what it writes'
                yield Problem(path=path, at_value=True, message=message, hint="leave that file out of the pattern")
                break


def outputs_of(config: Config) -> Iterator[tuple[str, str]]:
    """(what it is, path) of the files that the daemon writes."""
    for name in STATE_FILES:
        yield "a file of the daemon's own", str(Path(config.daemon.state_dir, name))
    scheme, _, database = config.store_url.partition(":///")
    if scheme == "sqlite":
        for end in ("", "-wal", "-shm", ".lock"):
            yield "the database", database + end
    for receiver in config.receivers:
        scheme, _, rest = receiver.url.reveal().partition("://")
        if scheme == "tocsin-file":
            yield f'what receiver "{receiver.name}" writes', rest.partition("?")[0]


def covers(pattern: str, path: str) -> bool:
    """Whether a source with that pattern reads the file *path*."""
    return _fits(Path(_real(pattern)).parts, Path(_real(path)).parts)


def _real(path: str) -> str:
    """Without links; a loop of them is left as it is, where Path.resolve would raise."""
    return os.path.realpath(path)


def _fits(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    if not pattern or not path:
        return pattern == path or pattern == ("**",)
    if pattern[0] == "**":
        return _fits(pattern[1:], path) or _fits(pattern, path[1:])
    return fnmatchcase(path[0], pattern[0]) and _fits(pattern[1:], path[1:])


def read_twice(config: Config) -> Iterator[Problem]:
    """No file is read by two sources: everything in it would count twice."""
    owners: dict[str, int] = {}
    for path, pattern in _source_paths(config):
        index = path[1]
        assert isinstance(index, int)
        other = next((owners[one] for one in _files(pattern) if owners.get(one, index) != index), None)
        if other is not None:
            first = config.sources[other].name
            message = f'{dotted(path)} "{pattern}" is read by source "{first}" too: its lines would count twice'
            yield Problem(path=path, at_value=True, message=message, hint="leave it to one of them")
        for one in _files(pattern):
            owners.setdefault(one, index)


def _files(pattern: str) -> set[str]:
    """Where the pattern leads: the files there now and, without wildcards, the file that may come."""
    found = glob.glob(pattern, recursive=True) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207
    return {_real(one) for one in found}


def rule_files(config: Config) -> Iterator[Problem]:
    """Rules are where the configuration says."""
    for index, name in enumerate(config.rules.paths):
        if name and name != "bundled" and not Path(name).exists():
            at: KeyPath = ("rules", "paths", index)
            message = f'{dotted(at)}: there is no file or folder "{name}"'
            hint = "relative paths start at the working directory"
            yield Problem(path=at, at_value=True, message=message, hint=hint)


def pipelines(config: Config) -> Iterator[Problem]:
    """Processing pipelines are where the configuration says."""
    named: list[tuple[KeyPath, tuple[str, ...]]] = [(("rules", "pipelines"), config.rules.pipelines)]
    named += [(("source", index, "pipelines"), source.pipelines) for index, source in enumerate(config.sources)]
    for option, names in named:
        for index, name in enumerate(names):
            if name and not Path(name).is_file():
                message = f'{dotted((*option, index))}: there is no file "{name}"'
                hint = "name each file; relative paths start at the working directory"
                yield Problem(path=(*option, index), at_value=True, message=message, hint=hint)


def _source_paths(config: Config) -> Iterator[tuple[KeyPath, str]]:
    for index, source in enumerate(config.sources):
        for number, pattern in enumerate(source.paths):
            if pattern:
                at: KeyPath = ("source", index, "path")
                yield (at if isinstance(source.path, str) else (*at, number)), pattern
