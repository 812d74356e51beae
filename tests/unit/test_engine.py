"""The engine: lines in, findings out; cut and stopped anywhere."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.engine import (
    BREAK_IN,
    BRUTE_FORCE,
    FAILURE,
    NOON,
    QUIET,
    SUCCESS,
    USERS,
    batch_of,
    batches_of,
    engine_of,
    final,
    settings_of,
    spans,
    ssh,
)

from rules.engine import Engine
from rules.event import Batch, Severity
from rules.formats.catalogue import UnknownFormat
from rules.outcome import Outcome
from rules.saved import StateUnreadable
from rules.settings import Caps, SourceProfile
from rules.sigma.load import load

ALL = (FAILURE, SUCCESS, BRUTE_FORCE, USERS, BREAK_IN, QUIET)
NEVER = datetime.max.replace(tzinfo=UTC)

# lines and batches as hypothesis makes them


lines_of_a_day = st.lists(
    st.builds(
        ssh,
        st.one_of(st.floats(0, 200), st.integers(0, 200), st.integers(0, 3600), st.just(3900), st.just(8 * 86_400)),
        ip=st.sampled_from(["192.0.2.1", "192.0.2.1", "198.51.100.7"]),
        user=st.sampled_from(["root", "admin", "guest"]),
        ok=st.sampled_from([False, False, False, True]),
    )
    | st.sampled_from(["", "   ", "nothing that anyone knows", "\udcff\udcfe", '{"a": "\\ud800"}']),
    max_size=60,
)
sizes = st.lists(st.integers(1, 20), max_size=10)


def interleaved(one: list[Batch], other: list[Batch]) -> list[Batch]:
    """Two streams as they are read in turns."""
    return [batch for pair in zip(one, other, strict=False) for batch in pair] + one[len(other) :] + other[len(one) :]


def plain(outcomes: list[Outcome]) -> dict[str, object]:
    """All that must not depend on how lines were cut."""
    return {identity: replace(finding, evidence=(), opened=False) for identity, finding in final(outcomes).items()}


def totals(outcomes: list[Outcome]) -> list[int]:
    """Sums of the counts."""
    counts = [count for outcome in outcomes for count in outcome.counts]
    names = ("lines", "parsed", "unparsed", "matched", "late", "suspect", "poisoned")
    return [sum(getattr(count, name) for count in counts) for name in names]


@settings(deadline=None)
@given(lines_of_a_day, sizes, sizes)
def test_how_lines_are_cut_into_batches_changes_nothing(lines: list[str], one: list[int], other: list[int]) -> None:
    """The same findings with the same ids and counts, with rules that wait and rules that do not."""
    told = []
    for cut in (one, other):
        engine = engine_of(*ALL)
        outcomes = [engine.feed(batch) for batch in batches_of(lines, cut)]
        told.append((plain([*outcomes, engine.advance(NEVER)]), totals(outcomes)))
    assert told[0] == told[1]


@settings(deadline=None)
@given(lines_of_a_day, lines_of_a_day, sizes, st.data())
def test_stopped_anywhere_it_goes_on_as_if_nothing_had_been(
    one: list[str], other: list[str], cut: list[int], data: st.DataObject
) -> None:
    """Killed after any batch, restored from a snapshot and the deltas since: every later outcome is the same."""
    batches = interleaved(batches_of(one, cut), batches_of(other, cut, stream="s2"))
    through, stopped = engine_of(*ALL), engine_of(*ALL)
    snapshot, deltas = None, []
    for batch in batches:
        outcome = through.feed(batch)
        again = stopped.feed(batch)
        assert again.findings == outcome.findings
        assert again.counts == outcome.counts
        deltas.append(again.delta)
        if data.draw(st.booleans(), label="snapshot"):
            snapshot, deltas = stopped.snapshot(), deltas[-1:]  # one too many: applying it twice changes nothing
        if data.draw(st.booleans(), label="kill"):
            stopped = engine_of(*ALL)
            stopped.restore(snapshot, deltas)
            assert stopped.snapshot() == through.snapshot()
    assert stopped.advance(NEVER).findings == through.advance(NEVER).findings


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 300), st.floats(-4, 4)), max_size=60))
def test_replay_finds_what_following_finds(jittered: list[tuple[int, float]]) -> None:
    """Lines not later than the lateness: following them as they come and replaying them sorted gives one set."""
    arrivals = sorted(jittered)
    told = [ssh(max(0, at + by), user=f"u{at % 4}") for at, by in arrivals]
    live, replay = engine_of(*ALL), engine_of(*ALL, as_of=NOON + timedelta(days=400))
    outcomes = [
        live.feed(replace(batch, received_at=NOON + timedelta(seconds=at + 5)))
        for batch, (at, _) in zip(batches_of(told, [1] * len(told)), arrivals, strict=True)
    ]
    followed = [*outcomes, live.advance(NEVER)]
    replayed = [*map(replay.feed, batches_of(sorted(told), [])), replay.advance(NEVER)]
    assert spans(final(followed).values()) == spans(final(replayed).values())


# what a finding says


def test_a_finding_names_rule_group_entities_and_lines() -> None:
    """All that the record and a person will need is in it."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    lines = [ssh(at, user=user) for at, user in enumerate(["root", "admin", "root", "root", "root"])]
    outcome = engine.feed(batch_of(lines))
    (finding,) = outcome.findings
    assert (finding.rule_title, finding.rule_path, finding.opened) == ("SSH brute force", "rule2.yml", True)
    assert finding.group == (("source.ip", "192.0.2.1"),)
    assert [(e.kind, e.value) for e in finding.entities] == [
        ("source", "192.0.2.1"),
        ("account", "root"),
        ("account", "admin"),
        ("host", "web1"),
    ]
    assert (finding.first_seen, finding.last_seen, finding.events) == (NOON, NOON + timedelta(seconds=4), 5)
    assert [evidence.text for evidence in finding.evidence] == lines
    assert [evidence.line for evidence in finding.evidence] == [1, 2, 3, 4, 5]
    assert finding.evidence[1].offset == len(lines[0]) + 1
    assert finding.evidence[0].sha256 == hashlib.sha256(lines[0].encode()).hexdigest()
    assert finding.base_rule_ids == ("11111111-1111-4111-8111-111111111111",)
    (count,) = outcome.counts
    assert (count.lines, count.parsed, count.matched, count.late) == (5, 5, 5, 0)


