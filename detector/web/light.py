"""The one page of the light track: what Tocsin found, three questions, one button."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from aiohttp import web
from sqlalchemy import Connection

from detector.api.bodies import LightBody
from detector.api.wire import number_of
from detector.web.board import Board, Card, Looking, Part
from detector.web.boarding import press_doing, show
from detector.web.do_view import Missing
from detector.web.form_view import TITLES, readable
from detector.web.frames import at
from detector.web.inputs import lines
from notifier.message import who_where
from notifier.untrusted import visible
from store.action import ActionKind
from store.answers import Answers, State
from store.forms import FormName
from store.incident import Incident, Track
from store.repository.dossier import forms
from store.repository.dossier.forms import FormView
from store.repository.incident import incidents
from store.repository.record import evidence
from store.repository.steps import light

routes = web.RouteTableDef()
LATEST_LINES = 3
#: What a refusal names, and the element of this page that asks for it.
_ASKED_HERE: Final = {
    "report.what_happened": "what_happened",
    "corrective_actions.root_cause": "cause",
    "actions": "action",
}


@routes.get("/i/{number}/light")
async def light_page(request: web.Request) -> web.Response:
    """What one person confirms."""
    return await show(request, board)


@routes.post("/i/{number}/light")
async def confirm(request: web.Request) -> web.Response:
    """Confirm it: a second person signs next."""
    return await press_doing(request, board, "confirm", then=f"/i/{number_of(request)}")


def board(connection: Connection, looking: Looking) -> Board:
    """The page."""
    looking, seen = _told_beside(looking), incidents.get(connection, looking.number)
    record, views = seen.incident, forms.views(connection, looking.number, looking.site.forms)
    able = looking.able(connection, record)
    told = evidence.of(connection, record.number)[-LATEST_LINES:]
    about = who_where(seen.entities, lambda entity: visible(entity.value))
    began, last = at(record.first_seen, looking.frame), at(record.last_seen, looking.frame)
    facts = (
        ("Who and where", about or "the evidence names nobody and nothing"),
        ("Seen", f"{record.events:,} times, from {began} to {last}"),
        ("Severity", record.severity),
        *(("Line", line.text) for line in told),
    )
    ask = looking.ask(
        "confirm",
        "/light",
        "Confirm it",
        LightBody,
        tells="You confirm what is on this page, also what Tocsin filled in. A second person signs it next.",
        texts={"action_kind": ActionKind.CORRECTION.value} | _texts(views),
        version=record.version,
        hints={"action": "This, or below why nothing is done"},
        needed=("what_happened", "cause", "action", "action_kind"),
        is_open=True,
    )
    return looking.board(
        record.title,
        "Report on one page",
        notices=tuple(_notices(record, able)),
        parts=(
            Part(title="What Tocsin found", cards=(Card(title=record.rule_title or record.title, facts=facts),)),
            Part(title="What you say", asks=(ask,) if "confirm" in able else ()),
            Part(title="What Tocsin filled in", cards=tuple(_filled_in(looking, views))),
        ),
        links=(Missing(text="The whole incident", address=f"/i/{record.number}"),),
    )


def _notices(record: Incident, able: tuple[str, ...]) -> Iterator[str]:
    if record.track is not Track.LIGHT:
        yield f"This incident is on the {record.track} track: its forms are filled in one by one."
    elif "confirm" not in able:
        yield "There is nothing to confirm now: people are still told of it, it was confirmed, or it is another's."


def _told_beside(looking: Looking) -> Looking:
    """What is missing and asked for on this very page is said there."""
    if looking.pressed is None:
        return looking
    refusal = looking.pressed.refusal
    here = {_ASKED_HERE[name]: ("this is needed",) for name in refusal.missing if name in _ASKED_HERE}
    if not here:
        return looking
    elsewhere = tuple(name for name in refusal.missing if name not in _ASKED_HERE)
    sentence = "Not confirmed yet: what is missing is said below."
    refusal = replace(
        refusal, sentence=sentence, beside={**(refusal.beside or {}), **here}, missing=elsewhere, allowed=()
    )
    return replace(looking, pressed=replace(looking.pressed, refusal=refusal))


def _texts(views: dict[FormName, FormView]) -> dict[str, str]:
    """What was said before: an approver may have sent it back."""
    causes = _given(views[FormName.CORRECTIVE_ACTIONS].answers, "root_cause")
    cause = causes[0].get("text", "") if isinstance(causes, list | tuple) and causes else ""
    said = {"what_happened": _given(views[FormName.REPORT].answers, "what_happened"), "cause": cause}
    return {name: lines(str(text)) for name, text in said.items() if text}


def _given(answers: Answers, name: str) -> object:
    answer = answers.get(name)
    return answer.value if answer is not None and answer.state is State.GIVEN else None


def _filled_in(looking: Looking, views: dict[FormName, FormView]) -> Iterator[Card]:
    """What whoever confirms vouches for; each form can be corrected on its own page."""
    for name in light.FORMS:
        view = views[name]
        told = {
            field.label: "\n".join(readable(field, view.answers[field.name], looking.frame.zone))
            for field in view.form.fields
            if field.name in view.answers and view.answers[field.name].auto
        }
        if told:
            where = f"/i/{looking.number}/forms/{name}"
            folded = f"{len(told)} that you confirm"
            yield Card(title=TITLES[name], address=where, facts=tuple(told.items()), folded=folded, is_settled=True)
