"""What Tocsin says of itself, as `detector.own_events` writes it."""

from typing import Any, Final

from rules.event import LogSource, TimeSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.reading.stamps import iso

OWN: Final = LogSource(product="tocsin", service="self")
NAMES: Final = ("condition", "status", "key", "source", "since")


def own(found: dict[str, Any], context: Context) -> Parsed:
    """The event in *found*."""
    stamp = iso(at, context) if isinstance(at := found.get("at"), str) else None
    fields: dict[str, Any] = {"message": str(found.get("message", ""))}
    fields |= {f"tocsin.{name}": found.get(name) for name in NAMES}
    return Parsed(
        fields=fields,
        logsource=OWN,
        time=stamp[0] if stamp else None,
        resolution=SECOND,
        time_source=TimeSource.LINE if stamp else TimeSource.ARRIVAL,
    )
