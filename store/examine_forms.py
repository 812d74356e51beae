"""What is wrong with the stored versions of a record's forms. Pure, and trusts no row to be well made.

The chain tells of each version and gives its hash, so that seals cover forms too: a version that no entry tells of was
put in, and one that an entry tells of and that is not there was removed.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from store.audit import Salted, commitment
from store.examine import Fault, Harm, Said, decoded
from store.incident import EntryKind


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """A row of a form's versions, as the database gives it: any of it may be anything."""

    columns: Mapping[str, object]  #: those that repeat what the bytes say, under the names they have there
    content: object
    hash: object


class StoredAnswer(NamedTuple):
    """A row of answers, as the database gives it: any of it may be anything."""

    form: object
    commitment: object
    field: object
    salt: object
    answer: object


class _Place(NamedTuple):
    """Where a commitment stands first."""

    field: str
    version: object


def faults(
    record: int, versions: Sequence[StoredVersion], answers: Iterable[StoredAnswer], said: Sequence[Said]
) -> list[Fault]:
    """What is wrong with the forms of one record; nothing if all holds.

    Args:
        versions: All that are stored, in order.
        said: What the entries of the record's chain say; None for one that says nothing.
    """
    entries = [one for one in said if one is not None]
    contents = [decoded(one.content) for one in versions]
    found = [*_told(record, versions, entries)]
    for one, content in zip(versions, contents, strict=True):
        found += _version(record, one, content)
    return [*found, *_answers(record, [one for one in contents if one is not None], answers, entries)]


def _told(record: int, versions: Sequence[StoredVersion], entries: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    """Versions against the entries that tell of them."""
    facts = [one.get("facts") for one in entries if one.get("kind") == EntryKind.FORM_SAVED]
    told = {(one.get("form"), one.get("version")): one.get("hash") for one in facts if isinstance(one, dict)}
    stored = {_name(one): one for one in versions}
    for name in told.keys() - stored.keys():
        yield _fault(record, name, Harm.REMOVED, "an entry tells of it, and it is not there")
    for name, one in stored.items():
        if name not in told:
            yield _fault(record, name, Harm.INSERTED, "no entry tells of it")
        elif told[name] != one.hash:
            yield _fault(record, name, Harm.CHANGED, "it is not the one that its entry tells of")


def _version(record: int, one: StoredVersion, content: Said) -> Iterator[Fault]:
    """The bytes of a version against its hash and the columns beside it."""
    name = _name(one)
    if not isinstance(one.content, bytes) or hashlib.sha256(one.content).hexdigest() != one.hash:
        yield _fault(record, name, Harm.CHANGED, "its bytes do not have the hash that is stored beside them")
    elif content is None:
        yield _fault(record, name, Harm.CHANGED, "its bytes are not those of a form")
    author = content.get("author") if content else None
    author = author if isinstance(author, dict) else {}
    told = {**(content or {}), "author_kind": author.get("kind"), "author_id": author.get("id")}
    if wrong := [column for column, value in one.columns.items() if told.get(column) != value]:
        yield _fault(record, name, Harm.COLUMN, f"what the columns {', '.join(wrong)} say is not in its bytes")


def _answers(
    record: int,
    contents: Sequence[Mapping[str, Any]],
    answers: Iterable[StoredAnswer],
    entries: Sequence[Mapping[str, Any]],
) -> Iterator[Fault]:
    """Answers against the commitments to them."""
    promised = _promised(contents)
    kept = set()
    for one in answers:
        key = (one.form, one.commitment)
        kept.add(key)
        place = promised.get(key)
        if place is None or place.field != one.field:
            yield _fault(record, (one.form, None), Harm.INSERTED, f"no version commits to an answer to {one.field!r}")
        elif not _is_promised(one):
            yield _fault(record, (one.form, place.version), Harm.CHANGED, f"the answer to {one.field!r} is another one")
    redacted = _redacted(entries)
    for (form, promise), place in promised.items():
        if (form, promise) not in kept and not _is_before(place.version, redacted.get((form, place.field))):
            says = f"the answer to {place.field!r} is gone, and no entry says by whom"
            yield _fault(record, (form, place.version), Harm.REMOVED, says)


def _promised(contents: Sequence[Mapping[str, Any]]) -> dict[tuple[object, object], _Place]:
    """Each commitment, and where it stands first."""
    promised: dict[tuple[object, object], _Place] = {}
    for content in contents:
        answers = content.get("answers")
        for field, one in answers.items() if isinstance(answers, dict) else ():
            if isinstance(one, dict):
                key = (content.get("form"), one.get("commitment"))
                promised.setdefault(key, _Place(field, content.get("version")))
    return promised


def _redacted(entries: Sequence[Mapping[str, Any]]) -> dict[tuple[object, object], int]:
    """Form and field to the newest version up to which an entry says that answers were redacted."""
    found: dict[tuple[object, object], int] = {}
    for one in entries:
        facts = one.get("facts")
        if one.get("kind") == EntryKind.REDACTED and isinstance(facts, dict) and isinstance(facts.get("version"), int):
            key = (facts.get("form"), facts.get("field"))
            found[key] = max(facts["version"], found.get(key, 0))
    return found


def _is_before(version: object, last: int | None) -> bool:
    return last is not None and isinstance(version, int) and version <= last


def _is_promised(one: StoredAnswer) -> bool:
    if not isinstance(one.answer, str) or not isinstance(one.salt, bytes):
        return False
    return commitment(Salted(value=one.answer, salt=one.salt)) == one.commitment


def _name(one: StoredVersion) -> tuple[object, object]:
    return one.columns.get("form"), one.columns.get("version")


def _fault(record: int, name: tuple[object, object], harm: Harm, says: str) -> Fault:
    form, version = name
    which = f"form {form}" if version is None else f"form {form} version {version}"
    return Fault(record=record, harm=harm, says=f"{which}: {says}")
