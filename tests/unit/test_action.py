"""An action's life: what is not in the table cannot happen, nobody verifies their own, an agreed date is moved."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import START
from support.forms import known

from store import action as life
from store import action_edit, action_turns, action_version, covering, form_version
from store.action import LIFE, PLAN, TEXTS, Action, ActionKind, ActionState
from store.action_version import ActionVersion
from store.discrepancies import Discrepancy
from store.errors import ActNotAllowed
from store.four_eyes import FourEyes
from store.incident import DAEMON, Actor, ActorKind, Incident, Outcome, Status, Step, Track
from store.people import Role

ALL = frozenset(Role)
FOLLOW_UP = replace(known().incident, step=Step.FOLLOW_UP, track=Track.STANDARD)
TODAY = START.date()


def person(name: str) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=name)


def action(**changes: Any) -> Action:
    """A whole one, of a kind that needs a lead."""
    whole = Action(
        incident=1,
        number=1,
        cycle=1,
        kind=ActionKind.OTHER,
        causes=("finding 1",),
        owner="oli",
        deputy="dee",
        due=TODAY + timedelta(days=10),
        text="do it",
        criterion="it is done",
        written_at=START,
        proposed_by="lea",
        proposed_at=START,
    )
    return replace(whole, **changes)


def refusal(one: Action, name: str, by: str = "lea", roles: frozenset[Role] = ALL, **changes: Any) -> str:
    """The code with which a turn is refused; "" if it is not."""
    try:
        life.check(one, name, record=replace(FOLLOW_UP, **changes), by=person(by), roles=roles)
    except ActNotAllowed as refused:
        return refused.code
    return ""


@pytest.mark.parametrize(
    ("kind", "track"), [*itertools.product((ActionKind.OTHER, ActionKind.CORRECTION), (Track.LIGHT, Track.FULL))]
)
def test_every_state_and_turn_and_role(kind: ActionKind, track: Track) -> None:
    """Of all triples exactly those of the table are possible; owner and deputy besides, with their role."""
    for state, turn, role, by in itertools.product(ActionState, LIFE.values(), Role, ("oli", "dee", "somebody")):
        one = action(state=state, kind=kind)
        straight = turn.name == "done" and kind is ActionKind.CORRECTION and state is ActionState.PROPOSED
        needs_no_lead = kind is ActionKind.CORRECTION or track is Track.LIGHT
        may = role in turn.roles or (needs_no_lead and role in turn.without_lead)
        may = may or (turn.owners and by != "somebody" and role is Role.ACTION_OWNER)
        expected = may and (state in turn.starts or straight)
        found = refusal(one, turn.name, by, frozenset({role}), track=track)
        assert (found == "") == expected, (state, turn.name, role, by, found)


def test_the_table_leads_only_forward_but_for_what_is_returned() -> None:
    """Verified and dropped are ends; only a return leads back."""
    assert {turn.name for turn in LIFE.values() if turn.end is ActionState.AGREED and turn.name != "agree"} == {
        "return"
    }
    assert not any(set(turn.starts) & {ActionState.VERIFIED, ActionState.DROPPED} for turn in LIFE.values())


@pytest.mark.parametrize("step", Step)
def test_only_corrections_are_done_before_the_approval(step: Step) -> None:
    """A correction is done from the first minute in any open step; all else in follow-up, or in a later cycle."""
    one = action(state=ActionState.AGREED)
    assert refusal(replace(one, kind=ActionKind.CORRECTION), "done", step=step) == ""
    assert refusal(one, "done", "oli", step=step) == ("" if step is Step.FOLLOW_UP else "not_approved")
    assert refusal(one, "done", "oli", step=step, cycle=2) == ""
    assert refusal(replace(one, incident=2), "done", "oli", cycle=2, step=Step.REPORTING) == "not_approved"


@pytest.mark.parametrize("name", LIFE)
def test_nothing_is_done_to_a_closed_one_or_by_a_machine(name: str) -> None:
    """A closed incident must be reopened first, and only persons act."""
    assert refusal(action(), name, status=Status.CLOSED, outcome=Outcome.RESOLVED) == "closed"
    with pytest.raises(ActNotAllowed, match="only a person"):
        life.check(action(), name, record=FOLLOW_UP, by=DAEMON, roles=ALL)
    with pytest.raises(ActNotAllowed, match="only a person"):
        life.check_writer(ActionKind.CORRECTION, FOLLOW_UP, DAEMON, ALL)


def test_who_may_do_it_is_told_by_name() -> None:
    """An action owner who does not own this one is told who does; without the role, which role is needed."""
    agreed = action(state=ActionState.AGREED)
    with pytest.raises(ActNotAllowed, match="to be done by oli or dee") as refused:
        life.check(agreed, "done", record=FOLLOW_UP, by=person("bo"), roles={Role.ACTION_OWNER})
    assert refused.value.code == "not_owner"
    with pytest.raises(ActNotAllowed, match="needed: action_owner"):
        life.check(agreed, "done", record=FOLLOW_UP, by=person("oli"), roles={Role.VIEWER})


@pytest.mark.parametrize(
    ("by", "clash"),
    [
        ("oli", "oli owns action 1"),
        ("dee", "dee is the deputy for action 1"),
        ("don", "don recorded action 1 as done"),
        ("ver", ""),
    ],
)
def test_four_eyes_at_verifying(by: str, clash: str) -> None:
    """Not its owner, not its deputy, not who recorded it done, whatever their role; a waiver says what clashed."""
    one = action(state=ActionState.DONE, done_by="don")
    if clash:
        for mode in (FourEyes.FULL, FourEyes.PAIR):
            with pytest.raises(ActNotAllowed, match=clash) as refused:
                life.check_four_eyes(one, person(by), mode, Track.STANDARD)
            assert refused.value.code == "four_eyes"
            assert "verify" not in life.allowed(one, record=FOLLOW_UP, by=person(by), roles=ALL, mode=mode)
        waived = life.check_four_eyes(one, person(by), FourEyes.WAIVED, Track.STANDARD).waived
        assert str(waived).startswith(clash)
    else:
        assert life.check_four_eyes(one, person(by), FourEyes.FULL, Track.FULL).waived is None
        assert "verify" in life.allowed(one, record=FOLLOW_UP, by=person(by), roles=ALL)


def test_what_lacks_anything_is_not_agreed_upon() -> None:
    """Everything that is missing is told at once; a training names persons and content."""
    bare = action(text=" ", causes=(), owner="", due=None, criterion="", kind=ActionKind.TRAINING)
    with pytest.raises(ActNotAllowed) as refused:
        action_turns.agreed(bare, record=FOLLOW_UP, by=person("lea"), now=START)
    assert refused.value.missing == ("causes", "owner", "due", "text", "criterion", "participants", "content")
    light = replace(FOLLOW_UP, track=Track.LIGHT)
    assert covering.missing(bare, light.track) == ("owner", "text")
    assert covering.missing(replace(bare, text=None, criterion=None, content=None), Track.FULL) == (
        "causes",
        "owner",
        "due",
        "participants",
    )


def test_what_is_done_says_what_shows_it() -> None:
    """Evidence always, attendance of a training; since when it has effect lies between the beginning and now."""
    training = action(kind=ActionKind.TRAINING, state=ActionState.AGREED)
    given: dict[str, Any] = {"record": FOLLOW_UP, "by": person("oli"), "now": START + timedelta(days=1)}
    with pytest.raises(ActNotAllowed) as refused:
        action_turns.done(training, evidence=" ", **given)
    assert refused.value.missing == ("evidence", "attended")
    for since in (FOLLOW_UP.first_seen - timedelta(seconds=1), START + timedelta(days=1, seconds=1)):
        with pytest.raises(ActNotAllowed) as refused:
            action_turns.done(training, evidence="list", attended=("ana",), since=since, **given)
        assert (refused.value.code, refused.value.missing) == ("invalid_action", ("effective_from",))
    done = action_turns.done(training, evidence="list", attended=("ana",), since=START, **given)
    assert (done.effective_from, done.attended) == (START, ("ana",))
    later = START + timedelta(hours=1)
    seen = action_turns.verified(done, record=FOLLOW_UP, by=person("ver"), now=given["now"], since=later)
    assert (seen.effective_from, seen.state) == (later, ActionState.VERIFIED)


def test_a_date_that_was_agreed_is_moved_with_a_reason() -> None:
    """While it is written the date may change; after that only a move changes it, to another date, for a reason."""
    other = TODAY + timedelta(days=20)
    given: dict[str, Any] = {"track": Track.STANDARD, "cycle": 2, "now": START}
    assert action_turns.changed(action(), {"due": other}, **given).due == other
    agreed = action(state=ActionState.AGREED)
    assert action_turns.changed(agreed, {"due": agreed.due, "text": "x"}, **given).cycle == 2
    for wrong in (other, None):
        with pytest.raises(ActNotAllowed) as refused:
            action_turns.changed(agreed, {"due": wrong}, **given)
        assert refused.value.code == "reason_required"
    for until, reason, code in (
        (agreed.due, "x", "incomplete_action"),
        (None, "x", "incomplete_action"),
        (other, " ", "reason_required"),
    ):
        with pytest.raises(ActNotAllowed) as refused:
            action_turns.moved(agreed, until, reason, now=START)
        assert refused.value.code == code
    assert action_turns.moved(agreed, other, "late", now=START).due == other


def test_what_was_agreed_upon_keeps_what_it_needs() -> None:
    """Nothing of it is taken away; what a track that rose asks for besides may come one by one, a first date too."""
    agreed = action(state=ActionState.AGREED)
    given: dict[str, Any] = {"cycle": 1, "now": START}
    with pytest.raises(ActNotAllowed) as refused:
        action_turns.changed(agreed, {"owner": "", "text": " "}, track=Track.FULL, **given)
    assert (refused.value.code, refused.value.missing) == ("incomplete_action", ("owner", "text"))
    risen = action(state=ActionState.AGREED, due=None, criterion="", causes=())
    dated = action_turns.changed(risen, {"due": TODAY}, track=Track.FULL, **given)
    assert covering.missing(dated, Track.FULL) == ("causes", "criterion")


def test_late_is_what_is_not_done_when_its_day_is_over() -> None:
    """On its day it is not late yet; what was done is not late any more."""
    due = TODAY + timedelta(days=10)
    late = {state: action(state=state).is_late(due + timedelta(days=1)) for state in ActionState}
    assert [state for state, is_so in late.items() if is_so] == [ActionState.PROPOSED, ActionState.AGREED]
    assert not action().is_late(due)
    assert not action(due=None).is_late(due)


# -- random lives ------------------------------------------------------------------------------------------------------

NAMES = ("ana", "bo", "cy", "oli", "dee")
EFFECTIVE = (ActionState.DONE, ActionState.VERIFIED)


def attempt(one: Action, name: str, by: Actor, record: Incident, now: Any, day: int) -> Action:
    """What a turn makes of it, as the store would do it."""
    roles = ALL
    life.check(one, name, record=record, by=by, roles=roles)
    given: dict[str, Any] = {"record": record, "by": by, "now": now}
    match name:
        case "change":
            owner = NAMES[day % len(NAMES)]
            changes = {"owner": "" if day == 1 else owner, "deputy": ""}
            return action_turns.changed(one, changes, track=record.track, cycle=1, now=now)
        case "move":
            return action_turns.moved(one, TODAY + timedelta(days=day), "later", now=now)
        case "agree":
            return action_turns.agreed(one, **given)
        case "done":
            return action_turns.done(one, evidence="seen", **given)
        case "verify":
            life.check_four_eyes(one, by, FourEyes.FULL, record.track)
            return action_turns.verified(one, **given)
        case "return":
            return action_turns.returned(one, "no")
    return action_turns.dropped(one, "no need", by=by, now=now)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.sampled_from(sorted(LIFE)), st.sampled_from(NAMES), st.integers(1, 60)), max_size=15),
    st.sampled_from([ActionKind.OTHER, ActionKind.CORRECTION]),
    st.sampled_from([Step.INVESTIGATION, Step.FOLLOW_UP]),
)
def test_any_life_keeps_to_the_table(turns: list[tuple[str, str, int]], kind: ActionKind, step: Step) -> None:
    """Whatever is tried: every step is one of the table, versions count up, nobody verifies what is theirs, and what
    has effect says since when.
    """
    one, record = action(kind=kind), replace(FOLLOW_UP, step=step)
    for hours, (name, by, day) in enumerate(turns, 1):
        before, now = one, START + timedelta(hours=hours)
        try:
            one = attempt(before, name, person(by), record, now, day)
        except ActNotAllowed:
            continue
        turn = LIFE[name]
        assert one.version == before.version + 1
        assert before.state in turn.starts or (kind is ActionKind.CORRECTION and name == "done")
        assert one.state == (turn.end or before.state)
        assert (one.effective_from is not None) == (one.state in EFFECTIVE) or one.state is ActionState.DROPPED
        if before.state is ActionState.AGREED and one.due != before.due:
            assert name == "move"
        if one.state is ActionState.VERIFIED:
            assert one.verified_by not in (one.owner, one.deputy, one.done_by)
        assert one.state is ActionState.PROPOSED or not covering.missing(one, record.track) or not one.is_live
        if one.state in EFFECTIVE and kind is not ActionKind.CORRECTION:
            assert step is Step.FOLLOW_UP
            assert one.done_by in (before.owner, before.deputy) or before.done_by == one.done_by


# -- what is written ---------------------------------------------------------------------------------------------------

PERSONS = {"oli": {Role.ACTION_OWNER}, "dee": {Role.ACTION_OWNER}, "ana": {Role.RESPONDER}}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"owner": "oli", "deputy": "oli"}, ("owner", "deputy")),
        ({"owner": "ana"}, ("owner",)),
        ({"owner": "nobody"}, ("owner",)),
        ({"causes": ["finding 0", "finding 1"]}, ("causes",)),
        ({"causes": ["finding 1"] * 501, "due": TODAY - timedelta(days=1)}, ("due",)),
        ({"text": "x" * 20_001}, ("text",)),
        ({"participants": ["ana"], "content": "x"}, ("participants", "content")),
        ({"kind": ActionKind.TRAINING, "participants": ["two\nlines"]}, ("participants",)),
        ({"kind": ActionKind.TRAINING, "participants": [str(number) for number in range(501)]}, ("participants",)),
        ({"kind": ActionKind.CORRECTION, "owner": "ana", "deputy": "x"}, ("deputy",)),
        ({"kind": ActionKind.TRAINING, "deputy": ""}, ()),
        ({"kind": ActionKind.CORRECTION, "owner": "ana", "deputy": "", "due": TODAY, "text": "ok\0"}, ()),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(changes: dict[str, Any], wrong: tuple[str, ...]) -> None:
    """Persons who cannot do it, causes that are none, dates that passed, texts that are too long."""
    if not wrong:
        kept = action_edit.edited(action(), changes, persons=PERSONS, today=TODAY, track=Track.STANDARD)
        assert "\0" not in kept.get("text", "")
        return
    with pytest.raises(ActNotAllowed) as refused:
        action_edit.edited(action(), changes, persons=PERSONS, today=TODAY, track=Track.STANDARD)
    assert (refused.value.code, refused.value.missing) == ("invalid_action", wrong)


def test_another_kind_asks_for_what_it_needs() -> None:
    """A correction that becomes more needs an owner who can record it done; a training that becomes less, no class."""
    given: dict[str, Any] = {"persons": PERSONS, "today": TODAY, "track": Track.STANDARD}
    for one, kind, wrong in (
        (action(kind=ActionKind.CORRECTION, owner="ana", deputy=""), ActionKind.OTHER, ("owner",)),
        (action(kind=ActionKind.TRAINING, deputy="", content="x"), ActionKind.OTHER, ("content",)),
    ):
        with pytest.raises(ActNotAllowed) as refused:
            action_edit.edited(one, {"kind": kind}, **given)
        assert refused.value.missing == wrong


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (" Finding  02 ", "finding 2"),
        ("incident", "incident"),
        ("discrepancy 3", "discrepancy 3"),
        ("cause 999", "cause 999"),
        ("finding", None),
        ("finding ²", None),
        ("finding -1", None),
        ("finding 1000", None),
        ("incident 1", None),
        ("", None),
    ],
)
def test_a_cause_is_a_word_and_a_number(text: str, cause: str | None) -> None:
    """Written one way, however it was typed."""
    assert covering.cause(text) == cause


def discrepancy(number: int, **changes: Any) -> Discrepancy:
    return replace(Discrepancy(number=number, item="x", raised_by=person("bo"), raised_at=START), **changes)


def test_what_is_covered() -> None:
    """A needed change and an open discrepancy want an action or a reason; what was dropped covers nothing."""
    rows = [{"change_needed": "sshd on web1"}, {"change_needed": "No."}, {"change_needed": "logging"}, {}]
    raised = [discrepancy(1), discrepancy(2, answer="seen"), discrepancy(3, closed_at=START)]
    nothing = covering.uncovered(rows, raised, [], ())
    assert nothing == ("finding 1", "finding 3", "discrepancy 1", "actions")
    dropped = action(causes=("finding 1",), state=ActionState.DROPPED)
    assert covering.uncovered(rows, raised, [dropped], ()) == nothing
    whole = [action(causes=("finding 1", "discrepancy 1"))]
    assert covering.uncovered(rows, raised, whole, ()) == ("finding 3",)
    assert covering.uncovered(rows, raised, whole, {"finding 3"}) == ()
    assert covering.uncovered([], [], [], {"incident"}) == ()
    assert covering.uncovered([], [], [action(causes=())], ()) == ()


def test_what_is_not_there_cannot_be_addressed() -> None:
    """A row that was taken out leaves a cause that names nothing; what was redacted cannot be told any more."""
    one = action(causes=("finding 2", "cause 1", "incident", "discrepancy 1"))
    assert covering.unknown([one], {"finding": 1, "cause": None, "discrepancy": 0}) == (
        "action 1: finding 2",
        "action 1: discrepancy 1",
    )


def test_what_a_plan_lacks_before_it_can_be_approved() -> None:
    """Each thing that is missing, then the agreement; what is late must be moved; what was dropped lacks nothing."""
    later = START + timedelta(days=11)
    assert covering.incomplete([action(owner="", criterion="")], START) == ("action 1: owner", "action 1: criterion")
    assert covering.incomplete([action()], START) == ("action 1: agree",)
    assert covering.incomplete([action(state=ActionState.AGREED)], START) == ()
    assert covering.incomplete([action(state=ActionState.AGREED)], later) == ("action 1: due has passed",)
    for over in (ActionState.DONE, ActionState.VERIFIED, ActionState.DROPPED):
        assert covering.incomplete([action(state=over, owner="")], later) == ()
    assert covering.incomplete([action(due=None, criterion="")], START, Track.LIGHT) == ()
    assert covering.incomplete([action(kind=ActionKind.CORRECTION, due=None)], START) == ()


def test_what_hinders_the_end() -> None:
    """What is neither verified nor dropped; on the light track it is enough that it was done."""
    every = [action(number=number, state=state) for number, state in enumerate(ActionState, 1)]
    assert [one.state for one in covering.open_ones(every)] == ["proposed", "agreed", "done"]
    assert [one.state for one in covering.open_ones(every, Track.LIGHT)] == ["proposed", "agreed"]


# -- bytes -------------------------------------------------------------------------------------------------------------

TEXT = st.text(max_size=20)
LINES = st.lists(st.text(min_size=1, max_size=5), max_size=3).map(tuple)


def write(one: Action, before: ActionVersion | None = None) -> tuple[ActionVersion, dict[str, str]]:
    """A version, and what lies beside it."""
    numbers = itertools.count(one.version * 100)
    made, fresh = action_version.write(
        one, before, author=person("ana"), at=START, random=lambda length: next(numbers).to_bytes(length)
    )
    return made, {made.texts[name]: kept.value for name, kept in fresh.items()}


@given(
    st.fixed_dictionaries(
        {name: LINES if name in ("participants", "attended") else TEXT for name in TEXTS}
        | {"due": st.one_of(st.none(), st.dates()), "kind": st.sampled_from(ActionKind)}
    )
)
def test_bytes_tell_the_version(fields: dict[str, Any]) -> None:
    """What was written can be read again; without the texts it says the same hash, and which were taken away."""
    made, kept = write(action(**fields))
    again = action_version.read(made.content, kept)
    assert (again.hash, again.author, again.at) == (made.hash, made.author, made.at)
    cleaned = {name: form_version.cleaned(fields[name]) for name in TEXTS}
    lines = {name: tuple(cleaned[name]) for name in ("participants", "attended")}
    assert again.action == replace(made.action, **cleaned | lines)
    bare = action_version.read(made.content, {})
    assert bare.hash == made.hash
    assert {name for name in TEXTS if getattr(bare.action, name) is None} == {name for name in TEXTS if fields[name]}


def test_digests_cover_the_plan_and_nothing_else() -> None:
    """State, evidence and signatures change no digest; each field of the plan changes its own, and says who wrote."""
    first, _ = write(action())
    done = replace(action(version=2), state=ActionState.DONE, evidence="x", done_by="oli", done_at=START)
    assert write(done, first)[0].digests == first.digests
    other: dict[str, Any] = {
        "kind": ActionKind.TRAINING,
        "causes": ("finding 2",),
        "owner": "ana",
        "deputy": "",
        "due": date(2027, 1, 1),
        "text": "other",
        "criterion": "other",
        "participants": ("ana",),
        "content": "c",
    }
    assert set(other) == set(PLAN)
    for name, value in other.items():
        after, _ = write(replace(action(version=2), **{name: value}), first)
        assert action_version.changed(first, after) == (name,)
    second = replace(write(action(version=2, text="other"), first)[0], author=person("cy"))
    third = replace(write(replace(done, version=3, text="other"), second)[0], author=person("don"))
    assert action_version.authors([first, second, third]) == {"ana", "cy"}
