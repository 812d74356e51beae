"""Does the configuration make sense? What the shape of records cannot say, all of it at once.

Pure but for a look at which files exist. Empty names stand for what the shape has refused already, and are passed over.
"""

from collections.abc import Callable, Iterable, Iterator

import re2

from detector.config.emergency import check_emergency
from detector.config.feedback import check_feedback
from detector.config.files import check_files
from detector.config.handing_in import check_handing_in
from detector.config.heartbeat import check_heartbeat
from detector.config.journal import check_journal
from detector.config.modes import check_modes
from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem, did_you_mean
from detector.config.records import Config
from detector.config.sections.telling import Match, Route
from detector.config.shape import dotted
from detector.config.telling import check_telling
from detector.config.times import check_times
from detector.config.values import check_values, is_network
from detector.governance import site_field
from detector.own_events import OWN
from rules.formats import catalogue
from store.forms import site_faults

NAME_IN_A_PATH = re2.compile(r"[A-Za-z0-9_-]{1,64}")


def check(config: Config) -> Iterator[Problem]:
    """Everything that is wrong or worth knowing."""
    for one in CHECKS:
        yield from one(config)


def unique_names(config: Config) -> Iterator[Problem]:
    """A name means one thing."""
    named: tuple[tuple[str, str, list[str]], ...] = (
        ("source", "name", [one.name for one in config.sources]),
        ("intake", "name", [one.name for one in config.intakes]),
        ("format", "name", [one.name for one in config.formats]),
        ("asset", "host", [one.host for one in config.assets]),
        ("person", "id", [one.id for one in config.persons]),
        ("contact", "id", [one.id for one in config.contacts]),
        ("receiver", "name", [one.name for one in config.receivers]),
        ("escalation", "name", [one.name for one in config.escalations]),
        ("regulatory", "name", [one.name for one in config.regulatory]),
    )
    for section, key, names in named:
        for index, name in enumerate(names):
            if name and name in names[:index]:
                path: KeyPath = (section, index, key)
                message = f'{dotted(path)} "{name}" is taken by {dotted((section, names.index(name)))}'
                yield Problem(path=path, at_value=True, message=message, hint="give each its own")


def intakes(config: Config) -> Iterator[Problem]:
    """Who hands in can be told from who may not, and each kind has one address."""
    sources = {one.name for one in config.sources}
    for index, one in enumerate(config.intakes):
        at: KeyPath = ("intake", index)
        if one.name and one.name in sources:
            message = f'{dotted((*at, "name"))} "{one.name}" is the name of a source'
            yield Problem(path=(*at, "name"), at_value=True, message=message, hint="give each its own")
        if one.name and not NAME_IN_A_PATH.fullmatch(one.name):
            message = f'{dotted((*at, "name"))} "{one.name}" cannot stand in an address'
            hint = "use letters, digits, - and _, at most 64 of them"
            yield Problem(path=(*at, "name"), at_value=True, message=message, hint=hint)
        if one.proof not in ("none", "sns") and not one.secret:
            message = f"{dotted((*at, 'secret'))} is missing: the proof {one.proof} needs one"
            yield Problem(path=at, message=message, hint='add secret_file = "…", or proof = "none"')
        for number, network in enumerate(one.networks):
            if network and not is_network(network):
                path: KeyPath = (*at, "networks", number)
                message = f'{dotted(path)} "{network}" is no address and no network'
                yield Problem(path=path, at_value=True, message=message, hint='e.g. "10.0.0.0/8" or "192.0.2.7"')


def known_formats(config: Config) -> Iterator[Problem]:
    """A source's format exists; a format of one's own hides none of ours."""
    ours = (*catalogue.names(), *catalogue.ALIASES)
    allowed = ["auto", *ours, *(one.name for one in config.formats)]
    for index, source in enumerate(config.sources):
        yield from _known(source.format, allowed, ("source", index, "format"), "format")
    for index, intake in enumerate(config.intakes):
        yield from _known(intake.format, allowed, ("intake", index, "format"), "format")
    for index, one in enumerate(config.formats):
        if one.name in ("auto", *ours):
            message = f'{dotted(("format", index, "name"))} "{one.name}" is the name of a format that comes with Tocsin'
            yield Problem(path=("format", index, "name"), at_value=True, message=message, hint="choose another name")


