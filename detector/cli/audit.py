"""``tocsin audit``."""

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from detector import keyring
from detector.cli.options import config_option, existing_config, json_option
from detector.cli.output import Failure, Misuse, clean, print_json
from detector.config.load import load
from detector.config.loaded import ConfigErrors
from detector.config.records import Config
from store import engines
from store.errors import StoreError
from store.repository.keeping import verification
from store.repository.keeping.verification import Report, Witness
from store.seals import Keys, key_id

LOCK_WAIT_SECONDS = 5.0


@click.group()
def audit() -> None:
    """Verify the record of what happened, and show the key that seals it."""


@audit.command()
@config_option
@click.option("--seal", "noted", metavar="NUMBER:HASH", help="A seal noted elsewhere, which must still be there.")
@click.option("--key", "foreign", multiple=True, metavar="HEX", help="A public key to trust beside those of the state.")
@json_option
def verify(config_path: str | None, noted: str | None, foreign: tuple[str, ...], as_json: bool) -> None:
    """Examine every entry, value and seal; name what was changed, removed, inserted or cut off.

    Only reads, also while the daemon runs. Exits with 1 if something is wrong.
    """
    config = _config(config_path)
    public = _trusted(config, foreign)
    report = _examine(config, public, _witness(noted))
    (_print_json if as_json else _print_text)(report)
    sys.exit(Failure.exit_code if report.faults else 0)


@audit.command()
@config_option
@json_option
def key(config_path: str | None, as_json: bool) -> None:
    """Print the public key that verifies seals, and its id. Keep it where the database's owner cannot reach it."""
    keys = _keys(_config(config_path))
    if keys is None:
        raise Failure("there is no key yet: the daemon makes it at its first start")
    if as_json:
        print_json({"id": keys.id, "public": keys.public[keys.id].hex(), "all": _hexadecimal(keys.public)})
        return
    for name, public in keys.public.items():
        click.echo(f"{name}  {public.hex()}{'  (signs)' if name == keys.id else ''}")


def _examine(config: Config, public: Mapping[str, bytes], witness: Witness | None) -> Report:
    try:
        url = engines.parse(config.store_url)
        file = engines.sqlite_file(url)
        if file is not None and not file.exists():
            raise Misuse(f"there is no database at {file}: was the daemon started with this configuration?")
        engine = engines.reading(url, readers=1, lock_wait_seconds=LOCK_WAIT_SECONDS)
        try:
            with engines.our_errors(str(file or "the database")), engine.begin() as connection:
                return verification.examine_all(connection, public, witness)
        finally:
            engine.dispose()
    except StoreError as error:
        raise Failure(str(error)) from None


def _print_text(report: Report) -> None:
    for fault in report.faults:
        click.echo(clean(str(fault)))
    click.echo(
        f"{report.records} chains, {report.entries} entries, {report.seals} seals; "
        f"{report.unsealed} entries are not sealed yet"
    )
    if report.last is not None:
        click.echo(f"last seal {report.last.number}:{report.last.hash.hex()}")
    click.echo(f"{len(report.faults)} faults" if report.faults else "everything holds")


def _print_json(report: Report) -> None:
    faults = [
        {"record": one.record, "entry": one.entry, "seal": one.seal, "harm": one.harm, "says": one.says}
        for one in report.faults
    ]
    last = report.last
    print_json(
        {
            "holds": not faults,
            "records": report.records,
            "entries": report.entries,
            "seals": report.seals,
            "unsealed": report.unsealed,
            "last_seal": None if last is None else {"number": last.number, "hash": last.hash.hex()},
            "faults": faults,
        }
    )


def _witness(noted: str | None) -> Witness | None:
    if noted is None:
        return None
    number, _, digest = noted.partition(":")
    if not (number.isascii() and number.isdigit() and len(number) <= 15 and len(digest) == 64):
        raise Misuse(f'--seal "{clean(noted)}" is no seal: write it as NUMBER:HASH, as `tocsin audit verify` prints it')
    return Witness(number=int(number), hash=digest)


def _trusted(config: Config, foreign: tuple[str, ...]) -> dict[str, bytes]:
    keys = _keys(config)
    public = dict(keys.public) if keys is not None else {}
    for text in foreign:
        try:
            one = bytes.fromhex(text)
        except ValueError:
            one = b""
        if len(one) != keyring.SECRET_BYTES:
            raise Misuse(f'--key "{clean(text)}" is no public key: write its 64 hexadecimal digits')
        public[key_id(one)] = one
    return public


def _keys(config: Config) -> Keys | None:
    """The keys of the state directory; None if there are none."""
    folder = Path(config.daemon.state_dir)
    try:
        return Keys(keyring.seal_seeds(folder, sealed_with=None)) if (folder / keyring.SEAL_KEY).exists() else None
    except keyring.KeyUnusable as error:
        raise Failure(str(error)) from None


def _hexadecimal(public: Mapping[str, bytes]) -> dict[str, str]:
    return {name: one.hex() for name, one in public.items()}


def _config(config_path: str | None) -> Config:
    try:
        return load(existing_config(config_path)).config
    except ConfigErrors as error:
        raise Misuse(str(error)) from None
