"""What somebody hears whose part is done: who is next, and by when. Pure."""

from collections.abc import Sequence

from store.deadlines import Deadlines
from store.designation import Asked
from store.duties import Matter
from store.notice import NewNotice, Notice, NoticeKind

MOST_NAMED = 3


def handed_on(
    notice: Notice, asked: Sequence[Asked], finisher: str | None, deadlines: Deadlines
) -> tuple[NewNotice, ...]:
    """What *finisher* is told, if *notice* says that it is somebody else's turn.

    Args:
        asked: Whose turn it is.
        finisher: Who did what it comes from; None: it was not a person.
    """
    duty = Matter.parse(notice.matter).duty if notice.matter else None
    names = list(dict.fromkeys(one.person for one in asked))
    if notice.kind is not NoticeKind.YOUR_TURN or duty is None or not names or finisher is None or finisher in names:
        return ()
    deadline = deadlines.current(notice.incident)
    by = f", by {deadline.due_at:%Y-%m-%d %H:%M} UTC" if deadline else ""
    told = NewNotice(
        incident=notice.incident.number,
        kind=NoticeKind.HANDED_ON,
        cycle=notice.cycle,
        reason=f"next is {_listed(names)}, to {Matter.of(duty).task}{by}",
        severity=notice.incident.severity,
        person=finisher,
    )
    return (told,)


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return " or ".join(names[:MOST_NAMED]) + (f" or {more} more" if more > 0 else "")
