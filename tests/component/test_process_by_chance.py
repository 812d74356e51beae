"""Any persons do anything in any order, on each database: what must hold holds after each step."""

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import timedelta
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import Connection
from support import witness
from support.budget import rounds
from support.chance import NAMES, bodies
from support.fakes import START, FakeClock
from support.path import ANSWERS, given, person
from support.reused import Reused
from support.store import finding, open_store, sqlite_url
from support.witness import Seen

from detector.api import acts as offered
from detector.api.doing import Asked
from detector.api.identity import hash_of
from detector.api.problem import Problem, from_error
from detector.lapses import Lapses
from detector.watching import Watching
from rules.event import Severity
from store import process
from store.action import ActionKind
from store.acts import name_of
from store.database import Store
from store.errors import StoreError
from store.forms import FormName
from store.four_eyes import FourEyes
from store.incident import Actor
from store.people import Person, Role
from store.process import Standing
from store.repository.dossier import action_turns, actions, forms
from store.repository.grouping import findings
from store.repository.incident import incidents, requests
from store.repository.people import fresh, persons
from store.repository.record import conflicts
from store.repository.telling import outbox
from store.site import Site
from store.tx import Tx

T = TypeVar("T")
KINDS = ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
WORKING = tuple(role for role in Role if role not in (Role.SOURCE, Role.VIEWER, Role.ADMIN))
PEOPLE = st.fixed_dictionaries({name: st.frozensets(st.sampled_from(WORKING), min_size=2) for name in NAMES})
#: On which forms somebody has to write before it can go on.
WRITTEN_AT = {
    process.REPORTING: FormName.REPORT,
    process.INVESTIGATION: FormName.INVESTIGATION,
    process.CORRECTIVE_ACTIONS: FormName.CORRECTIVE_ACTIONS,
}
#: What leads on from where it stands.
LEADS_ON = {
    process.IDENTIFICATION: "decide",
    process.REPORTING: "submit",
    process.IN_REVIEW: "review",
    process.INVESTIGATION: "conclude",
    process.CORRECTIVE_ACTIONS: "request_approval",
    process.APPROVAL: "approve",
    process.FOLLOW_UP: "close",
}
EVERYTHING = tuple(sorted({*offered.ACTS, *offered.MOVES}))
CHECKED = {"accurate": True, "complete": True, "compliant_with": "procedure 3"}


def finished(tx: Tx, *, number: int, which: int, by: Actor, told: dict[str, Any]) -> None:
    action_turns.done(tx, number, which, by, evidence="commit 4", **told)


def verify(tx: Tx, *, number: int, which: int, by: Actor, told: dict[str, Any]) -> None:
    action_turns.verify(tx, number, which, by, **told)


