"""``tocsin run``."""

import sys

import click

from detector.cli.options import config_option, existing_config
from detector.lasting import lasting


@click.command()
@config_option
@click.option("--sample", is_flag=True, help="Put sample logs into the state directory first.")
def run(config_path: str | None, sample: bool) -> None:
    """Start the daemon; it lives until SIGTERM or Ctrl-C, and reloads on SIGHUP."""
    path = existing_config(config_path)
    with lasting():
        from detector import app

    sys.exit(app.run(path, with_sample=sample))
