"""Are the modes of rules such that people can tell who asked for silence, and why?"""

from collections.abc import Iterable, Iterator

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem, did_you_mean
from detector.config.records import Config
from detector.config.shape import dotted
from rules.event import Mode
from rules.modes import ModeEntry, entry_of
from rules.sigma.model import RuleSet

SECTION: KeyPath = ("rules", "mode")


def check_modes(config: Config) -> Iterator[Problem]:
    """Each entry says which rules it is for; one that lowers says who wants it and why."""
    for index, one in enumerate(config.rules.mode):
        path: KeyPath = (*SECTION, index)
        if not (one.rule or one.tag or one.folder):
            message = f"{dotted(path)} is for no rule"
            yield Problem(path=path, message=message, hint='add rule = ["…"], tag = ["…"] or folder = ["…"]')
        for name, text in (("author", one.author), ("reason", one.reason)):
            if one.mode is not Mode.ON and not text.strip():
                message = f"{dotted((*path, name))} is missing: with {one.mode} nobody is asked about these rules"
                yield Problem(path=path, message=message, hint=f'add {name} = "…"')


def check_fits(entries: Iterable[ModeEntry], rules: RuleSet) -> Iterator[Problem]:
    """An entry that is for no rule that loads, or for none that another is not for already, does nothing."""
    entries = tuple(entries)
    counted = [entry_of(head, entries) for head in rules.all]
    for index, one in enumerate(entries):
        path: KeyPath = (*SECTION, index)
        if not any(one.fits(head) for head in rules.all):
            wanted = (*one.rules, *one.tags, *one.folders)
            known = {head.title for head in rules.all} | {tag for head in rules.all for tag in head.tags}
            near = next(filter(None, (did_you_mean(name, known) for name in wanted)), "")
            message = f"{dotted(path)} is for no rule that loads{near}"
            yield Problem(level=Level.WARNING, path=path, message=message)
        elif not any(found is one for found in counted):
            message = f"{dotted(path)} does nothing: entries before it are for all of its rules"
            yield Problem(level=Level.WARNING, path=path, message=message, hint="put it first")


def told(entries: Iterable[ModeEntry], rules: RuleSet) -> Iterator[Problem]:
    """A notice of each entry that lowers: how many rules ask nobody because of it."""
    entries = tuple(entries)
    for index, one in enumerate(entries):
        lowers = [head for head in rules.all if entry_of(head, entries) is one and not head.as_base_only]
        if one.mode is not Mode.ON and lowers:
            path: KeyPath = (*SECTION, index)
            message = one.sentence(len(lowers))
            yield Problem(level=Level.NOTICE, path=path, message=message)
