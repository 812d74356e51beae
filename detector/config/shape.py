"""Does the data have the shape of the records? Unlike msgspec.convert, tells everything that is wrong at once."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from msgspec import inspect

from detector.config.positions import KeyPath
from detector.config.problems import Problem, did_you_mean
from detector.config.secret import Secret, SecretMissing, expand, from_file

BAD: Final = object()
"""In place of a value that cannot be used; its problem has been told."""

NAMES = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "a table",
    datetime.datetime: "a date and time",
    datetime.date: "a date",
    datetime.time: "a time",
}


@dataclass(slots=True)
class Shaper:
    """Walks data along the fields of a record, collecting problems and secrets, and mends what it can.

    What ``shape`` returns always fits the record, so that further checks can run on it: in place of an unusable value
    stands its field's default or, if that has none, something empty, which further checks pass over.
    """

    environment: Mapping[str, str]  #: for ``${env:…}`` and ``${cred:…}``
    problems: list[Problem] = field(default_factory=list)
    secrets: set[KeyPath] = field(default_factory=set)  #: paths whose values must not be shown

    def shape(self, record: type[msgspec.Struct], data: dict[str, Any]) -> dict[str, Any]:
        """*data* made to fit *record*."""
        kind = inspect.type_info(record)
        assert isinstance(kind, inspect.StructType)
        return self._struct(kind, data, ())

    def _value(self, kind: inspect.Type, value: Any, path: KeyPath) -> Any:
        match kind:
            case _ if not _accepts(kind, value):
                return self._refuse_type(kind, value, path)
            case inspect.UnionType(types=types):
                return self._value(next(one for one in types if _accepts(one, value)), value, path)
            case inspect.StructType():
                return self._struct(kind, value, path)
            case inspect.DictType(value_type=item):
                named = {name: self._value(item, one, (*path, name)) for name, one in value.items()}
                return {name: _empty(item) if one is BAD else one for name, one in named.items()}
            case inspect.VarTupleType(item_type=item):
                shaped = [self._value(item, one, (*path, index)) for index, one in enumerate(value)]
                return [_empty(item) if one is BAD else one for one in shaped]
            case inspect.CustomType():
                return self._secret(value, path)
            case inspect.IntType() | inspect.FloatType():
                return self._number(kind, value, path)
            case inspect.EnumType() | inspect.LiteralType():
                return self._choice(choices(kind), value, path)
            case _:
                return self._plain(value, path)

    def _struct(self, kind: inspect.StructType, data: dict[str, Any], path: KeyPath) -> dict[str, Any]:
        fields = {one.encode_name: one for one in kind.fields}
        for key in data:
            if key not in fields:
                self._refuse_key(key, data[key], tuple(fields), path)
        data = self._with_secret_files(fields, data, path)
        shaped = {}
        for name, one in fields.items():
            value = self._value(one.type, data[name], (*path, name)) if name in data else BAD
            if name not in data and one.required:
                self._miss(name, one, path)
            if one.required and data.get(name) == "":  # a Secret in its place has been told of already
                self._tell((*path, name), f"{dotted((*path, name))} must not be empty", at_value=True)
            if value is not BAD:
                shaped[name] = value
            elif one.required:
                shaped[name] = _empty(one.type)
        return shaped

    def _with_secret_files(
        self, fields: dict[str, inspect.Field], data: dict[str, Any], path: KeyPath
    ) -> dict[str, Any]:
        """*data* with each secret that is given as a file read from it."""
        data = dict(data)
        for name in fields:
            file = data.get(f"{name}_file")
            if not isinstance(fields[name].type, inspect.CustomType) or not isinstance(file, str) or not file:
                continue
            at = (*path, f"{name}_file")
            if name in data:
                self._tell(at, f"{dotted((*path, name))} and {dotted(at)} are both given", hint="keep one of them")
                continue
            try:
                data[name] = Secret(from_file(file))
            except SecretMissing as error:
                self._tell(at, f"{dotted(at)}: {error}", hint=error.hint, at_value=True)
                data[name] = Secret()
        return data

    def _secret(self, value: str | Secret, path: KeyPath) -> Any:
        if isinstance(value, Secret):
            return value.reveal()
        self.secrets.add(path)
        try:
            return expand(value, self.environment)
        except SecretMissing as error:
            self._tell(path, f"{dotted(path)}: {error}", hint=error.hint, at_value=True)
            return BAD

    def _plain(self, value: Any, path: KeyPath) -> Any:
        if isinstance(value, str) and ("${env:" in value or "${cred:" in value):
            message = f"{dotted(path)} is no secret, and only secrets are read from ${{env:…}} and ${{cred:…}}"
            self._tell(path, message, hint="write the value itself", at_value=True)
            return BAD
        return value

    def _number(self, kind: inspect.IntType | inspect.FloatType, value: float, path: KeyPath) -> Any:
        if kind.ge is not None and value < kind.ge:
            return self._tell(path, f"{dotted(path)} must be at least {kind.ge}, not {value}", at_value=True)
        if kind.le is not None and value > kind.le:
            return self._tell(path, f"{dotted(path)} must be at most {kind.le}, not {value}", at_value=True)
        return value

    def _choice(self, allowed: tuple[str, ...], value: str, path: KeyPath) -> Any:
        if value in allowed:
            return value
        message = f'{dotted(path)} cannot be "{value}"{did_you_mean(value, allowed)}'
        return self._tell(path, message, allowed=allowed, at_value=True)

    def _refuse_type(self, kind: inspect.Type, value: Any, path: KeyPath) -> Any:
        self._hide_addresses(value, path)
        message = f"{dotted(path)} must be {expected(kind)}, not {NAMES.get(type(value), 'that')}"
        return self._tell(path, message, hint=_how_to_write(kind, value, path))

    def _refuse_key(self, key: str, value: Any, allowed: tuple[str, ...], path: KeyPath) -> None:
        self._hide_addresses(value, (*path, key))
        message = f"unknown key {dotted((*path, key))}{did_you_mean(key, allowed)}"
        self._tell((*path, key), message, allowed=allowed)

    def _hide_addresses(self, value: Any, path: KeyPath) -> None:
        """In what is not understood, a text with a "://" may be a secret: perhaps a misspelt "url"."""
        if isinstance(value, str) and "://" in value:
            self.secrets.add(path)
        parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, part in parts:
            self._hide_addresses(part, (*path, key))

    def _miss(self, name: str, one: inspect.Field, path: KeyPath) -> None:
        example = f"{name} = {_example(one.type)}"
        if isinstance(one.type, inspect.CustomType):
            example += f" or {name}_file = {_example(one.type)}"
        self._tell(path, f"{dotted((*path, name))} is missing", hint=f"add {example}")

    def _tell(
        self, path: KeyPath, message: str, *, hint: str = "", allowed: tuple[str, ...] = (), at_value: bool = False
    ) -> Any:
        self.problems.append(Problem(path=path, message=message, hint=hint, allowed=allowed, at_value=at_value))
        return BAD


def dotted(path: KeyPath) -> str:
    """A path as people write it: ``source[1].path``; the first is number 1."""
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def choices(kind: inspect.EnumType | inspect.LiteralType) -> tuple[str, ...]:
    """What a choice allows, as written in the file."""
    if isinstance(kind, inspect.EnumType):
        return tuple(str(member.value) for member in kind.cls)
    return tuple(str(value) for value in kind.values)


def expected(kind: inspect.Type) -> str:
    """What a value of that kind is called, with its article."""
    match kind:
        case inspect.UnionType(types=types):
            return " or ".join(expected(one) for one in types)
        case inspect.VarTupleType(item_type=item):
            return f"an array of {expected(item).split(' ', 1)[-1]}s"
        case inspect.BoolType():
            return "true or false"
        case _:
            return NAMES[_python_types(kind)[0]]


def _python_types(kind: inspect.Type) -> tuple[type, ...]:
    """The types in which TOML hands over a value of that kind."""
    match kind:
        case inspect.StructType() | inspect.DictType():
            return (dict,)
        case inspect.VarTupleType():
            return (list,)
        case inspect.BoolType():
            return (bool,)
        case inspect.IntType():
            return (int,)
        case inspect.FloatType():
            return (float, int)
        case inspect.CustomType():
            return (str, Secret)
        case inspect.UnionType(types=types):
            return tuple(one for member in types for one in _python_types(member))
        case _:
            return (str,)


def _accepts(kind: inspect.Type, value: Any) -> bool:
    return type(value) in _python_types(kind)


def _empty(kind: inspect.Type) -> Any:
    """Something of that kind that says nothing."""
    match kind:
        case inspect.StructType(fields=fields):
            return {one.encode_name: _empty(one.type) for one in fields if one.required}
        case inspect.DictType():
            return {}
        case inspect.VarTupleType():
            return []
        case inspect.EnumType() | inspect.LiteralType():
            return choices(kind)[0]
        case inspect.UnionType(types=types):
            return _empty(types[0])
        case inspect.IntType() | inspect.FloatType():
            return kind.ge or 0
        case inspect.BoolType():
            return False
        case _:
            return ""


def _example(kind: inspect.Type) -> str:
    match kind:
        case inspect.EnumType() | inspect.LiteralType():
            return f'"{choices(kind)[0]}"'
        case inspect.VarTupleType(item_type=item):
            return f"[{_example(item)}]"
        case inspect.UnionType(types=types):
            return _example(types[0])
        case _:
            return '"…"'


def _how_to_write(kind: inspect.Type, value: Any, path: KeyPath) -> str:
    """A hint where the value is right but for how it is written."""
    key = path[-1]
    if isinstance(kind, inspect.VarTupleType) and isinstance(kind.item_type, inspect.StructType):
        return f"write [[{key}]]" if isinstance(value, dict) else ""
    if isinstance(kind, inspect.StructType):
        return f"write [{key}]" if isinstance(value, list) else ""
    left = f"{key} = " if isinstance(key, str) else ""
    types = _python_types(kind)
    if str in types and isinstance(value, bool | int | float | datetime.date | datetime.time):
        return f'quote it: {left}"{str(value).lower() if isinstance(value, bool) else value}"'
    if list in types and isinstance(value, str):
        return f'put it in brackets: {left}["{value}"]'
    if isinstance(value, str) and (
        (int in types and value.isdecimal()) or (bool in types and value in ("true", "false"))
    ):
        return f"without quotes: {left}{value}"
    return ""
