"""Apache's error log.

``[Fri Mar 01 03:11:26.123456 2024] [auth_basic:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01617: user bob:
authentication failure for "/admin": Password Mismatch, referer: https://shop.example/``

The client stands before everything that a visitor can choose. The form of Apache 2.2 (``[error]``, no fraction) is read
too. https://httpd.apache.org/docs/2.4/logs.html#errorlog
"""

from typing import Any

import re2

from rules.event import LogSource
from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import address, number
from rules.formats.reading.program import happened
from rules.formats.taxonomy.http_request import SERVICE, put_client
from rules.formats.web.error_log import APACHE, plain, upstream_failed, waf

CODE = re2.compile(r"^(?:\([0-9]+\)[^:]{1,80}: )?(AH[0-9]{5}): ")
#: what the system said stands before the client: ``(13)Permission denied: [client …] AH00035: …``
OF_THE_SYSTEM = re2.compile(r"^\([0-9]+\)[^:\[\]]{1,80}: (?:\[client |\[remote )")
CRASH = re2.compile(r"exit signal [A-Za-z ]{1,40}\(([0-9]+)\)")
UPSTREAM = frozenset({
    "AH00898", "AH00940", "AH00941", "AH00957", "AH00959", "AH01074", "AH01075", "AH01079", "AH01102", "AH01114",
    "AH02454", "AH10273",
})  # fmt: skip
MALFORMED = frozenset({
    "AH00126", "AH00135", "AH00521", "AH00523", "AH00524", "AH00560", "AH00561", "AH00565", "AH00566", "AH02031",
    "AH02418", "AH02419", "AH02420", "AH02421", "AH02422", "AH02423", "AH02424", "AH02427", "AH02429", "AH03447",
    "AH03448", "AH10244", "AH10459",
})  # fmt: skip
OVERLOAD = frozenset({"AH00161", "AH00162", "AH00484", "AH00485"})


class ApacheError:
    """Apache's error log."""

    name = "apache-error"
    strictness = 79

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``[stamp] [module:level] [pid …] [client …] message``."""
        if line[:1] != "[" or line[4:5] != " ":
            return None
        stamp, found, rest = line[1:].partition("] ")
        when = _stamp(stamp, context) if found else None
        if when is None or rest[:1] != "[":
            return None
        fields: dict[str, Any] = {"message": line}
        logsource = tell(rest, fields)
        return Parsed(fields=fields, logsource=logsource, time=when[0], resolution=when[1])


def _stamp(text: str, context: Context) -> stamps.Stamp | None:
    """``Fri Mar 01 03:11:26.123456 2024``."""
    month = stamps.MONTHS.get(text[4:7])
    year = text[-4:]
    if month is None or number(year) is None or len(text) > 40:
        return None
    day = text[8:10].replace(" ", "0")
    return stamps.iso(f"{year}{month}{day}T{text[11:-5]}", context)


def tell(message: str, fields: dict[str, Any]) -> LogSource:
    """What Apache tells, behind the stamp."""
    fields["service.type"] = SERVICE
    said = _put_brackets(message, fields)
    fields["message"] = said
    if said.startswith("ModSecurity: "):
        return waf(fields, said[13:], "", APACHE)
    found = CODE.match(plain(said[:120]))
    code = found.group(1) if found else ""
    text = said[found.end() :] if found else said
    if code:
        fields["apache.code"] = code
    _told(fields, said, code, text)
    return APACHE


def _told(fields: dict[str, Any], said: str, code: str, text: str) -> None:
    """What happened; only the start of the text is Apache's own."""
    if code in UPSTREAM:
        upstream_failed(fields, said, _upstream(text))
    elif code in MALFORMED:
        happened(fields, "http_malformed", "failure", "traversal" if code == "AH10244" else "")
    elif code in OVERLOAD:
        happened(fields, "web_overload", "failure", "no_workers")
    elif text.startswith("user "):
        _auth(fields, text)
    elif text.startswith("client denied by server configuration"):
        happened(fields, "http_denied", "failure", "by_rule")
    elif text.startswith(("File does not exist", "script '", "Got error 'Primary script unknown")):
        happened(fields, "http_missing", "failure")
    elif text.startswith("child pid ") and (crash := CRASH.search(plain(text[:120]))) is not None:
        happened(fields, "web_crash", "failure", f"signal_{crash.group(1)}")
    else:
        happened(fields, "web_error")


def _put_brackets(message: str, fields: dict[str, Any]) -> str:
    """Take off ``[module:level] [pid 812:tid 140] [client …]``; what the system said between them stays."""
    rest, system = message, ""
    for _ in range(7):
        if rest[:1] == "(" and OF_THE_SYSTEM.match(plain(rest[:120])) is not None:
            system, _, rest = rest.partition("[")
            rest = f"[{rest}"
        if rest[:1] != "[":
            break
        inner, found, following = rest[1:].partition("] ")
        if not found:
            break
        word, _, value = inner.partition(" ")
        if word in ("client", "remote"):
            _put_client(fields, value)
        elif word == "pid":
            fields["pid"] = number(value.partition(":")[0]) or 0
        elif ":" in inner and " " not in inner:
            fields["apache.module"], _, fields["log.level"] = inner.partition(":")
        elif inner in ("emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"):
            fields["log.level"] = inner
        elif inner.partition(" ")[0] not in ("tid", "file", "host"):
            break
        rest = following
    return system + rest


def _put_client(fields: dict[str, Any], value: str) -> None:
    """``203.0.113.7:40022``, ``203.0.113.7`` (2.2), ``2001:db8::7`` (2.2) or ``[2001:db8::7]:40022``."""
    if "source.ip" in fields:
        return
    if address(value) is not None and not (value.count(":") == 7 and value.startswith("[")):
        put_client(fields, value.strip("[]"))
        return
    host, _, port = value.rpartition(":")
    put_client(fields, host.strip("[]"), port)


def _auth(fields: dict[str, Any], text: str) -> None:
    """``user bob: authentication failure for …``, ``user bob not found: …``; a name holds no colon."""
    name, _, rest = text[5:].partition(":")
    if name.endswith(" not found"):
        name, reason = name.removesuffix(" not found"), "unknown_user"
    elif rest.startswith(" authorization failure"):
        reason = "not_allowed"
    else:
        reason = "wrong_password"
    name = name.partition(" in realm ")[0].strip("`'")
    if name:
        fields["user.name"] = name
    happened(fields, "http_denied" if reason == "not_allowed" else "http_auth", "failure", reason)


def _upstream(text: str) -> str:
    """``HTTP: attempt to connect to 127.0.0.1:8080 (*) failed``."""
    _, _, rest = text.partition(" to ")
    rest = rest.partition("connect to ")[2] or rest
    return rest.removeprefix("backend: ").partition(" ")[0].strip("()")[:200]
