"""How many files are held open at the same time."""

from detector.sources.files.tracked import Tracked


class Room:
    """Opens files for streams and closes others that a path leads back to, so that a limit holds."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: set[Tracked] = set()  #: those whose file may be open

    def hold(self, tracked: Tracked) -> None:
        """Take note that the file of *tracked* was opened."""
        self._held.add(tracked)

    def reopen(self, tracked: Tracked) -> bool:
        """Open a stream's file where it was last seen; False if another one is there by now.

        Raises:
            OSError: it cannot be opened.
        """
        self.make()
        self.hold(tracked)
        return tracked.reopen()

    def make(self) -> None:
        """Close files, a quarter at once and the least recently read first, if no more may be opened."""
        if len(self._held) < self._limit:
            return
        self._held = {tracked for tracked in self._held if tracked.content is not None}
        if len(self._held) < self._limit:
            return
        closable = [tracked for tracked in self._held if tracked.found is not None]
        closable.sort(key=lambda tracked: (tracked.is_unread, tracked.turn))
        for tracked in closable[: len(self._held) - self._limit * 3 // 4]:
            tracked.let_go()
            self._held.remove(tracked)
