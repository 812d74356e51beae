"""The page of an approval: all that is signed, to be read on one page, who signed, what does not fit, and the pen."""

from collections.abc import Iterator

from aiohttp import web
from sqlalchemy import Connection

from detector.api.approval import (
    AnswerDiscrepancyBody,
    ApproveBody,
    CloseDiscrepancyBody,
    DiscrepancyBody,
    RejectBody,
)
from detector.api.identity import require_person
from detector.api.problem import Problem
from detector.api.wire import number_of
from detector.web.board import Ask, Board, Card, Looking, Part
from detector.web.boarding import press_doing, show
from detector.web.do_view import Missing
from detector.web.form_view import TITLES, readable
from detector.web.frames import at
from detector.web.inputs import words
from store import dossier
from store.action import Action
from store.approval import ApprovalState, Signed
from store.discrepancies import Discrepancy
from store.dossier import COVERED
from store.forms import FormName
from store.four_eyes import approvals_needed
from store.incident import ActorKind, Incident, Step
from store.repository.dossier import actions, approval, forms
from store.repository.dossier.forms import FormView
from store.repository.record import evidence, records

routes = web.RouteTableDef()
BUTTONS = frozenset({"approve", "sign_again", "reject", "discrepancy", "answer_discrepancy", "close_discrepancy"})
_SIGNS = {"approve": "Sign: approve the dossier", "sign_again": "Sign again what changed"}
_AUTO = "○"
_FRESH = (
    "A signature needs you, not just your session: type your personal token, or ask for a new sign-in link "
    "(tocsin sign-in) and paste it here unopened. It is used once."
)


@routes.get("/i/{number}/approval")
async def approval_page(request: web.Request) -> web.Response:
    """What is to be approved, and who did."""
    return await show(request, board)


@routes.post("/i/{number}/approval/{name}")
async def approval_act(request: web.Request) -> web.Response:
    """Sign, reject, or say what does not fit."""
    require_person(request)
    name = request.match_info["name"]
    if name not in BUTTONS:
        raise Problem(404, "not_found", "there is no such button")
    return await press_doing(request, board, name, then=f"/i/{number_of(request)}/approval")


def board(connection: Connection, looking: Looking) -> Board:
    """All that an approver looks at."""
    record = records.load(connection, looking.number)
    state = approval.state_of(connection, record)
    able = looking.able(connection, record)
    views, lines = forms.views(connection, record.number, looking.site.forms), evidence.of(connection, record.number)
    annex = len(dossier.annex(state.frozen.dossier, lines)) if state.frozen else 0
    return looking.board(
        record.title,
        "Review and approval",
        good=_good(record, state),
        notices=tuple(_notices(record, state)),
        links=(
            Missing(
                text=f"{len(lines)} lines of evidence, {annex} of them since the freeze",
                address=f"/i/{record.number}#why",
            ),
            Missing(text="All of it as JSON", address=f"/api/v1/incidents/{record.number}/approval"),
        ),
        parts=(
            Part(
                title="Does not fit",
                cards=tuple(_discrepancy(looking, one, able) for one in state.discrepancies),
                empty="Nobody said that anything does not fit.",
                asks=tuple(_raising(looking, able)),
            ),
            Part(title="What is signed", cards=tuple(_dossier(looking, views, actions.of(connection, record.number)))),
            Part(
                title="Signatures",
                cards=tuple(_signature(looking, state, one) for one in state.signatures),
                empty=f"Nobody has signed yet; {approvals_needed(record.track, looking.site.four_eyes)} needed.",
                asks=tuple(_signing(looking, record, state, able)),
            ),
        ),
    )


def _good(record: Incident, state: ApprovalState) -> tuple[str, ...]:
    is_approved = record.approved_at is not None and state.void is None
    return ("Approved: the signatures below hold.",) if is_approved else ()


def _notices(record: Incident, state: ApprovalState) -> Iterator[str]:
    if state.void:
        yield state.void[:1].upper() + state.void[1:]
    if state.frozen is None:
        yield "Nothing was frozen yet: approval has not been asked for."
    elif record.step is Step.APPROVAL and state.changes:
        yield f"Changed since the freeze: {', '.join(map(str, state.changes))}"
    if state.unconfirmed:
        yield f"{len(state.unconfirmed)} answers were filled in by Tocsin and confirmed by nobody, marked {_AUTO}."


