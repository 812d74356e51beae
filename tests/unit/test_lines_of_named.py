"""BIND's lines, after https://bind9.readthedocs.io/en/stable/reference.html (logging, the category phrase)."""

import pytest
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource
from rules.sigma.model import covers

TABLE = """
01-Mar-2024 03:11:26.123 queries: info: client @0x7f12ab 203.0.113.7#40022 (example.com): query: example.com IN A +E(0)K (198.51.100.1)
=> 203.0.113.7 | - | unknown | dns_query | -
01-Mar-2024 03:11:26.123 client 203.0.113.7#40022: query: example.com IN ANY + (198.51.100.1)
=> 203.0.113.7 | - | unknown | dns_query | tocsin_dns_any
2024-03-01T03:11:26.123Z queries: info: client @0x7f12ab 2001:db8::7#40022 (example.com): view outside: query: example.com IN ANY +E(0) (2001:db8::1)
=> 2001:db8::7 | - | unknown | dns_query | tocsin_dns_any
Mar  1 03:11:26 ns1 named[812]: client @0x7f12ab 203.0.113.7#40022 (other.example): query (cache) 'other.example/A/IN' denied (allow-query-cache did not match)
=> 203.0.113.7 | - | failure | dns_query | tocsin_dns_recursion
Mar  1 03:11:26 ns1 named[812]: client @0x7f12ab 203.0.113.7#40022 (example.com): query 'example.com/A/IN' denied
=> 203.0.113.7 | - | failure | dns_query | -
01-Mar-2024 03:11:26.123 security: error: client @0x7f12ab 203.0.113.7#40022 (example.com): zone transfer 'example.com/AXFR/IN' denied
=> 203.0.113.7 | - | failure | dns_transfer | Zone transfer refused
Mar  1 03:11:26 ns1 named[812]: client @0x7f12ab 203.0.113.7#40022 (other.example): bad zone transfer request: 'other.example/IN': non-authoritative zone (NOTAUTH)
=> 203.0.113.7 | - | failure | dns_transfer | Zone transfer refused
01-Mar-2024 03:11:26.123 xfer-out: info: client @0x7f12ab 203.0.113.7#40022 (example.com): transfer of 'example.com/IN': AXFR started (serial 2024030101)
=> 203.0.113.7 | - | success | dns_transfer | Zone transferred to an outsider
01-Mar-2024 03:11:26.123 xfer-out: info: client @0x7f12ab 203.0.113.7#40022 (example.com): transfer of 'example.com/IN': AXFR ended: 1 messages, 9 records, 512 bytes
=> 203.0.113.7 | - | - | - | -
01-Mar-2024 03:11:26.123 xfer-out: info: client @0x7f12ab 203.0.113.7#40022/key backup (example.com): transfer of 'example.com/IN': IXFR started (serial 1 -> 2)
=> 203.0.113.7 | - | success | dns_transfer | -
01-Mar-2024 03:11:26.123 xfer-in: info: transfer of 'example.com/IN' from 198.51.100.53#53: Transfer status: success
=> - | - | - | - | -
01-Mar-2024 03:11:26.123 update-security: error: client @0x7f12ab 203.0.113.7#40022 (example.com): update 'example.com/IN' denied
=> 203.0.113.7 | - | failure | dns_update | tocsin_dns_update_refused
01-Mar-2024 03:11:26.123 update: info: client @0x7f12ab 203.0.113.7#40022/key upd: updating zone 'example.com/IN': adding an RR at 'www.example.com' A 192.0.2.1
=> 203.0.113.7 | - | success | dns_update | Zone changed from outside
01-Mar-2024 03:11:26.123 security: error: client @0x7f12ab 203.0.113.7#40022: request has invalid signature: TSIG upd: tsig verify failure (BADKEY)
=> 203.0.113.7 | - | failure | dns_signature | tocsin_dns_update_refused
01-Mar-2024 03:11:26.123 rate-limit: info: client @0x7f12ab 203.0.113.7#53 (example.com): rate limit drop response to 203.0.113.0/24 for example.com IN ANY  (3f1b2c)
=> 203.0.113.7 | - | failure | dns_rate_limit | tocsin_dns_limited
01-Mar-2024 03:11:26.123 dnssec: info: validating www.example.com/A: no valid signature found
=> - | - | failure | dns_validation | tocsin_dns_invalid
01-Mar-2024 03:11:26.123 lame-servers: info: broken trust chain resolving 'www.example.com/A/IN': 198.51.100.53#53
=> - | - | failure | dns_validation | tocsin_dns_invalid
01-Mar-2024 03:11:26.123 lame-servers: info: lame server resolving 'www.example.com' (in 'example.com'?): 198.51.100.53#53
=> - | - | failure | dns_resolve | -
01-Mar-2024 03:11:26.123 lame-servers: info: connection refused resolving 'www.example.com/A/IN': 198.51.100.53#53
=> - | - | failure | dns_resolve | -
Mar  1 03:11:26 ns1 named[812]: client @0x7f12ab 203.0.113.7#40022 (192.0.2.1\\0351.example): query: 192.0.2.1\\0351.example IN A + (198.51.100.1)
=> 203.0.113.7 | - | unknown | dns_query | -
Mar  1 03:11:26 ns1 named[812]: client @0x7f12ab 203.0.113.7#40022 (exiting.example): query: exiting\\032\\040due\\032to\\032fatal\\032error\\041.example IN A + (198.51.100.1)
=> 203.0.113.7 | - | unknown | dns_query | -
Mar  1 03:11:26 ns1 named[812]: dropping source port zero packet from 203.0.113.7#0
=> 203.0.113.7 | - | unknown | dns_probe | Odd DNS packet
Mar  1 03:11:26 ns1 named[812]: refused notify from non-master: 203.0.113.7#40022
=> 203.0.113.7 | - | failure | dns_notify | -
Mar  1 03:11:26 ns1 named[812]: security: info: client @0x7f12ab 203.0.113.7#53 (example.com): zone transfer 'example.com/AXFR/IN' denied
=> 203.0.113.7 | - | failure | dns_transfer | Zone transfer refused
Mar  1 03:11:26 ns1 named[812]: exiting (due to fatal error)
=> - | - | failure | dns_fault | Name server in trouble
Mar  1 03:11:26 ns1 named[812]: zone example.com/IN: expired
=> - | - | failure | dns_fault | Name server in trouble
Mar  1 03:11:26 ns1 named[812]: no more recursive clients: quota reached
=> - | - | failure | dns_fault | Name server strained
Mar  1 03:11:26 ns1 named[812]: zone example.com/IN: loaded serial 2024030101
=> - | - | - | - | -
2024-03-01T03:11:26.123Z client @0x7f12ab 203.0.113.7#40022 (example.com): zone transfer 'example.com/AXFR/IN' denied
=> 203.0.113.7 | - | failure | dns_transfer | Zone transfer refused
2024-03-01T03:11:26.123Z xfer-out: info: client @0x7f12ab 203.0.113.7#40022/key provider (example.com): transfer of 'example.com/IN': AXFR started: TSIG provider (serial 2024030101)
=> 203.0.113.7 | - | success | dns_transfer | -
"""  # noqa: E501
LINES = rows(TABLE)
ask = Asker("dns")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_rules_for_syslog_apply() -> None:
    """SigmaHQ's rules ask for named's words in syslog."""
    assert covers(LogSource(product="linux", service="syslog"), service(LINES[3][0]))


def test_log_source_and_details() -> None:
    """Sigma's rules for DNS find their names; the channel's marks are kept apart."""
    assert {service(row[0]) for row in LINES} == {LogSource(category="dns", product="linux", service="named")}
    fields = parsed(LINES[0][0]).fields
    assert (fields["query"], fields["record_type"], fields["dns.class"]) == ("example.com", "A", "IN")
    assert fields["dns.question.registered_domain"] == "example.com"
    assert (fields["dns.channel"], fields["destination.ip"], fields["source.port"]) == (
        "queries",
        "198.51.100.1",
        40022,
    )
    assert parsed(LINES[3][0]).fields["query"] == "other.example"
