"""What one route takes and gives, said once: the description is made of it, and who decodes is held to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What a request to one route is, and its answer."""

    takes: Any = None  #: struct of the body; None: without a body
    is_raw: bool = False  #: the intake reads the body; `takes` tells its shape alone
    lines: bool = False  #: a line each of what it takes is taken too
    once: bool = True  #: a POST: once per ``Idempotency-Key``
    upon: bool = False  #: with the version that was seen, in ``If-Match``
    gives: Any = dict[str, Any]  #: type of the answer; None: none
    items: bool = False  #: the answer is a list under ``items``, of what it gives
    status: tuple[int, ...] = (200,)
    media: str = "application/json"
    query: Mapping[str, Any] = field(default_factory=dict)  #: type of each parameter
    needed: tuple[str, ...] = ()  #: of the query
    words: Mapping[str, type[Any]] = field(default_factory=dict)  #: placeholders that stand for one of some words
    #: A placeholder and its names, of which each takes what only it takes; described as paths of their own.
    each: tuple[str, Mapping[str, "Operation"]] | None = None
    spoken: bool = False  #: refused with one text, as Alertmanager does
    is_open: bool = False  #: for who has no credential too


OPERATIONS: web.AppKey[Mapping[str, Operation]] = web.AppKey("operations")


def operation_of(request: web.Request) -> Operation:
    """What is said of the route that *request* came by."""
    resource = request.match_info.route.resource
    found = request.app[OPERATIONS].get(f"{request.method} {resource.canonical}") if resource else None
    if found is None:
        return Operation()
    return found.each[1].get(request.match_info[found.each[0]], found) if found.each else found


def check_takes(request: web.Request, shape: Any) -> None:
    """Raise unless the description says that *shape* is what is decoded here.

    Raises:
        TypeError: It says otherwise: a fault of ours.
    """
    if operation_of(request).takes is not shape:
        raise TypeError(f"{request.match_info.route} decodes {shape}, and is not described so")


def check_upon(request: web.Request) -> None:
    """Raise unless the description says that ``If-Match`` is read here.

    Raises:
        TypeError: It says otherwise: a fault of ours.
    """
    if not operation_of(request).upon:
        raise TypeError(f"{request.match_info.route} reads If-Match, and is not described so")
