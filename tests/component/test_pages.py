"""Pages: whatever a log line holds stays text; states are words; colours can be read; nothing needs JavaScript."""

import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.browser import Reader

from detector.runbooks import Runbook
from detector.status import RuleState, SourceState
from detector.web import views
from detector.web.link_view import LinkView
from detector.web.pages import STATIC, Pages, ago, clock, steps
from rules.event import Severity
from store.incident import Outcome, Status, Step
from store.people import Session, SignedInBy, SignIn, SignInOutcome

NOW = datetime(2026, 3, 1, 3, 12, 4, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\u202egnp.exe\x1b[31m&amp;"
PAGES = Pages()
WIDEST_FIRST_LOAD = 30_000  # bytes


def frame(**changes: Any) -> views.Frame:
    fields: dict[str, Any] = {"now": NOW, "person": "Ana", "last_line_at": NOW - timedelta(seconds=2)}
    return views.Frame(**(fields | changes))


def row(**changes: Any) -> views.IncidentRow:
    fields: dict[str, Any] = {
        "number": 42,
        "title": "SSH brute force",
        "severity": Severity.HIGH,
        "who_where": "203.0.113.7 → web1",
        "events": 10,
        "last_seen": NOW - timedelta(minutes=3),
        "step": Step.NOTIFICATION,
        "owner": None,
        "may_acknowledge": True,
    }
    return views.IncidentRow(**(fields | changes))


def incidents(**changes: Any) -> views.IncidentsView:
    fields: dict[str, Any] = {
        "frame": frame(),
        "tab": views.Tab.OPEN,
        "counts": dict.fromkeys(views.Tab, 1),
        "rows": (row(),),
    }
    return views.IncidentsView(**(fields | changes))


def incident(**changes: Any) -> views.IncidentView:
    fields: dict[str, Any] = {
        "frame": frame(),
        "number": 42,
        "title": "SSH brute force",
        "severity": Severity.HIGH,
        "terms": (
            views.Term(because="the rule says high", value=3, is_level=True),
            views.Term(because="web1 is critical", value=1, is_level=False),
        ),
        "step": Step.REPORTING,
        "status": Status.OPEN,
        "outcome": Outcome.NONE,
        "who_where": "203.0.113.7 → web1",
        "entities": (("source", "203.0.113.7"),),
        "events": 10,
        "first_seen": NOW - timedelta(seconds=38),
        "last_seen": NOW,
        "rule_title": "SSH brute force",
        "rule_path": "rules/bundled/ssh.yml",
        "tlp": "TLP:AMBER",
        "owner": None,
        "acknowledged_by": None,
        "acknowledged_at": None,
        "lines": (views.Line(origin="/var/log/auth.log", line=118, offset=11402, time=NOW, text="Failed password"),),
        "timeline": (views.Happening(at=NOW, who="rule ssh", what="opened it"),),
        "told": (views.Told(receiver="ana", person="Ana", state="accepted", at=NOW, attempts=2, detail=""),),
        "may_acknowledge": True,
        "version": 6,
    }
    return views.IncidentView(**(fields | changes))


def acknowledge(**changes: Any) -> LinkView:
    fields: dict[str, Any] = {
        "frame": frame(),
        "answer": views.Answer.ASK,
        "person": "Ana",
        "number": 42,
        "title": "SSH brute force",
        "severity": Severity.HIGH,
        "who_where": "203.0.113.7 → web1",
        "events": 10,
        "first_seen": NOW - timedelta(seconds=38),
        "last_seen": NOW,
        "lines": ("Failed password",),
        "told": ("Ana", "Bo"),
    }
    return LinkView(**(fields | changes))


REPLY_TEXTS = ("title", "person", "asker", "question", "refused", "typed")


def reply(**changes: Any) -> views.ReplyView:
    fields: dict[str, Any] = {
        "frame": frame(person=None),
        "number": 42,
        "title": "SSH brute force",
        "person": "Vic",
        "asker": "Ana",
        "question": "Was it you?",
        "due_at": NOW + timedelta(hours=1),
        "state": views.Asking.OPEN,
        "settled_at": NOW,
    }
    return views.ReplyView(**(fields | changes))


def source(**changes: Any) -> SourceState:
    fields: dict[str, Any] = {
        "source": "auth",
        "origin": "/var/log/auth.log",
        "state": "ok",
        "format": "syslog",
        "lines": 412,
        "parsed": 410,
        "unparsed": 2,
        "matched": 10,
        "poisoned": 1,
        "lag_bytes": 0,
        "last_line_at": NOW,
        "note": "",
    }
    return SourceState(**(fields | changes))


EVERY_ACT = frozenset({"note", "contain", "dismiss", "settle"})


def every_page(text: str) -> list[str]:
    """Each page with *text* wherever a view takes text."""
    around = frame(person=text, degraded=(text,))
    line = views.Line(origin=text, line=1, offset=0, time=NOW, text=text)
    told = views.Told(receiver=text, person=text, state="failed", at=NOW, attempts=1, detail=text)
    rule = RuleState(id=text, title=text, level="high", decision=text, path=text)
    in_full = {
        "title": text,
        "who_where": text,
        "entities": ((text, text),),
        "rule_title": text,
        "rule_path": text,
        "owner": text,
        "lines": (line,),
        "timeline": (views.Happening(at=NOW, who=text, what=text, via=text),),
        "told": (told,),
        "terms": (views.Term(because=text, value=1, is_level=False),),
        "acts": EVERY_ACT,
        "refused": text,
        "typed": text,
        "quiet_until": NOW,
        "contained_at": NOW,
        "void": text,
        "due": (text,),
        "forms": (
            views.FormLine(
                name="report", title="Report", missing=(text,), needed_for="review", unconfirmed=1, is_asked=True
            ),
        ),
        "doables": (views.Doable(name="x", title=text, address="/i/1/do/x", is_next=True, lacks=2),),
    }
    by = {"answer": views.Answer.TAKEN, "by": text, "at": NOW, "acts": EVERY_ACT}
    return [
        PAGES.incidents(incidents(frame=around, rows=(row(title=text, who_where=text, owner=text),))),
        PAGES.incident(incident(frame=around, acknowledged_by=text, acknowledged_at=NOW, **in_full)),
        PAGES.incident(incident(frame=around, **in_full)),
        PAGES.acknowledge(acknowledge(frame=around, title=text, who_where=text, lines=(text,), told=(text,), **by)),
        PAGES.acknowledge(acknowledge(frame=around, person=text, next_at=NOW, next_says=text, pace=text)),
        PAGES.acknowledge(
            acknowledge(
                frame=around,
                acts=EVERY_ACT,
                others=(("b", text), ("c", text)),
                runbook=Runbook(means=text, harmless=(text,)),
                refused=text,
                typed=text,
            )
        ),
        PAGES.access(
            views.AccessView(
                frame=around,
                person=text,
                sessions=(
                    Session(id=1, person=text, created_at=NOW, used_at=NOW, expires_at=NOW, incident=1, agent=text),
                ),
                current=0,
                sign_ins=(
                    SignIn(
                        at=NOW,
                        person=text,
                        address=text,
                        how=SignedInBy.CODE,
                        outcome=SignInOutcome.REFUSED,
                    ),
                ),
                password_at=None,
                may_set=True,
                refused=text,
                done=text,
            )
        ),
        PAGES.new(views.NewView(frame=around, refused=text, title=text, what_happened=text)),
        PAGES.expired(views.ExpiredView(frame=around, number=1, expired_at=NOW, person=text)),
        PAGES.expired(views.ExpiredView(frame=around, number=1, expired_at=NOW, person=text, asked=True, sent=True)),
        PAGES.sign_in(views.SignInView(frame=around, person=text, refused=text)),
        PAGES.sign_in(views.SignInView(frame=around, typed=text)),
        PAGES.reply(reply(frame=around, **(dict.fromkeys(REPLY_TEXTS, text)))),
        PAGES.reply(reply(frame=around, state=views.Asking.ANSWERED, **(dict.fromkeys(REPLY_TEXTS, text)))),
        PAGES.error(views.ErrorView(frame=around, status=403, title=text, detail=text, allowed=(text,))),
        PAGES.sources(
            views.SourcesView(frame=around, sources=(source(origin=text, note=text, source=text, state=text),))
        ),
        PAGES.rules(views.RulesView(frame=around, rules=(rule,), errors=(text,))),
    ]


@given(st.text(max_size=60) | st.text("<>\"'&{}%#;/`=script \u202e\x00\x1b", max_size=40) | st.just(HOSTILE))
def test_text_stays_text(text: str) -> None:
    """The same elements and attributes stand in a page whatever its texts hold, and none of them is a script."""
    for page, harmless in zip(every_page(text or "x"), every_page("x"), strict=True):
        read = Reader(page)
        assert read.names() == Reader(harmless).names()
        assert "script" not in read.names()
        assert not any(name.startswith("on") or name == "style" for _, names in read.tags for name in names)
        assert not any(character in page for character in "\u202e\x00\x1b")


def test_hostile_text_is_shown() -> None:
    """A hostile line is shown as it was read, with what cannot be seen made visible."""
    page = Reader(PAGES.incident(incident(lines=(replace(incident().lines[0], text=HOSTILE),))))
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7*7 }}" in page.text
    assert "[U+202E]" in page.text


