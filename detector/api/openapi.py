"""The description of the API, OpenAPI 3.1: of the routes there are, and of the very structs that validate.

https://spec.openapis.org/oas/v3.1.1
"""

import inspect
from collections.abc import Iterator, Mapping
from functools import cached_property
from http import HTTPStatus
from importlib.metadata import version
from typing import Annotated, Any, Final

import msgspec
from aiohttp import hdrs, web
from msgspec import Meta

from detector.api.described import OPERATIONS, Operation
from detector.api.wire import answer

routes = web.RouteTableDef()
#: What is not for people's browsers.
PREFIXES: Final = ("/api/", "/hooks/", "/-/", "/healthz", "/readyz", "/metrics")
REFUSALS: Final = (400, 401, 403, 404, 408, 409, 412, 413, 415, 422, 428, 429, 500, 503)
#: What a placeholder in a path stands for.
NUMBERED: Final = Annotated[str, Meta(pattern="^([Ii][Nn][Cc]-)?[0-9]{1,15}$")]
WHOLE: Final = Annotated[str, Meta(pattern="^[0-9]{1,9}$")]
NAMED: Final = Annotated[str, Meta(min_length=1, max_length=64)]
PLACES: Final[Mapping[str, Any]] = {"number": NUMBERED} | dict.fromkeys(
    ("action", "request", "exception", "silence", "report", "delivery"), WHOLE
)
KEY: Final = Annotated[str, Meta(min_length=1, max_length=255, pattern="^[!-~]([ -~]*[!-~])?$")]
SEEN: Final = Annotated[str, Meta(pattern='^"[0-9]{1,15}"$')]
REF: Final = "#/components/schemas/{name}"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A refusal, RFC 9457. Some have more members."""

    type: str
    title: str
    status: int
    detail: str  #: a sentence for people
    code: str  #: a word for programs
    missing: tuple[str, ...]  #: fields that are missing or wrong
    allowed: tuple[str, ...]  #: what may be done instead


class Description:
    """The description of an application, made once somebody asks for it."""

    def __init__(self, app: web.Application) -> None:
        self._app = app

    @cached_property
    def content(self) -> msgspec.Raw:
        """It, as JSON."""
        return msgspec.Raw(msgspec.json.encode(described(self._app)))


DESCRIPTION: web.AppKey[Description] = web.AppKey("description", Description)


@routes.get("/api/openapi.json")
async def show(request: web.Request) -> web.Response:
    """This description."""
    return answer(request.app[DESCRIPTION].content)


def described(app: web.Application) -> dict[str, Any]:
    """The description of *app*, as OpenAPI 3.1."""
    told = list(_told(app))
    schemas = _Schemas([one for _, _, _, one in told])
    paths: dict[str, dict[str, Any]] = {}
    for method, path, summary, one in told:
        paths.setdefault(path, {})[method.lower()] = _operation(method, path, summary, one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tocsin",
            "version": version("tocsin"),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": schemas.components,
            "responses": dict(_refusals(schemas)),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "a token of a person"},
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "tocsin_session",
                    "description": "of who signed in; what changes something also has the header X-CSRF-Token",
                },
            },
        },
        "security": [{"token": []}, {"session": []}],
    }


def _told(app: web.Application) -> Iterator[tuple[str, str, str, Operation]]:
    """Method, path, summary and operation; one for each name of a placeholder whose names take something each."""
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if route.method == hdrs.METH_HEAD or not path.startswith(PREFIXES):
            continue
        one = app[OPERATIONS].get(f"{route.method} {path}", Operation())
        summary = (inspect.getdoc(route.handler) or "").partition("\n")[0]
        if one.each is None:
            yield route.method, path, summary, one
            continue
        place, named = one.each
        for name, each in named.items():
            yield route.method, path.replace(f"{{{place}}}", name), f"{summary} Here: {name}.", each


class _Schemas:
    """Types as JSON schemas, structs under their names."""

    def __init__(self, operations: list[Operation]) -> None:
        types: list[Any] = [Refusal, NUMBERED, WHOLE, NAMED, KEY, SEEN]
        for one in operations:
            types += [one.takes or Any, one.gives or Any, *one.query.values(), *one.words.values()]
        types = [*{repr(one): one for one in types}.values()]
        out, self.components = msgspec.json.schema_components(types, ref_template=REF)
        self._by = dict(zip(map(repr, types), out, strict=True))

    def of(self, shape: Any) -> dict[str, Any]:
        """The schema of *shape*."""
        if shape is bytes:
            return {}  # OpenAPI 3.1: what is not JSON has no schema
        return self._by[repr(shape)]


def _operation(method: str, path: str, summary: str, one: Operation, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{method.lower()}{path}",
        "summary": summary,
        "parameters": [*_parameters(method, path, one, schemas)],
        "responses": {str(status): _answer(status, one, schemas) for status in one.status}
        | {str(status): {"$ref": _refused(status, one)} for status in REFUSALS if status not in one.status},
    }
    if one.takes is not None:
        told["requestBody"] = _body(one, schemas)
    if one.is_open:
        told["security"] = [{}, {"token": []}, {"session": []}]
    return told


def _parameters(method: str, path: str, one: Operation, schemas: _Schemas) -> Iterator[dict[str, Any]]:
    for name in (part[1:-1] for part in path.split("/") if part.startswith("{")):
        shape = one.words.get(name, WHOLE if path.startswith("/api/v1/sessions") else PLACES.get(name, NAMED))
        yield {"name": name, "in": "path", "required": True, "schema": schemas.of(shape)}
    for name, shape in one.query.items():
        yield {"name": name, "in": "query", "required": name in one.needed, "schema": schemas.of(shape)}
    if one.upon:
        yield {"name": "If-Match", "in": "header", "required": True, "schema": schemas.of(SEEN)}
    if one.once and method == hdrs.METH_POST and path.startswith("/api/v1/"):
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schemas.of(KEY)}


def _body(one: Operation, schemas: _Schemas) -> dict[str, Any]:
    content = {"application/json": {"schema": schemas.of(one.takes)}}
    if one.lines:
        content |= {
            "application/x-ndjson": {"schema": {"type": "string"}},
            "text/plain": {"schema": {"type": "string"}},
        }
    return {"required": one.is_raw or _needs(one.takes), "content": content}


def _needs(shape: Any) -> bool:
    """Whether nothing at all will not do: no body stands for an empty object."""
    return any(field.required for field in msgspec.structs.fields(shape))


def _answer(status: int, one: Operation, schemas: _Schemas) -> dict[str, Any]:
    told: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if one.gives is None:
        return told
    schema = schemas.of(one.gives)
    if one.items:
        items = {"type": "array", "items": schema}
        schema = {"type": "object", "required": ["items"], "properties": {"items": items}}
    return told | {"content": {one.media: {"schema": schema} if schema else {}}}


def _refused(status: int, one: Operation) -> str:
    return f"#/components/responses/{'Spoken' if one.spoken else 'Refused'}{status}"


def _refusals(schemas: _Schemas) -> Iterator[tuple[str, dict[str, Any]]]:
    """By name; in Alertmanager's API most are one text."""
    content = {"application/problem+json": {"schema": schemas.of(Refusal)}}
    for status in REFUSALS:
        about = {"description": HTTPStatus(status).phrase}
        yield f"Refused{status}", about | {"content": content}
        yield f"Spoken{status}", about | {"content": content | {"application/json": {"schema": {"type": "string"}}}}
