"""Can the outgoing heartbeat reach anybody?"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from detector.config.positions import KeyPath
from detector.config.problems import Problem
from detector.config.records import Config


def check_heartbeat(config: Config) -> Iterator[Problem]:
    """Its address is one of the web. What it is stays hidden: it is a secret."""
    section = config.heartbeat
    if not section.url:
        return
    path: KeyPath = ("heartbeat", "url_file" if section.url_file else "url")
    try:
        found = urlsplit(section.url.reveal())
        fits = found.scheme in ("http", "https") and bool(found.hostname)
    except ValueError:
        fits = False
    if not fits:
        message = "heartbeat.url is no address of the web"
        yield Problem(path=path, at_value=True, message=message, hint='e.g. "https://hc.example.org/ping/…"')
