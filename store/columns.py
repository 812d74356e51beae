"""Column types that mean the same on SQLite and PostgreSQL, and checks written from enums."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, CheckConstraint, Column, Dialect, String, Text
from sqlalchemy.types import TypeDecorator

from rules.entities import clean
from store.moments import from_microseconds, to_microseconds

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
_FIRST, _LAST = map(to_microseconds, (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)))


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC datetime as integer microseconds: SQLite forgets zones, and integers sort and compare exactly.

    A moment at the end of the calendar that is none in UTC becomes the nearest that is: it must be readable again.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        return None if value is None else min(max(to_microseconds(value), _FIRST), _LAST)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        return None if value is None else from_microseconds(value)


class Words(TypeDecorator[str]):
    """Text that may come from outside: what a database refuses (NUL, broken bytes) becomes visible escapes."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else clean(value)


class Literal(TypeDecorator[E], Generic[E]):
    """A member of an enum, stored as its value."""

    impl = String
    cache_ok = True

    def __init__(self, enum: type[E]) -> None:
        super().__init__()
        self.enum = enum

    def process_bind_param(self, value: E | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else self.enum(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> E | None:
        """From the database."""
        return None if value is None else self.enum(value)


class Packed(TypeDecorator[T], Generic[T]):
    """A small frozen value as JSON text, never queried."""

    impl = Text
    cache_ok = True

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else clean(msgspec.json.encode(value).decode())

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """From the database."""
        return None if value is None else msgspec.json.decode(value, type=self.shape)


def literal(name: str, enum: type[E], **options: Any) -> tuple[Column[E], CheckConstraint]:
    """A required column that holds a member of *enum*, and the CHECK that says so."""
    options.setdefault("nullable", False)
    members = ", ".join(f"'{member.value}'" for member in enum)
    return Column(name, Literal(enum), **options), CheckConstraint(f"{name} IN ({members})", name=f"{name}_literal")


def either(name: str, *values: str) -> CheckConstraint:
    """The CHECK that a text column holds one of *values*."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{name} IN ({listed})", name=f"{name}_literal")
