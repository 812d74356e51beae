"""What replay and explain share: rules, formats and settings from the command line, or from a configuration."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec

from detector.cli.options import json_option
from detector.cli.output import Misuse, clean
from detector.cli.ruleset import read_rules, rules_option
from detector.config.load import load as load_config
from detector.config.loaded import ConfigErrors
from detector.config.values import is_zone
from detector.replay.moments import as_of
from detector.replay.reading import LogFile, LogUnreadable
from detector.settings import build
from rules.formats.catalogue import UnknownFormat, by_name
from rules.formats.expression import expressions
from rules.formats.format import Format
from rules.settings import EngineSettings, SourceProfile
from rules.sigma.load import load_for
from rules.sigma.model import RuleSet
from rules.stream import EPOCH, LATEST, is_of_a_clock

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Everything to run rules over files."""

    files: tuple[LogFile, ...]
    settings: EngineSettings  #: with ``as_of`` set, and a profile for each file
    rules: RuleSet
    formats: tuple[Format, ...]  #: those of the configuration
    guessed: tuple[datetime, ...]  #: of files with stamps that bear no year: the moments that decided it


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The options that replay and explain have in common, as given."""

    rule_paths: tuple[str, ...]
    format: str
    timezone: str
    as_of: datetime | None
    config_path: str | None


def bench_options(command: F) -> F:
    """How files are read and which rules run; ``wishes`` is passed to the verb."""

    def with_wishes(
        *args: Any,
        rule_paths: tuple[str, ...],
        format_name: str,
        timezone: str,
        moment: datetime | None,
        **kwargs: Any,
    ) -> Any:
        wishes = Wishes(
            rule_paths=rule_paths,
            format=format_name,
            timezone=timezone,
            as_of=None if moment is None else moment.replace(tzinfo=moment.tzinfo or UTC),
            config_path=click.get_current_context().params.get("config_path"),
        )
        return command(*args, wishes=wishes, **kwargs)

    with_wishes.__name__, with_wishes.__doc__ = command.__name__, command.__doc__
    with_wishes.__dict__.update(command.__dict__)
    moments = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"])
    for option in (
        rules_option,
        click.option(
            "--format", "format_name", default="auto", metavar="NAME", help="The lines' format; default: found out."
        ),
        click.option(
            "--timezone", default="UTC", show_default=True, metavar="ZONE", help="Zone of stamps without one."
        ),
        click.option(
            "--as-of", "moment", type=moments, help="Moment as of which files are read; default: their own time."
        ),
        json_option,
    ):
        option(with_wishes)
    return with_wishes  # type: ignore[return-value]


def open_files(house: ExitStack, paths: Sequence[str]) -> tuple[LogFile, ...]:
    """The files, which *house* closes.

    Raises:
        Misuse: one cannot be read, or is named twice.
    """
    for index, path in enumerate(paths):
        if path in paths[:index]:
            raise Misuse(f"{clean(path)} is named twice: its lines would count twice")
    try:
        return tuple(house.enter_context(LogFile(path)) for path in paths)
    except LogUnreadable as error:
        raise Misuse(clean(str(error))) from None


def bench(house: ExitStack, paths: Sequence[str], wishes: Wishes) -> Bench:
    """Files, rules and settings as wished; broken rules are told on standard error.

    Raises:
        Misuse: something does not exist or cannot be read, or no rule loads.
    """
    base = configured(wishes.config_path)
    formats = expressions(base.expressions)
    if wishes.format != "auto":
        try:
            by_name(wishes.format, formats)
        except UnknownFormat as error:
            raise Misuse(clean(str(error))) from None
    if not is_zone(wishes.timezone):
        raise Misuse(f'there is no zone "{clean(wishes.timezone)}": use an IANA name, e.g. Europe/Berlin')
    if wishes.as_of is not None and not is_of_a_clock(wishes.as_of):
        raise Misuse(f"--as-of must be from {EPOCH.year} to {LATEST.year}")
    files = open_files(house, paths)
    guesses = [as_of(file, wishes.format, ZoneInfo(wishes.timezone), formats) for file in files]
    moments = [wishes.as_of or guess.moment for guess in guesses]
    settings = msgspec.structs.replace(
        base,
        rule_files=chosen_rules(base, wishes),
        sources={
            file.name: SourceProfile(format=wishes.format, timezone=wishes.timezone, as_of=moment)
            for file, moment in zip(files, moments, strict=True)
        },
        as_of=max(moments),
    )
    return Bench(
        files=files,
        settings=settings,
        rules=_loaded(settings),
        formats=formats,
        guessed=tuple(guess.moment for guess in guesses if guess.gives_years and wishes.as_of is None),
    )


def configured(config_path: str | None) -> EngineSettings:
    """What a configuration says of trust, assets, formats and rules; without one, nothing."""
    if config_path is None:
        return EngineSettings()
    try:
        return build(load_config(config_path).config).engine
    except ConfigErrors as error:
        raise Misuse(str(error)) from None


def chosen_rules(base: EngineSettings, wishes: Wishes) -> tuple[tuple[str, str], ...]:
    """(path, text) of the rules of --rules, else those of the configuration, else the bundled ones."""
    return base.rule_files if base.rule_files and not wishes.rule_paths else read_rules(wishes.rule_paths)


def _loaded(settings: EngineSettings) -> RuleSet:
    rules = load_for(settings)
    for error in rules.errors:
        click.echo("\n".join(map(clean, str(error).split("\n"))), err=True)
    if not rules.all:
        raise Misuse("no rule loads: nothing could be found" if rules.errors else "there are no rules there")
    return rules
