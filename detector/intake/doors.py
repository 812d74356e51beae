"""Which intakes there are now, and who reads what was handed in."""

from collections.abc import Callable, Mapping

from detector.intake.settings import Intake


class Doors:
    """The intakes in force.

    Args:
        intakes: By name, as they are now: a reload may change them.
        wake: Called with an intake's name once something was handed in.
    """

    def __init__(self, intakes: Callable[[], Mapping[str, Intake]], wake: Callable[[str], None]) -> None:
        self._intakes = intakes
        self.wake = wake

    def by_name(self, name: str) -> Intake | None:
        """The intake called *name*."""
        return self._intakes().get(name)

    def of_kind(self, kind: str) -> tuple[Intake, ...]:
        """All intakes that take *kind*."""
        return tuple(one for one in self._intakes().values() if one.kind == kind)
