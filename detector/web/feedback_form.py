"""The form for feedback: what was typed as a report, and what is wrong with it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, get_args
from urllib.parse import parse_qsl

import msgspec

from detector.intake.desk import Slip
from detector.web.views import Frame
from rules.intake.feedback import Category, Feedback
from store.reports import ReportState, Waiting

#: Of a body; more than all fields together can hold, in any script.
MOST_BYTES: Final = 64 * 1024
MOST_FIELDS: Final = 20
LONGEST_TEXT: Final = 5_000
LONGEST_COMPONENT: Final = 100
LONGEST_CONTACT: Final = 200
#: What people do not see, and what fills in all there is falls into.
TRAP: Final = "website"
CATEGORIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "broken": "It does not work",
        "slow": "It is too slow",
        "wrong": "It shows or does something wrong",
        "security": "Somebody could get in, or has got in",
        "privacy": "I see what is not mine, or others see what is mine",
        "other": "Something else",
    }
)
STATES: Final[Mapping[ReportState, str]] = MappingProxyType(
    {
        ReportState.RECEIVED: "We have received it. Nobody has looked at it yet.",
        ReportState.LOOKED_AT: "Somebody has looked at it.",
        ReportState.WORKED_ON: "It is being worked on.",
        ReportState.FIXED: "It is fixed.",
        ReportState.CLOSED: "It is closed: nothing more will be done about it.",
    }
)
assert set(CATEGORIES) == set(get_args(Category))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong with what was typed."""

    field: str  #: id of the element; "" for the form as a whole
    text: str  #: a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackView:
    """The form."""

    frame: Frame
    slip: str  #: what must come back with it
    components: Sequence[str] = ()  #: to choose from; empty: any may be typed
    typed: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """How far a report is."""

    frame: Frame
    reference: str
    state: ReportState


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingView:
    """What waits to be read."""

    frame: Frame
    rows: tuple[Waiting, ...]


def typed_in(body: bytes) -> dict[str, str]:
    """The fields of a form; of a name that stands twice the first counts. Never raises."""
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value.replace("\r\n", "\n").strip())
    return fields


def report_in(typed: Mapping[str, str], components: Sequence[str]) -> tuple[Feedback | None, tuple[Fault, ...]]:
    """The report that was typed; None if something is wrong, and what."""
    faults = tuple(Fault(field=field, text=text) for field, text, is_wrong in _checks(typed, components) if is_wrong)
    if faults:
        return None, faults
    fields = {name: typed.get(name, "") for name in ("text", "category", "component", "contact")}
    return msgspec.convert(fields | {"consent": "consent" in typed}, Feedback), ()


def _checks(typed: Mapping[str, str], components: Sequence[str]) -> tuple[tuple[str, str, bool], ...]:
    text, contact, component = (typed.get(name, "") for name in ("text", "contact", "component"))
    return (
        ("category", "Choose what it is.", typed.get("category") not in CATEGORIES),
        (
            "component",
            "Choose one of those offered, or none.",
            bool(component and components) and component not in components,
        ),
        ("component", f"At most {LONGEST_COMPONENT} characters fit.", len(component) > LONGEST_COMPONENT),
        ("text", "Say what happened.", not text),
        ("text", f"At most {LONGEST_TEXT:,} characters fit, and these are {len(text):,}.", len(text) > LONGEST_TEXT),
        ("contact", f"At most {LONGEST_CONTACT} characters fit.", len(contact) > LONGEST_CONTACT),
        (
            "consent",
            "Tick this, or leave the address empty: it is not kept without.",
            bool(contact) and "consent" not in typed,
        ),
        (TRAP, "Leave this empty: only programs fill it in.", bool(typed.get(TRAP))),
    )


def of_slip(slip: Slip) -> tuple[Fault, ...]:
    """What is wrong with the slip that came back."""
    said = {
        Slip.EARLY: "That was quicker than anybody writes. Look it over, then send it again.",
        Slip.LATE: "This page was open for hours. Look it over, then send it again.",
        Slip.FOREIGN: "This form was not made here, or by an older page. Look it over, then send it again.",
    }
    return (Fault(field="", text=said[slip]),) if slip in said else ()


def too_often(wait: timedelta) -> tuple[Fault, ...]:
    """What is said to who must wait."""
    minutes = max(1, round(wait / timedelta(minutes=1)))
    text = f"Too many reports came in. Send it again in {minutes} minute{'' if minutes == 1 else 's'}."
    return (Fault(field="", text=text),)
