"""Web servers that write to syslog or the journal: the lines are those of their files, each with another head."""

from datetime import UTC, datetime
from typing import Any

from rules.event import LogSource
from rules.formats.format import Context, Format
from rules.formats.web import apache_error, nginx_error
from rules.formats.web.caddy import Caddy
from rules.formats.web.error_log import APACHE, CADDY, NGINX, TRAEFIK
from rules.formats.web.traefik import Traefik
from rules.formats.web.webserver import Combined, Common

#: The frame bears the time; that of the line is read only to know the line.
ANY_MOMENT = Context(reference=datetime(2024, 1, 1, tzinfo=UTC))

_ACCESS: tuple[Format, ...] = (Combined(), Common())


def nginx(message: str, fields: dict[str, Any]) -> LogSource:
    """Access and error log of nginx."""
    return _first((*_ACCESS, nginx_error.NginxError()), message, fields) or NGINX


def apache(message: str, fields: dict[str, Any]) -> LogSource:
    """Access and error log of Apache; its error log leaves the stamp to syslog."""
    found = _first((*_ACCESS, apache_error.ApacheError()), message, fields)
    return found or (apache_error.tell(message, fields) if message[:1] == "[" else APACHE)


def caddy(message: str, fields: dict[str, Any]) -> LogSource:
    """Caddy's log."""
    return _first((Caddy(), *_ACCESS), message, fields) or CADDY


def traefik(message: str, fields: dict[str, Any]) -> LogSource:
    """Traefik's access log."""
    return _first((Traefik(), *_ACCESS), message, fields) or TRAEFIK


def _first(formats: tuple[Format, ...], message: str, fields: dict[str, Any]) -> LogSource | None:
    for one in formats:
        parsed = one.parse(message, ANY_MOMENT)
        if parsed is not None:
            fields.update((name, value) for name, value in parsed.fields.items() if name != "pid")
            fields["message"] = message
            return parsed.logsource
    return None
