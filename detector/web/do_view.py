"""What the page of an act or move shows: what it does, what it asks, and when it is refused, what is missing. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from detector.api import acts as api
from detector.web.asking import LABELS, Group
from detector.web.form_view import TITLES
from detector.web.inputs import Texts, words
from detector.web.views import Doable, Frame
from store.forms import FormName, Forms

#: Moves that lead on to the next step.
NEXT: Final = frozenset(
    {"decide", "submit", "review", "conclude", "request_approval", "approve", "close", "confirm", "reopen"}
)


#: What is better done where all is seen that it is about; the others have a page for themselves alone.
_PAGES: Final = {
    "accept_risk": "/follow_up",
    "answer_discrepancy": "/approval",
    "approve": "/approval",
    "close": "/follow_up",
    "close_discrepancy": "/approval",
    "confirm": "/light",
    "discrepancy": "/approval",
    "improve": "/follow_up",
    "improvement": "/follow_up",
    "reject": "/approval",
    "sign_again": "/approval",
    "take_back_watch": "/follow_up",
    "timer": "/clocks",
    "tried": "/follow_up",
    "watch": "/follow_up",
}
#: What whoever decides has to have read: forms.
_READS: Final[Mapping[str, tuple[FormName, ...]]] = {
    "submit": (FormName.REPORT,),
    "review": (FormName.REPORT,),
    "review_again": (FormName.REPORT,),
    "conclude": (FormName.INVESTIGATION,),
    "investigate_again": (FormName.INVESTIGATION,),
    "request_approval": (FormName.CORRECTIVE_ACTIONS,),
}
#: Parts of a signature, as a page asks for them.
_SIGNED: Final = {f"checklist.{name}": LABELS[name] for name in ("accurate", "complete", "compliant_with")} | {
    "fresh": LABELS["fresh"]
}
#: Where a numbered thing that a refusal names is to be found.
_WHERE: Final = {
    "action": "/actions/{}",
    "concern": "/do/answer",
    "discrepancy": "/approval#discrepancy-{}",
    "finding": "/actions",  # it is named where nothing is done about it
    "request": "/requests#request-{}",
    "watch": "/follow_up#watch-{}",
}
_WHERE_ALL: Final = {"actions": "/actions"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that is to be supplied, and where."""

    text: str
    address: str  #: "" if it is on no page


