"""One intake as it is in force."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address


class Proof(StrEnum):
    """How a sender shows that it may hand in."""

    BEARER = "bearer"  #: Authorization: Bearer, and the secret
    BASIC = "basic"  #: Authorization: Basic, with the intake's name and the secret
    HMAC = "hmac"  #: a header with the HMAC-SHA256 of the body
    STANDARD_WEBHOOKS = "standard-webhooks"  #: as standardwebhooks.com says: id, time and body are signed
    NONE = "none"  #: where the sender stands is enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Who may hand in what."""

    name: str
    kind: str  #: see `rules.intake.parcels.KINDS`
    proof: Proof = Proof.BEARER
    secret: str = field(default="", repr=False)
    header: str = "X-Hub-Signature-256"  #: hmac: where the signature stands
    prefix: str = "sha256="  #: hmac: what stands before it
    networks: tuple[IPv4Network | IPv6Network, ...] = ()  #: none: from where; empty: this machine alone
    format: str = "auto"  #: logs: of the lines

    def stands_near(self, address: str) -> bool:
        """Whether a sender at *address* may hand in without a proof; "" is the socket of this machine."""
        try:
            sender = ip_address(address)
        except ValueError:
            return address == ""
        sender = getattr(sender, "ipv4_mapped", None) or sender
        return any(sender in network for network in self.networks) if self.networks else sender.is_loopback
