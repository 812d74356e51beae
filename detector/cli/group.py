"""The command line's top: which verbs there are, in which module each is, and what it does in one line."""

import difflib
import importlib
import os
from collections.abc import Mapping
from typing import Any

import click

from detector.lasting import lasting

Verbs = Mapping[str, tuple[str, str]]
"""By name: where the command is ("module:attribute") and its line in the help."""

TOCSIN: Verbs = {
    "run": ("detector.cli.run:run", "Start the daemon."),
    "check": ("detector.cli.check:check", "Check configuration and rules; tell everything that is wrong."),
    "config": ("detector.cli.config:config", "Show the configuration."),
    "status": ("detector.cli.status:status", "Show how the daemon is doing."),
    "incidents": ("detector.cli.incidents:incidents", "List, show, acknowledge and export incidents."),
    "actions": ("detector.cli.actions:actions", "List what is done about incidents, by whom and until when."),
    "export": ("detector.cli.export:export", "Export a period, or what is due."),
    "replay": ("detector.cli.replay:replay", "Run the rules over log files; no daemon, no database."),
    "explain": ("detector.cli.explain:explain", "Say why: an incident, or each line of a file."),
    "why": ("detector.cli.why:why", "Say why somebody was told or not, and whether a source was watched."),
    "routes": ("detector.cli.routes:routes", "Say who would be told, and who next."),
    "notify": ("detector.cli.notify:notify", "Send a test message over receivers."),
    "deliveries": ("detector.cli.deliveries:deliveries", "List messages that did not arrive; send one again."),
    "rules": ("detector.cli.rules:rules", "List, test and mute rules, and say how far they have counted."),
    "silences": ("detector.cli.silences:silences", "List, make, settle and end silences."),
    "user": ("detector.cli.user:user", "Add, list and remove persons."),
    "token": ("detector.cli.token:token", "Make, list and revoke tokens for the API."),
    "sign-in": ("detector.cli.sign_in:sign_in", "Make a link that signs a person in once."),
    "db": ("detector.cli.db:db", "Upgrade or back up the database."),
    "audit": ("detector.cli.audit:audit", "Verify the record of what happened, and show the key that seals it."),
    "unit": ("detector.cli.unit:unit", "Print a systemd unit."),
}


class LazyGroup(click.Group):
    """Commands that are imported when they are called; their line in the help costs no import."""

    def __init__(self, *args: Any, verbs: Verbs, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._verbs = verbs

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order in which they are met."""
        return list(self._verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb itself; imports its module."""
        if cmd_name not in self._verbs:
            return None
        module, _, attribute = self._verbs[cmd_name][0].partition(":")
        with lasting():
            command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that was asked for, or an error that names the nearest."""
        if args and args[0] not in self._verbs and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self._verbs, n=1)
            ctx.fail(f'no command "{args[0]}"' + (f'; did you mean "{near[0]}"?' if near else ""))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs in the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self._verbs.items()])


def _print_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version

        click.echo(f"tocsin {version('tocsin')}")
        ctx.exit()


@click.group(cls=LazyGroup, verbs=TOCSIN, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.pass_context
def tocsin(ctx: click.Context) -> None:
    """Carry an incident from the first log line to the proof that the fix held.

    Exit codes: 0 fine, 1 something was found or failed, 2 wrong usage or configuration, 3 the daemon is not reachable.
    """
    if os.environ.get("NO_COLOR"):  # see no-color.org; without a terminal click leaves colours out by itself
        ctx.color = False
