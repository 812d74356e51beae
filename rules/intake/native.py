"""Tocsin's own way to hand alerts in: one object, or a list of them."""

from typing import Final

import msgspec

from rules.intake.alert import Alert, NotAccepted
from rules.intake.alertmanager import decoded

MOST: Final = 1000
_ONE: Final = msgspec.json.Decoder(Alert)
_MANY: Final = msgspec.json.Decoder(list[Alert])


def alerts(body: bytes) -> tuple[Alert, ...]:
    """The alerts in *body*.

    Raises:
        NotAccepted: Something in it is wrong; nothing of it is taken then.
    """
    found = tuple(decoded(_MANY, body)) if body.lstrip()[:1] == b"[" else (decoded(_ONE, body),)
    if not found:
        raise NotAccepted("the list holds no alert")
    if len(found) > MOST:
        raise NotAccepted(f"the list holds {len(found)} alerts; at most {MOST} at once")
    return found
