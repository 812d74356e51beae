"""The page of what follows an incident: what still keeps it open, its watches and their verdicts, what was learnt."""

from collections.abc import Iterator
from datetime import UTC

from aiohttp import web
from sqlalchemy import Connection

from detector.api.bodies import Body, ReopenBody
from detector.api.follow_up import ImproveBody, ImprovementBody, OfWatch, RiskBody, TriedBody, WatchBody
from detector.api.identity import require_person
from detector.api.problem import Problem
from detector.api.wire import number_of
from detector.web.board import Ask, Board, Card, Looking, Part
from detector.web.boarding import press_doing, show
from detector.web.do_view import Missing, missing_of
from detector.web.frames import at
from detector.web.inputs import words
from detector.web.lacking import lacking
from store.improvement import Improvement, State
from store.incident import Incident, Step
from store.promise import Promise
from store.repository.follow_up import improvements, watches, watching
from store.repository.record import records
from store.repository.steps import closing
from store.watch import Verdict

routes = web.RouteTableDef()
BUTTONS = frozenset({"watch", "take_back_watch", "tried", "accept_risk", "improve", "improvement", "close", "rework"})
_FRESH = "It is signed: type your personal token, or paste a new sign-in link unopened."


@routes.get("/i/{number}/follow_up")
async def follow_up_page(request: web.Request) -> web.Response:
    """Whether what was done has helped, and what is still to be done."""
    return await show(request, board)


@routes.post("/i/{number}/follow_up/{name}")
async def follow_up_act(request: web.Request) -> web.Response:
    """Plan a watch, judge, write down what was learnt, close."""
    require_person(request)
    name = request.match_info["name"]
    if name not in BUTTONS:
        raise Problem(404, "not_found", "there is no such button")
    return await press_doing(request, board, name, then=f"/i/{number_of(request)}/follow_up")


def board(connection: Connection, looking: Looking) -> Board:
    """What follows."""
    record = records.load(connection, looking.number)
    able, now = looking.able(connection, record), looking.frame.now
    found = [
        watching.counted(connection, one, now) if one.is_running else one
        for one in watches.of(connection, record.number)
    ]
    is_followed = record.is_open and record.step is Step.FOLLOW_UP
    unmet = [one.says for one in closing.unmet(connection, record)] if is_followed else []
    if is_followed and (questions := _unanswered(connection, record, looking)):
        unmet.append(f"not answered yet: {', '.join(questions)}")
    return looking.board(
        record.title,
        "Follow-up",
        notices=tuple(f"Before it can close: {said}" for said in unmet),
        links=(
            Missing(text="Plan, lessons and closing note", address=f"/i/{record.number}/forms/follow_up"),
            Missing(text="Actions", address=f"/i/{record.number}/actions"),
        ),
        parts=(
            Part(
                title="Is it over for good?",
                cards=tuple(_watch(looking, one, able) for one in found),
                empty="Nothing is watched yet.",
                asks=tuple(_planning(looking, able)),
            ),
            Part(
                title="What is to be made better",
                cards=tuple(_item(looking, one, able) for one in improvements.of(connection, record.number)),
                empty="Nothing is written down.",
                asks=tuple(_improving(looking, able)),
            ),
            Part(title="The end", empty=_end(record, able), asks=tuple(_ending(looking, record, able))),
        ),
    )


def _unanswered(connection: Connection, record: Incident, looking: Looking) -> tuple[str, ...]:
    """The questions of the forms that must be answered before it is closed."""
    names = lacking(connection, record, "close", looking.site, looking.frame.now)
    fields = [name for name in names if "." in name]
    return tuple(one.text for one in missing_of(fields, record.number, looking.site.forms))


def _end(record: Incident, able: tuple[str, ...]) -> str:
    if not record.is_open:
        return f"It is {record.outcome.value}."
    return "" if "close" in able else "It cannot be closed by you now."


