"""Where the configuration is, and the one thing in it that a command needs to find the daemon.

Standard library only: commands that talk to the daemon start in a moment.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

DEFAULT_STATE_DIR = "var"
PLACES = ("config.toml", "/etc/tocsin/config.toml")


def find_config(named: str | None, environment: Mapping[str, str] = os.environ) -> Path | None:
    """The configuration that was named, or that is in its usual place; None if there is none."""
    if named or environment.get("TOCSIN_CONFIG"):
        return Path(named or environment["TOCSIN_CONFIG"])
    return next((Path(place) for place in PLACES if Path(place).is_file()), None)


def state_dir(config: Path | None) -> Path:
    """The daemon's state directory, also when the rest of the configuration is wrong."""
    found = DEFAULT_STATE_DIR
    if config is not None:
        for file in (config, *sorted((config.parent / "conf.d").glob("*.toml"))):
            found = _state_dir_in(file) or found
    return Path(found)


def _state_dir_in(file: Path) -> str | None:
    try:
        section = tomllib.loads(file.read_text(encoding="utf-8-sig")).get("daemon")
    except (OSError, ValueError):  # `tocsin check` says what is wrong
        return None
    value = section.get("state_dir") if isinstance(section, dict) else None
    return value if isinstance(value, str) else None
