"""``tocsin config``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click
import msgspec

from detector.cli.options import config_option, existing_config, json_option
from detector.cli.output import Misuse, clean, print_json
from detector.config.documents import Origins
from detector.config.load import load
from detector.config.loaded import ConfigErrors
from detector.config.positions import KeyPath
from detector.config.secret import Secret
from detector.config.shape import dotted


@click.group()
def config() -> None:
    """Show the configuration."""


@config.command()
@config_option
@click.option("--origin", is_flag=True, help="Say which file and line set each value.")
@json_option
def show(config_path: str | None, origin: bool, as_json: bool) -> None:
    """Print every option with its value, secrets hidden."""
    try:
        loaded = load(existing_config(config_path))
    except ConfigErrors as error:
        raise Misuse(str(error)) from None
    plain = msgspec.to_builtins(loaded.config, enc_hook=_hidden)
    if as_json and not origin:
        print_json(plain)
        return
    rows = [(path, value, _origin(loaded.origins, path)) for path, value in leaves(plain)]
    if as_json:
        print_json([{"option": dotted(path), "value": value, "origin": place} for path, value, place in rows])
        return
    for path, value, place in rows:
        line = f"{dotted(path)} = {toml(value)}"
        click.echo(clean(f"{line:<60}  # {place}" if origin else line))


def leaves(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """(path, value) of every option that is set, or has its default."""
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from leaves(one, (*path, key))
    elif _holds_tables(value):
        for index, one in enumerate(value):
            yield from leaves(one, (*path, index))
    else:
        yield path, value


def toml(value: Any) -> str:
    """*value* as it would stand in the file."""
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    return msgspec.json.encode(value).decode()


def _holds_tables(value: Any) -> bool:
    return isinstance(value, Sequence) and len(value) > 0 and all(isinstance(one, Mapping) for one in value)


def _origin(origins: Origins, path: KeyPath) -> str:
    if path not in origins:
        return "default"
    place = origins.place(path)
    return f"{place.file}:{place.span.line}" if place.span else place.file


def _hidden(value: Any) -> str:
    if isinstance(value, Secret):
        return str(value)
    raise NotImplementedError(type(value))
