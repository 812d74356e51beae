"""All types of correlation, from lines to findings, against a reference that knows only events and windows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from statistics import fmean, median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engine import FAILURE, NOON, SUCCESS, batch_of, batches_of, engine_of, final, spans
from support.rules import event_of

from rules.event import Batch, LogSource
from rules.finding import Finding
from rules.settings import Caps, SourceProfile

NEVER = datetime.max.replace(tzinfo=UTC)
SPAN = 10

ROOT = """\
title: Somebody says root
id: 77777777-7777-4777-8777-777777777777
name: as_root
logsource: {product: linux, service: sshd}
detection:
    root: {user.name: root}
    condition: root
"""


@dataclass(frozen=True, slots=True)
class Login:
    """One line of sshd."""

    at: float  #: when it comes, seconds after noon
    late: float = 0  #: by how much its stamp is older
    forged: bool = False  #: its stamp is hours ahead: it counts as of its arrival
    ip: str = "192.0.2.1"
    user: str = "eve"
    ok: bool = False
    port: int = 1

    @property
    def stamp(self) -> float:
        """What the line says, seconds after noon."""
        return self.at + 9000 if self.forged else max(0, self.at - self.late)

    @property
    def time(self) -> float:
        """What counts, seconds after noon."""
        return self.at if self.forged else self.stamp

    @property
    def line(self) -> str:
        """As sshd writes it."""
        stamp = (NOON + timedelta(seconds=self.stamp)).isoformat(timespec="milliseconds")
        said = "Accepted" if self.ok else "Failed"
        return f"{stamp} web1 sshd[812]: {said} password for {self.user} from {self.ip} port {self.port} ssh2"

    @property
    def rules(self) -> str:
        """The rules that it matches, by their first letters."""
        return ("s" if self.ok else "f") + ("r" if self.user == "root" else "")


@dataclass(frozen=True, slots=True)
class Kind:
    """One correlation, and what it means in the plainest words."""

    text: str  #: type, rules and condition
    rules: str  #: the rules whose matches it is about, by their first letters
    holds: Callable[[list[Login]], bool]


def ports(window: list[Login]) -> list[int]:
    """The numbers of a window."""
    return [login.port for login in window]


def matched(window: list[Login]) -> set[str]:
    """The rules that match in a window."""
    return {rule for login in window for rule in login.rules}


def follow(window: list[Login], *wanted: str) -> bool:
    """Whether rules match one after the other."""
    rest = iter(window)
    return all(any(rule in login.rules for login in rest) for rule in wanted)


KINDS = {
    "many": Kind("type: event_count, rules: [ssh_failure], condition: {gte: 3}", "f", lambda w: len(w) >= 3),
    "long": Kind(
        "type: value_count, rules: [ssh_failure], condition: {gte: 3, field: '@timestamp'}",
        "f",
        lambda w: len({int(login.time) for login in w}) > 2,
    ),
    "few": Kind("type: event_count, rules: [ssh_failure], condition: {gt: 1, lte: 3}", "f", lambda w: 1 < len(w) <= 3),
    "either": Kind(
        "type: event_count, rules: [ssh_failure, ssh_success, as_root], condition: {gt: 3}", "fsr", lambda w: len(w) > 3
    ),
    "values": Kind(
        "type: value_count, rules: [ssh_failure, as_root], condition: {gte: 3, field: [user.name, source.port]}",
        "fr",
        lambda w: len({(login.user, login.port) for login in w}) >= 3,
    ),
    "one value": Kind(
        "type: value_count, rules: [ssh_failure], condition: {neq: 2, field: user.name}",
        "f",
        lambda w: len({login.user for login in w}) != 2,
    ),
    "all": Kind("type: temporal, rules: [ssh_success, as_root]", "sr", lambda w: matched(w) >= {"s", "r"}),
    "two of three": Kind(
        "type: temporal, rules: [ssh_failure, ssh_success, as_root], condition: {gte: 2}",
        "fsr",
        lambda w: len(matched(w)) >= 2,
    ),
    "one of two": Kind(
        "type: temporal, rules: [ssh_failure, ssh_success], condition: {eq: 1}",
        "fs",
        lambda w: len(matched(w) & {"f", "s"}) == 1,
    ),
    "not": Kind(
        "type: temporal, condition: (ssh_success or as_root) and not ssh_failure",
        "fsr",
        lambda w: bool(matched(w) & {"s", "r"}) and "f" not in matched(w),
    ),
    "in order": Kind(
        "type: temporal_ordered, rules: [ssh_failure, as_root, ssh_success]",
        "fsr",
        lambda w: follow(w, "f", "r", "s"),
    ),
    "two in order": Kind(
        "type: temporal_ordered, rules: [ssh_failure, as_root, ssh_success], condition: {gt: 1}",
        "fsr",
        lambda w: follow(w, "f", "r") or follow(w, "f", "s") or follow(w, "r", "s"),
    ),
    "in order, not": Kind(
        "type: temporal_ordered, rules: [ssh_failure, as_root, ssh_success], condition: ssh_failure AND as_root AND"
        " NOT ssh_success",
        "fsr",
        lambda w: follow(w, "f", "r") and "s" not in matched(w),
    ),
    "sum": Kind(
        "type: value_sum, rules: [ssh_failure], condition: {gt: 9, field: source.port}",
        "f",
        lambda w: sum(ports(w)) > 9,
    ),
    "small sum": Kind(
        "type: value_sum, rules: [ssh_failure], condition: {lt: 4.5, field: source.port}",
        "f",
        lambda w: sum(ports(w)) < 4.5,
    ),
    "mean": Kind(
        "type: value_avg, rules: [ssh_failure], condition: {gte: 4.5, field: source.port}",
        "f",
        lambda w: fmean(ports(w)) >= 4.5,
    ),
    "top": Kind(
        "type: value_percentile, rules: [ssh_failure], condition: {gte: 6, field: source.port, percentile: 100}",
        "f",
        lambda w: max(ports(w)) >= 6,
    ),
    "median": Kind(
        "type: value_median, rules: [ssh_failure], condition: {eq: 2.5, field: source.port}",
        "f",
        lambda w: median(ports(w)) == 2.5,
    ),
}


def rule_of(name: str, kind: Kind) -> str:
    """The rule file of one correlation."""
    return (
        f"title: {name}\ncorrelation: {{{kind.text}, group-by: [source.ip], timespan: {SPAN}s}}\n"
        "tocsin: {decision: observe}\n"
    )


ALL = (FAILURE, SUCCESS, ROOT, *(rule_of(name, kind) for name, kind in KINDS.items()))

Told = tuple[str, tuple[str, ...], float, float, int]


def brute_force(logins: Iterable[Login], name: str, kind: Kind) -> set[Told]:
    """What must be told: all windows that begin with an event and hold, joined where they share one."""
    told: set[Told] = set()
    ordered = sorted(logins, key=lambda login: login.time)
    for ip in {login.ip for login in ordered}:
        mine = [login for login in ordered if login.ip == ip and set(login.rules) & set(kind.rules)]
        episodes: list[tuple[float, float]] = []
        for start in mine:
            window = [login for login in mine if start.time <= login.time <= start.time + SPAN]
            if not kind.holds(window):
                continue
            first, last = window[0].time, window[-1].time
            if episodes and first <= episodes[-1][1]:
                first, last = episodes[-1][0], max(last, episodes.pop()[1])
            episodes.append((first, last))
        for first, last in episodes:
            told.add((name, (ip,), first, last, sum(first <= login.time <= last for login in mine)))
    return told


def expected(logins: list[Login]) -> set[Told]:
    """The same for all kinds."""
    return set[Told]().union(*(brute_force(logins, name, kind) for name, kind in KINDS.items()))


logins = st.lists(
    st.builds(
        Login,
        at=st.one_of(st.integers(0, 40), st.integers(0, 200)),
        late=st.sampled_from([0, 0, 0, 0.5, 3, 6]),
        forged=st.sampled_from([False] * 9 + [True]),
        ip=st.sampled_from(["192.0.2.1", "192.0.2.1", "198.51.100.7"]),
        user=st.sampled_from(["root", "eve", "mallory"]),
        ok=st.sampled_from([False, False, True]),
        port=st.integers(0, 7),
    ),
    max_size=30,
).map(lambda made: sorted(made, key=lambda login: login.at))


def as_they_come(made: list[Login]) -> list[Batch]:
    """A batch for each moment at which lines come."""
    batches: list[Batch] = []
    offset = 0
    for at in sorted({login.at for login in made}):
        lines = [login.line for login in made if login.at == at]
        batches.append(batch_of(lines, first=offset + 1, offset=offset, received_at=NOON + timedelta(seconds=at)))
        offset += len(batches[-1].data)
    return batches


@settings(deadline=None, max_examples=40)
@given(logins, st.data())
def test_every_type_finds_what_brute_force_finds(made: list[Login], data: st.DataObject) -> None:
    """Late, forged and equal stamps, several groups, killed in between: the findings are those of all windows."""
    engine, snapshot, deltas, outcomes = engine_of(*ALL), None, [], []
    for batch in as_they_come(made):
        outcomes.append(engine.feed(batch))
        deltas.append(outcomes[-1].delta)
        if data.draw(st.sampled_from([False, False, True]), label="snapshot"):
            snapshot, deltas = engine.snapshot(), []
        if data.draw(st.sampled_from([False, False, True]), label="kill"):
            engine = engine_of(*ALL)
            engine.restore(snapshot, deltas)
    told = [one for one in final([*outcomes, engine.advance(NEVER)]).values() if one.rule_title in KINDS]
    assert spans(told) == expected(made)


@settings(deadline=None, max_examples=20)
@given(logins, st.lists(st.integers(1, 20), max_size=10))
def test_replay_finds_the_same_in_any_cut(made: list[Login], sizes: list[int]) -> None:
    """The lines of a file, in order of their stamps, cut anywhere: the same set as following them would give."""
    ordered = sorted((login for login in made if not login.forged), key=lambda login: login.stamp)
    engine = engine_of(*ALL, as_of=NOON + timedelta(days=400))
    outcomes = [engine.feed(batch) for batch in batches_of([login.line for login in ordered], sizes)]
    told = [one for one in final([*outcomes, engine.advance(NEVER)]).values() if one.rule_title in KINDS]
    assert spans(told) == expected(ordered)


def test_the_reference_finds_something_of_each_kind() -> None:
    """No kind is shown only by what it does not find."""
    made = [
        Login(0, user="root", port=4),
        Login(2, port=1),
        Login(4, port=7),
        Login(5, user="root", port=6),
        Login(6, user="mallory", ok=True),
        Login(30, ok=True),
        Login(60, port=6),
        Login(62, user="root", port=6),
        Login(90, user="root", port=2),
        Login(92, user="root", port=3),
    ]
    assert {name for name, *_ in expected(made)} == set(KINDS)


# chains


CHAINS = {
    "failures": Kind("type: event_count, rules: [ssh_failure], condition: {gte: 3}", "f", lambda w: len(w) >= 3),
    "ports": Kind(
        "type: value_sum, rules: [ssh_failure, as_root], condition: {gte: 12, field: source.port}",
        "fr",
        lambda w: sum(ports(w)) >= 12,
    ),
    "names": Kind(
        "type: value_count, rules: [ssh_failure], condition: {gt: 1, field: user.name}",
        "f",
        lambda w: len({login.user for login in w}) > 1,
    ),
    "both": Kind("type: temporal, rules: [ssh_success, as_root]", "sr", lambda w: matched(w) >= {"s", "r"}),
    "order": Kind("type: temporal_ordered, rules: [ssh_success, as_root]", "sr", lambda w: follow(w, "s", "r")),
}


@dataclass(frozen=True, slots=True)
class Step:
    """An event as a chain sees it: which of the two rules it matches."""

    time: float
    rules: str  #: m: the correlation below, s: the success


OVER: dict[str, tuple[str, Callable[[list[Step]], bool]]] = {
    "then": (
        "type: temporal_ordered, rules: [below, ssh_success]",
        lambda w: any("m" in one.rules and "s" in other.rules for n, one in enumerate(w) for other in w[n + 1 :]),
    ),
    "after": (
        "type: temporal_ordered, rules: [ssh_success, below]",
        lambda w: any("s" in one.rules and "m" in other.rules for n, one in enumerate(w) for other in w[n + 1 :]),
    ),
    "twice": (
        "type: event_count, rules: [below], condition: {gte: 2}",
        lambda w: sum("m" in one.rules for one in w) > 1,
    ),
    "alone": (
        "type: temporal, condition: below and not ssh_success",
        lambda w: any("m" in one.rules for one in w) and not any("s" in one.rules for one in w),
    ),
}


def matches_of(made: list[Login], kind: Kind) -> set[int]:
    """The events, by place, with which a correlation holds: those at the end of a window in which it does."""
    found = set()
    for place, login in enumerate(made):
        window = [
            each for each in made[: place + 1] if each.time >= login.time - SPAN and set(each.rules) & set(kind.rules)
        ]
        if set(login.rules) & set(kind.rules) and kind.holds(window):
            found.add(place)
    return found


def chained(made: list[Login], below: Kind, over: str) -> set[tuple[str, float]]:
    """(group, last second) of what a correlation over *below* must find."""
    told: set[tuple[str, float]] = set()
    holds = OVER[over][1]
    for ip in {login.ip for login in made}:
        mine = sorted((login for login in made if login.ip == ip), key=lambda login: login.time)
        matching = matches_of(mine, below)
        steps = [Step(each.time, "m" * (n in matching) + "s" * each.ok) for n, each in enumerate(mine)]
        steps = [step for step in steps if step.rules and (over != "twice" or "m" in step.rules)]
        episodes: list[tuple[float, float]] = []
        for start in steps:
            window = [step for step in steps if start.time <= step.time <= start.time + SPAN]
            if holds(window):
                first, last = window[0].time, window[-1].time
                if episodes and first <= episodes[-1][1]:
                    first, last = episodes[-1][0], max(last, episodes.pop()[1])
                episodes.append((first, last))
        told |= {(ip, last) for _, last in episodes}
    return told


#: Stamps of their own: with which of two events of one moment a correlation holds is a matter of reading.
apart = st.lists(
    st.builds(
        Login,
        at=st.integers(0, 25),
        late=st.integers(0, 8),
        user=st.sampled_from(["root", "eve", "mallory"]),
        ok=st.sampled_from([False, False, True]),
        port=st.integers(0, 7),
    ),
    max_size=14,
).map(
    lambda made: [
        replace(login, at=login.at + 8 + number / 100)
        for number, login in enumerate(sorted(made, key=lambda one: one.at))
    ]
)


@settings(deadline=None, max_examples=60)
@given(apart, st.sampled_from(sorted(CHAINS)), st.sampled_from(sorted(OVER)), st.data())
def test_chains_find_what_brute_force_finds(made: list[Login], below: str, over: str, data: st.DataObject) -> None:
    """Whatever the order in which lines come, the same events are matches of what is chained."""
    is_killed = st.sampled_from([False, False, False, True])
    found = found_of_chain(made, below, over, lambda: data.draw(is_killed, label="kill"))
    wanted = chained(made, CHAINS[below], over)
    assert found == {(ip, round(last, 2)) for ip, last in wanted}


def test_no_event_comes_after_itself_because_of_a_late_line() -> None:
    """The success is the twelfth only once the line that came late is counted, too; and nothing follows it."""
    made = [
        Login(at=8.0, user="root", port=6),
        Login(at=8.1, user="root", port=5, ok=True),
        Login(at=8.2, user="root", port=1, late=1),
    ]
    assert found_of_chain(made, "ports", "after", lambda: False) == set()


@pytest.mark.parametrize(("least", "number"), [(5, 1), (6, 0)])
def test_matches_that_a_late_line_makes_weigh_what_their_own_lines_do(least: int, number: int) -> None:
    """Four tries at once, and one after them that was read before: together they are five."""
    below = rule_of("below", Kind("type: temporal, rules: [ssh_failure, as_root]", "fr", lambda _: False))
    above = rule_of(
        "above",
        Kind(f"type: value_sum, rules: [below], condition: {{gte: {least}, field: source.port}}", "", lambda _: False),
    )
    late = Login(5, user="root").line
    head, said = late[: late.index("Failed")], late[late.index("Failed") :]
    lines = [Login(6).line, f"{head}message repeated 4 times: [ {said}]"]
    told = found(
        *lines, rules=(FAILURE, SUCCESS, ROOT, below.replace("title: below", "title: below\nname: below"), above)
    )
    assert sum(one.rule_title == "above" for one in told) == number


def found_of_chain(made: list[Login], below: str, over: str, is_killed: Callable[[], bool]) -> set[tuple[str, float]]:
    """(group, last second) of what the engine finds of a correlation over another one."""
    text = rule_of("below", CHAINS[below]).replace("title: below", "title: below\nname: below")
    rules = (FAILURE, SUCCESS, ROOT, text, rule_of("over", Kind(OVER[over][0], "", lambda _: False)))
    engine, snapshot, deltas, outcomes = engine_of(*rules), None, [], []
    for batch in as_they_come(made):
        outcomes.append(engine.feed(batch))
        deltas.append(outcomes[-1].delta)
        if is_killed():
            engine = engine_of(*rules)
            engine.restore(snapshot, deltas)
    told = [one for one in final([*outcomes, engine.advance(NEVER)]).values() if one.rule_title == "over"]
    return {(one.group[0][1], round((one.last_seen - NOON).total_seconds(), 2)) for one in told}


# what is compared


def found(*lines: str, rules: tuple[str, ...]) -> list[Finding]:
    """What these rules find in these lines."""
    profile = SourceProfile(product="app") if USAGE in rules else SourceProfile()
    engine = engine_of(*rules, sources={"auth": profile})
    outcomes = [engine.feed(batch_of(list(lines))), engine.advance(NEVER)]
    return list(final(outcomes).values())


USAGE = """\
title: Usage
name: usage
logsource: {product: app}
detection: {s: {kind: usage}, condition: s}
"""


def usage(at: int, amount: str, **other: str) -> str:
    """A line of JSON with a number, or what stands there instead."""
    stamp = (NOON + timedelta(seconds=at)).isoformat()
    more = "".join(f', "{name}": "{value}"' for name, value in other.items())
    return f'{{"timestamp": "{stamp}", "kind": "usage", "amount": {amount}{more}}}'


def measured(kind: str, condition: str, *, extra: str = "") -> str:
    """A correlation of usages."""
    asked = f"type: {kind}, rules: [usage], timespan: 10s, condition: {{{condition}}}{extra}"
    return f"title: {kind}\ncorrelation: {{{asked}}}\n"


@pytest.mark.parametrize("kind", ["value_sum", "value_avg", "value_median"])
def test_what_is_no_number_is_not_counted(kind: str) -> None:
    """Texts that write numbers count; words, lists, booleans, what is not finite and what is too large do not."""
    written = ["1.5", '"2.5"', '"many"', "[3, 4]", "true", '"nan"', '"1e30"', '"1_000"', "null", '""']
    lines = [usage(at, amount) for at, amount in enumerate(written)]
    asked = {"value_sum": 4, "value_avg": 2, "value_median": 2}[kind]
    rules = (USAGE, measured(kind, f"field: amount, gte: {asked}, lte: {asked}"))
    [finding] = found(*lines, rules=rules)
    assert (finding.events, (finding.last_seen - NOON).total_seconds()) == (2, 1)


def test_a_sum_is_exact_and_takes_nothing_away() -> None:
    """Ten times a tenth is one; what is negative (sizes that are not known) is not counted."""
    lines = [usage(at, "0.1") for at in range(10)] + [usage(10, "-1")]
    assert found(*lines, rules=(USAGE, measured("value_sum", "field: amount, gt: 1"))) == []
    [finding] = found(*lines, rules=(USAGE, measured("value_sum", "field: amount, gte: 1")))
    assert finding.events == 10
    [finding] = found(*lines, rules=(USAGE, measured("value_avg", "field: amount, lt: -0.9")))
    assert finding.events == 1


def test_a_field_has_another_name_in_each_rule() -> None:
    """Aliases hold for the group and for what is compared; an event that matches both rules counts for each field."""
    other = USAGE.replace("Usage", "Charge").replace("usage", "charge")
    aliases = ", group-by: [who], aliases: {who: {usage: by, charge: to}, size: {usage: amount, charge: cost}}"
    rule = measured("value_sum", "field: size, gte: 5", extra=aliases).replace("[usage]", "[usage, charge]")
    lines = [
        usage(0, "2", by="ann"),
        usage(1, "1", to="ann", cost="3").replace('"usage"', '"charge"'),
        usage(2, "9").replace('"usage"', '"charge"'),
    ]
    [finding] = found(*lines, rules=(USAGE, other, rule))
    assert (finding.group, finding.events) == ((("who", "ann"),), 2)


def test_one_event_does_not_follow_itself() -> None:
    """In any order one event stands for all rules that it matches, and is told once; in order it stands for one."""
    text = "title: x\ncorrelation: {type: %s, rules: [ssh_failure, as_root], timespan: 10s}\n"
    line = Login(0, user="root").line
    [finding] = found(line, rules=(FAILURE, ROOT, text % "temporal"))
    assert (finding.events, len(finding.evidence)) == (1, 1)
    assert found(line, rules=(FAILURE, ROOT, text % "temporal_ordered")) == []
    [finding] = found(line, Login(1, user="root").line, rules=(FAILURE, ROOT, text % "temporal_ordered"))
    assert finding.events == 2


@pytest.mark.parametrize("name", sorted(KINDS))
def test_groups_of_every_type_are_bounded(name: str) -> None:
    """Who sends a thousand addresses makes no more groups than the cap; what had to go is counted and said."""
    engine = engine_of(*ALL, caps=Caps(max_keys=10))
    lines = [Login(n / 10, ip=f"198.51.100.{n}", user="root", ok=n % 2 == 0, port=7).line for n in range(100)]
    lines += [
        Login(20 + n / 10, ip="203.0.113.9", user=user, port=7).line for n, user in enumerate(["root", "eve"] * 2)
    ]
    lines += [Login(21, ip="203.0.113.9", user="root", ok=True).line]
    evicted = engine.feed(batch_of(lines)).evictions
    ids = {one.title: one.id for one in engine.rules.all}
    assert evicted[ids[name]] >= 40


@pytest.mark.parametrize(
    ("name", "old", "new", "kept"),
    [
        ("sum", "gt: 9", "gt: 90", True),
        ("sum", "value_sum", "value_avg", False),
        ("sum", "source.port", "source.size", False),
        ("sum", "gt: 9", "lt: 9", False),
        ("top", "percentile: 100", "percentile: 99", False),
        ("all", "temporal,", "temporal_ordered,", False),
        ("not", "and not", "or", False),
    ],
)
def test_state_goes_on_where_it_means_the_same(name: str, old: str, new: str, kept: bool) -> None:
    """A changed number keeps what is held; another type, field, percentile or expression does not."""
    text = rule_of(name, KINDS[name])
    assert old in text
    before, after = (engine_of(FAILURE, SUCCESS, ROOT, each) for each in (text, text.replace(old, new)))
    before.feed(batch_of([Login(0, user="root", port=3).line, Login(1, ok=True).line]))
    after.restore(before.snapshot(), [])
    [made] = after.rules.correlations
    assert any(said.startswith(made.id) for said in after.dropped) is not kept


def test_how_far_each_type_has_come() -> None:
    """What a group has and what is missing is told for each type; of several patterns, of the one that lacks least."""
    engine = engine_of(*ALL)
    engine.feed(batch_of([Login(0, user="root", port=3).line, Login(1, user="eve", port=4).line]))
    fields = {"event.action": "ssh_login", "event.outcome": "failure", "user.name": "root", "source.ip": "192.0.2.1"}
    event = event_of({**fields, "source.port": 3}, logsource=LogSource(product="linux", service="sshd"))
    told = {one.head.title: (one.have, one.needs, one.holds, one.missing) for one in engine.standing(event)}
    assert told["many"] == (2, "at least 3 events", False, ("1 more event",))
    assert told["either"][3] == ("2 more events",)
    assert told["all"] == (1, "matches of all 2 rules", False, ("SSH login succeeded",))
    assert told["in order"][0] == 1
    assert told["in order"][3] == ("Somebody says root", "SSH login succeeded")
    assert told["in order, not"][2:] == (False, ("Somebody says root",))
    assert told["not"][3] == ('no "SSH login failed"',)
    assert told["sum"] == (7, "more than 9 as the sum of source.port", False, ("2 more source.port",))
    assert told["mean"] == (3.5, "at least 4.5 as the mean of source.port", False, ())
    assert told["top"][:2] == (4, "at least 6 as percentile 100 of source.port")
    assert told["median"][:2] == (3.5, "just 2.5 as the median of source.port")
