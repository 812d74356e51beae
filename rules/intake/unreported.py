"""What Tocsin says itself of alerts of which there was no word: as lines beside those of their senders. Pure."""

from collections.abc import Iterable, Sequence

import msgspec

from rules.intake.alert import OWN_KEYS, Told

#: The kind of a parcel of such lines; no intake of the configuration can be of it.
KIND = "unreported"


def lines(told: Iterable[Told]) -> bytes:
    """The body of a parcel that tells of them."""
    return b"".join(msgspec.json.encode(one, order="sorted") + b"\n" for one in told)


def expired(told: Told) -> Told:
    """The alert is not reported any more; whether it is over, nobody knows."""
    return msgspec.structs.replace(told, status="expired", starts_at=None, ends_at=None)


def key_of_sender(intake: str) -> str:
    """The key under which it is told that the sender at *intake* is silent."""
    return f"{OWN_KEYS}sender_silent:{intake}"


def heard_again(told: Told) -> Told:
    """The sender is heard again of which *told* said that it is silent."""
    return msgspec.structs.replace(told, status="resolved")


def silent(intake: str, alerts: Sequence[Told]) -> Told:
    """The sender at *intake* is silent: these alerts of it were to be reported again, and were not."""
    names = ", ".join(sorted({one.name for one in alerts})[:5])
    summary = f"{len(alerts)} firing alerts of {intake} are not reported any more, among them {names}"
    return Told(
        tocsin="alert",
        name="alert sender silent",
        status="silent",
        severity="high",
        key=key_of_sender(intake),
        annotations={"summary": summary},
        sender=intake,
    )
