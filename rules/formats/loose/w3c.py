"""W3C's extended log file format: IIS, CloudFront, Blue Coat's ProxySG and its kin, and the Windows firewall.

A line ``#Fields: date time c-ip cs-method …`` names what stands between blanks (or tabs) in the lines below; it is
remembered with the stream (``Parsed.header``). A log that is read from its middle bears no names: then IIS's own
selection of fields is taken if the values fit it. See https://www.w3.org/TR/WD-logfile.html.
"""

from functools import lru_cache
from typing import Any

from rules.event import LogSource
from rules.formats.format import NOWHERE, SECOND, Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import address, number, put_endpoint
from rules.formats.reading.quoted import quoted
from rules.formats.taxonomy.http_request import WEB, put_request
from rules.formats.taxonomy.packet import put_packet
from rules.formats.taxonomy.proxied import PROXY, put_agent, put_asker, put_proxied, put_server, refused

MARK = "#W3C"
DIRECTIVES = (
    "#Fields:",
    "#Software:",
    "#Version:",
    "#Date:",
    "#Start-Date:",
    "#End-Date:",
    "#Remark:",
    "#Time Format:",
)
MOST_HEADER = 16_384
MOST_VALUES = 300
FIREWALL = LogSource(category="firewall", product="windows", service="firewall")
IIS = (  # noqa: SIM905  # as the header writes it
    "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) sc-status "
    "sc-substatus sc-win32-status time-taken"
).split(" ")
#: a field that only proxies write
OF_PROXIES = frozenset(
    {"s-action", "cs-uri-scheme", "cs-uri-path", "c-uri", "sc-filter-result", "s-supplier-name", "r-ip"}
)
#: names with a header's name in brackets -> Sigma's
HEADERS = {
    "cs(User-Agent)": "cs-user-agent",
    "cs(Referer)": "cs-referer",
    "cs(Host)": "cs-host",
    "cs(Cookie)": "cs-cookie",
    "rs(Content-Type)": "sc-content-type",
    "cs-userdn": "cs-username",
}
#: what the Windows firewall did -> as other firewalls say it
VERDICTS = {"ALLOW": "accept", "DROP": "drop"}


class W3c:
    """W3C's extended format."""

    name = "w3c"
    strictness = 89

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read a directive or a line of values."""
        if line[:1] == "#":
            return _directive(line, context.header)
        if context.header.startswith(MARK):
            names, local = _layout(context.header)
        else:
            names, local = tuple(IIS), False
            if not _fits_iis(line):
                return None
        values = _values(line)
        if not names or not len(names) <= len(values) + 1 or len(values) > len(names):
            return None
        return _told(line, dict(zip(names, values, strict=False)), context, local=local)


def _directive(line: str, before: str) -> Parsed | None:
    if not line.startswith(DIRECTIVES):
        return None
    header = before if before.startswith(MARK) else MARK
    if line.startswith(("#Fields:", "#Time Format:")) and len(line) < MOST_HEADER:
        name = line.partition(":")[0]
        kept = [one for one in header.split("\n") if not one.startswith(name)]
        header = "\n".join((*kept, line))
    return Parsed(fields={}, logsource=NOWHERE, time=None, header=header)


@lru_cache(maxsize=256)
def _layout(header: str) -> tuple[tuple[str, ...], bool]:
    """The names of the fields, and whether the stamps are in the host's own zone."""
    names: tuple[str, ...] = ()
    for line in header.split("\n"):
        if line.startswith("#Fields:"):
            names = tuple(line[8:].split())
    return names, "#Time Format: Local" in header


def _fits_iis(line: str) -> bool:
    values = line.split(" ", 16)
    return len(values) == len(IIS) and address(values[2]) is not None and address(values[8]) is not None


def _values(line: str) -> list[str]:
    """What stands between tabs, or between blanks; a value in quotes may hold blanks."""
    if "\t" in line:
        return line.split("\t", MOST_VALUES)
    if '"' not in line:
        return line.split(" ", MOST_VALUES)
    values: list[str] = []
    at = 0
    while at < len(line) and len(values) <= MOST_VALUES:
        if line[at] == '"':
            value, at = quoted(line, at + 1, '"')
            if value is None:
                return []
            at += 1
        else:
            end = line.find(" ", at)
            end = end if end >= 0 else len(line)
            value, at = line[at:end], end + 1
        values.append(value)
    return values


