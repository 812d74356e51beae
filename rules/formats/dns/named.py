"""BIND's named: queries, refusals, transfers, updates, validation, and what it complains of.

https://bind9.readthedocs.io/en/stable/reference.html#logging-configuration. ``client @0x7f 203.0.113.7#40022 (name):
view v: text``: the address is in front of every name, and names are written with blanks and quotes escaped
(``\\032``), so a client cannot make up an address.
"""

from collections.abc import Callable
from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import happened
from rules.formats.taxonomy.question import put_question

NAMED = LogSource(category="dns", product="linux", service="named")

Fields = dict[str, Any]

SEVERITIES = frozenset({"debug", "info", "notice", "warning", "error", "critical"})
#: https://bind9.readthedocs.io/en/stable/reference.html#the-category-phrase
CATEGORIES = frozenset({
    "client", "cname", "config", "database", "default", "delegation-only", "dispatch", "dnssec", "dnstap",
    "edns-disabled", "general", "lame-servers", "network", "notify", "nsid", "queries", "query-errors", "rate-limit",
    "resolver", "responses", "rpz", "rpz-passthru", "security", "serve-stale", "spill", "sslkeylog",
    "trust-anchor-telemetry", "unmatched", "update", "update-security", "xfer-in", "xfer-out", "zoneload",
})  # fmt: skip


def tell(message: str, fields: Fields) -> LogSource:
    """Add what a message of named tells, with or without its category and severity in front."""
    message, _ = without_marks(message, fields)
    if message.startswith("client "):
        _client(message[7:], fields)
    else:
        _server(message, fields)
    return NAMED


def without_marks(text: str, fields: Fields) -> tuple[str, int]:
    """What stands behind category and severity, and how many of the two stood there."""
    marks = 0
    head, found, rest = text.partition(": ")
    if found and head in CATEGORIES:
        fields["dns.channel"], text, marks = head, rest, 1
        head, found, rest = text.partition(": ")
    if found and head.partition(" ")[0] in SEVERITIES:
        text, marks = rest, marks + 1
    return text, marks


def _put_peer(text: str, fields: Fields) -> None:
    """``203.0.113.7#40022``, also ``203.0.113.7#40022/key name``."""
    host, _, port = text.partition("#")
    digits = port.partition("/")[0].partition(" ")[0].rstrip(":")
    put_endpoint(fields, "source", host, digits)


def _client(text: str, fields: Fields) -> None:
    """``@0x7f 203.0.113.7#40022 (example.com): view internal: query: …``; older versions without the pointer."""
    if text[:1] == "@":
        text = text.partition(" ")[2]
    peer, _, said = text.partition(": ")
    _put_peer(peer.partition(" ")[0], fields)
    if said.startswith("view "):
        said = said.partition(": ")[2]
    for start, say in _OF_CLIENTS:
        if said.startswith(start):
            say(said[len(start) :], fields)
            return


def _question(text: str, fields: Fields) -> str:
    """``example.com/A/IN' denied`` -> ``denied``; the name comes first and may hold a slash."""
    name, _, rest = text.partition("'")
    parts = name.rsplit("/", 2)
    fields["query"] = parts[0]
    if len(parts) == 3:
        fields["record_type"] = parts[1]
    return rest.strip(" ")


def _query(text: str, fields: Fields) -> None:
    """``example.com IN A +E(0)K (198.51.100.1)``."""
    parts = text.split(" ", 4)
    if len(parts) < 4:
        return
    put_question(fields, parts[0], parts[2], None)
    fields["dns.class"], fields["dns.flags"] = parts[1], parts[3]
    if len(parts) > 4:
        put_endpoint(fields, "destination", parts[4].strip("()"))
    happened(fields, "dns_query", "unknown")


def _refused(reason: str) -> Callable[[str, Fields], None]:
    def refused(text: str, fields: Fields) -> None:
        """``example.com/A/IN' denied (allow-query-cache did not match)``."""
        if _question(text, fields).startswith("denied"):
            happened(fields, "dns_query", "failure", reason)

    return refused


def _transfer_refused(text: str, fields: Fields) -> None:
    """``example.com/AXFR/IN' denied``."""
    if _question(text, fields).startswith("denied"):
        happened(fields, "dns_transfer", "failure", "denied")


def _transfer_impossible(text: str, fields: Fields) -> None:
    """``example.com/IN': non-authoritative zone (NOTAUTH)``."""
    fields["query"] = text.partition("'")[0].rpartition("/")[0]
    happened(fields, "dns_transfer", "failure", "not_authoritative")


