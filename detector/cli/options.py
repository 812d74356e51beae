"""Options that several verbs have."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from detector.cli.client import Client, connect
from detector.cli.output import Misuse
from detector.config.locate import find_config, state_dir

F = TypeVar("F", bound=Callable[..., Any])

config_option = click.option(
    "--config", "config_path", metavar="FILE", help="Configuration; default: config.toml, /etc/tocsin/config.toml."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def daemon_options(command: F) -> F:
    """How to reach the daemon: ``client`` is passed to the verb."""
    return _with_client(command, lambda client, _config_path, _token: client)


def administration_options(command: F) -> F:
    """The same for verbs that can do without the daemon while none runs, on this machine."""
    from detector.cli.alone import Either  # the others need not wait for what it imports

    return _with_client(
        command, lambda client, config_path, token: Either(client, lambda: existing_config(config_path), token)
    )


def _with_client(command: F, prepare: Callable[[Client, str | None, str], Client]) -> F:
    def with_client(
        *args: Any, config_path: str | None, url: str | None, token: str | None, token_file: str | None, **kwargs: Any
    ) -> Any:
        secret = _token(token, token_file)
        client = connect(_socket(config_path), url=url, token=secret)
        if not url:
            client = prepare(client, config_path, secret)
        return command(*args, client=client, **kwargs)

    with_client.__name__, with_client.__doc__ = command.__name__, command.__doc__
    with_client.__dict__.update(command.__dict__)  # where click keeps the parameters declared below this decorator
    for option in (
        config_option,
        click.option("--url", envvar="TOCSIN_URL", help="Reach the daemon there instead of over its socket."),
        click.option("--token", envvar="TOCSIN_TOKEN", hidden=True),
        click.option("--token-file", metavar="FILE", help="File with a token; or set TOCSIN_TOKEN."),
    ):
        option(with_client)
    return with_client  # type: ignore[return-value]


def existing_config(config_path: str | None) -> Path:
    """The configuration to use, for verbs that cannot do without.

    Raises:
        Misuse: there is none in the usual places.
    """
    found = find_config(config_path)
    if found is None:
        raise Misuse(
            "no configuration: there is neither ./config.toml nor /etc/tocsin/config.toml. "
            "Copy config.example.toml to config.toml, or name one with --config."
        )
    return found


def _socket(config_path: str | None) -> Path:
    return state_dir(find_config(config_path)) / "tocsin.sock"


def _token(token: str | None, token_file: str | None) -> str:
    if not token_file:
        return (token or "").strip()
    try:
        return Path(token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"cannot read the token in {token_file}: {error}") from None


__all__ = ["Client", "administration_options", "config_option", "daemon_options", "existing_config", "json_option"]
