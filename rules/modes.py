"""Modes: rules that are tried out before they ask anybody. Pure.

A rule in the mode *simulate* is counted: what it finds is kept as if its decision were ``record``. One in the mode
*advise* observes what it would have had investigated, and is listed as what would have paged. A rule that asks nobody
anyway is as it was in the mode *advise*.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Final

import msgspec

from rules.event import Decision, Mode
from rules.sigma.files import BUNDLED
from rules.sigma.model import Correlation, Head, Rule, RuleSet

#: How the paths of the rules that come with Tocsin begin.
BUNDLED_PATH: Final = PurePosixPath("rules", BUNDLED)
LOWERED: Final = {
    Mode.ON: {},
    Mode.SIMULATE: dict.fromkeys(Decision, Decision.RECORD),
    Mode.ADVISE: {Decision.INVESTIGATE: Decision.OBSERVE},
}


class ModeEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """In which mode some rules are: those that it names in any of three ways."""

    mode: Mode
    rules: tuple[str, ...] = ()  #: ids or titles; what ends in ``*`` fits by its beginning
    tags: tuple[str, ...] = ()  #: likewise
    folders: tuple[str, ...] = ()  #: folders or files of rules, as their paths are told
    author: str = ""
    reason: str = ""

    def sentence(self, lowered: int) -> str:
        """Who has how many rules ask nobody, and why."""
        return f"{self.mode}: {lowered} {'rule' if lowered == 1 else 'rules'}, by {self.author}: {self.reason}"

    def fits(self, head: Head) -> bool:
        """Whether it is for that rule."""
        return (
            any(_matches(wanted, name) for wanted in self.rules for name in (head.id, head.title))
            or any(_matches(wanted, tag) for wanted in self.tags for tag in head.tags)
            or any(_is_below(head.path, folder) for folder in self.folders)
        )


def entry_of(head: Head, entries: Iterable[ModeEntry]) -> ModeEntry | None:
    """What says in which mode a rule is: the first that fits. None: nothing does, it is on."""
    return next((one for one in entries if one.fits(head)), None)


def with_modes(rules: RuleSet, entries: Sequence[ModeEntry]) -> RuleSet:
    """The rules in their modes; those that are in one stay in it."""
    if not entries:
        return rules
    return replace(
        rules,
        rules=tuple(_rule(one, entries) for one in rules.rules),
        correlations=tuple(_correlation(one, entries) for one in rules.correlations),
    )


def lowered(decision: Decision, mode: Mode) -> Decision:
    """What a finding is worth of a rule that says *decision* and is in that mode."""
    return LOWERED[mode].get(decision, decision)


def _rule(head: Rule, entries: Sequence[ModeEntry]) -> Rule:
    mode = _mode(head, entries)
    if mode is Mode.ON:
        return head
    decision = lowered(head.decision, mode)
    return replace(head, mode=mode, declared=head.decision, decision=decision, version=_version(head, mode))


def _correlation(head: Correlation, entries: Sequence[ModeEntry]) -> Correlation:
    mode = _mode(head, entries)
    if mode is Mode.ON:
        return head
    decision = lowered(head.decision, mode)
    return replace(head, mode=mode, declared=head.decision, decision=decision, version=_version(head, mode))


def _mode(head: Head, entries: Sequence[ModeEntry]) -> Mode:
    """The mode to put a rule in; ON if it stays as it is."""
    entry = entry_of(head, entries) if head.mode is Mode.ON else None
    return Mode.ON if entry is None else entry.mode


def _version(head: Head, mode: Mode) -> str:
    """Another one: that nothing came of a rule that asks nobody says nothing to a watch."""
    return hashlib.sha256(f"{head.version} {mode}".encode()).hexdigest()[:16]


def _matches(wanted: str, name: str) -> bool:
    wanted, name = wanted.casefold(), name.casefold()
    return name.startswith(wanted[:-1]) if wanted.endswith("*") else wanted == name


def _is_below(path: str, folder: str) -> bool:
    wanted = PurePosixPath(folder)
    if wanted.parts[:1] == (BUNDLED,):
        wanted = BUNDLED_PATH.parent / wanted
    return PurePosixPath(path).is_relative_to(wanted)
