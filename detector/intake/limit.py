"""How often one may: so many an hour from one address, and so many from all together. Pure; its memory is bounded."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address
from typing import Final

HOUR: Final = timedelta(hours=1)
#: Addresses that are remembered; of more, those are forgotten that were heard of longest ago.
MOST_ADDRESSES: Final = 10_000
#: Whoever has an IPv6 address has a whole network of this length.
NETWORK_BITS: Final = 64


@dataclass(slots=True)
class _Bucket:
    """What may still be taken; it fills again within an hour."""

    left: float
    at: datetime

    def fill(self, most: int, now: datetime) -> None:
        """Take note that time has passed; a clock that was set back takes nothing away."""
        self.left = min(float(most), self.left + max(timedelta(0), now - self.at) / HOUR * most)
        self.at = max(self.at, now)

    def wait(self, most: int) -> timedelta:
        """How long until one may be taken; nothing if one may now."""
        return timedelta(0) if self.left >= 1 else HOUR * (1 - self.left) / most


class Limiter:
    """Counts what was taken. What was refused does not count."""

    def __init__(self) -> None:
        self._by_address: OrderedDict[str, _Bucket] = OrderedDict()
        self._all: _Bucket | None = None

    def take(self, address: str, now: datetime, *, each: int, all_together: int) -> timedelta:
        """Take one, or say how long to wait for it.

        Args:
            address: The socket's; never what a header claims.
            each: So many an hour from one address.
            all_together: So many an hour from all of them.
        """
        overall = self._all = self._all or _Bucket(left=all_together, at=now)
        overall.fill(all_together, now)
        own = self._own(neighbourhood(address), each, now)
        wait = max(own.wait(each), overall.wait(all_together))
        if not wait:
            own.left -= 1
            overall.left -= 1
        return wait

    def _own(self, address: str, each: int, now: datetime) -> _Bucket:
        bucket = self._by_address.setdefault(address, _Bucket(left=each, at=now))
        self._by_address.move_to_end(address)
        if len(self._by_address) > MOST_ADDRESSES:
            self._by_address.popitem(last=False)
        bucket.fill(each, now)
        return bucket


def neighbourhood(address: str) -> str:
    """What counts as one sender: an address, of IPv6 the network that it stands in."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    mapped = found.ipv4_mapped
    bits = 128 - NETWORK_BITS
    return str(mapped) if mapped else str(IPv6Address(int(found) >> bits << bits))
