"""Values that have a shape of their own: zones, expressions, networks, addresses, stamps."""

import ipaddress
from collections.abc import Iterator
from datetime import time
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from detector.config.positions import KeyPath
from detector.config.problems import Level, Problem, did_you_mean
from detector.config.records import Config
from detector.config.sections.reading import FormatSection
from detector.config.shape import dotted
from rules.formats.expression import Expression, ExpressionError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LOCAL_SCHEMES = ("tocsin-console", "tocsin-file")
STORES = ("sqlite", "postgresql")


def check_values(config: Config) -> Iterator[Problem]:
    """Everything that is wrong with single values."""
    yield from zones(config)
    yield from expressions(config)
    yield from trust(config)
    yield from addresses(config)
    yield from reach(config)


def zones(config: Config) -> Iterator[Problem]:
    """Zones exist."""
    named: list[tuple[KeyPath, str]] = [
        *((("source", index, "timezone"), one.timezone) for index, one in enumerate(config.sources)),
        *((("person", index, "timezone"), one.timezone) for index, one in enumerate(config.persons)),
        (("calendar", "timezone"), config.calendar.timezone),
    ]
    for path, name in named:
        if not is_zone(name):
            message = f'{dotted(path)}: there is no zone "{name}"{did_you_mean(name, available_timezones())}'
            hint = 'use an IANA name, e.g. "Europe/Berlin"; if none is known, install tzdata'
            yield Problem(path=path, at_value=True, message=message, hint=hint)


def is_zone(name: str) -> bool:
    """Whether this machine knows the zone."""
    try:
        return name == "UTC" or bool(ZoneInfo(name))
    except (KeyError, OSError, ValueError):  # not there; a folder of zones; no path at all
        return False


def expressions(config: Config) -> Iterator[Problem]:
    """Formats of one's own compile, and their stamps can be read."""
    for index, one in enumerate(config.formats):
        yield from _expression(one, ("format", index)) if one.pattern else ()


def _expression(one: FormatSection, path: KeyPath) -> Iterator[Problem]:
    """Asks the format itself, part by part, so that each error stands at its option."""
    parts = (("pattern", (one.pattern, "", "")), ("time_field", (one.pattern, one.time_field, "")))
    for key, given in (*parts, ("time_format", (one.pattern, "", one.time_format))):
        try:
            Expression(one.name, *given)
        except ExpressionError as error:
            yield Problem(path=(*path, key), at_value=True, message=f"{dotted((*path, key))}: {error}")
            return


def _is_meant_as_address(value: str) -> bool:
    """Whether what is no network is not the name of an account either, but an address with a slip in it."""
    return set(value) <= set("0123456789abcdefABCDEF.:/") and any(mark in value for mark in ".:/")


def trust(config: Config) -> Iterator[Problem]:
    """What is trusted are addresses and networks, administrators by name too; deployments happen at stated times."""
    told = config.trust
    lists = (("networks", told.networks), ("scanners", told.scanners))
    for key, values in (*lists, ("monitors", told.monitors), ("admins", told.admins), ("proxies", told.proxies)):
        for index, value in enumerate(values):
            if value and not is_network(value) and (key != "admins" or _is_meant_as_address(value)):
                path: KeyPath = ("trust", key, index)
                message = f'{dotted(path)} "{value}" is no address and no network'
                hint = 'e.g. "10.0.0.0/8" or "192.0.2.7"' + (', or an account: "ann"' if key == "admins" else "")
                yield Problem(path=path, at_value=True, message=message, hint=hint)
    for index, value in enumerate(told.deploy_windows):
        if value and not is_window(value):
            path = ("trust", "deploy_windows", index)
            message = f'{dotted(path)} "{value}" is no window of time'
            yield Problem(path=path, at_value=True, message=message, hint='e.g. "tue,thu 20:00-22:00"')


def is_network(text: str) -> bool:
    """Whether it is an address, or a network in CIDR notation."""
    try:
        return bool(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return False


def is_window(text: str) -> bool:
    """Whether it is days and hours: "tue,thu 20:00-22:00"."""
    days, _, hours = text.partition(" ")
    begin, dash, end = hours.partition("-")
    try:
        told = bool(dash) and len(begin) == len(end) == len("20:00") and set(days.split(",")) <= set(DAYS)
        return told and time.fromisoformat(begin) != time.fromisoformat(end)
    except ValueError:
        return False


def split_listen(listen: str) -> tuple[str, int] | None:
    """Host and port of an address to listen on, e.g. "127.0.0.1:8787" or "[::1]:8787"; None if it is not one."""
    try:
        parts = urlsplit(f"//{listen}")
        port = parts.port
    except ValueError:
        return None
    if not parts.hostname or port is None or parts.path or parts.query or parts.username:
        return None
    return parts.hostname, port


def addresses(config: Config) -> Iterator[Problem]:
    """Addresses can be listened on and linked to; the store is one that we know."""
    if split_listen(config.http.listen) is None:
        message = f'http.listen "{config.http.listen}" is no address with a port'
        hint = 'e.g. "127.0.0.1:8787", or "[::]:8787" for all addresses'
        yield Problem(path=("http", "listen"), at_value=True, message=message, hint=hint)
    if config.http.base_url and not _is_base_url(config.http.base_url):
        message = f'http.base_url "{config.http.base_url}" is no address of pages'
        hint = 'e.g. "https://tocsin.example.org", without "?" and "#"'
        yield Problem(path=("http", "base_url"), at_value=True, message=message, hint=hint)
    scheme = config.store.url.reveal().partition(":")[0].partition("+")[0]
    if config.store.url and scheme not in STORES:
        message = f'store.url begins with "{scheme}:", not with "sqlite:" or "postgresql:"'
        yield Problem(path=("store", "url"), at_value=True, message=message, allowed=STORES)


def _is_base_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False


def reach(config: Config) -> Iterator[Problem]:
    """Links in messages that leave this machine lead back to it."""
    away = [one.name for one in config.receivers if one.url and leaves_machine(one.url.reveal())]
    base_url = config.http.base_url
    if not away or (base_url and not is_loopback(urlsplit(base_url).hostname or "")):
        return
    state = "leads to this machine only" if base_url else "is not set"
    message = f"http.base_url {state}: links in messages to {', '.join(away)} lead nowhere for who reads them elsewhere"
    hint = 'set base_url = "https://…" under [http]'
    yield Problem(level=Level.WARNING, path=("http", "base_url"), message=message, hint=hint)


def leaves_machine(url: str) -> bool:
    """Whether what is sent to that receiver is read somewhere else."""
    try:
        parts = urlsplit(url)
        return parts.scheme not in LOCAL_SCHEMES and not is_loopback(parts.hostname or "")
    except ValueError:
        return True


def is_loopback(host: str) -> bool:
    """Whether that host is always this machine."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
