"""docs/reference/cli.md, from the command itself.

Write it anew: PYTHONPATH=tests .venv/bin/python -m support.commands > docs/reference/cli.md
"""

import importlib
import importlib.metadata
from collections.abc import Iterator

import click

HEAD = """\
# Commands

<!-- Made from the command by tests/support/commands.py; change it there. -->

`tocsin` is the daemon, and the way to talk to it.
Commands about a running daemon reach it over `tocsin.sock` in the state directory, or at `--url` with a token.
While no daemon runs, `tocsin user` and `tocsin token` take its lock and do it themselves.
Commands about files need no daemon.

| Exit code | Means |
|---|---|
| 0 | fine |
| 1 | something was found, or failed |
| 2 | wrong usage or configuration |
| 3 | the daemon is not reachable |

With `--json` a command prints JSON and nothing else on standard output.
Colours and progress are shown on a terminal only.
"""
TAIL = """\
## What `tocsin replay --json` prints

One object a line for each record that would have been opened.
The moment as of which stamps without a year were read is told on standard error.

| Key | What |
|---|---|
| `id` | `R-1`, `R-2`, … |
| `decision`, `title`, `severity` | of the record |
| `severity_terms` | why it is that severe: `term`, `value`, `because` |
| `rule` | that opened it: `id`, `title`, `path`, `version` (hash of its text), `tags` |
| `rules` | all that found something in it: `id`, `title`, `findings`, `events`; none if it is only recorded |
| `group` | the rule's group-by fields and their values |
| `entities` | who and what it is about: `kind`, `value` |
| `first_seen`, `last_seen`, `events` | event times, and how many observations |
| `evidence` | lines: `source` (the file), `line`, `offset`, `time`, `text`, `sha256` (of the line's bytes) |

`--html FILE` writes the same as one page: what would have paged by day, a timeline, the findings with their \
lines, what each rule matched, the files and the options.
It holds no script and fetches nothing, and is the same for the same input (with standard input, for the same \
`--as-of`).

## What `tocsin explain --file FILE --json` prints

One object for each line; several if a line tells of several events.

| Key | What |
|---|---|
| `line`, `offset`, `text` | number from 1, byte offset in the file, the line |
| `format`, `fields` | how it was read |
| `matches` | rules about single events that match it: `id`, `title`, `level` |
| `marks` | for each of them, in `terms`, why: `selection`, `term`, `negated`, `field`, `value`, `span` \
(characters of the value) and `bytes` (of the line; `null` where the line does not spell the value) |
| `near_misses` | at most three rules that lack one term or two: `id`, `title`, `level`, how many terms `held`, \
and those `missing` |
| `counts` | correlations that count it, as they stand after it: `group`, `have`, `op` and `count` (what is \
needed), `holds`, `missing`, `since`, `latest`, `until` (when the first leaves the window) |
| `excepted` | rules for which it does not count, by which filter |
"""


def verbs() -> Iterator[tuple[str, click.Command]]:
    """Every verb, as it is typed after ``tocsin``, with its command."""
    (entry,) = importlib.metadata.entry_points(group="console_scripts", name="tocsin")
    group = importlib.import_module(f"{entry.module}.group").tocsin
    assert isinstance(group, click.Group)
    yield from _verbs(group, click.Context(group), "")


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(_page(name, command) for name, command in verbs()), TAIL])


def _verbs(group: click.Group, context: click.Context, before: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _verbs(command, click.Context(command, parent=context), f"{before}{name} ")
        else:
            yield before + name, command


def _page(name: str, command: click.Command) -> str:
    context = click.Context(command, info_name=name)
    usage = " ".join(["tocsin", name, *command.collect_usage_pieces(context)]).replace("[OPTIONS]", "[options]")
    text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    rows = [record for parameter in command.params if (record := parameter.get_help_record(context))]
    options = "".join(f"| `{_cell(option)}` | {_cell(what)} |\n" for option, what in rows)
    return f"## `tocsin {name}`\n\n`{usage}`\n\n{text}\n\n| Option | |\n|---|---|\n{options}"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    print(render(), end="")
