"""Every option of the configuration, read from its records: name, default, and the comment that explains it."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.inspect import CustomType, EnumType, Field, LiteralType, StructType, Type, VarTupleType, type_info

from detector.config.records import Config
from detector.config.secret import Secret
from detector.config.shape import choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option."""

    section: str  #: as in the file, e.g. "source" or "route.match"
    is_repeated: bool  #: written [[section]]
    about: str  #: what the section is
    name: str
    required: bool
    default: Any  #: as TOML would hand it over; None if required
    allowed: tuple[str, ...]  #: if it is a choice, or an array of choices; else empty
    text: str  #: the comment above the field


def options() -> Iterator[Option]:
    """All options in the order of the records; a section's own options come before those of tables in it."""
    config = type_info(Config)
    assert isinstance(config, StructType)
    for section in config.fields:
        yield from _of_section(section, section.encode_name)


def _of_section(section: Field, name: str) -> Iterator[Option]:
    repeated = isinstance(section.type, VarTupleType)
    kind: Type = section.type.item_type if isinstance(section.type, VarTupleType) else section.type
    assert isinstance(kind, StructType)
    comments = dict(_comments(kind.cls))
    about = (inspect.getdoc(kind.cls) or "").split("\n")[0]
    inner = [one for one in kind.fields if isinstance(one.type, StructType)]
    for one in kind.fields:
        if one not in inner:
            yield Option(
                section=name,
                is_repeated=repeated,
                about=about,
                name=one.encode_name,
                required=one.required,
                default=None if one.required else _default(one),
                allowed=_allowed(one.type),
                text=comments[one.name],
            )
    for one in inner:
        yield from _of_section(one, f"{name}.{one.encode_name}")


def _allowed(kind: Type) -> tuple[str, ...]:
    if isinstance(kind, VarTupleType):
        return _allowed(kind.item_type)
    return choices(kind) if isinstance(kind, EnumType | LiteralType) else ()


def _default(field: Field) -> Any:
    if isinstance(field.type, CustomType):
        value = field.default_factory()
        assert isinstance(value, Secret)
        return value.reveal()
    return msgspec.json.decode(msgspec.json.encode(field.default))  # tuples as arrays


def _comments(record: type) -> Iterator[tuple[str, str]]:
    """(field, comment) of the ``#:`` lines above each field."""
    gathered: list[str] = []
    for line in inspect.getsource(record).split("\n"):
        stripped = line.strip()
        if stripped.startswith("#:"):
            gathered.append(stripped.removeprefix("#:").strip())
        elif gathered:
            yield stripped.partition(":")[0], " ".join(gathered)
            gathered = []