def test_growth_is_told_under_the_same_id_with_new_lines_only() -> None:
    """Absolute counts, and at most twenty new lines per batch."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    first, second = batches_of([ssh(at / 10) for at in range(50)], [10])
    (opened,) = engine.feed(first).findings
    (grown,) = engine.feed(second).findings
    assert (grown.id, grown.opened, grown.events) == (opened.id, False, 50)
    assert [evidence.line for evidence in opened.evidence] == list(range(1, 11))
    assert [evidence.line for evidence in grown.evidence] == list(range(11, 31))


def test_a_success_after_failures_is_found_through_both_rules() -> None:
    """A chained correlation: the counted failures are one step, the login the next; its lines are the evidence."""
    engine = engine_of(FAILURE, SUCCESS, BRUTE_FORCE, BREAK_IN)
    lines = [ssh(at) for at in range(6)] + [ssh(7, ok=True), ssh(8, ip="198.51.100.7", ok=True)]
    findings = engine.feed(batch_of(lines)).findings
    assert [finding.rule_title for finding in findings] == ["SSH success after failures"]
    (finding,) = findings
    assert finding.events == 7
    assert len(finding.evidence) == 7
    assert finding.first_seen == min(line.time for line in finding.evidence)
    assert finding.severity is Severity.CRITICAL  # high, and the success is evidenced
    assert [term.term for term in finding.severity_terms] == ["rule", "success"]


def test_base_rules_are_silent_unless_the_correlation_lets_them_speak() -> None:
    """``generate`` decides whether single failures are findings too."""
    lines = [ssh(at) for at in range(5)]
    quiet = engine_of(FAILURE, BRUTE_FORCE).feed(batch_of(lines)).findings
    assert [finding.rule_title for finding in quiet] == ["SSH brute force"]
    speaking = BRUTE_FORCE.replace("    timespan", "    generate: true\n    timespan")
    both = engine_of(FAILURE, speaking).feed(batch_of(lines)).findings
    assert {finding.rule_title for finding in both} == {"SSH login failed", "SSH brute force"}


def test_a_line_without_the_group_by_field_counts_for_no_group() -> None:
    """Sigma's meaning: there is no group of those that have no such field."""
    by_port = BRUTE_FORCE.replace("[source.ip]", "[no.such.field]")
    assert engine_of(FAILURE, by_port).feed(batch_of([ssh(at) for at in range(9)])).findings == ()


