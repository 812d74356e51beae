"""A message that only shows that a receiver can be told. Pure."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from notifier.message import Message, Tone, clock
from notifier.route import Receiver
from notifier.sender import Sent

TRIED_FOR_SECONDS = 20.0  #: until an answer counts as missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What became of one."""

    receiver: str
    target: int  #: which address of it, from 0
    channel: str
    outcome: Sent
    detail: str
    elapsed_seconds: float


def message_to(receiver: Receiver, now: datetime, link: str) -> Message:
    """The message: it names the receiver, asks nothing, and has a link to be tried on the spot."""
    body = (
        f"This is a test of the receiver {receiver.name}, sent at {clock(now, ZoneInfo(receiver.timezone))}.\n"
        "Nothing happened, and nothing is asked of you. Please open the link where you read this: it must lead to "
        f"the list of incidents.\n{link}"
    )
    return Message(title=f"TLP:CLEAR Test of receiver {receiver.name}", body=body, tone=Tone.CALM, visible_id="test")
