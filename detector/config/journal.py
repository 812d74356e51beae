"""Sources that read the journal: options that fit, and no message that is read from a file as well."""

import shutil
from collections.abc import Iterator

from detector.config.files import covers
from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem
from detector.config.records import Config
from detector.config.sections.reading import Source
from detector.config.shape import dotted
from detector.own_events import OWN
from detector.sources.choose import any_file
from detector.sources.journal.settings import PROGRAM

#: Files to which a syslog daemon writes what the journal holds.
SYSLOG_FILES = tuple(
    f"/var/log/{name}"
    for name in ("auth.log", "syslog", "messages", "secure", "kern.log", "daemon.log", "user.log", "cron.log", "cron")
)
#: As journalctl names them.
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *(f"local{number}" for number in range(8)),
)
LONGEST = 255  #: systemd's bound on the name of a unit
HINTS = {
    "units": 'e.g. "ssh.service"',
    "identifiers": 'e.g. "sshd"',
    "facilities": f"one of {', '.join(FACILITIES)}",
}
OF_THE_JOURNAL = ("units", "identifiers", "facilities", "priority", "directory")


def check_journal(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with sources that may read the journal, and the name that is ours."""
    for index, source in enumerate(config.sources):
        yield from _options(index, source)
    yield from _twice(config)
    yield from _our_name(config)


def reads_journal(source: Source) -> bool:
    """Whether the source would read the journal if it began now."""
    return source.type == "journal" or (source.otherwise == "journal" and not any_file(source.paths))


def _options(index: int, source: Source) -> Iterator[Problem]:
    at: KeyPath = ("source", index)
    if source.type == "journal" and source.paths:
        message = f"{dotted((*at, 'path'))} is of files, and this source reads the journal"
        hint = 'leave path out; or say type = "file" and otherwise = "journal"'
        yield Problem(path=(*at, "path"), at_value=True, message=message, hint=hint)
    for name in OF_THE_JOURNAL:
        if getattr(source, name) and source.type == "file" and not source.otherwise:
            message = f"{dotted((*at, name))} is of the journal, and this source reads files"
            hint = 'leave it out; or say type = "journal", or otherwise = "journal"'
            yield Problem(path=(*at, name), at_value=True, message=message, hint=hint)
    for name in ("units", "identifiers", "facilities"):
        for number, one in enumerate(getattr(source, name)):
            wrong = _wrong(name, one)
            if wrong:
                path: KeyPath = (*at, name, number)
                yield Problem(path=path, at_value=True, message=f'{dotted(path)} "{one}" {wrong}', hint=HINTS[name])
    if reads_journal(source) and shutil.which(PROGRAM) is None:
        message = f'source "{source.name}" reads the journal, and this machine has no {PROGRAM}'
        yield Problem(level=Level.WARNING, path=at, message=message, hint="install systemd, or name files")


def _wrong(option: str, value: str) -> str:
    if not value or not value.isprintable() or len(value) > LONGEST:
        return "is no name"
    return "is no facility of syslog" if option == "facilities" and value not in FACILITIES else ""


def _twice(config: Config) -> Iterator[Problem]:
    """What is in the journal and in a file counts twice."""
    here = [one for one in config.sources if reads_journal(one) and not one.directory]
    for index, source in enumerate(config.sources):
        same = next((name for name in SYSLOG_FILES for path in source.paths if path and covers(path, name)), "")
        if not same or source in here or not here:
            continue
        message = (
            f'source "{source.name}" reads {same}, and what a syslog daemon writes there is in the journal too, which'
            f' source "{here[0].name}" reads: its messages would count twice'
        )
        hint = f'leave out source "{source.name}", or bound source "{here[0].name}" by units, identifiers or facilities'
        level = Level.NOTICE if all(map(_is_bounded, here)) else Level.WARNING  # whoever bounded it may know better
        yield Problem(level=level, path=("source", index), message=message, hint=hint)
    for other in here[1:]:
        if not _is_bounded(here[0]) or not _is_bounded(other):
            message = f'sources "{here[0].name}" and "{other.name}" both read the journal: messages would count twice'
            path: KeyPath = ("source", config.sources.index(other))
            yield Problem(level=Level.WARNING, path=path, message=message, hint="bound both by units or identifiers")


def _is_bounded(source: Source) -> bool:
    return bool(source.units or source.identifiers or source.facilities)


def _our_name(config: Config) -> Iterator[Problem]:
    named = (("source", [one.name for one in config.sources]), ("intake", [one.name for one in config.intakes]))
    for section, names in named:
        for index, name in enumerate(names):
            if name == OWN:
                path: KeyPath = (section, index, "name")
                message = f'{dotted(path)} "{OWN}" is the name under which Tocsin speaks of itself'
                yield Problem(path=path, at_value=True, message=message, hint="choose another name")
