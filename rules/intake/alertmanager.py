"""Prometheus' alerts: the webhook of Alertmanager (version 4, which Grafana sends too) and the API v2 that it offers.

Shapes: the documentation of Alertmanager's ``webhook_config``, and its OpenAPI description of ``postAlerts``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from rules.intake.alert import Alert, Labels, Moment, NotAccepted

NAME_LABEL: Final = "alertname"
#: How "no end yet" is written.
NO_END: Final = datetime(1, 1, 1, tzinfo=UTC)
#: When an alert is posted without an end, it is over unless it is posted again by then: Alertmanager's default too.
RESOLVE_TIMEOUT: Final = timedelta(minutes=5)
LONGEST_URL: Final = 500
#: In one body; a Prometheus sends 64 at once.
MOST: Final = 5_000


class _Sent(msgspec.Struct, frozen=True, rename="camel"):
    """One alert on the wire; unknown members are ignored, as the protocol says."""

    labels: Labels
    annotations: Labels = {}
    status: str = ""
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    fingerprint: str = ""
    generator_url: str = msgspec.field(name="generatorURL", default="")


class _Webhook(msgspec.Struct, frozen=True, rename="camel"):
    alerts: list[_Sent]
    version: str = "4"
    receiver: str = ""


_WEBHOOK: Final = msgspec.json.Decoder(_Webhook)
_POSTED: Final = msgspec.json.Decoder(list[_Sent])


def webhook(body: bytes) -> tuple[Alert, ...]:
    """The alerts in a webhook's body.

    Raises:
        NotAccepted: It is none, or of another version.
    """
    sent = decoded(_WEBHOOK, body)
    if sent.version != "4":
        raise NotAccepted(
            f"this is version {sent.version[:20]!r} of the webhook; version 4 is understood", ("version",)
        )
    return _alerts(sent.alerts, None)


def posted(body: bytes, now: datetime) -> tuple[Alert, ...]:
    """The alerts that a Prometheus posts to ``/api/v2/alerts``: one whose end has passed at *now* is resolved.

    Raises:
        NotAccepted: It is no list of alerts.
    """
    return _alerts(decoded(_POSTED, body), now)


def _alerts(sent: Sequence[_Sent], now: datetime | None) -> tuple[Alert, ...]:
    if len(sent) > MOST:
        raise NotAccepted(f"the body holds {len(sent)} alerts; at most {MOST} at once")
    return tuple(_alert(one, index, now) for index, one in enumerate(sent))


def decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    """*body* in the decoder's shape.

    Raises:
        NotAccepted: It is not; says where.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise NotAccepted(str(error), tuple(_place_of(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NotAccepted(f"the body is not JSON: {error}") from None
    except RecursionError:
        raise NotAccepted("the body is nested too deeply") from None


def _alert(sent: _Sent, index: int, now: datetime | None) -> Alert:
    name = sent.labels.get(NAME_LABEL, "")
    if not name:
        raise NotAccepted(f"alert {index} has no label {NAME_LABEL}", (f"alerts[{index}].labels.{NAME_LABEL}",))
    ends_at = sent.ends_at if sent.ends_at and sent.ends_at > NO_END else None
    over = sent.status == "resolved" or (now is not None and ends_at is not None and ends_at <= now)
    if now is not None and ends_at is None:
        ends_at = now + RESOLVE_TIMEOUT
    return Alert(
        name=name[:500],
        status="resolved" if over else "firing",
        dedup_key=_key(sent.labels),
        labels=sent.labels,
        annotations=sent.annotations,
        starts_at=sent.starts_at if sent.starts_at and sent.starts_at > NO_END else None,
        ends_at=ends_at,
        url=sent.generator_url if len(sent.generator_url) <= LONGEST_URL else "",
    )


def _key(labels: Mapping[str, str]) -> str:
    """The labels alone tell alerts apart, as in Prometheus itself; the fingerprint is not in every message."""
    whole = ",".join(f"{name}={labels[name]}" for name in sorted(labels))
    return whole if len(whole) <= 500 else ""


def _place_of(error: msgspec.ValidationError) -> Iterator[str]:
    """``Expected … - at `$.alerts[0].labels``` -> ``alerts[0].labels``."""
    _, found, place = str(error).partition(" - at `$")
    if found and place.rstrip("`"):
        yield place.rstrip("`").removeprefix(".")