def _told(line: str, given: dict[str, str], context: Context, *, local: bool) -> Parsed | None:
    stamp = _stamp(given, context if local else Context(reference=context.reference))
    if stamp is None:
        return None
    fields: dict[str, Any] = {"message": line}
    for name, value in given.items():
        fields[HEADERS.get(name, name)] = None if value in ("-", "") else value
    if "src-ip" in given and "action" in given:
        logsource = _packet(given, fields)
    elif not OF_PROXIES.isdisjoint(given):
        logsource = _proxied(given, fields)
    elif "cs-method" in given:
        logsource = _served(given, fields)
    else:
        logsource = NOWHERE
    return Parsed(fields=fields, logsource=logsource, time=stamp[0], resolution=stamp[1])


def _stamp(given: dict[str, str], context: Context) -> stamps.Stamp | None:
    """``date`` and ``time``; ProxySG may write ``timestamp`` or ``gmttime`` instead."""
    if "date" in given and "time" in given:
        return stamps.iso(f"{given['date']}T{given['time']}", context)
    for name in ("timestamp", "x-timestamp", "gmttime", "localtime"):
        if name in given:
            text = given[name].strip("[]")
            if (found := stamps.iso(text, context)) is not None:
                return found
            if (seconds := number(text)) is not None:
                return stamps.epoch(seconds)
            time = stamps.clf(text, context)
            return None if time is None else (time, SECOND)
    return None


def _served(given: dict[str, str], fields: dict[str, Any]) -> LogSource:
    """IIS and CloudFront; IIS writes a plus for a blank in headers."""
    query = given.get("cs-uri-query", "-")
    stem = given.get("cs-uri-stem") or given.get("cs-uri") or "/"
    uri = stem if query in ("-", "") else f"{stem}?{query}"
    put_request(fields, given["cs-method"], uri, number(given.get("sc-status", ""), 1000))
    put_asker(fields, given.get("c-ip", ""), given.get("cs-username"))
    if isinstance(agent := fields.get("cs-user-agent"), str):
        fields["cs-user-agent"] = agent.replace("%20", " ") if "%20" in agent else agent.replace("+", " ")
    _put_size(given, fields)
    return WEB


def _proxied(given: dict[str, str], fields: dict[str, Any]) -> LogSource:
    agent = fields.get("cs-user-agent")
    put_proxied(fields, given.get("cs-method", ""), _address(given), number(given.get("sc-status", ""), 1000))
    put_asker(fields, given.get("c-ip", ""), given.get("cs-username"))
    put_agent(fields, agent if isinstance(agent, str) else None)
    verdict = " ".join(given[name] for name in ("sc-filter-result", "s-action") if given.get(name, "-") != "-")
    if verdict:
        refused(fields, verdict)
    if isinstance(server := fields.get("r-ip"), str):
        put_server(fields, server)
    _put_size(given, fields)
    return PROXY


def _address(given: dict[str, str]) -> str:
    """The whole address, put together where only its parts are logged."""
    for name in ("c-uri", "cs-uri"):
        if given.get(name, "-") != "-":
            return given[name]
    host = given.get("cs-host", "-")
    if host == "-":
        return given.get("cs-uri-path", "")
    scheme, port = given.get("cs-uri-scheme", "http"), given.get("cs-uri-port", "-")
    if scheme in ("tcp", "ssl") or given.get("cs-method") == "CONNECT":
        return f"{host}:{port}"
    usual = port in ("-", {"http": "80", "https": "443"}.get(scheme))
    path, query = given.get("cs-uri-path", "-"), given.get("cs-uri-query", "-")
    if path == "-":
        path = given.get("cs-uri-stem", "-")
    return (
        f"{scheme}://{host}{'' if usual else f':{port}'}{'/' if path == '-' else path}"
        f"{'' if query == '-' else query if query[:1] == '?' else f'?{query}'}"
    )


def _put_size(given: dict[str, str], fields: dict[str, Any]) -> None:
    for name in ("sc-bytes", "cs-bytes", "time-taken"):
        if (size := number(given.get(name, ""))) is not None:
            fields[name] = size


def _packet(given: dict[str, str], fields: dict[str, Any]) -> LogSource:
    """The Windows firewall's pfirewall.log."""
    put_endpoint(fields, "source", given["src-ip"], given.get("src-port", ""))
    put_endpoint(fields, "destination", given.get("dst-ip", ""), given.get("dst-port", ""))
    put_packet(fields, VERDICTS.get(given["action"], given["action"].lower()))
    return FIREWALL
