"""Views → HTML. Everything is escaped, an unknown name in a template is an error, no page needs JavaScript."""

from dataclasses import fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from detector.web import do_view, feedback_form, form_view, link_view, views
from detector.web.board import Board
from detector.web.inputs import lines
from notifier.message import duration
from notifier.untrusted import visible
from rules.event import Severity
from store.incident import DismissReason, Status, Step

STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"

_SEVERITY_ICONS = {
    Severity.CRITICAL: "▲▲",
    Severity.HIGH: "▲",
    Severity.MEDIUM: "◆",
    Severity.LOW: "●",
    Severity.INFORMATIONAL: "○",
}
_STEP_WORDS = {
    Step.IDENTIFICATION: "Identify",
    Step.NOTIFICATION: "Notify",
    Step.REPORTING: "Report",
    Step.INVESTIGATION: "Investigate",
    Step.CORRECTIVE_ACTIONS: "Correct",
    Step.APPROVAL: "Approve",
    Step.FOLLOW_UP: "Follow up",
}
_DELIVERY_ICONS = {
    "queued": "…",
    "sending": "→",
    "accepted": "✔",
    "failed": "✘",
    "uncertain": "?",
    "dead": "✘",
    "cancelled": "⊘",
    "suppressed": "⊘",
}
#: What a person may give as the reason of a dismissal, with the words for it.
REASONS = {one.value: one.value.replace("_", " ") for one in DismissReason if one is not DismissReason.OBSERVED_NOTHING}


class Pages:
    """Renders pages. All templates are compiled at once, so that a broken one is found at start."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
            lstrip_blocks=True, auto_reload=False,
        )  # fmt: skip
        self._templates.filters |= {
            "visible": visible,
            "visible_lines": lines,
            "ago": ago,
            "clock": clock,
            "span": _span,
            "tall": _tall,
        }
        self._templates.globals |= {"severity_icons": _SEVERITY_ICONS, "step_words": _STEP_WORDS,
                                    "delivery_icons": _DELIVERY_ICONS}  # fmt: skip
        for name in self._templates.list_templates():
            self._templates.get_template(name)

    def incidents(self, view: views.IncidentsView) -> str:
        """The list of incidents."""
        return self._render("incidents.html", view, tabs=list(views.Tab), severities=list(reversed(Severity)))

    def incident(self, view: views.IncidentView) -> str:
        """One incident."""
        return self._render("incident.html", view, steps=steps(view.step, view.status), reasons=REASONS)

    def form(self, view: form_view.FormPage) -> str:
        """One form of an incident."""
        return self._render("form.html", view)

    def approvals(self, view: Any) -> str:
        """All that waits to be signed."""
        return self._render("approvals.html", view)

    def silences(self, view: Any) -> str:
        """What is recorded and told to nobody."""
        return self._render("silences.html", view)

    def board(self, view: Board) -> str:
        """What there is of something, with what can be done to it."""
        return self._render("board.html", view)

    def do(self, view: do_view.DoPage) -> str:
        """One act or move."""
        return self._render("do.html", view)

    def acknowledge(self, view: link_view.LinkView) -> str:
        """The page behind the link in a message."""
        return self._render("acknowledge.html", view)

    def new(self, view: views.NewView) -> str:
        """Three fields that open an incident."""
        return self._render("new.html", view, severities=list(reversed(Severity)))

    def expired(self, view: views.ExpiredView) -> str:
        """The link's time is over (410)."""
        return self._render("expired.html", view)

    def reply(self, view: views.ReplyView) -> str:
        """The page behind a link that asks for information."""
        return self._render("reply.html", view)

    def feedback(self, view: feedback_form.FeedbackView) -> str:
        """The form for feedback."""
        return self._render("feedback.html", view, categories=feedback_form.CATEGORIES, trap=feedback_form.TRAP)

    def waiting(self, view: feedback_form.WaitingView) -> str:
        """Feedback that waits to be read."""
        return self._render("waiting.html", view)

    def report(self, view: feedback_form.ReportView, words: str) -> str:
        """How far a report is."""
        return self._render("report.html", view, words=words)

    def sign_in(self, view: views.SignInView) -> str:
        """How to sign in, or the button that does it."""
        return self._render("signin.html", view)

    def access(self, view: views.AccessView) -> str:
        """A person's own access."""
        return self._render("access.html", view)

    def error(self, view: views.ErrorView) -> str:
        """A refusal or a fault."""
        return self._render("error.html", view)

    def sources(self, view: views.SourcesView) -> str:
        """What is read, and how well."""
        return self._render("sources.html", view)

    def rules(self, view: views.RulesView) -> str:
        """What is looked for, and what did not load."""
        return self._render("rules.html", view)

    def _render(self, template: str, view: Any, **more: Any) -> str:
        shown = {item.name: getattr(view, item.name) for item in fields(view)}
        return self._templates.get_template(template).render(**shown, **more)


def steps(step: Step, status: Status) -> tuple[tuple[int, str, str], ...]:
    """Number, word and "done", "now" or "later" of each of the seven steps."""
    here = len(Step) if status is Status.CLOSED else list(Step).index(step)
    places = ((number, _STEP_WORDS[one]) for number, one in enumerate(Step))
    return tuple(
        (number + 1, word, "done" if number < here else "now" if number == here else "later") for number, word in places
    )


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, or in how long, as people say it."""
    span = now - moment
    if abs(span) < timedelta(seconds=1):
        return "now"
    return f"{duration(span)} ago" if span > timedelta(0) else f"in {duration(-span)}"


def clock(moment: datetime, now: datetime, zone: str) -> str:
    """The moment in the reader's zone, with its name; the date only if it is not today."""
    local, today = moment.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone)).date()
    return local.strftime("%H:%M:%S %Z" if local.date() == today else "%Y-%m-%d %H:%M:%S %Z")


def _span(first: datetime, last: datetime) -> str:
    return duration(last - first)


def _tall(text: str) -> int:
    """How many lines an element shows at once."""
    return min(12, max(2, text.count("\n") + len(text) // 60 + 1))
