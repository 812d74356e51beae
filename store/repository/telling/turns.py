"""Have people hear that it is their turn where no move tells them."""

from store import duties
from store.incident import Incident
from store.repository.record import notices
from store.tx import Tx


def ask_again(tx: Tx, record: Incident, reason: str) -> None:
    """Have whoever is asked now hear that it is their turn, although the step stays, e.g. the second approver."""
    duty = duties.duty_of(record)
    if duty is not None:
        notices.write(tx, duties.ask(record, duty, reason))
