"""``tocsin unit``."""

import shutil
import sys
from importlib.resources import files
from pathlib import Path

import click

from detector.cli.options import json_option
from detector.cli.output import print_json


@click.command()
@click.option("--executable", metavar="FILE", help="The command that the service starts; default: this one.")
@click.option("--config", "config_path", default="/etc/tocsin/config.toml", show_default=True, help="Configuration.")
@json_option
def unit(executable: str | None, config_path: str, as_json: bool) -> None:
    """Print a systemd unit that starts this command with that configuration."""
    text = (files("detector") / "data" / "tocsin.service").read_text(encoding="utf-8")
    text = text.replace("@EXECUTABLE@", executable or _this_command()).replace("@CONFIG@", config_path)
    if as_json:
        print_json({"unit": text})
    else:
        click.echo(text, nl=False)


def _this_command() -> str:
    """The console script that is running, or the one beside this interpreter."""
    called = shutil.which(sys.argv[0])
    beside = Path(sys.executable).parent / "tocsin"
    return str(Path(called).absolute() if called else beside)