class Process(RuleBasedStateMachine):
    """Four persons with roles by chance, and whatever they may ask for."""

    template: Path
    postgres: Reused | None = None

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.exit = contextlib.AsyncExitStack()
        self.folder = Path(self.exit.enter_context(tempfile.TemporaryDirectory(prefix="by-chance-")))
        self.clock = FakeClock(START)
        self.serial = 0
        self.seen: dict[int, Seen] = {}
        self.site = Site()
        self.store: Store = self.run(self.exit.enter_async_context(self.opened()))

    def opened(self) -> contextlib.AbstractAsyncContextManager[Store]:
        """A store that nobody has used."""
        if self.postgres is not None:
            url = self.postgres.take()
            self.exit.callback(self.postgres.give_back, url)
        else:
            shutil.copy(self.template, self.folder)
            url = sqlite_url(self.folder)
        return open_store(url, self.clock, self.folder)

    def teardown(self) -> None:
        self.run(self.exit.aclose())
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    # Steps.

    @initialize(roles=PEOPLE, pair=st.booleans(), severity=st.sampled_from(list(Severity)[1:]))
    def begin(self, roles: Mapping[str, frozenset[Role]], pair: bool, severity: Severity) -> None:
        """People, and a first incident; each role somebody has."""
        missing = frozenset(WORKING) - frozenset(role for each in roles.values() for role in each)
        self.roles = {**roles, "ana": roles["ana"] | missing}
        self.site = Site(four_eyes=FourEyes.PAIR if pair else FourEyes.FULL)
        people = [Person(id=name, name=name, roles=has, from_config=True) for name, has in self.roles.items()]
        self.run(self.store.write(lambda tx: persons.upsert_from_config(tx, people)))
        self.arrive(severity=severity, other=False, account=None, success=False, tenfold=False)

    @rule(
        severity=st.sampled_from(list(Severity)[1:]),
        other=st.booleans(),
        account=st.sampled_from([None, None, None, *NAMES]),
        success=st.booleans(),
        tenfold=st.booleans(),
    )
    def arrive(self, severity: Severity, other: bool, account: str | None, success: bool, tenfold: bool) -> None:
        """A finding; of the same attack, or of another one."""
        self.serial += 1
        found = finding(
            str(self.serial),
            rule=f"rule-{int(other)}",
            severity=severity,
            source="192.0.2.1" if other else "203.0.113.7",
            host="db" if other else "web1",
            account=account,
            first_seen=self.clock.now(),
            events=1000 if tenfold else 1,
            success=success,
        )
        self.do(lambda tx: findings.take(tx, found))

    @rule(hours=st.sampled_from([0.1, 1, 13, 50, 24 * 31]))
    def wait(self, hours: float) -> None:
        """Time passes, and what the daemon does by itself is done."""
        self.clock.advance(hours * 3600)
        self.by_itself()

    @rule(data=st.data(), number=st.integers(1, 3), who=st.sampled_from(NAMES), allowed=st.booleans())
    def ask(self, data: st.DataObject, number: int, who: str, allowed: bool) -> None:
        """An act or move: one of those of which they are told that they may, or any."""
        names = self.told(number, who) if allowed else EVERYTHING
        name = data.draw(st.sampled_from(names or EVERYTHING), label="name")
        self.attempt(number, who, name, bodies(data.draw, self.clock.now()).get(name))

    @rule(data=st.data(), number=st.integers(1, 2), pair=st.lists(st.sampled_from(NAMES), min_size=2, max_size=2))
    def race(self, data: st.DataObject, number: int, pair: list[str]) -> None:
        """Two move it at once upon the same version: it goes one way."""
        if number not in self.seen:
            return
        names = [
            data.draw(st.sampled_from([one for one in self.told(number, who) if one in offered.MOVES] or ["submit"]))
            for who in pair
        ]
        body = bodies(data.draw, self.clock.now())
        version = self.seen[number].record.version
        works = [self.work(number, who, name, body.get(name), version) for who, name in zip(pair, names, strict=True)]

        async def both() -> list[Any]:
            return await asyncio.gather(*(self.store.write(one) for one in works), return_exceptions=True)

        answers = self.run(both())
        for answer in answers:
            if isinstance(answer, Exception):
                self.refused(answer)
        changed = [one for one in answers if not isinstance(one, BaseException) and one.incident.version > version]
        assert len(changed) < 2, f"{pair} did {names} upon version {version}"
        self.check()

    @rule(data=st.data(), number=st.integers(1, 2), times=st.integers(1, 4))
    def go_on(self, data: st.DataObject, number: int, times: int) -> None:
        """What comes next, by whoever may: so that it gets somewhere."""
        for _ in range(times if number in self.seen else 0):
            self.next(data, number)

    def next(self, data: st.DataObject, number: int) -> None:
        place = Standing.of(self.seen[number].record)
        if place == process.NOTIFICATION:
            taker = person(self.one(data, Role.RESPONDER))
            self.do(lambda tx: incidents.acknowledge(tx, number, taker, via="token"))
            self.by_itself()
        if (name := WRITTEN_AT.get(place)) is not None:
            role = Role.REPORTER if name is FormName.REPORT else Role.INVESTIGATOR
            self.fill(number, self.one(data, role), name)
        if place == process.CORRECTIVE_ACTIONS:
            self.plan(number, self.one(data, Role.INVESTIGATOR), data.draw(st.sampled_from(NAMES)))
        if place == process.FOLLOW_UP:
            self.finish(data, number)
        if place in LEADS_ON:
            move = LEADS_ON[place]
            roles = {role for one in process.moves_from(place) if name_of(one) == move for role in one.who}
            may = sorted(who for who, has in self.roles.items() if has & roles)
            body = {"review": {"result": "accepted"}, "decide": {"decision": "investigate"}}.get(move)
            self.attempt(number, data.draw(st.sampled_from(may), label="who"), move, body)

    @rule(data=st.data(), number=st.integers(1, 2), who=st.sampled_from(NAMES), name=st.sampled_from(list(ANSWERS)))
    def write(self, data: st.DataObject, number: int, who: str, name: FormName) -> None:
        """Somebody writes in a form, whatever the step."""
        field = data.draw(st.sampled_from(sorted(ANSWERS[name])))
        self.fill(number, who, name, field)

    @rule(number=st.integers(1, 2), who=st.sampled_from(NAMES), asked=st.sampled_from(NAMES))
    def request(self, number: int, who: str, asked: str) -> None:
        """Somebody is asked, and answers."""
        told = self.do(lambda tx: requests.ask(tx, number, person(who), question="Who?", person=asked, via="token"))
        if told is not None:
            k = told.request.number
            self.do(lambda tx: requests.answer(tx, number, k, person(asked), text="nobody", via="token"))

    # What steps are made of.

    def one(self, data: st.DataObject, role: Role) -> str:
        """Somebody with that role."""
        return data.draw(st.sampled_from(sorted(who for who, has in self.roles.items() if role in has)), label="who")

    def told(self, number: int, who: str) -> tuple[str, ...]:
        """What they are told that they may."""
        if number not in self.seen:
            return ()
        record = self.seen[number].record
        names = self.run(self.store.read(lambda c: conflicts.allowed(c, record, who, self.roles[who])))
        return tuple(name for name in names if name in EVERYTHING)

    def attempt(self, number: int, who: str, name: str, body: dict[str, Any] | None) -> None:
        version = self.seen[number].record.version if number in self.seen else 1
        self.do(self.work(number, who, name, body, version))

    def work(self, number: int, who: str, name: str, body: dict[str, Any] | None, version: int) -> Callable[[Tx], Any]:
        """What the API does upon a request."""
        doing = offered.ACTS.get(name) or offered.MOVES[name]
        self.serial += 1
        token = f"fresh-{self.serial}"
        if name in ("approve", "sign_again"):
            stands = self.seen[number].dossier if number in self.seen else "none"
            body = {"hash": stands, "fresh": token, "checklist": CHECKED}
        elif body is None:
            body = {"note": "as it is"}
        if name in ("accept_risk", "timer"):
            body = {**body, "fresh": token}
        shaped = msgspec.convert(msgspec.to_builtins(body), doing.shape)

        def doing_it(tx: Tx) -> Any:
            fresh.create(tx, who, hash_of(token))
            asked = Asked(number=number, actor=person(who), via="token", body=shaped, version=version, site=self.site)
            return doing.do(tx, asked)

        return doing_it

    def fill(self, number: int, who: str, name: FormName, field: str | None = None) -> None:
        """Complete answers, or one of them."""
        self.serial += 1
        named = {"reporter": given("ana"), "lead": given("bo")}  # who there is here
        answers = {asked: named.get(asked, one) for asked, one in ANSWERS[name].items() if field in (None, asked)}
        if name is FormName.REPORT:
            answers["what_happened"] = given(f"Passwords were guessed, {self.serial} times")

        def save(tx: Tx) -> object:
            before = forms.latest(tx.connection, number, name)
            expected = before.version if before else 0
            return forms.save(tx, number, name, answers, expected=expected, by=person(who), via="token")

        self.do(save)

    def plan(self, number: int, who: str, owner: str) -> None:
        """An action that addresses what was found."""
        told = {"causes": ["finding 1"], "owner": owner, "text": "keys only", "criterion": "no login by password"}
        told["due"] = (self.clock.now() + timedelta(days=9)).date()  # type: ignore[assignment]
        given: dict[str, Any] = {"via": "token", "site": self.site}

        def plan(tx: Tx) -> None:
            made = action_turns.write(tx, number, person(who), kind=ActionKind.CONFIGURATION, plan=told, **given).action
            action_turns.agree(tx, number, made.number, person(who), version=made.version, **given)

        self.do(plan)

    def finish(self, data: st.DataObject, number: int) -> None:
        """Somebody records actions done, somebody verifies them."""
        told: dict[str, Any] = {"via": "token", "site": self.site}
        for one in self.run(self.store.read(lambda c: actions.of(c, number))):
            does, looks = person(self.one(data, Role.ACTION_OWNER)), person(self.one(data, Role.VERIFIER))
            done, verified = told | {"version": one.version}, told | {"version": one.version + 1}
            self.do(partial(finished, number=number, which=one.number, by=does, told=done))
            self.do(partial(verify, number=number, which=one.number, by=looks, told=verified))

    def by_itself(self) -> None:
        """What the daemon does on its timers."""

        def plan(tx: Tx) -> None:
            for notice in outbox.notices_unplanned(tx.connection):
                outbox.plan(tx, notice.id, [])

        self.run(self.store.write(plan))
        lapses = Lapses(self.store, self.clock, lambda: self.site, lambda: None)
        watching = Watching(self.store, self.clock, lambda: None)
        for work in (lapses.end_due, lapses.go_on, lapses.remind, watching.look):
            self.run(work())
        self.check()

    def do(self, work: Callable[[Tx], T]) -> T | None:
        """Do it in one transaction; what was refused has changed nothing."""
        before = self.seen

        def checked(tx: Tx) -> tuple[T, dict[int, Seen]]:
            done = work(tx)
            return done, self.holds(tx.connection, before)

        try:
            done, self.seen = self.run(self.store.write(checked))
        except (StoreError, Problem) as error:
            self.refused(error)
            assert self.run(self.store.read(witness.look)) == before, "a refusal changed something"
            return None
        return done

    def refused(self, error: Exception) -> None:
        """It is a refusal that people can read, and no fault of ours."""
        problem = from_error(error)
        assert problem is not None, repr(error)
        assert problem.status < 500, repr(error)
        assert problem.code, repr(error)
        assert problem.detail, repr(error)

    def holds(self, connection: Connection, before: dict[int, Seen]) -> dict[int, Seen]:
        """All records, of which everything holds that must."""
        after = witness.look(connection)
        found = list(witness.faults(connection, before, after, mode=self.site.four_eyes))
        assert found == []
        return after

    def check(self) -> None:
        """Everything that must hold holds, whoever changed what."""
        self.seen = self.run(self.store.read(lambda connection: self.holds(connection, self.seen)))


@pytest.fixture(params=KINDS)
def machine(request: pytest.FixtureRequest) -> type[Process]:
    """The process on each database."""
    kept: dict[str, Any] = {"template": request.getfixturevalue("sqlite_template")}
    if request.param == "postgresql":
        kept["postgres"] = request.getfixturevalue("postgres_databases")
    return type("Process", (Process,), kept)


#: For so long each database is tried in every run of the tests.
SECONDS = 15.0
ROUND = settings(
    max_examples=2, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


def test_any_order(machine: type[Process], seed: int) -> None:
    """What must hold holds after each step."""
    end = time.monotonic() + SECONDS
    for number in takewhile(lambda number: number == seed or time.monotonic() < end, count(seed)):
        run_state_machine_as_test(hypothesis.seed(number)(machine), settings=ROUND)


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_any_longer_order(machine: type[Process], seed: int) -> None:
    """The same, with longer histories and other examples for as long as the budget allows."""
    longer = settings(ROUND, max_examples=10, stateful_step_count=80)
    for number in rounds(0.1, seed):
        run_state_machine_as_test(hypothesis.seed(number)(machine), settings=longer)
