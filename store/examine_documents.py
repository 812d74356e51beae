"""What is wrong with the stored forms, actions and dossiers of a record. Pure, and trusts no row to be well made.

The chain tells of each version and gives its hash, so that seals cover documents too: a version that no entry tells of
was put in, and one that an entry tells of and that is not there was removed.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from store.audit import Salted, commitment
from store.examine import Fault, Harm, Said, decoded, disposed_before
from store.incident import EntryKind

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sort:
    """A sort of documents."""

    what: str  #: the fact that names one of it in an entry
    told_by: EntryKind
    promises: Callable[[Content], Mapping[str, object]]  #: field to commitment


def _of_form(content: Content) -> Mapping[str, object]:
    answers = content.get("answers")
    found = answers.items() if isinstance(answers, dict) else ()
    return {field: one.get("commitment") for field, one in found if isinstance(one, dict)}


def _of_action(content: Content) -> Mapping[str, object]:
    texts = content.get("texts")
    return texts if isinstance(texts, dict) else {}


FORM: Final = Sort(what="form", told_by=EntryKind.FORM_SAVED, promises=_of_form)
ACTION: Final = Sort(what="action", told_by=EntryKind.ACTION, promises=_of_action)
DOSSIER: Final = Sort(what="dossier", told_by=EntryKind.FROZEN, promises=lambda _: {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A row of documents, as the database gives it: any of it may be anything."""

    name: object
    version: object = None  #: None: there is one of that name
    columns: Mapping[str, object]  #: those that repeat what the bytes say, under the names they have there
    content: Any
    hash: object


class Text(NamedTuple):
    """A row of texts that documents commit to, as the database gives it: any of it may be anything."""

    name: object
    commitment: object
    field: object
    salt: Any
    text: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelved:
    """All documents of one sort in one record."""

    sort: Sort
    documents: Sequence[Document]
    texts: Sequence[Text]


class _Place(NamedTuple):
    """Where a commitment stands first."""

    field: str
    version: object
    entry: int  #: that tells of it; 0: none does


def faults(
    sort: Sort, record: int, documents: Sequence[Document], texts: Iterable[Text], said: Sequence[Said]
) -> list[Fault]:
    """What is wrong with documents of one sort, of one record; nothing if all holds.

    Args:
        documents: All that are stored, in order.
        said: What the entries of the record's chain say; None for one that says nothing.
    """
    entries = [one for one in said if one is not None]
    contents = [decoded(one.content) for one in documents]
    found = [*_told(sort, record, documents, entries)]
    for one, content in zip(documents, contents, strict=True):
        found += _bytes(sort, record, one, content)
    promised = _promised(sort, documents, contents, entries)
    return [*found, *_texts(sort, record, promised, texts), *_gone(sort, record, promised, texts, entries)]


def _facts(sort: Sort, entries: Sequence[Content]) -> Iterator[tuple[tuple[object, object], Content, int]]:
    """(name and version, facts, number) of each entry that tells of a document."""
    for one in entries:
        facts, seq = one.get("facts"), one.get("seq")
        if one.get("kind") == sort.told_by and isinstance(facts, dict) and "hash" in facts:
            yield (facts.get(sort.what), facts.get("version")), facts, seq if isinstance(seq, int) else 0


def _told(sort: Sort, record: int, documents: Sequence[Document], entries: Sequence[Content]) -> Iterator[Fault]:
    """Documents against the entries that tell of them."""
    told = {name: facts["hash"] for name, facts, _ in _facts(sort, entries)}
    stored = {(one.name, one.version): one for one in documents}
    for name in told.keys() - stored.keys():
        yield _fault(sort, record, name, Harm.REMOVED, "an entry tells of it, and it is not there")
    for name, one in stored.items():
        if name not in told:
            yield _fault(sort, record, name, Harm.INSERTED, "no entry tells of it")
        elif told[name] != one.hash:
            yield _fault(sort, record, name, Harm.CHANGED, "it is not the one that its entry tells of")


