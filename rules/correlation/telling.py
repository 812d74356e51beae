"""What an Outcome says of episodes: each that changed, once, with absolute counts and its new lines."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Final

from rules.correlation.counter import Counter, Key
from rules.correlation.group import ENTITY_BYTES, Change, Episode
from rules.correlation.item import text_bytes
from rules.entities import clean
from rules.event import Entity, Event
from rules.finding import Evidence, Finding
from rules.masking import masked
from rules.severity import Assets, Facts, judge
from rules.stream import moment

MAX_TEXT: Final = 4096
EDGE: Final = 20  #: of the lines that opened an episode the first and the last so many are told
MAX_NEW: Final = 20  #: lines told per batch once it is open


def evidence_of(event: Event, raw: bytes) -> Evidence:
    """The line of *event*, as it can be shown and found again; *raw* is its original bytes.

    Of an event that a part of the line or several lines tell of, the text is what tells of it.
    """
    if event.part is not None:
        raw = event.text.encode("utf-8", "surrogateescape")
    return Evidence(
        source=event.source,
        origin=event.origin,
        line=event.line,
        offset=event.offset,
        time=event.time,
        text=masked(clean(raw.decode("utf-8", "backslashreplace").rstrip("\r")[:MAX_TEXT]))[:MAX_TEXT],
        sha256=hashlib.sha256(raw).hexdigest(),
    )


@dataclass(slots=True)
class _Told:
    counter: Counter
    key: Key
    episode: Episode
    opened: bool = False
    evidence: list[Evidence] = field(default_factory=list)
    room: int = MAX_NEW
    merged_into: str | None = None


class Telling:
    """Gathers what changed while one batch is worked on."""

    def __init__(self, assets: Assets, max_entities: int) -> None:
        self._assets = assets
        self._max_entities = max_entities
        self._told: dict[str, _Told] = {}

    def note(self, counter: Counter, key: Key, change: Change, *, history: bool) -> None:
        """Take note of a change; its lines are taken over from the items, which keep them no longer."""
        episode = change.episode
        grown = 0
        for item in change.fresh:
            grown += self._name(episode, item.entities)
        episode.history &= history
        if not counter.head.as_base_only:
            told = self._told_of(counter, key, episode)
            told.opened |= change.opened
            _add_lines(told, change)
            for younger in change.merged:
                self._told_of(counter, key, younger).merged_into = episode.id
        for item in change.fresh:
            grown -= text_bytes(item)
            item.evidence = ()
        counter.weigh(key, grown)

    def findings(self) -> tuple[Finding, ...]:
        """All that was noted, in the order in which it began to change."""
        return tuple(self._finding(told) for told in self._told.values())

    def _told_of(self, counter: Counter, key: Key, episode: Episode) -> _Told:
        told = self._told.get(episode.id)
        if told is None:
            told = self._told[episode.id] = _Told(counter, key, episode)
        return told

    def _name(self, episode: Episode, entities: tuple[tuple[str, str], ...]) -> int:
        """Remember who they are; how many bytes that took."""
        grown = 0
        for kind, value in entities:
            known = episode.entities.get(kind)
            if known is None:
                known = episode.entities[kind] = {}
            if value not in known and len(known) < self._max_entities:
                known[value] = None
                grown += ENTITY_BYTES + len(value)
        return grown

    def _finding(self, told: _Told) -> Finding:
        counter, episode, head = told.counter, told.episode, told.counter.head
        severity, terms = judge(head.level, pin=head.pin, facts=_facts(episode), assets=self._assets)
        return Finding(
            id=episode.id,
            rule_id=head.id,
            rule_title=head.title,
            rule_path=head.path,
            rule_version=head.version,
            author=head.author,
            license=head.license,
            tags=head.tags,
            decision=head.decision,
            severity=severity,
            severity_terms=terms,
            group=tuple(zip(head.group_by, told.key, strict=True)),
            dedup_key=f"{head.id} {json.dumps(told.key, ensure_ascii=False)}",
            entities=tuple(
                Entity(kind=kind, value=value) for kind, known in episode.entities.items() for value in known
            ),
            base_rule_ids=counter.base_rule_ids,
            first_seen=moment(episode.first_seen),
            last_seen=moment(episode.last),
            events=episode.events,
            evidence=tuple(told.evidence),
            window_seconds=head.window_seconds,
            opened=told.opened,
            merged_into=told.merged_into,
            history=episode.history,
            claims=head.claims,
            approximate=episode.approximate,
            mode=head.mode,
            would_ask=head.would_ask,
        )


def _add_lines(told: _Told, change: Change) -> None:
    lines = [line for item in change.fresh for line in item.evidence]
    if change.opened:
        told.evidence += lines if len(lines) <= 2 * EDGE else lines[:EDGE] + lines[-EDGE:]
    else:
        told.evidence += lines[: told.room]
        told.room = max(0, told.room - len(lines))


def _facts(episode: Episode) -> Facts:
    hosts = list(episode.entities.get("host", ()))
    return Facts(
        hosts=(*hosts, *episode.entities.get("target", ())),
        success=episode.success,
        second_entity=hosts[1] if len(hosts) > 1 else None,
    )
