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

    @classmethod
    def of_installation(cls, now: datetime) -> "Standing":
        """What stands in for an incident where something is about the installation."""
        return cls(
            number=0,
            severity=Severity.INFORMATIONAL,
            status=Status.OPEN,
            tlp=Tlp.CLEAR,
            first_seen=now,
            last_seen=now,
            step=Step.IDENTIFICATION,
            stage=Stage.NONE,
            outcome=Outcome.NONE,
            step_entered_at=now,
            acknowledged_by=None,
        )

    @property
    def is_open(self) -> bool:
        """Whether anything is still to be done."""
        return self.status is Status.OPEN