def test_a_single_event_rule_speaks_even_without_its_group_by_field() -> None:
    """A match is never lost because it cannot be told apart from others."""
    (finding,) = engine_of(FAILURE.replace("[source.ip]", "[no.such.field]")).feed(batch_of([ssh(0)])).findings
    assert finding.group == (("no.such.field", ""),)


def test_a_single_event_rule_joins_matches_within_its_window() -> None:
    """One attack, one finding; after a pause longer than the window, another."""
    engine = engine_of(FAILURE)
    findings = engine.feed(batch_of([ssh(at) for at in (0, 60, 120, 181)])).findings
    assert sorted((finding.first_seen - NOON).total_seconds() for finding in findings) == [0, 181]
    assert sorted(finding.events for finding in findings) == [1, 3]


def test_a_late_line_that_joins_two_findings_says_which_became_which() -> None:
    """The younger is told once more with ``merged_into``; the older has all the counts."""
    engine = engine_of(FAILURE)
    one = engine.feed(batch_of([ssh(0), ssh(100)]))
    first, second = one.findings
    outcome = engine.feed(batch_of([ssh(50)], first=3, offset=1000))
    assert [(finding.id, finding.merged_into) for finding in outcome.findings] == [
        (first.id, None),
        (second.id, first.id),
    ]
    assert outcome.findings[0].events == 3


def test_fewer_than_n_is_told_when_the_time_is_over() -> None:
    """What more lines could make false waits until no more can come."""
    engine = engine_of(FAILURE, QUIET)
    assert engine.feed(batch_of([ssh(0)], received_at=NOON)).findings == ()
    assert engine.advance(NOON + timedelta(seconds=60)).findings == ()
    (finding,) = engine.advance(NOON + timedelta(seconds=75)).findings
    assert (finding.rule_title, finding.events) == ("Few failures", 1)


def test_broken_bytes_reach_the_finding_as_text_that_can_be_stored() -> None:
    """No lone surrogate and no NUL in any text; the hash is of the original bytes."""
    engine = engine_of(FAILURE)
    raw = ssh(0).encode().replace(b"root", b"r\xff\x00t")
    outcome = engine.feed(batch_of([raw]))
    (finding,) = outcome.findings
    assert "r\\xff\\x00t" in finding.evidence[0].text
    assert finding.evidence[0].sha256 == hashlib.sha256(raw).hexdigest()
    for entity in finding.entities:
        entity.value.encode("utf-8")
        assert "\0" not in entity.value


def test_a_skipped_line_is_told_raw_and_the_others_are_worked_on() -> None:
    """The poison guard names the line; nothing else is lost."""
    lines = [ssh(0), ssh(1), ssh(2)]
    outcome = engine_of(FAILURE).feed(batch_of(lines, skip=[1]))
    assert outcome.findings[0].events == 2
    assert [(event.line, event.raw) for event in outcome.internal] == [(2, lines[1].encode())]
    assert outcome.counts[0].poisoned == 1


