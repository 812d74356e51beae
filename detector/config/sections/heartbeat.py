"""Who watches the watcher."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from detector.config.secret import Secret


class HeartbeatSection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who watches the watcher: an address that is asked again and again, and tells somebody when that stops."""

    #: Address at a service that expects it, e.g. "https://hc.example.org/ping/…". A secret. Empty: none.
    url: Secret = msgspec.field(default_factory=Secret)
    #: File whose first line is `url`, instead of `url`.
    url_file: str = ""
    #: How it is asked.
    method: Literal["GET", "POST"] = "GET"
    #: How often it is asked, in seconds.
    every_seconds: Annotated[int, Meta(ge=10, le=3600)] = 60