@pytest.mark.parametrize("page", every_page("plain"))
def test_pages_are_well_formed(page: str) -> None:
    """Every element is closed; each page has one h1, a language, a title and a viewport; each field has a label."""
    read = Reader(page)
    assert read.open == []
    assert read.names().count("h1") == 1
    assert ("html", {"lang": "en"}) in read.tags
    assert "title" in read.names()
    labelled = {names.get("for") for tag, names in read.tags if tag == "label"}
    for tag, names in read.tags:
        if tag in ("input", "select", "textarea") and names.get("type") != "hidden":
            assert names.get("id") in labelled
        if tag in ("a", "link"):
            assert (names.get("href") or "").startswith(("/", "#"))  # nothing is fetched from elsewhere


def test_first_load_is_small() -> None:
    """The list with fifty incidents, its style sheet and its icon weigh less than 30 kB compressed, text alone."""
    page = PAGES.incidents(incidents(rows=tuple(row(number=n) for n in range(50)))).encode()
    first = [PAGES.incidents(incidents()).encode(), *(path.read_bytes() for path in STATIC.iterdir())]
    assert sum(map(len, first)) < WIDEST_FIRST_LOAD
    assert len(zlib.compress(page)) < WIDEST_FIRST_LOAD / 3


def test_list() -> None:
    """A row says severity as icon and word, number, title, who and where, when, and who has it; a button acts."""
    page = PAGES.incidents(incidents())
    text = " ".join(Reader(page).text.split())
    assert "▲ HIGH INC-42 SSH brute force" in text
    assert "203.0.113.7 → web1" in text
    assert "10 events, last 3 min ago (03:09:04 UTC)" in text
    assert "Notify · nobody" in text
    assert '<form method="post" action="/i/42/acknowledge">' in page
    assert 'datetime="2026-03-01T03:09:04+00:00"' in page


