"""Who may sign a dossier: who is asked to, and whom four eyes keep from it."""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection

from store import approval, dossier, four_eyes
from store.approval import ApprovalState
from store.designation import Seat, Staff
from store.forms import FormName
from store.four_eyes import Allowed, Deed, Hand, Refused, approvals_needed
from store.incident import Incident
from store.repository.dossier import actions, authorship, reviews
from store.repository.people import staffing
from store.site import Site
from store.steps import Unmet
from store.tx import Tx


def verdict_of(
    person: str, hands: Iterable[Hand], record: Incident, seen: ApprovalState, site: Site
) -> Allowed | Refused:
    """Whether *person* may sign, by four eyes."""
    signature = approval.next_signature(seen.holding, record.track)
    return four_eyes.may_sign(signature, person, hands, mode=site.four_eyes, track=record.track)


def hands_of(connection: Connection, record: Incident, seen: ApprovalState) -> Iterator[Hand]:
    """Who did what to the dossier, in any version of it; what clashes first is told."""
    for signed in seen.holding:
        yield Hand(person=signed.person, deed=Deed.APPROVED)
    for version in seen.versions:
        deed = Deed.WROTE_REPORT if version.form is FormName.REPORT else Deed.WROTE_DOSSIER
        for field, one in dossier.fields_of(version).items():
            if one.by:
                yield Hand(person=one.by, deed=deed, what=f"{version.form}.{field}")
    yield from authorship.beside_forms(connection, record, seen.now)
    for what, writers in actions.writers(connection, record.number).items():
        for person in writers:
            yield Hand(person=person, deed=Deed.WROTE_DOSSIER, what=what)
    for person in reviews.accepted_by(connection, record.number, cycle=record.cycle):
        yield Hand(person=person, deed=Deed.REVIEWED_REPORT)


def not_asked(
    tx: Tx, record: Incident, seen: ApprovalState, person: str, hands: Sequence[Hand], site: Site
) -> Iterator[Unmet]:
    """Unless asked to approve; who signed before is asked again. Whoever four eyes bar is told that instead."""
    staff = staffing.staff_of(tx.connection, site)
    barred = barred_of(record, seen, hands, site, staff)
    named = staffing.designation_of(tx.connection, record, staff)
    asked: set[str] = set()
    for _ in range(max(1, approvals_needed(record.track, site.four_eyes) - len(seen.holding))):
        clock = site.deadlines.current(record)
        found = staff.asked(named, Seat.APPROVER, now=tx.now, deadline=clock, barred=barred | asked)
        asked |= {one.person for one in found}
    asked |= {named.approver, named.deputy, *(one.person for one in seen.signatures)} - {""}
    if person not in asked | barred:
        told = ", ".join(sorted(asked)) or "nobody: designate somebody"
        yield Unmet(code="not_approver", says=f"{person} is not asked to approve this; asked is {told}")


def barred_of(record: Incident, seen: ApprovalState, hands: Sequence[Hand], site: Site, staff: Staff) -> frozenset[str]:
    """Who has signed, and who may not sign by four eyes."""
    refused = (one.id for one in staff.colleagues if isinstance(verdict_of(one.id, hands, record, seen, site), Refused))
    return frozenset([*refused, *(one.person for one in seen.holding)])
