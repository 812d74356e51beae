"""What goes to where not everything may go: the stub above a label, and the message for people outside. Pure.

Both are made of what is allowed, never of everything less something: a fact that is added to incidents one day stays
inside until somebody names it here.
"""

from collections.abc import Mapping
from datetime import UTC, tzinfo

from notifier.message import Facts, Message, clock, essence_of, head_of, lines_of_ask, mark_of, tone_of

_TITLE, _WHO_WHERE, _MANY, _SPAN = "title", "who and where", "number of events", "first and last time"
_CHANGE, _DUE, _LINES = "what changed", "due time", "log lines"
_STUB_TELLS = frozenset({_DUE})  #: beside label, severity, number, why it is told now, what is asked and the link
_OUTSIDE_TELLS = frozenset({_DUE, _SPAN})  #: to people outside, beside the same


def render_stub(facts: Facts, *, link: str, visible_id: str, zone: tzinfo = UTC, resent: bool = False) -> Message:
    """The message for a channel that may not carry what the incident says: its number, what is asked, the link."""
    lines = [*lines_of_ask(facts, zone), "The details may not be sent over this channel.", link, f"id {visible_id}"]
    return _message(facts, lines, link, visible_id, zone, resent, withheld_of(facts, _STUB_TELLS))


def render_external(facts: Facts, *, link: str, visible_id: str, zone: tzinfo = UTC, resent: bool = False) -> Message:
    """The message for people outside: label, severity, number, times, what is asked, the link; nothing else."""
    lines = [
        f"Seen first {clock(facts.first_seen, zone)}, last {clock(facts.last_seen, zone)}.",
        *lines_of_ask(facts, zone),
        link,
        f"id {visible_id}",
    ]
    return _message(facts, lines, link, visible_id, zone, resent, withheld_of(facts, _OUTSIDE_TELLS))


def withheld_of(facts: Facts, told: frozenset[str]) -> tuple[str, ...]:
    """What *facts* hold and a message that tells only *told* does not say."""
    held: Mapping[str, bool] = {
        _TITLE: bool(facts.title),
        _WHO_WHERE: bool(facts.entities),
        _MANY: True,
        _SPAN: True,
        _CHANGE: bool(facts.because),
        _DUE: facts.due_at is not None,
        _LINES: bool(facts.excerpts),
    }
    return tuple(name for name, is_there in held.items() if is_there and name not in told)


def _message(
    facts: Facts, lines: list[str], link: str, visible_id: str, zone: tzinfo, resent: bool, withheld: tuple[str, ...]
) -> Message:
    return Message(
        title=f"{head_of(facts)}{mark_of(facts, resent)}",
        body="\n".join(lines),
        tone=tone_of(facts),
        visible_id=visible_id,
        subject=head_of(facts),
        essence=essence_of(facts, link, visible_id, zone, resent),
        withheld=withheld,
    )