def test_list_without_rights() -> None:
    """Who may not acknowledge sees no button."""
    page = PAGES.incidents(incidents(frame=frame(person=None), rows=(row(may_acknowledge=False),)))
    assert "/acknowledge" not in page


def test_list_keeps_its_filter() -> None:
    """Tabs and the next page keep the chosen severity; the current tab is marked."""
    page = PAGES.incidents(incidents(severity=Severity.HIGH, next_after=17, tab=views.Tab.CLOSED))
    assert "/?tab=closed&amp;severity=high&amp;after=17" in page
    assert "/?tab=open&amp;severity=high" in page
    assert page.count('aria-current="page"') == 1


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "Nothing open. Last line read 2 s ago (03:12:02 UTC)."),
        ({"tab": views.Tab.UNACKNOWLEDGED, "severity": Severity.LOW}, "Nothing unacknowledged of severity low."),
        ({"frame": frame(last_line_at=None)}, "No line has been read yet"),
    ],
)
def test_empty_list(changes: dict[str, Any], text: str) -> None:
    """An empty list says that it works: when the last line was read, or where to look."""
    assert text in " ".join(Reader(PAGES.incidents(incidents(rows=(), **changes))).text.split())


def test_incident() -> None:
    """The page says why: steps, severity terms, the very lines with their place, the timeline, who was told."""
    text = " ".join(Reader(PAGES.incident(incident())).text.split())
    assert "2 Notify ✔ done 3 Report ● now 4 Investigate ○ later" in text
    assert "the rule says high web1 is critical (+1)" in text
    assert "/var/log/auth.log, line 118, byte 11402" in text
    assert "Nobody has acknowledged this." in text
    assert "✔ ana (Ana): accepted after 2 attempts" in text
    assert " by " not in text.partition("rules/bundled/ssh.yml")[2].partition("Label")[0]


def test_who_wrote_the_rule() -> None:
    """Author and licence stand beside it, and are text."""
    text = " ".join(Reader(PAGES.incident(incident(rule_credit="Ann <b>, MIT"))).text.split())
    assert "rules/bundled/ssh.yml by Ann <b>, MIT" in text


