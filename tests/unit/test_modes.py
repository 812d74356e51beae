"""Modes of rules: which rules an entry is for, what becomes of what they find, and who asked for it."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from support.engine import batch_of, engine_of, ssh

from detector.config.documents import parse
from detector.config.load import build
from detector.config.loaded import ConfigErrors
from detector.config.modes import check_fits, told
from rules.event import Decision, Mode, Severity
from rules.finding import Finding
from rules.modes import ModeEntry, with_modes
from rules.sigma.load import load
from rules.sigma.model import RuleSet
from store.ledger import Ledger

RULES = """title: Let in
id: 11111111-1111-4111-8111-111111111111
tags: [attack.t1078]
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: success}, condition: s}
---
title: Refused
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
tocsin: {decision: observe}
"""


def rules(path: str = "rules/ssh/in.yml") -> RuleSet:
    loaded = load([(path, RULES)])
    assert not loaded.errors
    return loaded


def entry(mode: Mode = Mode.SIMULATE, **which: tuple[str, ...]) -> ModeEntry:
    return ModeEntry(mode=mode, author="Ana", reason="new here", **which)


@pytest.mark.parametrize(
    ("one", "modes"),
    [
        (entry(rules=("let IN",)), ["simulate", "on"]),
        (entry(rules=("11111111-1111-4111-8111-111111111111",)), ["simulate", "on"]),
        (entry(rules=("Re*",)), ["on", "simulate"]),
        (entry(tags=("attack.*",)), ["simulate", "on"]),
        (entry(tags=("attack.t10",)), ["on", "on"]),
        (entry(folders=("rules/ssh",)), ["simulate", "simulate"]),
        (entry(folders=("./rules/ssh/in.yml",)), ["simulate", "simulate"]),
        (entry(folders=("rules/ss",)), ["on", "on"]),
        (entry(), ["on", "on"]),
    ],
)
def test_which_rules_an_entry_is_for(one: ModeEntry, modes: list[str]) -> None:
    """Ids, titles, tags and folders say which rules; a star stands at an end only."""
    assert [head.mode for head in with_modes(rules(), [one]).all] == modes


def test_folders_of_bundled_rules() -> None:
    """As the configuration names them, and as they are told."""
    for folder in ("bundled", "bundled/ssh", "rules/bundled/ssh"):
        moded = with_modes(rules("rules/bundled/ssh/in.yml"), [entry(folders=(folder,))])
        assert {head.mode for head in moded.all} == {Mode.SIMULATE}


def test_first_entry_that_fits_counts() -> None:
    """So one rule of a folder can be on."""
    entries = [entry(Mode.ON, rules=("Let in",)), entry(folders=("rules",))]
    assert [head.mode for head in with_modes(rules(), entries).all] == ["on", "simulate"]


def test_what_a_mode_makes_of_a_decision() -> None:
    """Simulate: recorded only. Advise: what would be investigated is observed, the rest is as it was."""
    simulated, advised = (
        with_modes(rules(), [entry(mode, folders=("rules",))]) for mode in (Mode.SIMULATE, Mode.ADVISE)
    )
    assert [(head.decision, head.would_ask) for head in simulated.all] == [("record", True), ("record", False)]
    assert [(head.decision, head.would_ask) for head in advised.all] == [("observe", True), ("observe", False)]
    assert [head.declared for head in advised.all] == ["investigate", "observe"]


def test_a_mode_makes_another_version() -> None:
    """What a watch saw of the rule before says nothing about it since."""
    before, after = rules(), with_modes(rules(), [entry(rules=("Let in",))])
    assert before.all[0].version != after.all[0].version
    assert before.all[1].version == after.all[1].version
    assert with_modes(after, [entry(rules=("Let in",))]).all == after.all


def found(*modes: ModeEntry) -> Finding:
    """What one login is, with the rules in these modes."""
    (finding,) = engine_of(RULES, modes=modes).feed(batch_of([ssh(0, ok=True)])).findings
    return finding


def test_simulated_rules_open_nothing() -> None:
    """What they find is kept, and nobody is told."""
    ledger = Ledger()
    finding = found(entry(rules=("Let in",)))
    taken = ledger.take(finding)
    assert (finding.mode, finding.would_ask, taken.opened) == (Mode.SIMULATE, True, False)
    assert ledger.notices == ()
    assert [record.decision for record in ledger.records()] == [Decision.RECORD]


def test_advised_rules_observe_what_would_have_paged() -> None:
    """An observation says that it would have been an incident; nobody is told."""
    ledger = Ledger()
    ledger.take(found(entry(Mode.ADVISE, rules=("Let in",))))
    (record,) = ledger.records()
    assert record.incident is not None
    assert (record.decision, record.incident.advised, record.severity) == (Decision.OBSERVE, True, Severity.HIGH)
    assert ledger.notices == ()


def test_what_is_on_pages_as_ever() -> None:
    """Without a mode nothing is different."""
    ledger = Ledger()
    ledger.take(found())
    (record,) = ledger.records()
    assert record.incident is not None
    assert (record.decision, record.incident.advised, len(ledger.notices)) == (Decision.INVESTIGATE, False, 1)


def test_a_look_back_would_have_paged_nobody() -> None:
    """What was only found in old lines pages nobody in any mode."""
    ledger = Ledger()
    ledger.take(replace(found(entry(Mode.ADVISE, rules=("Let in",))), history=True))
    (record,) = ledger.records()
    assert record.incident is not None
    assert not record.incident.advised


def problems(text: str) -> Iterator[str]:
    try:
        loaded = build([parse("config.toml", text.encode())], {})
    except ConfigErrors as errors:
        yield from map(str, errors.problems)
    else:
        yield from map(str, loaded.warnings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'mode = "advise"\nrule = ["a"]\nauthor = "Ana"',
            "rules.mode[1].reason is missing: with advise nobody is asked",
        ),
        ('mode = "simulate"\nrule = ["a"]\nreason = "x"\nauthor = " "', "rules.mode[1].author is missing: with simul"),
        ('mode = "simulate"\nreason = "x"\nauthor = "Ana"', "rules.mode[1] is for no rule"),
        ('mode = "simulated"\nrule = ["a"]', 'rules.mode[1].mode cannot be "simulated"'),
        ('mode = "on"\nrules = ["a"]', "unknown key rules.mode[1].rules"),
    ],
)
def test_what_is_wrong_with_an_entry(text: str, message: str) -> None:
    """Who asks for silence says who they are, and why, and about what."""
    said = list(problems(f"[[rules.mode]]\n{text}\n"))
    assert any(message in one and one.startswith("config.toml:") for one in said), said


def test_on_needs_no_reason() -> None:
    """It lowers nothing."""
    assert [one for one in problems('[[rules.mode]]\nmode = "on"\nrule = ["a"]\n') if "mode" in one] == []


def test_entries_that_do_nothing_are_told() -> None:
    """One that is for no rule names the nearest; one behind others that take all of its rules says so."""
    entries = [entry(tags=("attack.t1078",)), entry(rules=("Let in",)), entry(rules=("Refusd",))]
    assert [one.message for one in check_fits(entries, rules())] == [
        "rules.mode[2] does nothing: entries before it are for all of its rules",
        'rules.mode[3] is for no rule that loads; did you mean "Refused"?',
    ]
    assert [one.message for one in told(entries, rules())] == ["simulate: 1 rule, by Ana: new here"]