def test_what_was_found_looking_back_says_so_until_a_new_line_joins() -> None:
    """History arms nothing; an attack that goes on is no history."""
    engine = engine_of(FAILURE)
    (finding,) = engine.feed(batch_of([ssh(0)], history=True)).findings
    assert finding.history
    (finding,) = engine.feed(batch_of([ssh(5)], first=2, offset=500)).findings
    assert not finding.history


def test_a_look_back_leaves_out_what_is_older_than_a_day() -> None:
    """A file that was written to just now may hold lines of months ago within the bytes that are looked back at."""
    lines = [ssh(-2 * 86_400), ssh(5)]
    (finding,) = engine_of(FAILURE).feed(batch_of(lines, history=True)).findings
    assert finding.events == 1


def test_the_format_of_a_stream_is_told_before_it_is_settled() -> None:
    """A stream of few lines shows what reads it, and that this may change."""
    engine = engine_of(FAILURE)
    shown = [engine.feed(batch_of([text])).counts[0].format for text in ("what is this", ssh(0))]
    assert shown == ["", "syslog (not settled)"]


# time


def test_a_stamp_from_the_future_is_suspect_and_ordered_by_arrival() -> None:
    """More than five minutes ahead, more than seven days back: arrival counts."""
    engine = engine_of(FAILURE)
    lines = [ssh(3600 + 301), ssh(3600 - 7 * 86_400 - 1), ssh(3600 + 300)]
    outcome = engine.feed(batch_of(lines))
    assert outcome.counts[0].suspect == 2
    assert {finding.first_seen for finding in outcome.findings} == {
        NOON + timedelta(hours=1),
        NOON + timedelta(hours=1, seconds=300),
    }


@pytest.mark.parametrize("what", ["history", "backlog"])
def test_old_lines_that_were_there_before_us_keep_their_times(what: str) -> None:
    """A log of a month is read at once: failures that lay days apart are no attack of the moment of reading."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    lines = [ssh(day * 86_400) for day in range(30)]
    arrival = NOON + timedelta(days=30)
    outcome = engine.feed(batch_of(lines, received_at=arrival, **{what: True}))  # type: ignore[arg-type]
    assert outcome.counts[0].suspect == 0
    assert spans(outcome.findings) == set()
    (finding,) = engine.feed(
        batch_of([ssh(30 * 86_400 - at) for at in range(5)], first=31, received_at=arrival)
    ).findings
    assert (finding.rule_title, finding.events) == ("SSH brute force", 5)


def test_old_files_are_believed_in_replay() -> None:
    """A year-old log is not suspect as of today; what is later than today is, and stands with its neighbours."""
    engine = engine_of(FAILURE, as_of=NOON + timedelta(days=365))
    outcome = engine.feed(batch_of([ssh(0), ssh(366 * 86_400)], received_at=NOON + timedelta(days=365)))
    assert outcome.counts[0].suspect == 1
    assert spans(outcome.findings) == {("SSH login failed", ("192.0.2.1",), 0, 0, 2)}


@pytest.mark.parametrize("replay", [False, True])
def test_one_forged_line_an_hour_ahead_blinds_nothing(replay: bool) -> None:
    """The other lines are neither late nor lost: the attack among them is found whole."""
    as_of = NOON + timedelta(hours=2) if replay else None
    engine = engine_of(FAILURE, BRUTE_FORCE, as_of=as_of)
    lines = [ssh(at) for at in range(300)]
    lines.insert(5, ssh(3600, ip="203.0.113.9"))
    outcomes = [engine.feed(batch) for batch in batches_of(lines, [7] * 50, received_at=NOON + timedelta(hours=2))]
    assert totals(outcomes)[4] == 0
    assert spans(final(outcomes).values()) == {("SSH brute force", ("192.0.2.1",), 0, 299, 300)}


def test_a_late_line_is_counted_and_still_used() -> None:
    """Older than its stream's watermark: said, never dropped."""
    engine = engine_of(FAILURE)
    lines = [ssh(at) for at in range(600, 700)] + [ssh(0)]
    outcome = engine.feed(batch_of(lines))
    assert outcome.counts[0].late == 1
    assert spans(outcome.findings) == {
        ("SSH login failed", ("192.0.2.1",), 600, 699, 100),
        ("SSH login failed", ("192.0.2.1",), 0, 0, 1),
    }