def test_incident_says_what_is_next() -> None:
    """What is due, what lacks for the next step, and that an approval is void, come before everything else."""
    submit = views.Doable(name="submit", title="Hand it in", address="/i/42/do/submit", is_next=True, lacks=3)
    note = views.Doable(name="note", title="Write a note", address="/i/42/do/note", is_next=False)
    shown = incident(doables=(submit, note), due=("Report: overdue since 02:00",), void="approval void since version 3")
    page = Reader(PAGES.incident(shown))
    order = [page.words.index(text) for text in ("approval void", "Report: overdue", "Hand it in (3 missing)", "Why")]
    assert order == sorted(order)
    assert {"/i/42/do/submit", "/i/42/do/note"} <= {names.get("href") for _, names in page.tags}


def test_incident_says_what_it_waits_for() -> None:
    """Between an acknowledgement and the last message there is nothing to press, and the page says why."""
    waits = "The report comes next"
    assert waits in PAGES.incident(incident(step=Step.NOTIFICATION, acknowledged_by="Ana", acknowledged_at=NOW))
    assert waits not in PAGES.incident(incident(step=Step.NOTIFICATION, acknowledged_by=None))
    assert waits not in PAGES.incident(incident(step=Step.REPORTING, acknowledged_by="Ana", acknowledged_at=NOW))


@pytest.mark.parametrize(
    ("answer", "by", "says", "has_button"),
    [
        (views.Answer.ASK, None, "Nobody is on it.", True),
        (views.Answer.DONE, "Ana", "You acknowledged at 03:12:04 UTC.", False),
        (views.Answer.TAKEN, "Bo", "Bo took this now", False),
        (views.Answer.TAKEN, "Ana", "You took this now", False),
        (views.Answer.CLOSED, None, "This is closed.", False),
    ],
)
def test_acknowledge(answer: views.Answer, by: str | None, says: str, has_button: bool) -> None:
    """The page behind the link says first whether it succeeded or who has it; only an open ask has the button."""
    page = PAGES.acknowledge(acknowledge(answer=answer, by=by, at=NOW))
    assert says in " ".join(Reader(page).text.split())
    assert ("<button" in page) is has_button


def test_the_button_posts_to_the_link_itself() -> None:
    """The form has no address of its own: what is posted to is the link that was opened."""
    tags = Reader(PAGES.acknowledge(acknowledge())).tags
    assert ("form", {"method": "post", "class": "act"}) in tags


def test_further_buttons() -> None:
    """Only what the person may do now has a button; a dismissal that another one settles says so."""
    assert PAGES.incident(incident(may_acknowledge=False, acts=frozenset())).count("<button") == 1  # signs out
    page = PAGES.incident(incident(acts=EVERY_ACT - {"settle"}, needs_another=True))
    for act in ("note", "contain", "dismiss"):
        assert f'action="/i/42/acts/{act}"' in page
    assert "another person settles that" in page
    assert "/settle" not in page
    assert "Decline" in PAGES.incident(incident(acts=frozenset({"settle"})))


OTHERS = (("bo", "Bo"), ("cy", "Cy"))


@pytest.mark.parametrize(
    ("changes", "there", "missing"),
    [
        ({}, {"contain", "note", "not_me", "false_alarm"}, {"hand_over", "extend", "undo", "awake"}),
        (
            {"answer": views.Answer.DONE, "by": "Ana", "at": NOW, "is_mine": True, "may_undo": True},
            {"contain", "note", "hand_over", "false_alarm", "extend", "undo"},
            {"not_me", "awake"},
        ),
        (
            {"answer": views.Answer.TAKEN, "by": "Bo", "at": NOW},
            {"contain", "note", "false_alarm"},
            {"not_me", "hand_over", "extend"},
        ),
        ({"contained_at": NOW, "mine": 3}, {"note", "awake"}, {"contain"}),
        ({"acts": frozenset()}, set(), {"contain", "note", "not_me", "false_alarm"}),
        ({"answer": views.Answer.CLOSED}, set(), {"contain", "note", "not_me", "hand_over", "false_alarm"}),
    ],
)
def test_buttons_behind_the_link(changes: dict[str, Any], there: set[str], missing: set[str]) -> None:
    """What fits how it stands and what this person may do; each posts to the link itself; none decides anything."""
    page = PAGES.acknowledge(
        acknowledge(**({"acts": EVERY_ACT | {"acknowledge", "extend"}, "others": OTHERS} | changes))
    )
    found = {named["value"] for tag, named in Reader(page).tags if tag == "button" and named.get("name") == "act"}
    assert there <= found
    assert not missing & found
    assert "action=" not in page
    assert 'value="settle"' not in page


