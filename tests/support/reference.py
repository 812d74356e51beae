"""docs/reference/configuration.md, made from the records.

``PYTHONPATH=tests python -m support.reference`` writes it anew.
"""

# ruff: noqa: E501 (a sentence a line, as the page has it)

import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

from support.options import Option, options

PAGE = Path(__file__).parents[2] / "docs/reference/configuration.md"

INTRODUCTION = """\
# Configuration

<!-- Made from detector/config/sections by tests/support/reference.py; change it there. -->

The configuration is a TOML file.
[`config.example.toml`](../../config.example.toml) is the same list as a file to copy: every option, what it does, its default.

## Where it is read from

`--config PATH`, else the environment variable `TOCSIN_CONFIG`, else `config.toml` in the working directory, else `/etc/tocsin/config.toml`.
Then all files `conf.d/*.toml` beside that file are read, in order of name:
tables are joined, arrays of tables (`[[source]]`, `[[route]]`, …) are appended, and of anything else the later value wins.
`tocsin config show --origin` says for each value which file and line set it.

Relative paths (of logs, of rules, of `state_dir`, in `url_file`, in `tocsin-file://`) start at the working directory of the daemon.
The systemd unit sets it to the state directory, `/var/lib/tocsin`.

## Secrets

An option marked "A secret" is never shown: not by `config show`, not in a log, not in an error message.
It can be given in three ways besides writing it down:

| Written | Meaning |
|---|---|
| `url_file = "PATH"` | the first line of that file |
| `url = "${env:NAME}"` | the environment variable `NAME` |
| `url = "${cred:NAME}"` | the file `NAME` in `$CREDENTIALS_DIRECTORY`, where systemd puts what `LoadCredential=NAME:/path` names |

`${…}` may stand within a longer text, e.g. `url = "mailtos://tocsin:${cred:mail}@example.org"`.
In options that are no secret it is an error, so that nothing secret is shown by mistake.

## Errors

Unknown keys are errors.
All errors of all files are told at once, with file, line, column, the line itself, what is allowed, and the nearest name:

```
config.toml:6:1: error: source[1].path must be a string or an array of strings, not an integer
  6 | path = 7
    | ^^^^ hint: quote it: path = "7"
```

`source[1]` is the first `[[source]]`: sections and items of lists are counted from 1, over all files.
`tocsin check` exits with 2 if there are errors and with 0 if there are only warnings and notices.
A reload (SIGHUP or `POST /-/reload`) with errors changes nothing.
`daemon.state_dir`, `http.listen` and `store.url` need a restart.

## Options
"""


def configuration() -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(line for section in _sections() for line in section)])


def _sections() -> Iterator[list[str]]:
    for name, found in groupby(options(), key=lambda option: option.section):
        section = list(found)
        title = f"[[{name}]]" if section[0].is_repeated else f"[{name}]"
        yield [
            f"### `{title}`",
            "",
            section[0].about,
            "",
            "| Option | Default | Meaning |",
            "|---|---|---|",
            *(f"| `{option.name}` | {_default(option)} | {_meaning(option)} |" for option in section),
            "",
        ]


def _default(option: Option) -> str:
    return "required" if option.required else f"`{_toml(option.default)}`"


def _toml(value: Any) -> str:
    return json.dumps(value)


def _meaning(option: Option) -> str:
    allowed = f" One of {', '.join(f'`{one}`' for one in option.allowed)}." if option.allowed else ""
    return f"{option.text}{allowed}".replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(configuration(), encoding="utf-8")