def test_a_backlog_beside_a_live_stream_keeps_its_own_pace() -> None:
    """A stream an hour behind is not blinded by one that is up to date, nor by the clock."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    outcomes = []
    for at in range(50):
        now = NOON + timedelta(seconds=at)
        outcomes.append(engine.feed(batch_of([ssh(at, ip="203.0.113.9")], stream="live", received_at=now)))
        outcomes.append(engine.feed(batch_of([ssh(at * 10 - 3600)], stream="old", first=at + 1, received_at=now)))
        outcomes.append(engine.advance(now))
    assert totals(outcomes)[4] == 0
    assert ("SSH brute force", ("192.0.2.1",), -3600, -3110, 50) in spans(final(outcomes).values())


def test_lines_that_were_held_up_for_an_hour_are_late_and_correlated_all_the_same() -> None:
    """The clock passed a quiet stream; what it delivers then is said to be late, and the attack in it is found."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    engine.feed(batch_of([ssh(0)], received_at=NOON))
    engine.advance(NOON + timedelta(hours=1))
    lines = [ssh(at * 10, ip=ip) for at in range(1, 40) for ip in ("192.0.2.1", f"10.0.0.{at}", f"10.0.1.{at}")]
    outcomes = [
        engine.feed(batch)
        for batch in batches_of(["", *lines], [10] * 20, received_at=NOON + timedelta(hours=1, seconds=1))
    ]
    assert totals(outcomes)[4] == len(lines)
    assert spans(final(outcomes).values()) == {("SSH brute force", ("192.0.2.1",), 10, 390, 39)}


def test_streams_that_are_gone_are_forgotten() -> None:
    """Each rotation makes a new one; after eight quiet days it cannot matter."""
    engine = engine_of(FAILURE)
    for number in range(100):
        engine.feed(batch_of(["nothing"], stream=f"s{number}", received_at=NOON))
    engine.advance(NOON + timedelta(days=9))
    delta = engine.feed(batch_of(["nothing"], received_at=NOON + timedelta(days=9))).delta
    assert len(engine.snapshot()) < 1_000
    restored = engine_of(FAILURE)
    restored.restore(None, [delta])
    assert restored.snapshot() == engine.snapshot()


# bounds


def test_an_attacker_with_many_addresses_cannot_fill_the_memory() -> None:
    """Groups are capped, the least recently used goes, and what is counted afterwards says approximate."""
    engine = engine_of(FAILURE, caps=Caps(max_keys=10))
    outcome = engine.feed(batch_of([ssh(at / 100, ip=f"198.51.100.{at}") for at in range(30)]))
    assert outcome.evictions == {"11111111-1111-4111-8111-111111111111": 20}
    assert [finding.approximate for finding in outcome.findings] == [False] * 10 + [True] * 20