def _bytes(sort: Sort, record: int, one: Document, content: Said) -> Iterator[Fault]:
    """The bytes of a document against its hash and the columns beside it."""
    name = one.name, one.version
    if not isinstance(one.content, bytes) or hashlib.sha256(one.content).hexdigest() != one.hash:
        yield _fault(sort, record, name, Harm.CHANGED, "its bytes do not have the hash that is stored beside them")
    elif content is None:
        yield _fault(sort, record, name, Harm.CHANGED, f"its bytes are not those of a {sort.what}")
    author = content.get("author") if content else None
    author = author if isinstance(author, dict) else {}
    told = {**(content or {}), "author_kind": author.get("kind"), "author_id": author.get("id")}
    if wrong := [column for column, value in one.columns.items() if told.get(column) != value]:
        yield _fault(sort, record, name, Harm.COLUMN, f"what the columns {', '.join(wrong)} say is not in its bytes")


Promised = Mapping[tuple[object, object], _Place]


def _promised(
    sort: Sort, documents: Sequence[Document], contents: Sequence[Said], entries: Sequence[Content]
) -> Promised:
    """Name and commitment to where it stands first."""
    told = {name: seq for name, _, seq in _facts(sort, entries)}
    promised: dict[tuple[object, object], _Place] = {}
    for one, content in zip(documents, contents, strict=True):
        for field, commits in sort.promises(content or {}).items():
            place = _Place(field, one.version, told.get((one.name, one.version), 0))
            promised.setdefault((one.name, commits), place)
    return promised


def _texts(sort: Sort, record: int, promised: Promised, texts: Iterable[Text]) -> Iterator[Fault]:
    """Texts against the commitments to them."""
    for one in texts:
        place = promised.get((one.name, one.commitment))
        if place is None or place.field != one.field:
            says = f"no version commits to a text in {one.field!r}"
            yield _fault(sort, record, (one.name, None), Harm.INSERTED, says)
        elif not _is_promised(one):
            says = f"the text in {one.field!r} is not the one that it commits to"
            yield _fault(sort, record, (one.name, place.version), Harm.CHANGED, says)


def _gone(
    sort: Sort, record: int, promised: Promised, texts: Iterable[Text], entries: Sequence[Content]
) -> Iterator[Fault]:
    """Texts that are not there, and nobody said so."""
    kept = {(one.name, one.commitment) for one in texts}
    redacted, disposed = _redacted(sort, entries), disposed_before(entries)
    for (name, commits), place in promised.items():
        was_redacted = _is_before(place.version, redacted.get((name, place.field)))
        if (name, commits) not in kept and not was_redacted and not 0 < place.entry < disposed:
            says = f"the text in {place.field!r} is gone, and no entry says by whom"
            yield _fault(sort, record, (name, place.version), Harm.REMOVED, says)


def _redacted(sort: Sort, entries: Sequence[Content]) -> dict[tuple[object, object], int]:
    """Name and field to the newest version up to which an entry says that texts were redacted."""
    found: dict[tuple[object, object], int] = {}
    for one in entries:
        facts = one.get("facts")
        if one.get("kind") == EntryKind.REDACTED and isinstance(facts, dict) and isinstance(facts.get("version"), int):
            key = (facts.get(sort.what), facts.get("field"))
            found[key] = max(facts["version"], found.get(key, 0))
    return found


def _is_before(version: object, last: int | None) -> bool:
    return last is not None and isinstance(version, int) and version <= last


def _is_promised(one: Text) -> bool:
    if not isinstance(one.text, str) or not isinstance(one.salt, bytes):
        return False
    return commitment(Salted(value=one.text, salt=one.salt)) == one.commitment


def _fault(sort: Sort, record: int, name: tuple[object, object], harm: Harm, says: str) -> Fault:
    which, version = name
    whole = f"{sort.what} {which}" if version is None else f"{sort.what} {which} version {version}"
    return Fault(record=record, harm=harm, says=f"{whole}: {says}")
