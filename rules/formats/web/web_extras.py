"""What sites add behind the user agent of a Combined line: who was forwarded, how long it took, which host.

nginx's own example ends with ``"$http_x_forwarded_for"``; common additions are ``$request_time`` (seconds with three
digits behind the dot), ``rt=0.120``, ``host=shop.example``. What could be this or that is left alone: it stays in
``http.more`` as it is. https://nginx.org/en/docs/http/ngx_http_log_module.html
"""

from collections.abc import Iterator
from typing import Any

from rules.formats.reading.addresses import number
from rules.formats.reading.quoted import quoted
from rules.formats.taxonomy.http_request import put_forwarded

MOST_PARTS = 40

DURATIONS = frozenset({"rt", "request_time", "req_time", "duration", "time"})
HOSTS = frozenset({"host", "vhost", "http_host", "server_name", "sn"})
#: A value in quotes without a name is what nginx's own example puts there.
QUOTED = '"'
FORWARDED = frozenset({QUOTED, "xff", "x_forwarded_for", "http_x_forwarded_for", "forwarded_for", "fwd"})


def put_extras(fields: dict[str, Any], more: str) -> None:
    """Put into *fields* what *more* certainly tells."""
    fields["http.more"] = more
    for name, value in _parts(more):
        if name in FORWARDED and ("." in value or ":" in value) and put_forwarded(fields, value):
            continue
        if name in HOSTS and value not in ("", "-"):
            fields.setdefault("cs-host", value)
        elif (name in DURATIONS or not name) and (seconds := _seconds(value)) is not None:
            fields.setdefault("http.duration_seconds", seconds)


def _parts(text: str) -> Iterator[tuple[str, str]]:
    """(name, value) of ``name=value``, ``name="value"``, ``"value"`` and ``value``."""
    at = 0
    for _ in range(MOST_PARTS):
        while text[at : at + 1] == " ":
            at += 1
        if at >= len(text):
            return
        name = QUOTED
        if text[at] != '"':
            blank = text.find(" ", at)
            end = blank if blank >= 0 else len(text)
            word = text[at:end]
            name, equals, value = word.partition("=")
            if not equals:
                name, value = "", word
            if value[:1] != '"':
                yield name.lower(), value
                at = end
                continue
            at += len(name) + 1
        inner, at = quoted(text, at + 1)
        if inner is None:
            return
        yield name.lower(), inner


def _seconds(text: str) -> float | None:
    """``0.120``; a number without a dot may be anything."""
    whole, dot, fraction = text.partition(".")
    if not dot or len(fraction) != 3 or number(whole, 10**6) is None or number(fraction) is None:
        return None
    return float(text)
