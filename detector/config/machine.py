"""Does this machine fit the configuration? Slower than `check`, and only asked for by ``tocsin check``."""

import importlib.metadata
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem
from detector.config.records import Config
from detector.config.sections.telling import Receiver
from detector.config.values import LOCAL_SCHEMES

OURS = ("detector", "notifier", "rules", "store")
DISTRIBUTION = "tocsin"
LOCAL_TIME = Path("/etc/localtime")


def check_machine(config: Config) -> Iterator[Problem]:
    """Everything that only shows on the machine itself."""
    yield from receivers(config)
    yield from folders(config)
    yield from zone(config, machine_zone())
    yield from package_names(importlib.metadata.packages_distributions())


def receivers(config: Config) -> Iterator[Problem]:
    """Each address is one that can be sent to, as the library that sends it says."""
    remote = [(at, one) for at, one in enumerate(config.receivers) if one.url and not _is_local(one)]
    if not remote:
        return
    from notifier.apprise_sender import AppriseSender  # half a second to import, and often not needed

    sender = AppriseSender(console=sys.stderr, folder=Path.cwd())
    for index, receiver in remote:
        if wrong := "; ".join(sender.check(receiver.url.reveal())):
            path: KeyPath = ("receiver", index, "url_file" if receiver.url_file else "url")
            yield Problem(path=path, at_value=True, message=f'receiver "{receiver.name}" cannot be told: {wrong}')


def unreachable(config: Config) -> tuple[str, ...]:
    """Who cannot be told, a sentence each: no reason not to start, but nobody should find out in the night."""
    return tuple(one.message for one in (*receivers(config), *folders(config)))


def folders(config: Config) -> Iterator[Problem]:
    """Where a receiver writes there is a folder; the state directory is made at the first start."""
    made = Path(config.daemon.state_dir).resolve()
    for index, receiver in enumerate(config.receivers):
        scheme, _, name = receiver.url.reveal().partition("://")
        if scheme != "tocsin-file":
            continue
        folder = Path(name).parent
        if not name or not (folder.is_dir() or folder.resolve() == made):
            wrong = f"there is no folder {folder}" if name else "its address names no file"
            message = f'receiver "{receiver.name}" cannot be told: {wrong}'
            hint = f"make the folder {folder}" if name else "write tocsin-file://PATH"
            yield Problem(path=("receiver", index, "url"), at_value=True, message=message, hint=hint)


def zone(config: Config, here: str) -> Iterator[Problem]:
    """Programs on this machine most likely write their stamps in its zone."""
    for index, source in enumerate(config.sources):
        if source.timezone == "UTC" and here not in ("", "UTC", "Etc/UTC", "Etc/UCT", "Universal", "Zulu"):
            message = f'stamps of source "{source.name}" that bear no zone are read as UTC; this machine is in {here}'
            hint = f'set timezone = "{here}" if its lines bear local time'
            yield Problem(level=Level.NOTICE, path=("source", index), message=message, hint=hint)


def machine_zone(link: Path = LOCAL_TIME) -> str:
    """The IANA name of this machine's zone; "" if it cannot be told."""
    parts = link.resolve().parts
    return "/".join(parts[parts.index("zoneinfo") + 1 :]) if "zoneinfo" in parts else ""


def package_names(owners: Mapping[str, Sequence[str]], ours: Iterable[str] = OURS) -> Iterator[Problem]:
    """No other distribution brings a package of one of our names: whichever was installed last would have won."""
    for name in ours:
        others = sorted(set(owners.get(name, ())) - {DISTRIBUTION})
        if others:
            message = (
                f'the package "{name}" is brought by {", ".join(others)} too: one of them has overwritten the other'
            )
            hint = "install Tocsin into an environment of its own (pipx, uv tool, a venv)"
            yield Problem(message=message, hint=hint)


def _is_local(receiver: Receiver) -> bool:
    return receiver.url.reveal().partition("://")[0] in LOCAL_SCHEMES
