"""What the operator knows and a line cannot say: which proxies are his own, and when he deploys.

``X-Forwarded-For`` is a header that anybody can send. It counts only where the address that spoke to the server is one
of the operator's own proxies; then it is read from its end, as far as each address that tells is a proxy of his too.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import Any

import msgspec

from rules.formats.taxonomy.http_request import hop
from rules.settings import Trust

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DEPLOY = "deploy"


class Window(msgspec.Struct, frozen=True):
    """Some hours of some days, in UTC; one that ends before it begins goes on into the next day."""

    days: frozenset[int]
    begin: time
    end: time

    def holds(self, moment: datetime) -> bool:
        """Whether *moment* (aware) lies in it; its end does not."""
        utc = moment.astimezone(UTC)
        at, day = utc.time(), utc.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= at < self.end
        return (day in self.days and at >= self.begin) or ((day - 1) % 7 in self.days and at < self.end)


def window(text: str) -> Window:
    """``tue,thu 20:00-22:00``.

    Raises:
        ValueError: It is no such text; the configuration has checked its own.
    """
    days, _, hours = text.partition(" ")
    begin, _, end = hours.partition("-")
    return Window(
        days=frozenset(map(DAYS.index, days.split(","))),
        begin=time.fromisoformat(begin),
        end=time.fromisoformat(end),
    )


class Known:
    """Puts into the fields of an event what follows from `[trust]`.

    Raises:
        ValueError: A proxy is no address and no network, or a window is none.
    """

    def __init__(self, trust: Trust) -> None:
        networks = [ip_network(proxy, strict=False) for proxy in trust.proxies]
        self._windows = tuple(map(window, trust.deploy_windows))

        @lru_cache(maxsize=4096)
        def is_proxy(ip: str) -> bool:
            address = ip_address(ip)
            return any(address in network for network in networks)

        self._is_proxy = is_proxy if networks else None

    @property
    def says_nothing(self) -> bool:
        """Nothing is known: no event need be asked."""
        return self._is_proxy is None and not self._windows

    def tell(self, fields: dict[str, Any], moment: datetime) -> None:
        """Name the client behind the operator's own proxies, and the deployment that an event falls into."""
        if self._is_proxy is not None and (forwarded := fields.get("http.forwarded_for")) is not None:
            self._believe(fields, forwarded)
        if any(one.holds(moment) for one in self._windows):
            fields["event.during"] = DEPLOY

    def _believe(self, fields: dict[str, Any], forwarded: str) -> None:
        peer = fields.get("source.ip")
        if not isinstance(peer, str) or self._is_proxy is None or not self._is_proxy(peer):
            return
        client = self._client(forwarded.split(","))
        if client is not None:
            fields["source.ip"], fields["http.proxy"] = client, peer
            fields.pop("source.port", None)

    def _client(self, hops: Sequence[str]) -> str | None:
        """The last address that is no proxy of ours; of proxies alone, the first. No address: nothing before counts."""
        client = None
        for text in reversed(hops):
            found = hop(text)
            if found is None:
                return client
            client = found
            if self._is_proxy is not None and not self._is_proxy(found):
                return client
        return client