def _dossier(looking: Looking, views: dict[FormName, FormView], found: tuple[Action, ...]) -> Iterator[Card]:
    """Everything that people wrote, to be read before it is signed."""
    for name in COVERED:
        if facts := tuple(_facts(looking, views[name])):
            yield Card(title=TITLES[name], address=f"/i/{looking.number}/forms/{name}", facts=facts, is_settled=True)
    for one in found:
        told = {"Kind": words(one.kind), "Owner": looking.name(one.owner), "Due": str(one.due or "no date")}
        told |= {"Addresses": ", ".join(one.causes), "Helped if": one.criterion or "(nothing said)"}
        title = f"Action {one.number}: {' '.join((one.text or '(redacted)').split())[:200]}"
        where = f"/i/{one.incident}/actions/{one.number}"
        yield Card(title=title, state=one.state, is_settled=True, address=where, facts=tuple(told.items()))


def _facts(looking: Looking, view: FormView) -> Iterator[tuple[str, str]]:
    for field in view.form.fields:
        answer = view.answers.get(field.name)
        if answer is not None:
            mark = f"{_AUTO} " if answer.auto else ""
            yield mark + field.label, "\n".join(readable(field, answer, looking.frame.zone))


def _signature(looking: Looking, state: ApprovalState, one: Signed) -> Card:
    facts = [("Says", one.meaning), ("At", at(one.at, looking.frame)), ("Number", one.printed)]
    if one.compliant_with:
        facts.append(("Complies with", one.compliant_with))
    if one.note:
        facts.append(("Note", one.note))
    if one.leaves:
        facts.append(("Left to another", ", ".join(one.leaves)))
    if one.waived:
        facts.append(("Four eyes", "waived"))
    facts.append(("Signed hash", one.hash))
    holds = state.holds(one)
    return Card(
        title=one.printed_name or looking.name(one.person),
        state="holds" if holds else "holds no more: what it covers has changed",
        is_settled=holds,
        facts=tuple(facts),
    )


def _signing(looking: Looking, record: Incident, state: ApprovalState, able: tuple[str, ...]) -> Iterator[Ask]:
    """The pen; what is signed is the very hash that this page shows."""
    for name, button in _SIGNS.items():
        if name in able and (name == "approve" or state.void):
            yield looking.ask(
                name,
                f"/approval/{name}",
                button,
                ApproveBody,
                tells=f"You sign what stands above; its hash is {state.hash}. {_FRESH}",
                version=record.version,
                hidden={"hash": state.hash},
                needed=("accurate", "complete", "compliant_with"),
                is_open=True,
            )
    if "reject" in able:
        yield looking.ask(
            "reject",
            "/approval/reject",
            "Send it back",
            RejectBody,
            tells="An approver says what does not fit; whoever leads the work can take it back, and says why.",
            version=record.version,
        )


def _raising(looking: Looking, able: tuple[str, ...]) -> Iterator[Ask]:
    if "discrepancy" in able:
        yield looking.ask("discrepancy", "/approval/discrepancy", "Say what does not fit", DiscrepancyBody)


def _discrepancy(looking: Looking, one: Discrepancy, able: tuple[str, ...]) -> Card:
    by = "Tocsin" if one.raised_by.kind is ActorKind.DAEMON else looking.name(one.raised_by.id)
    facts = [("What", one.item or "(redacted)"), ("Raised", f"{at(one.raised_at, looking.frame)} by {by}")]
    if one.answered_by:
        facts.append(("Answer", f"{one.answer or '(redacted)'}\n({looking.name(one.answered_by)})"))
    if one.closed_by and one.closed_at:
        facts.append(("Closed", f"{at(one.closed_at, looking.frame)} by {looking.name(one.closed_by)}"))
    return Card(
        anchor=f"discrepancy-{one.number}",
        title=f"Discrepancy {one.number}",
        state="open" if one.is_open else "closed",
        is_settled=not one.is_open,
        facts=tuple(facts),
        asks=tuple(_settling(looking, one, able)) if one.is_open else (),
    )


def _settling(looking: Looking, one: Discrepancy, able: tuple[str, ...]) -> Iterator[Ask]:
    hidden = {"discrepancy": str(one.number)}
    if "answer_discrepancy" in able:
        key, where = f"answer-{one.number}", "/approval/answer_discrepancy"
        yield looking.ask(key, where, "Answer it", AnswerDiscrepancyBody, hidden=hidden)
    if "close_discrepancy" in able and one.answered_by:
        key, where = f"close-{one.number}", "/approval/close_discrepancy"
        yield looking.ask(key, where, "Close it", CloseDiscrepancyBody, hidden=hidden)