def test_what_all_rules_hold_is_bounded_in_bytes() -> None:
    """Many addresses times long lines times many rules: what was used least recently goes first, and that is told."""
    caps = Caps(max_held_bytes=600_000)
    engine, evicted = engine_of(FAILURE, BRUTE_FORCE, USERS, QUIET, caps=caps), 0
    lines = [ssh(at / 9, ip=f"2001:db8::{at:x}", user="u" * 500) for at in range(500)]
    for number, batch in enumerate(batches_of(lines, [50] * 10)):
        evicted += sum(engine.feed(batch).evictions.values())
        assert (evicted > 0) is (number > 0)
    assert 0 < engine.held_bytes <= caps.max_held_bytes
    told = engine.feed(batch_of([ssh(60 + at, ip="2001:db8::0") for at in range(5)], first=501, offset=99_999)).findings
    assert {(one.rule_title, one.approximate) for one in told} >= {("SSH brute force", True)}


def test_what_is_held_is_weighed_the_same_after_a_restart() -> None:
    """The bound does not move with the number of starts."""
    engine, restored = engine_of(*ALL), engine_of(*ALL)
    for batch in batches_of([ssh(at, ip=f"192.0.2.{at % 7}", user=f"u{at % 11}") for at in range(120)], [30] * 4):
        engine.feed(batch)
    restored.restore(engine.snapshot(), [])
    assert restored.held_bytes == engine.held_bytes


def test_what_is_over_is_forgotten() -> None:
    """State does not grow with the number of addresses ever seen, only with those of the moment."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    lines = [ssh(at * 10, ip=f"10.{at // 250}.{at % 250}.1") for at in range(2000)]
    for batch in batches_of(lines, [100] * 20, received_at=NOON + timedelta(hours=6)):
        engine.feed(batch)
    assert len(engine.snapshot()) < 30_000
    engine.advance(NEVER)
    assert len(engine.snapshot()) < 1_000


def test_a_delta_holds_only_what_the_batch_touched() -> None:
    """Ten thousand idle groups do not make the next commit slow."""
    engine = engine_of(FAILURE)
    engine.feed(batch_of([ssh(at / 100, ip=f"10.0.{at // 250}.{at % 250}") for at in range(5000)]))
    assert len(engine.feed(batch_of([ssh(51)], first=5001, offset=10**6)).delta) < 2_000
    assert engine.advance(NOON).delta == b""


# other rules, other state


def again(engine: Engine, *rules: str) -> Engine:
    """The engine after a reload."""
    settings = settings_of(*rules)
    return engine.with_rules(settings, load(settings.rule_files))


def test_an_engine_that_saves_nothing_finds_the_same() -> None:
    """Its outcomes are those of another, but for what is to be saved."""
    saving = engine_of(*ALL)
    other = Engine(saving.settings, saving.rules, saves=False)
    batches = batches_of([ssh(at) for at in range(20)] + [ssh(21, ok=True)], [3, 5])
    told = [saving.feed(batch) for batch in batches]
    assert any(outcome.delta for outcome in told)
    assert [other.feed(batch) for batch in batches] == [msgspec.structs.replace(outcome, delta=b"") for outcome in told]


def test_a_reload_keeps_state_whose_meaning_is_unchanged() -> None:
    """Another title, level or threshold: the failures so far still count."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    engine.feed(batch_of([ssh(at) for at in range(4)]))
    engine = again(engine, FAILURE, BRUTE_FORCE.replace("medium", "high").replace("SSH brute force", "Renamed"))
    (finding,) = engine.feed(batch_of([ssh(5)], first=5, offset=1000)).findings
    assert (finding.rule_title, finding.events, finding.severity) == ("Renamed", 5, Severity.HIGH)
    assert engine.dropped == ()


