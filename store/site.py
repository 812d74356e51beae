"""What governs the process at one site: who there is, what forms ask, which clocks run, how four eyes look."""

from dataclasses import dataclass, field

from store import procedure
from store.calendar import Calendar
from store.deadlines import Deadlines
from store.designation import Staff
from store.forms import FORMS, Forms
from store.four_eyes import FourEyes


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """All of it. Never changed: a reload makes another one."""

    forms: Forms = field(default_factory=lambda: FORMS)
    four_eyes: FourEyes = FourEyes.FULL
    staff: Staff = field(default_factory=Staff)
    deadlines: Deadlines = field(default_factory=Deadlines)

    @property
    def calendar(self) -> Calendar:
        """When people work."""
        return self.deadlines.calendar

    @property
    def procedure_version(self) -> str:
        """The version of the procedure in force, which a dossier names."""
        return procedure.version(self.forms, self.four_eyes, self.deadlines)
