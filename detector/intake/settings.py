"""One intake as it is in force."""

from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

from rules.intake.mapping import AlertMapping


class Proof(StrEnum):
    """How a sender shows that it may hand in."""

    BEARER = "bearer"  #: Authorization: Bearer, and the secret
    BASIC = "basic"  #: Authorization: Basic, with the intake's name and the secret
    HMAC = "hmac"  #: a header with the HMAC of the body, or of a time and the body
    STANDARD_WEBHOOKS = "standard-webhooks"  #: as standardwebhooks.com says: id, time and body are signed
    SNS = "sns"  #: the message is signed by Amazon SNS
    NONE = "none"  #: where the sender stands is enough


#: What these say stands in the headers: looked at before any of the body is taken.
BY_HEADERS = frozenset({Proof.BEARER, Proof.BASIC, Proof.NONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Who may hand in what."""

    name: str
    kind: str  #: see `rules.intake.parcels.KINDS`
    proof: Proof = Proof.BEARER
    secret: str = field(default="", repr=False)
    header: str = "X-Hub-Signature-256"  #: hmac: where the signature stands
    prefix: str = "sha256="  #: hmac: what stands before it
    algorithm: str = "sha256"  #: hmac: "sha256" or "sha512"
    timestamp_header: str = ""  #: hmac: where the time stands that is signed too; empty: the body alone is signed
    signed: str = "{timestamp}:{body}"  #: hmac: what is signed where there is a time
    certificates: bytes = b""  #: sns: PEM, one or more
    topics: tuple[str, ...] = ()  #: sns: whose messages are taken
    networks: tuple[IPv4Network | IPv6Network, ...] = ()  #: none: from where; empty: this machine alone
    format: str = "auto"  #: logs: of the lines
    page: bool = False  #: feedback: whether anybody who reaches us may report on a page
    components: tuple[str, ...] = ()  #: feedback: what the page offers to choose from; empty: anything may be typed
    page_reports_per_hour_each: int = 20  #: from one address
    page_reports_per_hour: int = 300  #: from all together
    mapping: AlertMapping | None = None  #: mapped: how a body becomes alerts

    def stands_near(self, address: str) -> bool:
        """Whether a sender at *address* may hand in without a proof; "" is the socket of this machine."""
        try:
            sender = ip_address(address)
        except ValueError:
            return address == ""
        sender = getattr(sender, "ipv4_mapped", None) or sender
        return any(sender in network for network in self.networks) if self.networks else sender.is_loopback
