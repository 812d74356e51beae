"""Numbers of DNS record types -> their names (IANA, Domain Name System Parameters)."""

from typing import Final

TYPES: Final = {
    "1": "A", "2": "NS", "5": "CNAME", "6": "SOA", "10": "NULL", "12": "PTR", "13": "HINFO", "15": "MX", "16": "TXT",
    "28": "AAAA", "29": "LOC", "33": "SRV", "35": "NAPTR", "39": "DNAME", "41": "OPT", "43": "DS", "46": "RRSIG",
    "47": "NSEC", "48": "DNSKEY", "50": "NSEC3", "52": "TLSA", "64": "SVCB", "65": "HTTPS", "99": "SPF",
    "251": "IXFR", "252": "AXFR", "255": "ANY", "256": "URI", "257": "CAA",
}  # fmt: skip


def type_name(number: str) -> str:
    """The name of a type; one that is not known is written as RFC 3597 does, and what is no number stays."""
    return TYPES.get(number, f"TYPE{number}" if number.isascii() and number.isdigit() else number)
