"""The dossier that is approved: what its hash covers, how two differ, and what makes an approval void. Pure.

It holds forms 1 to 5, the list of evidence up to the freeze, the actions, and the plan. The rest of step 7, deliveries,
notes, and what matches later go to an annex, and never make an approval stale.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from rules.finding import Evidence
from store.form_version import FormVersion, Written
from store.forms import FormName

_VERSION: Final = 1
COVERED: Final = (
    FormName.IDENTIFICATION,
    FormName.NOTIFICATION,
    FormName.REPORT,
    FormName.INVESTIGATION,
    FormName.CORRECTIVE_ACTIONS,
)
#: Of the form of step 7 only this is approved.
PLAN: Final = "plan"
EVIDENCE: Final = "evidence"
ACTIONS: Final = "actions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What is approved: part, then field, then a digest of what stands there.

    Parts are the names of the forms, ``evidence`` (by place) and ``actions`` (by number and field). A digest is a
    salted commitment where people wrote it, so that a redaction leaves the hash as it was.
    """

    incident: int
    cycle: int
    parts: Mapping[str, Mapping[str, str]]

    @property
    def content(self) -> bytes:
        """The canonical bytes: JSON with sorted keys."""
        told = {"v": _VERSION, "incident": self.incident, "cycle": self.cycle, "parts": self.parts}
        return msgspec.json.encode(told, order="sorted")

    @property
    def hash(self) -> str:
        """The content hash that signers see, hexadecimal SHA-256."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs between two dossiers."""

    part: str
    field: str
    kind: str  #: added, removed or changed

    def __str__(self) -> str:
        return f"{self.part}.{self.field} {self.kind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    """An approval that does not hold any more."""

    since: tuple[tuple[str, int], ...]  #: form and its version since which it is void; empty: an action changed
    changes: tuple[Change, ...]
    sentence: str


def assemble(
    incident: int,
    cycle: int,
    versions: Iterable[FormVersion],
    evidence: Iterable[Evidence],
    actions: Mapping[str, str] | None = None,
) -> Dossier:
    """The dossier as it stands.

    Args:
        versions: The versions that stand now; forms that are not covered are left out.
        evidence: The lines kept at the freeze.
        actions: Digest by number and field, as ``3.owner``.
    """
    parts: dict[str, Mapping[str, str]] = {}
    for version in versions:
        if covered := _covered(version):
            parts[version.form.value] = covered
    if lines := {_place(line): line.sha256 for line in evidence}:
        parts[EVIDENCE] = lines
    if actions:
        parts[ACTIONS] = dict(actions)
    return Dossier(incident=incident, cycle=cycle, parts=parts)


def with_evidence_of(frozen: Dossier, now: Dossier) -> Dossier:
    """*now* with the list of evidence up to the freeze: what the machine attached since belongs to the annex."""
    parts = {part: fields for part, fields in now.parts.items() if part != EVIDENCE}
    if EVIDENCE in frozen.parts:
        parts[EVIDENCE] = frozen.parts[EVIDENCE]
    return replace(now, parts=parts)


def read(content: bytes) -> Dossier:
    """The dossier that canonical bytes tell."""
    told: dict[str, Any] = msgspec.json.decode(content)
    return Dossier(incident=told["incident"], cycle=told["cycle"], parts=told["parts"])


def difference(before: Dossier, after: Dossier) -> tuple[Change, ...]:
    """Everything that differs, field by field, sorted."""
    parts = sorted(before.parts.keys() | after.parts.keys())
    return tuple(
        change for part in parts for change in _changes(part, before.parts.get(part, {}), after.parts.get(part, {}))
    )


def voided(approved: Dossier, now: Dossier, versions: Iterable[FormVersion] = ()) -> Voided | None:
    """Why the approval of *approved* does not hold any more; None if it holds.

    Evidence is not asked: what the machine attaches, and what it lets go of for it, belongs to the annex.

    Args:
        versions: The versions that stand now, so that the sentence can say since which.
    """
    changes = tuple(change for change in difference(approved, now) if change.part != EVIDENCE)
    if not changes:
        return None
    parts = {change.part for change in changes}
    since = tuple((one.form.value, one.version) for one in versions if one.form.value in parts)
    which = ", ".join(f"{version} of {form}" for form, version in since)
    fields = ", ".join(str(change) for change in changes)
    sentence = f"approval void since version {which}: {fields}" if since else f"approval void: {fields}"
    return Voided(since=since, changes=changes, sentence=sentence)


def first_differing(frozen: Dossier, versions: Iterable[FormVersion]) -> tuple[FormVersion, ...]:
    """Of *versions* saved since the freeze, oldest first: of each form the first that says something else."""
    first: dict[FormName, FormVersion] = {}
    for one in versions:
        if _covered(one) != frozen.parts.get(one.form.value, {}):
            first.setdefault(one.form, one)
    return tuple(first.values())


def annex(frozen: Dossier, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Lines that came after the freeze."""
    known = frozen.parts.get(EVIDENCE, {})
    return tuple(line for line in evidence if _place(line) not in known)


def authors(versions: Iterable[FormVersion]) -> frozenset[str]:
    """Person ids of everyone who wrote or confirmed something that a dossier covers, in any of *versions*."""
    return frozenset(one.by for version in versions for one in fields_of(version).values() if one.by)


def unconfirmed(versions: Iterable[FormVersion]) -> tuple[str, ...]:
    """Covered fields that nobody has confirmed yet, as ``report.title``: the approver sees them."""
    return tuple(f"{one.form}.{name}" for one in versions for name, written in fields_of(one).items() if written.auto)


def fields_of(version: FormVersion) -> Mapping[str, Written]:
    """What a dossier covers of a form."""
    if version.form in COVERED:
        return version.written
    if version.form is FormName.FOLLOW_UP:
        return {name: one for name, one in version.written.items() if name == PLAN}
    return {}


def _covered(version: FormVersion) -> dict[str, str]:
    """Who wrote it, and whether it was confirmed, is no content: confirming voids nothing."""
    return {name: f"{one.state}:{one.commitment}" for name, one in fields_of(version).items()}


def _place(line: Evidence) -> str:
    return f"{line.source}|{line.origin}|{line.line}|{line.offset}|{line.sha256}"


def _changes(part: str, before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Change]:
    for field in sorted(before.keys() | after.keys()):
        if field not in before:
            yield Change(part=part, field=field, kind="added")
        elif field not in after:
            yield Change(part=part, field=field, kind="removed")
        elif before[field] != after[field]:
            yield Change(part=part, field=field, kind="changed")