def known_receivers(config: Config) -> Iterator[Problem]:
    """Routes lead to receivers that exist, and tell somebody."""
    allowed = [one.name for one in config.receivers]
    for index, route in enumerate(config.routes):
        if not route.receiver:
            message = f"{dotted(('route', index, 'receiver'))} is empty: what it takes would be told to nobody"
            yield Problem(path=("route", index, "receiver"), message=message, hint="name at least one receiver")
        for at, name in enumerate(route.receiver):
            yield from _known(name, allowed, ("route", index, "receiver", at), "receiver")


def known_sources(config: Config) -> Iterator[Problem]:
    """Routes ask for sources or intakes that exist, or for what Tocsin says of itself."""
    allowed = [*(one.name for one in config.sources), *(one.name for one in config.intakes), OWN]
    for index, route in enumerate(config.routes):
        for at, name in enumerate(route.match.source):
            yield from _known(name, allowed, ("route", index, "match", "source", at), "source")


def known_persons(config: Config) -> Iterator[Problem]:
    """Receivers and designations name persons that exist."""
    allowed = [one.id for one in config.persons]
    for index, receiver in enumerate(config.receivers):
        yield from _known(receiver.person, allowed, ("receiver", index, "person"), "person")
    for index, one in enumerate(config.designations):
        at: KeyPath = ("designation", index)
        for role, name in (("lead", one.lead), ("reviewer", one.reviewer), ("approver", one.approver)):
            yield from _known(name, allowed, (*at, role), "person")
        yield from _known(one.deputy, allowed, (*at, "deputy"), "person")
        for number, name in enumerate(one.stakeholders):
            yield from _known(name, allowed, (*at, "stakeholders", number), "person")


def site_fields(config: Config) -> Iterator[Problem]:
    """Fields that the site adds to forms can be asked."""
    site = [site_field(one) for one in config.form_fields]
    for one, option, said in site_faults(one for one in site if one.name):
        # By identity: two fields that say the same clash, and the second is the one to be named.
        index = next(at for at, each in enumerate(site) if each is one)
        yield Problem(
            path=("form_field", index, option), at_value=True, message=f"{dotted(('form_field', index))}: {said}"
        )


def somebody_is_told(config: Config) -> Iterator[Problem]:
    """There is a route for everything, and none behind it that is never reached."""
    if not config.receivers and not config.routes:
        message = "no receiver: incidents are seen on the pages alone, nobody is told"
        yield Problem(level=Level.WARNING, message=message, hint="add [[receiver]] and [[route]]")
        return
    if not any(takes_all(route) for route in config.routes):
        message = "no route takes everything: some incidents would be told to nobody"
        path: KeyPath = ("route", len(config.routes) - 1) if config.routes else ()
        yield Problem(path=path, message=message, hint='end with [[route]] and receiver = ["…"], without match')
    last = next((at for at, one in enumerate(config.routes) if takes_all(one) and not one.continue_), None)
    for index in range(len(config.routes)):
        if last is not None and index > last:
            message = f"{dotted(('route', index))} is never reached: {dotted(('route', last))} takes everything"
            hint = "put it first, or say continue = true in the other"
            yield Problem(level=Level.WARNING, path=("route", index), message=message, hint=hint)


def four_eyes(config: Config) -> Iterator[Problem]:
    """A waiver is said aloud."""
    if config.process.four_eyes == "waived":
        message = "four eyes are waived: whoever reports may also review and approve; each record says so"
        yield Problem(level=Level.NOTICE, path=("process", "four_eyes"), message=message)


def takes_all(route: Route) -> bool:
    """Whether the route takes every notice."""
    return route.match == Match()


def _known(name: str, allowed: Iterable[str], path: KeyPath, what: str) -> Iterator[Problem]:
    names = tuple(allowed)
    if name and name not in names and "" not in names:  # one that was refused may be the one that is meant
        message = f'{dotted(path)}: there is no {what} "{name}"{did_you_mean(name, names)}'
        hint = "" if names else f"add [[{what}]]"
        yield Problem(path=path, at_value=True, message=message, allowed=tuple(one for one in names if one), hint=hint)


CHECKS: tuple[Callable[[Config], Iterator[Problem]], ...] = (
    check_values,
    check_times,
    unique_names,
    intakes,
    check_handing_in,
    check_feedback,
    known_formats,
    known_receivers,
    known_sources,
    known_persons,
    site_fields,
    somebody_is_told,
    check_telling,
    check_emergency,
    check_heartbeat,
    check_files,
    check_modes,
    check_journal,
    four_eyes,
)
