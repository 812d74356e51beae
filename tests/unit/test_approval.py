"""Which signature is the next, whether it is enough, and what changes the picture of a dossier."""

from dataclasses import replace
from datetime import timedelta

import pytest
from support.fakes import START
from support.store import finding

from rules.event import Severity
from store import approval, break_through, procedure
from store.approval import Signed
from store.deadlines import Deadlines, Duty, Limit, Within
from store.dossier import Change
from store.errors import ActNotAllowed
from store.forms import FORMS, FormName, Forms
from store.four_eyes import FourEyes, Signature
from store.incident import Incident, Track
from store.ledger import Ledger
from store.records import Known
from store.site import Site

FULL, PAIR, WAIVED = FourEyes.FULL, FourEyes.PAIR, FourEyes.WAIVED


def incident(**changes: object) -> Incident:
    """An incident of severity high with 20 events."""
    ledger = Ledger()
    ledger.take(finding(severity=Severity.HIGH, events=20))
    made = ledger.records()[0].incident
    assert made is not None
    return replace(made, **changes)  # type: ignore[arg-type]


def signed(person: str = "abe", *leaves: str) -> Signed:
    """The first signature."""
    return Signed(
        number=1,
        dossier=1,
        hash="0" * 64,
        signature=Signature.APPROVE,
        person=person,
        at=START,
        meaning="dossier approved",
        place=1,
        places=1,
        leaves=leaves,
        entry=1,
    )


@pytest.mark.parametrize(
    ("before", "leaves", "track", "mode", "printed", "completes"),
    [
        ((), (), Track.LIGHT, FULL, "1 of 1", True),
        ((), (), Track.STANDARD, FULL, "1 of 1", True),
        ((), (), Track.FULL, FULL, "1 of 2", False),
        ((signed(),), (), Track.FULL, FULL, "2 of 2", True),
        ((), (), Track.FULL, PAIR, "1 of 2", True),
        ((signed(),), (), Track.FULL, PAIR, "2 of 2", True),
        ((), (), Track.FULL, WAIVED, "1 of 2", True),
        ((), ("report.harm",), Track.STANDARD, PAIR, "1 of 2", False),
        ((signed("abe", "report.harm"),), ("report.title",), Track.STANDARD, PAIR, "2 of 2", True),
        ((signed("abe", "report.harm"),), ("report.harm",), Track.STANDARD, PAIR, "2 of 2", False),
    ],
)
def test_where_a_signature_stands(
    before: tuple[Signed, ...], leaves: tuple[str, ...], track: Track, mode: FourEyes, printed: str, completes: bool
) -> None:
    """Its place, of how many, and whether the dossier is approved with it: nothing may be left to nobody."""
    place = approval.place(before, leaves, track, mode)
    assert (f"{place.place} of {place.places}", place.completes) == (printed, completes)


def test_what_a_signature_says() -> None:
    """It names what was signed, and what changed since if it is given anew."""
    change = Change(part="report", field="harm", kind="changed")
    assert approval.place((), (), Track.LIGHT, FULL).meaning == "report reviewed, dossier approved"
    assert approval.place((signed(),), (), Track.FULL, FULL).signature is Signature.SECOND_APPROVAL
    assert (
        approval.place((), (), Track.STANDARD, FULL, [change]).meaning == "dossier approved anew: report.harm changed"
    )


def test_a_batch_is_light_and_of_one_rule() -> None:
    """Whatever does not belong to it is named."""
    light = incident(track=Track.LIGHT)
    other = replace(light, number=2)
    approval.check_batch([light, other])
    for odd in (replace(other, rule_id="rule-9"), replace(other, track=Track.STANDARD)):
        with pytest.raises(ActNotAllowed) as error:
            approval.check_batch([light, odd])
        assert (error.value.code, error.value.missing) == ("not_a_batch", ("INC-2",))
    with pytest.raises(ActNotAllowed, match="one is named twice"):
        approval.check_batch([light, light])


def known(*, success: bool) -> Known:
    """What was taken of the finding before."""
    return Known(
        number=1, severity=Severity.HIGH, first_seen=START, last_seen=START, events=1, merged_into=None, success=success
    )


def causes(before: Incident, after: Incident, *, success: bool = False, told: Known | None = None) -> list[str]:
    """Words for what changes the picture."""
    raised = after.severity is not before.severity
    found = finding("f9", success=success)
    return [cause for cause, _ in break_through.of_dossier(before, after, found, told, raised=raised, at_freeze=20)]


def test_what_changes_the_picture_of_a_dossier() -> None:
    """A rise, a success that was not known, ten times the events: whoever heard of what before does not matter."""
    before = incident(broke_through=True, acknowledged_events=1)
    assert causes(before, replace(before, events=199)) == []
    assert causes(before, replace(before, events=200)) == ["events"]
    assert causes(replace(before, events=200), replace(before, events=250)) == []
    assert causes(before, replace(before, severity=Severity.CRITICAL)) == ["severity critical"]
    assert causes(before, before, success=True) == ["success"]
    assert causes(before, before, success=True, told=known(success=False)) == ["success"]
    assert causes(before, before, success=True, told=known(success=True)) == []


def test_the_version_of_the_procedure() -> None:
    """Another form, another clock, other four eyes: each makes another version; the same make the same."""
    limit = Limit(duty=Duty.REPORT, within=Within(elapsed=timedelta(hours=1)))
    less: Forms = {name: form for name, form in FORMS.items() if name is not FormName.FOLLOW_UP}
    versions = [
        Site().procedure_version,
        Site(four_eyes=PAIR).procedure_version,
        Site(deadlines=Deadlines(limits=(limit,))).procedure_version,
        Site(forms=less).procedure_version,
    ]
    assert len(set(versions)) == 4
    assert versions[0] == procedure.version(FORMS, FULL, Deadlines())
