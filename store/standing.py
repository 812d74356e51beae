"""How an incident stands, in as few words as telling people of it needs."""

from dataclasses import dataclass
from datetime import datetime

from rules.event import Severity
from store.incident import Outcome, Stage, Status, Step, Tlp


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What decides whether and how an incident is still told of: a few columns, so that many can be looked at."""

    number: int
    severity: Severity
    status: Status
    tlp: Tlp
    first_seen: datetime
    last_seen: datetime
    step: Step
    stage: Stage
    outcome: Outcome
    step_entered_at: datetime
    acknowledged_by: str | None
    owner: str | None = None  #: person id: who has it now
    quiet_until: datetime | None = None  #: its dismissal is proposed: nobody is asked for anything before

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.status is Status.OPEN
