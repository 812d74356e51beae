"""Would people hear of it, and nobody else? What is wrong with receivers, routes and escalations."""

from collections.abc import Iterable, Iterator

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem, did_you_mean
from detector.config.records import Config
from detector.config.sections.telling import Match, Receiver
from detector.config.shape import dotted
from detector.own_events import OWN
from detector.telling import window_of
from store.incident import Tlp
from store.people import Role

#: Labels of what must not leave the organisation, whatever is agreed with somebody outside.
_INSIDE = (Tlp.RED, Tlp.AMBER_STRICT)
#: Who has only these is asked for nothing.
_NEVER_ASKED = frozenset({Role.VIEWER, Role.ADMIN, Role.SOURCE})


def check_telling(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with it."""
    yield from leaks(config)
    yield from withheld(config)
    yield from windows(config)
    yield from next_receivers(config)
    yield from escalations(config)
    yield from unreachable_persons(config)


def leaks(config: Config) -> Iterator[Problem]:
    """No receiver may be sent what its readers must not see: the labels themselves say who those are."""
    for index, one in enumerate(config.receivers):
        path: KeyPath = ("receiver", index, "max_tlp")
        if one.external and one.tlp in _INSIDE:
            message = f'receiver "{one.name}" is read outside, and {one.tlp} must not leave your organisation'
            hint = 'set max_tlp = "AMBER" or lower, or external = false'
            yield Problem(path=path, at_value=True, message=message, hint=hint)
        elif one.tlp is Tlp.RED and not one.person:
            message = f'receiver "{one.name}" is no person\'s, and {one.tlp} is for the eyes of single persons alone'
            hint = 'name the person who reads it, or set max_tlp = "AMBER+STRICT"'
            yield Problem(path=path, at_value=True, message=message, hint=hint)


def withheld(config: Config) -> Iterator[Problem]:
    """What is sent to somebody on account of its label may say more than that there is something."""
    by_name = {one.name: one for one in config.receivers}
    for path, match, names in _matched(config):
        for label in match.tlp:
            above = [name for name in names if name in by_name and not _may_carry(by_name[name], label)]
            if above:
                message = f"what is labelled {label} goes to {', '.join(above)} as a stub only: max_tlp there is lower"
                yield Problem(level=Level.WARNING, path=(*path, "match", "tlp"), message=message)


def windows(config: Config) -> Iterator[Problem]:
    """Times of day are such."""
    for path, match, _ in _matched(config):
        for number, text in enumerate(match.time):
            if text and window_of(text, "UTC") is None:
                at: KeyPath = (*path, "match", "time", number)
                message = f'{dotted(at)} "{text}" is no window of time'
                hint = 'e.g. "mon,tue 20:00-06:00", or "22:00-07:00" for every day'
                yield Problem(path=at, at_value=True, message=message, hint=hint)


def next_receivers(config: Config) -> Iterator[Problem]:
    """Escalations lead to receivers that exist, and ask for sources that exist."""
    receivers = [one.name for one in config.receivers]
    sources = [*(one.name for one in config.sources), *(one.name for one in config.intakes), OWN]
    for index, one in enumerate(config.escalations):
        at: KeyPath = ("escalation", index)
        for number, step in enumerate(one.step):
            for place, name in enumerate(step.receiver):
                yield from _known(name, receivers, (*at, "step", number, "receiver", place), "receiver")
        for place, name in enumerate(one.last_resort):
            yield from _known(name, receivers, (*at, "last_resort", place), "receiver")
        for place, name in enumerate(one.match.source):
            yield from _known(name, sources, (*at, "match", "source", place), "source")


def escalations(config: Config) -> Iterator[Problem]:
    """Each tells somebody, and none stands behind one that takes everything."""
    first = next((at for at, one in enumerate(config.escalations) if one.match == Match()), None)
    for index, one in enumerate(config.escalations):
        path: KeyPath = ("escalation", index)
        if not (one.step or one.repeat or one.last_resort):
            message = f'{dotted(path)} "{one.name}" tells nobody again: what it takes is told once'
            hint = "add step, repeat or last_resort, unless that is meant"
            yield Problem(level=Level.WARNING, path=path, message=message, hint=hint)
        if first is not None and index > first:
            message = f"{dotted(path)} is never used: {dotted(('escalation', first))} takes everything"
            yield Problem(level=Level.WARNING, path=path, message=message, hint="put it first")


def unreachable_persons(config: Config) -> Iterator[Problem]:
    """Whoever can be asked for something has a receiver."""
    reached = {one.person for one in config.receivers}
    named = {name for one in config.designations for name in (one.lead, one.reviewer, one.approver, one.deputy)}
    asked = [one for one in config.persons if one.id in named or set(one.roles) - _NEVER_ASKED]
    missing = [one.id for one in asked if one.id and one.id not in reached]
    if config.receivers and missing:
        designated = [one for one in missing if one in named]
        level = Level.WARNING if designated else Level.NOTICE
        message = f"no receiver is {', '.join(designated or missing)}'s: what they are asked goes where the routes say"
        yield Problem(level=level, path=(), message=message, hint='add [[receiver]] with person = "…"')


def _matched(config: Config) -> Iterator[tuple[KeyPath, Match, tuple[str, ...]]]:
    """Where something is matched, on what, and which receivers it leads to."""
    for index, route in enumerate(config.routes):
        yield ("route", index), route.match, route.receiver
    for index, one in enumerate(config.escalations):
        names = (*(name for step in one.step for name in step.receiver), *one.last_resort)
        yield ("escalation", index), one.match, tuple(dict.fromkeys(names))


def _may_carry(receiver: Receiver, label: str) -> bool:
    return Tlp(f"TLP:{label}").is_within(receiver.tlp)


def _known(name: str, allowed: Iterable[str], path: KeyPath, what: str) -> Iterator[Problem]:
    names = tuple(allowed)
    if name and name not in names and "" not in names:  # one that was refused may be the one that is meant
        message = f'{dotted(path)}: there is no {what} "{name}"{did_you_mean(name, names)}'
        yield Problem(path=path, at_value=True, message=message, allowed=tuple(one for one in names if one))