def test_the_link_says_what_one_wants_to_know_in_order() -> None:
    """Whose link it is, whether it succeeded, whether it goes on, five lines, what it means, who knows."""
    runbook = Runbook(means="Somebody guesses.", links=("https://example.org/x",))
    view = acknowledge(answer=views.Answer.DONE, by="Ana", at=NOW, goes_on=True, pace="about 12 a minute now")
    page = PAGES.acknowledge(replace(view, runbook=runbook))
    words = Reader(page).words
    parts = ["link of Ana", "You acknowledged", "It goes on: about 12 a minute", "Failed password"]
    parts += ["Somebody guesses", "Told: Ana, Bo"]
    assert [words.find(one) for one in parts] == sorted(words.find(one) for one in parts)
    assert all(one in words for one in parts)
    waits = acknowledge(next_at=NOW + timedelta(seconds=410), next_says="Bo is asked")
    assert "the next are asked in 6 min 50 s (03:18:54 UTC): Bo is asked" in Reader(PAGES.acknowledge(waits)).words


@pytest.mark.parametrize(
    ("span", "text"),
    [(timedelta(0), "now"), (timedelta(minutes=3), "3 min ago"), (timedelta(seconds=-90), "in 1 min 30 s")],
)
def test_ago(span: timedelta, text: str) -> None:
    """Moments are said relative to now, in both directions."""
    assert ago(NOW - span, NOW) == text


def test_clock() -> None:
    """The absolute time is in the reader's zone, with the date if it is not today."""
    assert clock(NOW, NOW, "Europe/Vienna") == "04:12:04 CET"
    assert clock(NOW - timedelta(days=1), NOW, "UTC") == "2026-02-28 03:12:04 UTC"


@pytest.mark.parametrize("step", list(Step))
def test_steps(step: Step) -> None:
    """All seven steps are shown, those before as done, those behind as later; of a closed one all are done."""
    states = [state for _, _, state in steps(step, Status.OPEN)]
    here = list(Step).index(step)
    assert states == ["done"] * here + ["now"] + ["later"] * (6 - here)
    assert {state for _, _, state in steps(step, Status.CLOSED)} == {"done"}


def colours() -> list[dict[str, str]]:
    """The light and the dark set of colours in the style sheet."""
    sheet = (STATIC / "tocsin.css").read_text()
    sets = []
    for part in sheet.split(":root {")[1:]:
        declared = (item.split(":") for item in part.split("}")[0].replace("\n", " ").split(";") if ":" in item)
        sets.append({name.strip().removeprefix("--"): value.strip() for name, value in declared})
    return sets


def luminance(colour: str) -> float:
    """Relative luminance as WCAG 2 defines it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        *((ink, ground) for ink in ("text", "quiet", "link") for ground in ("page", "card")),
        *((severity.value, ground) for severity in Severity for ground in ("page", "card")),
        ("on-button", "button"),
        ("good", "good-card"),
        ("notice", "notice-card"),
        ("good", "page"),
    ],
)
def test_contrast(ink: str, ground: str) -> None:
    """Text can be read on what it stands on, by day and by night: contrast at least 4.5 to 1."""
    sets = colours()
    assert len(sets) == 2
    for one in sets:
        lighter, darker = sorted((luminance(one[ink]), luminance(one[ground])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_style_fetches_nothing() -> None:
    """The style sheet loads nothing from elsewhere and sets no width that a narrow phone lacks."""
    sheet = (STATIC / "tocsin.css").read_text()
    assert "url(" not in sheet
    assert "@import" not in sheet


def test_several_troubles_take_one_line_of_a_phone() -> None:
    """One is told in full; of more the number stands on top of each page, and they unfold."""
    one = PAGES.incidents(incidents(frame=frame(degraded=("the disk is full",))))
    assert "Degraded: the disk is full" in one
    two = PAGES.incidents(incidents(frame=frame(degraded=("the disk is full", "nothing is heard"))))
    assert "Degraded: 2 things" in two
    assert all(f"<li>{said}</li>" in two for said in ("the disk is full", "nothing is heard"))
