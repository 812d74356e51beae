"""Which line of a batch kills the engine: pure, so that no innocent line is ever left out by guesswork."""

from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from rules.event import Batch
from rules.outcome import Outcome

MAX_UNEXPLAINED: Final = 20  #: deaths of the engine in one batch that no line is to blame for


@dataclass(slots=True)
class PoisonGuard:
    """Follows one batch through the deaths of the engine.

    After the first death the engine tells each line before it begins it. A line is guilty if the engine dies at it
    twice then; a process that was killed from outside dies at the same line twice only by a rare accident. So a
    poisonous line costs three restarts.
    """

    original: Batch
    careful: bool = False
    unexplained: int = 0
    _at: int | None = None  #: the line that the engine works on
    _suspect: int | None = None
    _guilty: dict[int, str] = field(default_factory=dict)  #: index -> why

    @property
    def batch(self) -> Batch:
        """What to feed: without the guilty lines."""
        return replace(self.original, skip=self.original.skip | self._guilty.keys())

    @property
    def hopeless(self) -> bool:
        """Whether it is not the lines that the engine dies of."""
        return self.unexplained > MAX_UNEXPLAINED

    def progress(self, index: int | None) -> None:
        """The engine begins this line; None: it is done with all."""
        self._at = index

    def died(self, why: str) -> None:
        """The engine is dead; *why* continues a sentence that begins with "the engine"."""
        at, self._at = self._at, None
        if not self.careful:
            self.careful = True
        elif at is not None and at == self._suspect:
            self._guilty[at] = why
            self._suspect = None
        else:
            self.unexplained += 1
            self._suspect = at

    def explained(self, outcome: Outcome) -> Outcome:
        """*outcome* with the reason for each line that was left out."""
        if not self._guilty:
            return outcome
        reasons = {self.original.starts.line + index: why for index, why in self._guilty.items()}
        internal = tuple(
            msgspec.structs.replace(event, reason=f"the engine {reasons[event.line]} twice while working on this line")
            if event.line in reasons
            else event
            for event in outcome.internal
        )
        return msgspec.structs.replace(outcome, internal=internal)
