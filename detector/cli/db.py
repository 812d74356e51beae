"""``tocsin db``."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import URL

from detector.cli.options import config_option, existing_config, json_option
from detector.cli.output import Failure, Misuse, print_json
from detector.config.load import load
from detector.config.loaded import ConfigErrors
from detector.config.records import Config
from store import backup as copies
from store import engines
from store.clock import SystemClock
from store.database import Store
from store.errors import StoreError


@click.group()
def db() -> None:
    """Upgrade or back up the database."""


@db.command()
@config_option
@json_option
def upgrade(config_path: str | None, as_json: bool) -> None:
    """Bring the database to this version's schema; the daemon must not run. A SQLite file is copied first."""
    config = _config(config_path)
    try:
        where = asyncio.run(_upgrade(config))
    except StoreError as error:
        raise Failure(f"nothing was upgraded: {error}") from None
    if as_json:
        print_json({"upgraded": True, "store": where})
    else:
        click.echo(f"{where} has this version's schema.")


@db.command()
@click.argument("file", required=False)
@config_option
@json_option
def backup(file: str | None, config_path: str | None, as_json: bool) -> None:
    """Copy the SQLite database to FILE, while the daemon runs; by default beside it, with the time in its name."""
    config = _config(config_path)
    database = engines.sqlite_file(_parsed(config))
    if database is None:
        raise Misuse("the store is on PostgreSQL: back it up with pg_dump")
    to = Path(file) if file else database.with_name(f"{database.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    try:
        copies.copy(database, to)
    except StoreError as error:
        raise Failure(str(error)) from None
    if as_json:
        print_json({"backup": str(to), "bytes": to.stat().st_size})
    else:
        click.echo(f"{to} ({to.stat().st_size:,} bytes)")


async def _upgrade(config: Config) -> str:
    folder = Path(config.daemon.state_dir)
    store = await Store.open(config.store_url, SystemClock(), lock_dir=folder, upgrade=True, repair_triggers=True)
    await store.close()
    return str(store.file or "The PostgreSQL database")


def _parsed(config: Config) -> URL:
    try:
        return engines.parse(config.store_url)
    except StoreError as error:
        raise Misuse(str(error)) from None


def _config(config_path: str | None) -> Config:
    try:
        return load(existing_config(config_path)).config
    except ConfigErrors as error:
        raise Misuse(str(error)) from None
