"""Words that reach a dossier by another way than a form are their author's, too; on each database."""

from dataclasses import replace

from support.path import ABE, PEOPLE, RITA, ZOE, given
from support.signing import approve, begin, frozen, refused, sign, state

from rules.event import Severity
from store.database import Store
from store.dossier import Dossier
from store.forms import FormName
from store.incident import Step
from store.people import Role
from store.repository.dossier import authorship, forms
from store.repository.incident import by_hand, exhibits
from store.repository.people import persons
from store.repository.record import records
from store.tx import Tx

BOTH = frozenset({Role.RESPONDER, Role.APPROVER})


def may_do_both(tx: Tx) -> None:
    """Abe and Zoe respond, and approve."""
    persons.upsert_from_config(tx, [replace(one, roles=BOTH) if Role.APPROVER in one.roles else one for one in PEOPLE])


async def test_who_added_evidence_does_not_approve_it(store: Store) -> None:
    """The dossier covers it; what they add once it is frozen goes to the annex, and bars nobody."""

    def fill(tx: Tx) -> None:
        begin(tx)
        may_do_both(tx)
        exhibits.add(tx, 1, ABE, via="token", evidence_text="seen with my own eyes")
        frozen(tx)
        exhibits.add(tx, 1, ZOE, via="token", evidence_text="seen later")

    await store.write(fill)
    clash = await refused(store, lambda tx: approve(tx, ABE))
    assert clash.code == "four_eyes"
    assert "abe wrote evidence" in str(clash)
    await sign(store, ZOE)
    assert [one.person for one in (await state(store)).holding] == ["zoe"]
    assert (await store.read(lambda c: records.load(c, 1))).step is Step.FOLLOW_UP


async def test_who_opened_it_by_hand_wrote_what_they_told(store: Store) -> None:
    """Of the report as long as their words stand there, whoever confirmed them; of the dossier for good."""

    def fill(tx: Tx) -> None:
        may_do_both(tx)
        by_hand.open_by_hand(tx, ABE, title="t", severity=Severity.HIGH, what_happened="a laptop is lost", via="token")
        forms.save(tx, 1, FormName.REPORT, {}, expected=0, by=RITA, via="token", confirmed=["what_happened"])

    def wrote(tx: Tx) -> set[str]:
        report = forms.latest(tx.connection, 1, FormName.REPORT)
        return {one.person for one in authorship.of_report(tx.connection, records.load(tx.connection, 1), report)}

    await store.write(fill)
    assert await store.write(wrote) == {"rita", "abe"}
    changed = {"what_happened": given("a laptop was stolen")}
    await store.write(lambda tx: forms.save(tx, 1, FormName.REPORT, changed, expected=1, by=RITA, via="token"))
    assert await store.write(wrote) == {"rita"}

    def of_dossier(tx: Tx) -> list[str]:
        bare = Dossier(incident=1, cycle=1, parts={})
        return [one.person for one in authorship.beside_forms(tx.connection, records.load(tx.connection, 1), bare)]

    assert await store.write(of_dossier) == ["abe"]
