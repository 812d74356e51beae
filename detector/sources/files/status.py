"""What a file source says about its files."""

import contextlib

from detector.sources.files.roster import Roster
from detector.sources.files.tracked import Tracked
from detector.sources.source import StreamState, StreamStatus


def status_of(roster: Roster) -> tuple[StreamStatus, ...]:
    """Each file that is read, each that is not and why, and each path at which there is none."""
    followed = [_followed(tracked, roster) for tracked in roster.streams.values() if tracked.is_living]
    unread = [_absent(path, StreamState.UNREADABLE, why) for path, why in sorted(roster.problems.items())]
    absent = [_absent(path, *_why_absent(path, roster)) for path in roster.look.missing]
    aside = [
        _absent(found.path, roster.aside[found.hint].reason, roster.aside[found.hint].detail)
        for found in roster.look.files
        if found.hint in roster.aside
    ]
    shown = {status.origin for status in followed}
    return (*followed, *(status for status in (*unread, *absent, *aside) if status.origin not in shown))


def _absent(path: str, state: StreamState, detail: str) -> StreamStatus:
    return StreamStatus(stream="", origin=path, state=state, detail=detail)


def _why_absent(path: str, roster: Roster) -> tuple[StreamState, str]:
    if any(tracked.base == path for tracked in roster.streams.values()):
        return StreamState.VANISHED, "was there and is gone; looked for again at each rescan"
    return StreamState.MISSING, "nothing there; looked for again at each rescan"


def _size(tracked: Tracked) -> int:
    if tracked.content is not None:
        with contextlib.suppress(OSError):
            return tracked.content.stat().size
    return tracked.found.state[0] if tracked.found is not None else tracked.follower.position.offset


def _followed(tracked: Tracked, roster: Roster) -> StreamStatus:
    position = tracked.follower.position
    size = _size(tracked)
    problem = roster.problems.get(position.path, "")
    state = StreamState.OK if tracked.is_in_place else StreamState.ROTATED
    return StreamStatus(
        stream=tracked.follower.stream,
        origin=position.path,
        state=StreamState.UNREADABLE if problem else state,
        detail=problem,
        size=size,
        offset=position.offset,
        committed=tracked.committed,
        last_line_at=tracked.follower.last_line_at,
        is_unread=tracked.is_unread,
    )
