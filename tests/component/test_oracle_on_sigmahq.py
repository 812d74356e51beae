"""SigmaHQ's rules have the same answer here and in SQL, on SigmaHQ's recorded events and on events near each rule."""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from component.test_regression_events import events_in, texts
from sigma.exceptions import SigmaPlaceholderError
from support.engine import NOON
from support.near import events_near, terms_of
from support.oracle import Query, Table, ours, query_of
from support.rules import event_of

from rules.event import Event
from rules.formats.format import Context
from rules.formats.windows.windows_json import WindowsJson
from rules.sigma.load import load
from rules.sigma.model import Rule
from rules.sigma.values import Cidr

AT_ONCE = 200  #: rules that share a table: SQLite has room for so many columns only


@dataclass(frozen=True)
class Asked:
    """A rule as each side has it."""

    rule: Rule
    query: Query


def recorded() -> list[Event]:
    """SigmaHQ's events, read as lines of a file are."""
    made = []
    for path, text in texts("sigma-regression.tar.xz"):
        for found in events_in(text) if path.endswith(".json") else ():
            line = json.dumps(found)
            parsed = WindowsJson().parse(line, Context(reference=NOON))
            assert parsed is not None
            made.append(event_of(parsed.fields, text=line, logsource=parsed.logsource))
    return made


def asked(every: int) -> tuple[list[Asked], int]:
    """Each so manieth rule of SigmaHQ that SQL can ask; how many it cannot, for want of what a placeholder means."""
    files = [(path, text) for path, text in texts("sigma-rules.tar.xz") if path.endswith(".yml")][::every]
    rules = {rule.path: rule for rule in load(files).rules}
    pairs, refused = [], 0
    for path, text in files:
        try:
            query = query_of(text)
        except SigmaPlaceholderError:
            refused += 1
        else:
            pairs.append(Asked(rules[path], query))
    return pairs, refused


def differences(pairs: list[Asked], events: list[Event]) -> Iterator[tuple[str, bool]]:
    """Each rule's file, and whether the two answers differ; all rules about the same events."""
    for at in range(0, len(pairs), AT_ONCE):
        part = pairs[at : at + AT_ONCE]
        with Table(events, [pair.query for pair in part]) as table:
            for pair in part:
                yield pair.rule.path, ours(pair.rule, events) != table.matched(pair.query)


def near_differences(pairs: list[Asked], chance: random.Random) -> Iterator[tuple[str, bool]]:
    """The same, each rule about events near it; without what is known to differ (docs/decisions/)."""
    for pair in pairs:
        events = events_near(pair.rule.condition, chance, 12)
        if not has_letters_beyond_ascii("".join(pair.query.statements)):
            yield from differences([pair], [event for event in events if has_plain_addresses(pair.rule, event)])


def has_letters_beyond_ascii(text: str) -> bool:
    """Whether there are letters of which SQLite knows one case only."""
    return any(letter.lower() != letter.upper() for letter in text if not letter.isascii())


def has_plain_addresses(rule: Rule, event: Event) -> bool:
    """Whether in fields that are asked for networks addresses stand, in the spelling that SQL asks for."""
    fields = {term.field or "" for term in terms_of(rule.condition) if isinstance(term.test, Cidr)}
    values = [str(event.fields[field]) for field in fields if field in event.fields]
    return all(re.fullmatch(r"(\d{1,3}\.){3}\d{1,3}|::1", value) for value in values)


def compare(every: int, chance: random.Random) -> str:
    """Nothing differs; what was compared, for people."""
    pairs, refused = asked(every)
    events = recorded()
    same, near = dict(differences(pairs, events)), dict(near_differences(pairs, chance))
    wrong = [path for found in (same, near) for path, differs in found.items() if differs]
    assert wrong == []
    return (
        f"{len(pairs)} rules of SigmaHQ in SQL, {refused} not (a placeholder): the same answers "
        f"of {len(same)} on {len(events)} recorded events, of {len(near)} on 12 events near each"
    )


def test_a_sample_means_the_same(chance: random.Random) -> None:
    """Every thirtieth rule."""
    print(compare(30, chance))


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_every_rule_means_the_same(chance: random.Random) -> None:
    """All of them."""
    print(compare(1, chance))
