"""``tocsin rules``."""

import click

from detector.cli.progress import progress
from detector.cli.rule_list import list_
from detector.cli.silences import mute
from detector.cli.testing import test


@click.group()
def rules() -> None:
    """List, test and mute rules, and say how far they have counted."""


rules.add_command(list_)
rules.add_command(test)
rules.add_command(mute)
rules.add_command(progress)
