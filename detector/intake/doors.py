"""Which intakes there are now, who reads what was handed in, and how much of it there was."""

from collections.abc import Callable, Mapping
from typing import Protocol

from detector.intake.bodies import Bodies
from detector.intake.settings import Intake


class Observer(Protocol):
    """Hears what happens at the doors."""

    def handed_in(self, intake: str, status: int) -> None:
        """Something was answered with that status."""

    def unknown_severity(self, intake: str, count: int) -> None:
        """So many alerts bore a severity that nobody knows."""


class NoObserver:
    """Hears nothing."""

    def handed_in(self, intake: str, status: int) -> None:
        """Nothing."""

    def unknown_severity(self, intake: str, count: int) -> None:
        """Nothing."""


class Doors:
    """The intakes in force.

    Args:
        intakes: By name, as they are now: a reload may change them.
        wake: Called with an intake's name once something was handed in.
        observer: Hears what was handed in.
    """

    def __init__(
        self,
        intakes: Callable[[], Mapping[str, Intake]],
        wake: Callable[[str], None],
        observer: Observer | None = None,
    ) -> None:
        self._intakes = intakes
        self.wake = wake
        self.bodies = Bodies()
        self.observer: Observer = observer or NoObserver()

    def by_name(self, name: str) -> Intake | None:
        """The intake called *name*."""
        return self._intakes().get(name)

    def of_kind(self, kind: str) -> tuple[Intake, ...]:
        """All intakes that take *kind*."""
        return tuple(one for one in self._intakes().values() if one.kind == kind)
