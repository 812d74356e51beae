"""The pages of an incident's actions: what is to be done, by whom, until when, and what each still lacks."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from aiohttp import web
from sqlalchemy import Connection

from detector.api import action_bodies as bodies
from detector.api import action_wire
from detector.api.actions import TURNS
from detector.api.identity import CALLER
from detector.api.keys import SITE
from detector.api.problem import Problem
from detector.api.wire import number_of, whole_in_path
from detector.web.board import Ask, Board, Card, Looking, Part
from detector.web.boarding import Draw, press, show
from detector.web.do_view import version_in
from detector.web.frames import at
from detector.web.inputs import Texts, as_text, words
from store import covering
from store.action import TEXTS, Action, ActionKind, ActionState
from store.answers import State
from store.fields import Kind
from store.forms import FormName
from store.incident import Actor, Incident
from store.repository.dossier import action_turns, actions, discrepancies, forms, plan
from store.repository.record import records
from store.tx import Tx

routes = web.RouteTableDef()
_ONE: Final = r"/i/{number}/actions/{action:\d{1,6}}"
#: What is done to an action, in words: the button, and what it means.
_TURNS: Final = {
    "agree": ("Agree upon it", "Its owner is told, and does it until it is due."),
    "move": ("Move its date", "The old date and your reason are kept."),
    "done": ("It is done", "Say what shows it, and since when it has effect."),
    "verify": ("Verify it", "You saw that it was done, and had no hand in it."),
    "return": ("Give it back", "It is not done yet, and why."),
    "drop": ("Drop it", "It will not be done, and why."),
}
_LABELS: Final = {"causes": "Addresses", "text": "What is to be done", "criterion": "How one sees that it helped"}
#: The same where it is missing, as the form asks for it.
_LACKING: Final = {
    "causes": "what it addresses",
    "text": "what is to be done",
    "criterion": "how one will see that it helped",
}


@routes.get("/i/{number}/actions")
async def actions_page(request: web.Request) -> web.Response:
    """All actions of an incident, and what the plan lacks."""
    return await show(request, _all(action_wire.local_now(request)))


@routes.post("/i/{number}/actions")
async def write_action(request: web.Request) -> web.Response:
    """Write a new one down."""
    number, via, site = number_of(request), request[CALLER].via, request.app[SITE]()

    def work(tx: Tx, actor: Actor, body: bodies.NewAction, texts: Texts) -> None:
        given = {name: one for name, one in body.given.items() if name != "kind"}
        action_turns.write(tx, number, actor, kind=body.kind, plan=given, via=via, site=site)

    draw = _all(action_wire.local_now(request))
    return await press(request, draw, bodies.NewAction, work, then=f"/i/{number}/actions")


@routes.post("/i/{number}/actions/none")
async def give_reason(request: web.Request) -> web.Response:
    """Say why there is no action for a cause."""
    number, via = number_of(request), request[CALLER].via

    def work(tx: Tx, actor: Actor, body: bodies.NoneBody, texts: Texts) -> None:
        plan.give_reason(tx, number, actor, cause=body.cause, reason=body.reason, via=via)

    draw = _all(action_wire.local_now(request))
    return await press(request, draw, bodies.NoneBody, work, then=f"/i/{number}/actions")


@routes.get(_ONE)
async def action_page(request: web.Request) -> web.Response:
    """One action, and what this person may do to it."""
    return await show(request, _one(request))


@routes.post(_ONE)
async def change_action(request: web.Request) -> web.Response:
    """Change its plan."""

    def work(tx: Tx, seen: Mapping[str, Any], body: bodies.PlanBody) -> None:
        action_turns.change(tx, changes=body.given, **seen)

    return await _do(request, bodies.PlanBody, work)


@routes.post(_ONE + "/{turn}")
async def take_turn(request: web.Request) -> web.Response:
    """Agree upon it, move it, record it done, verify, return or drop it."""
    turn = TURNS.get(request.match_info["turn"])
    if turn is None:
        raise Problem(404, "not_found", "there is no such button")
    return await _do(request, turn.shape, lambda tx, seen, body: turn.work(tx, dict(seen), body))


async def _do(
    request: web.Request, shape: type[Any], work: Callable[[Tx, Mapping[str, Any], Any], Any]
) -> web.Response:
    number, which = number_of(request), whole_in_path(request, "action")
    seen = {"number": number, "which": which, "via": request[CALLER].via, "site": request.app[SITE]()}

    def upon(tx: Tx, actor: Actor, body: Any, texts: Texts) -> None:
        work(tx, seen | {"actor": actor, "version": version_in(texts)}, body)

    return await press(request, _one(request), shape, upon, then=f"/i/{number}/actions/{which}")


def _all(now: datetime) -> Draw:
    def draw(connection: Connection, looking: Looking) -> Board:
        record = records.load(connection, looking.number)
        found, gaps = actions.of(connection, looking.number), plan.gaps(connection, looking.number, now=now)
        kinds = action_wire.able(connection, looking.number, looking.person, looking.site).may_write
        reasons = actions.reasons(connection, looking.number).values()
        said = tuple(
            Card(title=words(one.cause), facts=(("No action, because", one.reason or "(redacted)"),), is_settled=True)
            for one in reasons
        )
        return looking.board(
            record.title,
            "Actions",
            notices=tuple(_lacking(gaps)),
            parts=(
                Part(
                    title="What is done about it",
                    cards=tuple(_card(looking, one, record, now, is_short=True) for one in found),
                    empty="No action is written down yet.",
                    asks=tuple(_writing(looking, kinds, _causes(connection, looking))),
                ),
                *((Part(title="Where there is none", cards=said),) if said else ()),
            ),
        )

    return draw


def _lacking(gaps: plan.Gaps) -> Iterator[str]:
    """What the plan lacks: what nobody does anything about, and each action that is not complete, once."""
    if covering.ACTIONS in gaps.uncovered:
        yield "No action is written down, and no reason for none."
    for one in gaps.uncovered:
        if one != covering.ACTIONS:
            yield f"Nothing is done about {one}."
    for name in dict.fromkeys(one.partition(":")[0] for one in gaps.incomplete):
        lacks = [one.partition(": ")[2] for one in gaps.incomplete if one.partition(":")[0] == name]
        is_complete = lacks == ["agree"]
        yield f"{words(name)} is not " + (
            "agreed upon yet." if is_complete else f"complete: {', '.join(map(_asked, lacks))}."
        )


def _one(request: web.Request) -> Draw:
    which, now = whole_in_path(request, "action"), action_wire.local_now(request)

    def draw(connection: Connection, looking: Looking) -> Board:
        one, record = actions.get(connection, looking.number, which), records.carrier(connection, looking.number)
        able = action_wire.able(connection, looking.number, looking.person, looking.site)
        causes = _causes(connection, looking)
        turns = tuple(_turns(looking, one, causes, able.allowed(one)))
        return looking.board(
            record.title,
            f"Action {one.number}",
            back=(f"/i/{looking.number}/actions", f"Actions of INC-{looking.number}"),
            parts=(
                Part(title=words(one.kind), cards=(_card(looking, one, record, now),)),
                Part(
                    title="What you can do now",
                    empty="" if turns else "Nothing: it waits for others, or it is settled.",
                    asks=turns,
                ),
            ),
        )

    return draw


def _card(looking: Looking, one: Action, record: Incident, now: datetime, *, is_short: bool = False) -> Card:
    facts = list(_facts(looking, one))
    late = ", late" if one.is_late(now.date()) else ""
    return Card(
        anchor=f"action-{one.number}",
        title=f"{one.number}. {_title(one.text)}",
        address=f"/i/{one.incident}/actions/{one.number}" if is_short else "",
        state=one.state.value + late,
        is_settled=one.state in (ActionState.VERIFIED, ActionState.DROPPED),
        facts=tuple(facts[:4] if is_short else facts),
        lacks=tuple(f"lacks: {_asked(name)}" for name in covering.missing(one, record.track) if one.is_live),
    )


def _facts(looking: Looking, one: Action) -> Iterator[tuple[str, str]]:
    """All that is known of it, in the order in which it came about."""
    yield "Kind", words(one.kind)
    deputy = f", deputy {looking.name(one.deputy)}" if one.deputy else ""
    yield "Owner", (looking.name(one.owner) if one.owner else "nobody yet") + deputy
    yield "Due", one.due.isoformat() if one.due else "no date yet"
    yield "Addresses", ", ".join(one.causes) or "nothing yet"
    for slip in one.slips:
        yield "Moved", f"from {slip.due} to {slip.until} by {looking.name(slip.by)}: {slip.reason or '(redacted)'}"
    for name in ("text", "criterion", "content", "participants", "evidence", "attended"):
        value = getattr(one, name)
        if value is None or value:
            yield _LABELS.get(name, words(name)), "(redacted)" if value is None else _text(value)
    for what in ("proposed", "agreed", "done", "verified", "dropped"):
        by, moment = getattr(one, f"{what}_by"), getattr(one, f"{what}_at")
        if by and moment:
            yield words(what), f"{at(moment, looking.frame)} by {looking.name(by)}"
    if one.effective_from is not None:
        yield "Has effect", at(one.effective_from, looking.frame)
    if one.dropped_by:
        yield "Because", one.dropped_because or "(redacted)"


def _title(text: str | None) -> str:
    return "(redacted)" if text is None else " ".join(text.split())[:120] or "(nothing said)"


def _asked(name: str) -> str:
    return _LACKING.get(name, words(name).lower())


def _text(value: str | tuple[str, ...]) -> str:
    return value if isinstance(value, str) else "\n".join(value)


def _writing(looking: Looking, kinds: Sequence[ActionKind], causes: Mapping[str, str]) -> Iterator[Ask]:
    if not kinds:
        return
    choices = {"kind": {kind.value: words(kind) for kind in kinds}, "causes": causes}
    tells = "A correction puts right what happened and can be done at once; the others keep it from happening again."
    yield looking.ask("write", "/actions", "Write an action down", bodies.NewAction, tells=tells, choices=choices)
    chosen = {"cause": causes}
    button, needed = "Say why there is none", ("reason",)
    yield looking.ask("none", "/actions/none", button, bodies.NoneBody, choices=chosen, needed=needed)


def _causes(connection: Connection, looking: Looking) -> dict[str, str]:
    """What an action can address, each with its text."""
    found: dict[str, str] = {}
    for word, name, field, text in (
        ("finding", FormName.INVESTIGATION, "findings", "statement"),
        ("cause", FormName.CORRECTIVE_ACTIONS, "root_cause", "text"),
    ):
        answer = forms.view(connection, looking.number, name, looking.site.forms).answers.get(field)
        rows = answer.value if answer is not None and answer.state is State.GIVEN else ()
        found |= {f"{word} {number}": f"{words(word)} {number}: {row.get(text)}" for number, row in enumerate(rows, 1)}
    raised = discrepancies.of(connection, looking.number)
    found |= {f"discrepancy {one.number}": f"Discrepancy {one.number}: {one.item}" for one in raised}
    return found | {covering.WHOLE: "The whole of it"}


def _turns(looking: Looking, one: Action, causes: Mapping[str, str], able: tuple[str, ...]) -> Iterator[Ask]:
    where = f"/actions/{one.number}"
    for name in (*(name for name in able if name != "change"), *(name for name in able if name == "change")):
        if name == "change":
            yield looking.ask(
                name,
                where,
                "Change it",
                bodies.PlanBody,
                texts=_texts(one, looking.frame.zone),
                version=one.version,
                choices={"causes": causes},
                without=tuple(name for name in TEXTS if getattr(one, name) is None),
            )
        else:
            button, tells = _TURNS[name]
            key, shape = f"{name}-it", TURNS[name].shape
            yield looking.ask(key, f"{where}/{name}", button, shape, tells=tells, version=one.version)


def _texts(one: Action, zone: str) -> Texts:
    """What stands in the elements of its plan."""
    kinds = {"causes": Kind.LIST, "participants": Kind.LIST, "due": Kind.DATE}
    names = ("kind", "causes", "owner", "deputy", "due", "text", "criterion", "participants", "content")
    values = {name: getattr(one, name) for name in names}
    return {
        name: as_text(kinds.get(name, Kind.TEXT), str(value) if name == "due" else value, zone)
        for name, value in values.items()
        if value
    }