@pytest.mark.parametrize("change", [("timespan: 60s", "timespan: 90s"), ("[source.ip]", "[host.name]")])
def test_a_reload_drops_state_whose_meaning_changed_and_says_so(change: tuple[str, str]) -> None:
    """Another time span or group: counting begins anew."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    engine.feed(batch_of([ssh(at) for at in range(4)]))
    engine = again(engine, FAILURE, BRUTE_FORCE.replace(*change))
    (dropped,) = engine.dropped
    assert dropped.startswith("33333333-3333-4333-8333-333333333333: its base rules, group-by, field or time span")
    assert engine.feed(batch_of([ssh(5)], first=5, offset=1000)).findings == ()


def refusing(*rules: str) -> Engine:
    """An engine some of whose rules do not load."""
    settings = settings_of(*rules)
    return Engine(settings, load(settings.rule_files))


@pytest.mark.parametrize("restart", [False, True])
def test_a_refused_rule_goes_on_where_it_was_when_it_loads_again(restart: bool) -> None:
    """A second rule with its id stops a rule; what it had counted waits until the copy is gone."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    delta = engine.feed(batch_of([ssh(at) for at in range(3)])).delta
    if restart:
        engine = refusing(FAILURE, BRUTE_FORCE, BRUTE_FORCE)
        engine.restore(None, [delta])
    else:
        engine = again(engine, FAILURE, BRUTE_FORCE, BRUTE_FORCE)
    assert engine.dropped == ()
    later = engine.feed(batch_of([ssh(4)], first=4, offset=900)).delta
    refused = refusing(FAILURE, BRUTE_FORCE, BRUTE_FORCE)
    refused.restore(engine.snapshot(), [later])
    engine = again(refused, FAILURE, BRUTE_FORCE)
    (finding,) = engine.feed(batch_of([ssh(5), ssh(6)], first=5, offset=1000)).findings
    assert finding.events == 5


def test_a_refused_rule_that_is_gone_is_dropped() -> None:
    """Taking all rules of an id away is meant: what was counted goes too, and that is said."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    engine.feed(batch_of([ssh(at) for at in range(3)]))
    engine = again(again(engine, FAILURE, BRUTE_FORCE, BRUTE_FORCE), FAILURE)
    assert [text.rpartition(": ")[2] for text in engine.dropped] == ["there is no such rule any more"]


def test_what_a_reload_dropped_stays_dropped_after_a_restart() -> None:
    """Old snapshots and deltas may hold it still; the next delta says what counts since."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    deltas = [engine.feed(batch_of([ssh(at) for at in range(4)])).delta]
    engine = again(engine, FAILURE, BRUTE_FORCE.replace("60s", "90s"))
    deltas.append(engine.feed(batch_of([ssh(5)], first=5, offset=1000)).delta)
    engine = again(engine, FAILURE, BRUTE_FORCE)
    deltas.append(engine.feed(batch_of([ssh(6)], first=6, offset=2000)).delta)
    restarted = engine_of(FAILURE, BRUTE_FORCE)
    restarted.restore(None, deltas)
    assert restarted.snapshot() == engine.snapshot()
    assert restarted.feed(batch_of([ssh(7)], first=7, offset=3000)).findings == ()


def test_damaged_state_is_refused() -> None:
    """Garbage is never taken for state."""
    state = engine_of(FAILURE).snapshot()
    with pytest.raises(StateUnreadable, match="cannot be read"):
        engine_of(FAILURE).restore(state[:-5], [])


def test_state_of_another_version_is_let_go_and_that_is_said() -> None:
    """After an upgrade counting begins anew; the daemon starts all the same, and goes on from its own state later."""
    engine = engine_of(FAILURE, BRUTE_FORCE)
    other = b"\x95" + engine.snapshot()[1:]
    engine.restore(other, [])
    assert engine.dropped == ("all rules: another version of the program saved what they had counted",)
    delta = engine.feed(batch_of([ssh(at) for at in range(4)])).delta
    restarted = engine_of(FAILURE, BRUTE_FORCE)
    restarted.restore(other, [delta])
    assert restarted.snapshot() == engine.snapshot()


def test_a_profile_with_an_unknown_format_is_refused_at_once() -> None:
    """Before the first line, and with the name."""
    with pytest.raises(UnknownFormat, match="sislog"):
        engine_of(FAILURE, sources={"auth": SourceProfile(format="sislog")})
