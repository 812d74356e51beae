"""What people report: something that does not work, as they say it."""

from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from rules.intake.alert import NotAccepted
from rules.intake.alertmanager import decoded

Category = Literal["broken", "slow", "wrong", "security", "privacy", "other"]


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One report."""

    text: Annotated[str, Meta(min_length=1, max_length=5_000)]
    category: Category = "other"
    component: Annotated[str, Meta(max_length=100)] = ""  #: what it is about, e.g. "checkout"
    contact: Annotated[str, Meta(max_length=200)] = ""  #: how to reach them, if they want to hear of it
    consent: bool = False  #: they agree that the contact is kept


_ONE: Final = msgspec.json.Decoder(Feedback)


def report(body: bytes) -> Feedback:
    """The report in *body*.

    Raises:
        NotAccepted: It is none, or it holds a contact whom nobody asked whether it may be kept; says what is wrong.
    """
    found: Feedback = decoded(_ONE, body)
    if found.contact.strip() and not found.consent:
        raise NotAccepted("a contact is kept only with consent: send consent = true, or no contact", ("consent",))
    return found


def line_of(feedback: Feedback, reference: str) -> bytes:
    """The line in which the engine reads it. The contact stays out of it: no rule needs it, and evidence is shown.

    So do the fields by which rules tell what it is about: the format reads them out of the text.
    """
    told: dict[str, Any] = {
        "tocsin": "feedback",
        "reference": reference,
        "category": feedback.category,
        "component": feedback.component.strip().lower(),
        "text": feedback.text,
    }
    return msgspec.json.encode(told, order="sorted") + b"\n"