@dataclass(frozen=True, slots=True, kw_only=True)
class DoPage:
    """The page of one act or move."""

    frame: Frame
    number: int
    title: str  #: of the incident
    heading: str
    tells: str
    reads: tuple[Missing, ...]  #: what to read before
    groups: tuple[Group, ...]
    version: int
    refused: str = ""
    missing: tuple[Missing, ...] = ()
    allowed: tuple[Doable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why it was not done."""

    sentence: str
    missing: Sequence[str] = ()
    allowed: Sequence[str] = ()
    beside: Mapping[str, Sequence[str]] | None = None


#: What people read on the button of an act or move, and what it does.
TELLS: Final[Mapping[str, tuple[str, str]]] = {
    "acknowledge": ("Acknowledge", "You say that you have it. It closes nothing."),
    "extend": ("I still have it", "Paging stays quiet; news counts as news again."),
    "note": ("Write a note", "It stands in the timeline, for everyone who may see this incident."),
    "contain": ("Contained", "It does no more harm. It closes nothing."),
    "resolve": ("It is over", "You say that it is over. The seven steps go on; it closes nothing."),
    "own": ("Take it over", "You are its owner from now on."),
    "hand_over": ("Hand it over", "Another person is its owner from now on, and is told."),
    "evidence": ("Add evidence", "A text or a reference, with its hash."),
    "correction": ("Correct a time", "The old and the new one are both shown, with your reason."),
    "classify": ("Set or confirm the severity", "A fall from high or above waits for another person."),
    "countersign": ("Countersign the lower severity", "Agree that it falls, or decline."),
    "split": ("Split it", "Part of it becomes an incident of its own."),
    "concern": ("Raise a concern", "It must be answered before the incident can close."),
    "answer": ("Answer a concern", "Your answer stands in the timeline beside it."),
    "decide": ("Decide what it is worth", "Investigate it as an incident, or observe it for a while."),
    "dismiss": ("Nothing to act on", "From severity high on another person has to agree."),
    "settle": ("Settle the proposal", "Agree to dismiss it, or decline."),
    "merge": ("Merge it into another", "The other incident carries it on."),
    "unmerge": ("Take it out of the other", "It stands again where it stood."),
    "reopen": ("Reopen it", "It begins anew: people are told, and clocks run from the beginning."),
    "submit": ("Hand in the report", "Its reviewer is asked to look at it."),
    "review": ("Review the report", "Accept it, or return it with notes."),
    "review_again": ("Review the report again", "It was changed since it was accepted: look at what changed."),
    "conclude": ("Conclude the investigation", "Corrective actions come next."),
    "investigate_again": ("Back to the investigation", "Something is not understood yet."),
    "request_approval": ("Ask for approval", "The dossier is frozen, and its approvers are asked."),
    "approve": ("Approve", "You sign the dossier as it was frozen."),
    "reject": ("Reject or withdraw", "It goes back to an earlier step, with what is wrong."),
    "rework": ("Back to corrective actions", "What was done is not enough."),
    "close": ("Close the incident", "Its report stays, and whatever comes back reopens it."),
    "sign_again": ("Sign again", "You sign what changed since your signature."),
    "discrepancy": ("Raise a discrepancy", "Something in the dossier is not right."),
    "answer_discrepancy": ("Answer a discrepancy", "Say what was done about it, or why it is none."),
    "close_discrepancy": ("Close a discrepancy", "You are content with its answer."),
    "timer": ("Decide a regulatory timer", "Filed, or not reportable, and why."),
    "confirm": ("Report it on one page", "What happened, why, and what is done about it; a second person signs it."),
    "watch": ("Plan a watch", "What must not happen again, and for how long it is watched."),
    "take_back_watch": ("Take a watch back", "It decides nothing any more."),
    "tried": ("I tried whether it helped", "How, and what shows what came of it."),
    "accept_risk": ("Accept the risk", "It is borne as it is; you sign that."),
    "improve": ("Write down what to make better", "It lives on after the incident is closed."),
    "improvement": ("Settle an improvement", "It is done, moved, or dropped."),
    "restrict": ("Restrict it", "Only those who take part in it see more than number and step."),
    "lift_restriction": ("Lift the restriction", "Everyone who may sign in sees it again."),
    "hold": ("Place a legal hold", "Nothing of it is deleted while the hold stands."),
    "release_hold": ("Release a legal hold", "It may be deleted again when its time has come."),
    "dispose": ("Propose to dispose of it", "A second person settles that."),
    "settle_disposal": ("Settle the disposal", "Agree to delete what it holds, or decline."),
    "redact": ("Redact something", "It is deleted for good; that something stood there stays visible."),
    "waive": ("Waive four eyes here", "It stands in a register, and in every export."),
}


def tells(name: str) -> tuple[str, str]:
    """The words on the button of an act or move, and what it does."""
    return TELLS.get(name, (words(name), ""))


def reads(name: str, number: int) -> tuple[Missing, ...]:
    """What is to be read before one does it."""
    return tuple(Missing(text=TITLES[form], address=f"/i/{number}/forms/{form}") for form in _READS.get(name, ()))


def doables(names: Sequence[str], number: int) -> tuple[Doable, ...]:
    """What may be done now, each with its page; what has none is left out."""
    there = [name for name in names if name in api.ACTS or name in api.MOVES]
    there.sort(key=lambda name: name != "confirm")  # one page for all comes before each step by itself
    return tuple(
        Doable(
            name=name,
            title=tells(name)[0],
            address=f"/i/{number}{_PAGES.get(name, f'/do/{name}')}",
            is_next=name in NEXT,
        )
        for name in there
    )


def missing_of(names: Sequence[str], number: int, forms: Forms) -> tuple[Missing, ...]:
    """What a refusal names, each with where it can be supplied."""
    return tuple(_missing(name, number, forms) for name in names)


def version_in(texts: Texts) -> int:
    """The version that the page showed."""
    text = texts.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _missing(name: str, number: int, forms: Forms) -> Missing:
    form, _, field = name.partition(".")
    if form in set(FormName) and (found := forms[FormName(form)].field(field)):
        return Missing(text=f"{TITLES[FormName(form)]}: {found.label}", address=f"/i/{number}/forms/{form}#at-{field}")
    thing, _, rest = name.partition(" ")
    which = rest.partition(":")[0].partition(" ")[0]
    where = _WHERE.get(thing, "") if which.isdigit() else _WHERE_ALL.get(name, "")
    return Missing(text=_SIGNED.get(name, words(name)), address=f"/i/{number}{where.format(which)}" if where else "")