def _watch(looking: Looking, one: Promise, able: tuple[str, ...]) -> Card:
    facts = [("Promise", one.criterion), ("At most", f"{one.at_most} matches in {one.hours:g} hours")]
    scope = ", ".join(f"{each.kind} {each.value}" for each in one.scope)
    facts += [("Where", scope or "everywhere"), ("Rules", ", ".join(one.rules))]
    if one.start is not None and one.until is not None:
        longer = ", once longer by itself" if one.extended else ""
        facts.append(("Runs", f"from {at(one.start, looking.frame)} to {at(one.until, looking.frame)}{longer}"))
    if one.before_matches is not None:
        facts.append(("Before", f"{one.before_matches} in {one.before_hours or 0:.1f} watched hours"))
    if one.after_matches is not None:
        facts.append(("Since", f"{one.after_matches} in {one.after_hours or 0:.1f} watched hours"))
    if one.trial is not None:
        facts.append(("Tried", f"{looking.name(one.trial.by)}: {one.trial.how}\n{one.trial.evidence}"))
    if one.judgement is not None:
        facts.append(("Verdict", one.judgement.sentence))
    if one.accepted_by:
        facts.append(("Risk accepted", f"{looking.name(one.accepted_by)}: {one.accepted_reason or '(redacted)'}"))
    about = f" of action {one.action}" if one.action else ""
    return Card(
        anchor=f"watch-{one.number}",
        title=f"Watch {one.number}{about}",
        state=_state(one),
        is_settled=one.verdict in (Verdict.EFFECTIVE, Verdict.EFFECTIVE_TESTED) or not one.counts,
        facts=tuple(facts),
        asks=tuple(_judging(looking, one, able)) if one.counts else (),
    )


def _state(one: Promise) -> str:
    if not one.counts:
        return "taken back"
    if one.verdict is not None:
        return words(one.verdict)
    if one.is_running:
        return "running"
    return "begins after the approval" if one.action is None else "waits until its action has effect"


def _planning(looking: Looking, able: tuple[str, ...]) -> Iterator[Ask]:
    if "watch" in able:
        yield looking.ask(
            "watch",
            "/follow_up/watch",
            "Plan a watch",
            WatchBody,
            tells="What must not happen again, where, and for how many hours it is watched.",
            hints={"rules": "One in each line; empty: the rules that opened this", "hours": "336 are two weeks"},
        )


def _judging(looking: Looking, one: Promise, able: tuple[str, ...]) -> Iterator[Ask]:
    hidden = {"watch": str(one.number)}
    for name, button, shape, tells in (
        ("tried", "I tried it", TriedBody, "Say how you tried it, and what shows what came of it."),
        ("accept_risk", "Accept the risk", RiskBody, f"It is borne as it is, and why. {_FRESH}"),
        ("take_back_watch", "Take it back", OfWatch, "It decides nothing any more, and why."),
    ):
        if name in able:
            key, where = f"{name}-{one.number}", f"/follow_up/{name}"
            yield looking.ask(key, where, button, shape, tells=tells, hidden=hidden)


def _item(looking: Looking, one: Improvement, able: tuple[str, ...]) -> Card:
    is_late = one.is_late(looking.frame.now.astimezone(UTC).date())
    facts = [("Owner", looking.name(one.owner)), ("Due", one.due.isoformat())]
    if one.outcome:
        facts.append(("What came of it", one.outcome))
    asks: tuple[Ask, ...] = ()
    if "improvement" in able and one.state is State.OPEN:
        hidden = {"improvement": str(one.number)}
        asks = (
            looking.ask(
                f"improvement-{one.number}", "/follow_up/improvement", "Settle it", ImprovementBody, hidden=hidden
            ),
        )
    return Card(
        anchor=f"improvement-{one.number}",
        title=f"{one.number}. {' '.join(one.item.split())}",
        state=one.state + (", late" if is_late else ""),
        is_settled=one.state is not State.OPEN,
        facts=tuple(facts),
        asks=asks,
    )


def _improving(looking: Looking, able: tuple[str, ...]) -> Iterator[Ask]:
    if "improve" in able:
        choices = {"owner": looking.persons}
        yield looking.ask("improve", "/follow_up/improve", "Write an item down", ImproveBody, choices=choices)


def _ending(looking: Looking, record: Incident, able: tuple[str, ...]) -> Iterator[Ask]:
    for name, button, shape, tells in (
        ("close", "Close the incident", Body, "Its report stays; what comes back reopens it."),
        ("rework", "Back to corrective actions", ReopenBody, "What was done is not enough, and why."),
    ):
        if name in able:
            yield looking.ask(name, f"/follow_up/{name}", button, shape, tells=tells, version=record.version)