def _transfer(text: str, fields: Fields) -> None:
    """``example.com/IN': AXFR started (serial 2024030101)``; that it ended is no second transfer."""
    name, _, rest = text.partition("': ")
    kind, _, verb = rest.partition(" ")
    fields["query"], fields["record_type"] = name.rpartition("/")[0], kind.removesuffix("-style")
    if verb.removeprefix("IXFR ").startswith("started"):
        happened(fields, "dns_transfer", "success")


def _update_refused(text: str, fields: Fields) -> None:
    """``example.com/IN' denied``."""
    fields["query"] = text.partition("'")[0].rpartition("/")[0]
    happened(fields, "dns_update", "failure", "denied")


def _update(text: str, fields: Fields) -> None:
    """``example.com/IN': adding an RR at 'x.example.com' A 203.0.113.9``."""
    fields["query"] = text.partition("'")[0].rpartition("/")[0]
    happened(fields, "dns_update", "success")


def _limited(text: str, fields: Fields) -> None:
    """``drop response to 203.0.113.0/24 for example.com IN ANY``."""
    happened(fields, "dns_rate_limit", "failure")


def _bad_signature(text: str, fields: Fields) -> None:
    """``TSIG rndc-key: tsig verify failure (BADKEY)``."""
    happened(fields, "dns_signature", "failure", text.rpartition("(")[2].rstrip(")"))


def _notify(outcome: str) -> Callable[[str, Fields], None]:
    def notified(text: str, fields: Fields) -> None:
        fields["query"] = text.partition("'")[0]
        happened(fields, "dns_notify", outcome)

    return notified


_OF_CLIENTS: tuple[tuple[str, Callable[[str, Fields], None]], ...] = (
    ("query: ", _query),
    ("query (cache) '", _refused("recursion_refused")),
    ("query '", _refused("denied")),
    ("zone transfer '", _transfer_refused),
    ("bad zone transfer request: '", _transfer_impossible),
    ("transfer of '", _transfer),
    ("update forwarding '", _update_refused),
    ("update '", _update_refused),
    ("updating zone '", _update),
    ("rate limit ", _limited),
    ("request has invalid signature: ", _bad_signature),
    ("received notify for zone '", _notify("unknown")),
)

#: words of a failed validation
VALIDATION = (
    "no valid signature found",
    "no valid RRSIG",
    "no valid DS",
    "no valid KEY",
    "broken trust chain",
    "insecurity proof failed",
    "bad cache hit",
    "got insecure response",
    "verify failed due to bad signature",
    "signature has expired",
)
#: words of a resolution that failed for somebody else's fault
RESOLUTION = (
    "lame server resolving",
    "unexpected RCODE",
    "FORMERR resolving",
    "DNS format error",
    "unreachable resolving",
    "connection refused resolving",
    "timed out resolving",
)
#: words of trouble of our own -> event.reason
FAULTS = {
    "exiting (due to fatal error)": "fatal",
    "exiting (due to assertion failure)": "crash",
    "No space left on device": "disk_full",
    "disk full": "disk_full",
    "out of memory": "out_of_memory",
    "no more recursive clients": "too_many_clients",
    "not loaded due to errors": "zone_not_loaded",
    ": expired": "zone_expired",
    "journal rollforward failed": "zone_not_loaded",
}


def _server(text: str, fields: Fields) -> None:
    """What named says by itself: of names it looked up, of its zones, of its own state."""
    if any(word in text for word in VALIDATION):
        _validation(text, fields)
    elif any(word in text for word in RESOLUTION):
        happened(fields, "dns_resolve", "failure")
    elif text.startswith("refused notify from non-master: "):
        _put_peer(text[32:], fields)
        happened(fields, "dns_notify", "failure", "denied")
    elif text.startswith("dropping source port zero packet from "):
        _put_peer(text[38:], fields)
        happened(fields, "dns_probe")
    else:
        reason = next((reason for words, reason in FAULTS.items() if words in text), "")
        if reason:
            happened(fields, "dns_fault", "failure", reason)


def _validation(text: str, fields: Fields) -> None:
    """``validating example.com/A: no valid signature found``; ``… resolving 'example.com/A/IN': 198.51.100.9#53``."""
    reason = next(word for word in VALIDATION if word in text)
    if text.startswith("validating "):
        fields["query"], _, kind = text[11:].partition(": ")[0].rpartition("/")
        fields["record_type"] = kind
    else:
        _, found, question = text.partition(" resolving '")
        if found:
            _question(question, fields)
            host, _, port = question.rpartition(": ")[2].partition("#")
            put_endpoint(fields, "destination", host, port)
    happened(fields, "dns_validation", "failure", reason.replace(" ", "_").lower())
