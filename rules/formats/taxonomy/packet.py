"""What every packet filter tells of a packet, under the same names: ours and those of Sigma's category ``firewall``."""

from typing import Any, Final

from rules.formats.reading.program import happened

#: our name -> Sigma's
SIGMA: Final = (
    ("source.ip", "src_ip"),
    ("source.port", "src_port"),
    ("destination.ip", "dst_ip"),
    ("destination.port", "dst_port"),
)
#: Sigma's `action` -> outcome of the packet
OUTCOMES: Final = {"drop": "failure", "reject": "failure", "accept": "success"}
#: One letter per flag, as pf writes them.
LETTERS: Final = {"S": "SYN", "A": "ACK", "F": "FIN", "R": "RST", "P": "PSH", "U": "URG", "E": "ECE", "W": "CWR"}


def put_packet(fields: dict[str, Any], action: str) -> None:
    """Add Sigma's names to the endpoints that *fields* bear already, and what was done.

    Args:
        fields: With ``source.*`` and ``destination.*`` as far as the line tells them.
        action: ``drop``, ``reject``, ``accept``, or "" where the line does not tell.
    """
    for name, native in SIGMA:
        if name in fields:
            fields[native] = fields[name]
    if action:
        fields["action"] = action
    happened(fields, "firewall", OUTCOMES.get(action, "unknown"))


def flags_of(letters: str) -> list[str]:
    """``SA`` or ``S.`` -> [SYN, ACK]; in the second, tcpdump's, a dot is ACK."""
    found = [LETTERS[letter] for letter in letters[:12].replace(".", "A") if letter in LETTERS]
    return list(dict.fromkeys(found))
