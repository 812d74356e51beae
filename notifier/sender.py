"""The Sender port: one attempt to hand one message to one address."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from notifier.message import Message


class Sent(StrEnum):
    """How an attempt ended."""

    ACCEPTED = "accepted"  #: the channel took it
    RETRY = "retry"  #: it did not arrive; later it may
    PERMANENT = "permanent"  #: the channel refused it, and will again until somebody changes something
    UNCERTAIN = "uncertain"  #: it may have arrived: there was no answer in time


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What the channel said."""

    outcome: Sent
    detail: str = ""  #: one line for people; never holds a secret
    elapsed_seconds: float = 0.0
    wait_seconds: float = 0.0  #: that the peer asked us to wait before we come again; 0: it said nothing


class Sender(Protocol):
    """Hands messages over. Called from lanes: it may block, for a bounded time."""

    def send(self, url: str, message: Message) -> SendResult:
        """Try once. Never raises for what a peer or an address does."""

    def channel(self, url: str) -> str:
        """The destination behind *url*: what shares it also shares a lane. Safe to store and show."""

    def check(self, url: str) -> list[str]:
        """What is wrong with *url*, as sentences without any secret; empty if nothing is."""
