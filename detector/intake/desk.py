"""What the page for feedback hands out: slips that a form must bring back, and references that nobody can guess."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from aiohttp import web
from itsdangerous import BadData, URLSafeSerializer

from detector.intake.limit import Limiter
from rules.intake.parcels import reference_of

#: Nobody writes a report in less; programs do.
SOONEST: Final = timedelta(seconds=3)
#: A page that was open for longer is shown anew, with what was typed.
SLIP_LASTS: Final = timedelta(hours=4)
LONGEST: Final = 200
_CODE_CHARS: Final = 12  #: of base32: 60 bits


class Slip(StrEnum):
    """What a form brought back."""

    GOOD = "good"
    EARLY = "early"  #: ours, but hardly anybody is so quick
    LATE = "late"  #: ours, but from too long ago
    FOREIGN = "foreign"  #: none of ours


class Desk:
    """Makes and reads slips and references, and counts who takes how many.

    Args:
        secrets: Keys, oldest first. The last one signs; all of them verify.
    """

    def __init__(self, secrets: Sequence[bytes]) -> None:
        self._secrets = tuple(secrets)
        self._serializer: URLSafeSerializer = URLSafeSerializer(
            list(secrets), salt=b"tocsin feedback 1", signer_kwargs={"digest_method": hashlib.sha256}
        )
        self.limiter = Limiter()

    def slip(self, now: datetime, nonce: str) -> str:
        """What the form that is shown at *now* must bring back."""
        token: str = self._serializer.dumps([int(now.timestamp()), nonce])
        return token

    def read(self, slip: str, now: datetime) -> Slip:
        """What a form brought back at *now*. Never raises."""
        if len(slip) > LONGEST:
            return Slip.FOREIGN
        try:
            match self._serializer.loads(slip):
                case [int(shown), str()]:
                    age = timedelta(seconds=now.timestamp() - shown)
                case _:
                    return Slip.FOREIGN
        except BadData:
            return Slip.FOREIGN
        return Slip.EARLY if age < SOONEST else Slip.GOOD if age < SLIP_LASTS else Slip.LATE

    def reference(self, number: int) -> str:
        """What the reporter of parcel *number* is told: its number, and a code that only we can make of it."""
        return f"{reference_of(number)}-{_code(self._secrets[-1], number)}"

    def number_of(self, reference: str) -> int | None:
        """The parcel that *reference* stands for; None if it is none of ours. Never raises."""
        prefix, _, rest = reference.strip().upper().partition("-")
        digits, _, code = rest.partition("-")
        if prefix != "IN" or not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and code.isascii()):
            return None
        number = int(digits)
        found = [hmac.compare_digest(code, _code(secret, number)) for secret in self._secrets]
        return number if any(found) else None


DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)


def _code(secret: bytes, number: int) -> str:
    digest = hmac.digest(secret, f"tocsin report 1|{number}".encode(), hashlib.sha256)
    return base64.b32encode(digest).decode()[:_CODE_CHARS]
