"""config.example.toml and the reference page hold every option, with its default."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.options import Option, options
from support.reference import configuration

from detector.config.documents import parse
from detector.config.load import build
from detector.config.problems import Level

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Written:
    """An option as the example shows it."""

    default: Any  #: what its comment says; None: "Required"
    value: Any
    is_set: bool  #: False: commented out


def shown() -> Iterator[tuple[tuple[str, str], Written]]:
    """((section, option), how it is written) for each option that has a "Default:" or "Required" above it."""
    section, default = "", ""
    for line in EXAMPLE.split("\n"):
        if line.startswith("# Default: ") or line.startswith("# Required"):
            default = line.removeprefix("# ")
        elif line.lstrip("#").startswith("["):
            section = line.strip("#[]")
        elif default and not line.startswith("# "):
            name, value = next(iter(tomllib.loads(line.removeprefix("#")).items()))
            said = None if default.startswith("Required") else tomllib.loads(f"it = {default[9:]}")["it"]
            yield (section, name), Written(default=said, value=value, is_set=not line.startswith("#"))
            default = ""


SHOWN = dict(shown())
#: What they say without an example is nothing.
SHOWN_IN_USE = ("intake", "format", "clock", "regulatory", "form_field", "escalation")


def test_every_option_is_in_the_example_and_no_other() -> None:
    """What the records hold and what the example documents are the same."""
    assert list(SHOWN) != []
    assert sorted(SHOWN) == sorted((option.section, option.name) for option in options())


@pytest.mark.parametrize("option", list(options()), ids=lambda option: f"{option.section}.{option.name}")
def test_the_example_states_the_default(option: Option) -> None:
    """The default in the comment is the record's; an option that is not set shows it."""
    written = SHOWN[option.section, option.name]
    assert written.default == option.default
    assert set(option.allowed) <= {word.strip('".,;:()') for word in EXAMPLE.split()}
    if not written.is_set and not option.required and option.section not in SHOWN_IN_USE:
        assert written.value == option.default


def test_the_example_is_used_as_it_is() -> None:
    """It loads, and the only thing worth saying is that four eyes are waived."""
    loaded = build([parse("config.example.toml", EXAMPLE.encode())], {})
    assert [(one.level, one.path) for one in loaded.warnings] == [(Level.NOTICE, ("process", "four_eyes"))]
    assert [source.start for source in loaded.config.sources] == ["beginning"] * 3


def test_the_example_loads_with_every_option_set() -> None:
    """What is commented out is right too."""
    lines = [
        line[1:] if line.startswith("#") and line[1:2] not in ("", " ") and not line.startswith("#url") else line
        for line in EXAMPLE.split("\n")
    ]
    config = build([parse("config.toml", "\n".join(lines).encode())], {}).config
    assert [one.name for one in config.formats] == ["door"]
    assert [one.host for one in config.assets] == ["web1"]


def test_the_reference_page_is_made_from_the_records() -> None:
    """The page is what the records say; renew it by ``PYTHONPATH=tests python -m support.reference``."""
    assert (ROOT / "docs/reference/configuration.md").read_text(encoding="utf-8") == configuration()
