"""A version of a form: who wrote which answer, and the bytes that its hash covers. Pure.

What people write may have to be redacted one day. The bytes therefore hold a salted commitment to each answer, never
the answer itself; answers and salts lie beside them. A field that did not change keeps its commitment, so that two
versions can be compared field by field from their bytes alone, also after a redaction.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from rules.entities import clean
from store import audit
from store.answers import Answer, Answers, State
from store.forms import FORMS_VERSION, FormName
from store.incident import Actor, ActorKind
from store.moments import from_microseconds, to_microseconds

_VERSION: Final = 1
#: Forms whose answers are carried into a new cycle; of the others the new cycle asks again.
CARRIED: Final = (FormName.IDENTIFICATION, FormName.REPORT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An answer as it stands in a version."""

    state: State
    auto: bool  #: the daemon prefilled it, and nobody has confirmed it yet
    by: str  #: person id of who wrote or confirmed it; "" for the daemon
    commitment: str  #: to value and reason; hexadecimal
    kept: audit.Salted | None  #: value and reason as canonical JSON, with their salt; None: redacted

    @property
    def answer(self) -> Answer | None:
        """What was answered; None if it was redacted."""
        if self.kept is None:
            return None
        content: dict[str, Any] = msgspec.json.decode(self.kept.value)
        return Answer(state=self.state, value=content["value"], reason=content["reason"], auto=self.auto)


@dataclass(frozen=True, slots=True, kw_only=True)
class FormVersion:
    """What stands in a form since somebody saved it."""

    incident: int
    cycle: int
    form: FormName
    version: int  #: from 1, over all cycles; its ETag
    author: Actor
    at: datetime
    written: Mapping[str, Written]
    forms_version: int = FORMS_VERSION  #: of the fields that were asked then

    @property
    def answers(self) -> dict[str, Answer]:
        """Field to answer, without those that were redacted."""
        return {name: answer for name, one in self.written.items() if (answer := one.answer) is not None}

    @property
    def authors(self) -> frozenset[str]:
        """Person ids of everyone whose answer stands in it."""
        return frozenset(one.by for one in self.written.values() if one.by)

    @property
    def content(self) -> bytes:
        """The canonical bytes: JSON with sorted keys, integer microseconds, and commitments."""
        told = {
            "v": _VERSION,
            "forms_version": self.forms_version,
            "incident": self.incident,
            "cycle": self.cycle,
            "form": self.form.value,
            "version": self.version,
            "author": {"kind": self.author.kind.value, "id": clean(self.author.id)},
            "at": to_microseconds(self.at),
            "answers": {
                name: {"state": one.state.value, "auto": one.auto, "by": one.by, "commitment": one.commitment}
                for name, one in self.written.items()
            },
        }
        return msgspec.json.encode(told, order="sorted")

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical bytes, hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()


def changed(before: Mapping[str, Written], after: Mapping[str, Written]) -> tuple[str, ...]:
    """Fields whose content differs between two versions, sorted."""
    names = sorted(before.keys() | after.keys())
    return tuple(name for name in names if _stands(before.get(name)) != _stands(after.get(name)))


def _stands(one: Written | None) -> tuple[State, str] | None:
    return (one.state, one.commitment) if one else None


def write(
    before: Mapping[str, Written], answers: Answers, *, author: Actor, random: Callable[[int], bytes]
) -> dict[str, Written]:
    """What stands in the form once *answers* do: all of them, not only those that change.

    What was redacted stays redacted, unless it is answered anew.

    Args:
        random: Gives that many unpredictable bytes, for salts.
    """
    gone = {name: one for name, one in before.items() if one.kept is None and name not in answers}
    by = author.id if author.kind is ActorKind.PERSON else ""
    return gone | {name: _written(before.get(name), answer, by, random) for name, answer in answers.items()}


def _written(before: Written | None, answer: Answer, by: str, random: Callable[[int], bytes]) -> Written:
    stood = before.answer if before else None
    if before is not None and stood is not None and stood.says_the_same(answer):
        # Who confirms what the daemon wrote stands for it from then on.
        return replace(before, auto=answer.auto, by=by) if before.auto and not answer.auto else before
    kept = audit.Salted(value=packed(answer), salt=random(audit.SALT_BYTES))
    return Written(
        state=answer.state,
        auto=answer.auto,
        by="" if answer.auto else by,
        commitment=audit.commitment(kept),
        kept=kept,
    )


def packed(answer: Answer) -> str:
    """Value and reason as canonical JSON."""
    return msgspec.json.encode(
        {"value": cleaned(answer.value), "reason": clean(answer.reason)}, order="sorted"
    ).decode()


def cleaned(value: Any) -> Any:
    """An answer's value without what UTF-8 or a database refuses."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(name): cleaned(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(part) for part in value]
    return value


def read(content: bytes, kept: Mapping[str, audit.Salted]) -> FormVersion:
    """The version that canonical bytes tell.

    Args:
        kept: Commitment to what it commits to, as far as it was not redacted.
    """
    told: dict[str, Any] = msgspec.json.decode(content)
    return FormVersion(
        incident=told["incident"],
        cycle=told["cycle"],
        form=FormName(told["form"]),
        version=told["version"],
        author=Actor(kind=ActorKind(told["author"]["kind"]), id=told["author"]["id"]),
        at=from_microseconds(told["at"]),
        forms_version=told["forms_version"],
        written={
            name: Written(
                state=State(one["state"]),
                auto=one["auto"],
                by=one["by"],
                commitment=one["commitment"],
                kept=kept.get(one["commitment"]),
            )
            for name, one in told["answers"].items()
        },
    )
