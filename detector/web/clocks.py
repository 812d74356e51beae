"""The page of an incident's clocks: what is due when, who is asked, and the timers that a law sets."""

from collections.abc import Iterator

from aiohttp import web
from sqlalchemy import Connection

from detector.api.clocks import TimerBody
from detector.api.wire import number_of
from detector.web.board import Ask, Board, Card, Looking, Part
from detector.web.boarding import press_doing, show
from detector.web.frames import at
from detector.web.inputs import words
from store.duties import MatterKind
from store.repository.record import records
from store.repository.steps import duties
from store.repository.steps.duties import ClockView

routes = web.RouteTableDef()
_FRESH = "Not to report something is signed: type your personal token, or paste a new sign-in link unopened."


@routes.get("/i/{number}/clocks")
async def clocks_page(request: web.Request) -> web.Response:
    """All clocks of an incident."""
    return await show(request, board)


@routes.post("/i/{number}/clocks/timer")
async def decide_timer(request: web.Request) -> web.Response:
    """Decide a timer: filed, or not reportable."""
    return await press_doing(request, board, "timer", then=f"/i/{number_of(request)}/clocks")


def board(connection: Connection, looking: Looking) -> Board:
    """What runs until when."""
    record = records.load(connection, looking.number)
    found = duties.clocks(connection, record, looking.site, looking.frame.now)
    able = looking.able(connection, record)
    late = [words(one.matter.title) for one in found if one.is_overdue(looking.frame.now)]
    return looking.board(
        record.title,
        "Clocks",
        notices=(f"Overdue: {', '.join(late)}",) if late else (),
        parts=(
            Part(
                title="What is due",
                cards=tuple(_card(looking, one, able) for one in found),
                empty="No clock runs for this incident now.",
            ),
        ),
    )


def _card(looking: Looking, one: ClockView, able: tuple[str, ...]) -> Card:
    now, due = looking.frame.now, at(one.deadline.due_at, looking.frame)
    is_decided = one.decided is not None and one.decided.decision.ends
    state = "overdue" if one.is_overdue(now) else words(one.decided.decision) if one.decided else "running"
    facts = [("Due", due), ("Since", at(one.deadline.start_at, looking.frame))]
    if one.asked:
        facts.append(("Asked now", "\n".join(f"{looking.name(who.person)}: {who.because}" for who in one.asked)))
    facts += [("Reminded", f"at {had.percent} %, {at(had.at, looking.frame)}") for had in one.told]
    if one.decided is not None:
        late = ", late" if one.decided.is_late else ""
        when = at(one.decided.at, looking.frame)
        facts.append(("Decided", f"{words(one.decided.decision)}{late}, {when} by {looking.name(one.decided.by)}"))
    is_timer = one.matter.kind is MatterKind.TIMER
    return Card(
        title=f"{words(one.matter.kind)}: {words(one.matter.name)}",
        state=state,
        is_settled=is_decided or not one.is_overdue(now),
        facts=tuple(facts),
        asks=tuple(_deciding(looking, one)) if is_timer and "timer" in able else (),
    )


def _deciding(looking: Looking, one: ClockView) -> Iterator[Ask]:
    yield looking.ask(
        f"timer-{one.matter.name}",
        "/clocks/timer",
        "Decide it",
        TimerBody,
        tells=f"Tocsin files nothing: say what you did. {_FRESH}",
        hidden={"timer": one.matter.name},
    )
