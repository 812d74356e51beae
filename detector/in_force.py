"""Writes into the installation's own chain which configuration and which rules are in force."""

import hashlib
from typing import Any

import msgspec

from detector import governance
from detector.config.records import Config
from detector.config.secret import HIDDEN, Secret
from detector.engine_process import Ready
from store.repository.record import installation
from store.tx import Tx


def enter(tx: Tx, config: Config, ready: Ready) -> None:
    """Tell what changed since the last time; nothing if nothing did."""
    installation.configured(tx, digest(config), governance.site(config).procedure_version)
    installation.rules_loaded(tx, {rule.id: rule.version for rule in ready.rules})


def digest(config: Config) -> str:
    """SHA-256 of every option with its value, hexadecimal. Of a secret it tells only whether there is one."""
    plain = msgspec.to_builtins(config, enc_hook=_hidden)
    return hashlib.sha256(msgspec.json.encode(plain, order="sorted")).hexdigest()


def _hidden(value: Any) -> str:
    if isinstance(value, Secret):
        return HIDDEN if value else ""
    raise NotImplementedError(f"a configuration holds no {type(value).__name__}")
