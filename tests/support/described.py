"""Requests made of the description of the API, right ones and wrong ones, and what they find."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

import hypothesis
import requests
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

#: All that holds for any answer; that what fits the schema is always taken does not: the process refuses, too.
CHECKS: Final = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
)
#: What is larger than an intake takes is refused as such, whatever else is wrong with it.
REFUSED: Final = (400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429)
CONFIG: Final = SchemathesisConfig.from_dict(
    {"checks": {"negative_data_rejection": {"expected-statuses": [str(status) for status in REFUSED]}}}
)


def faults(described: Mapping[str, Any], url: str, token: str, *, cases: int, every: int = 1) -> Iterator[str]:
    """What *cases* right requests and as many wrong ones find, operation by operation.

    Args:
        described: The OpenAPI description.
        url: Where the API is.
        token: Of somebody who may do everything.
        every: Only each so manieth operation.
    """
    schema = schemathesis.openapi.from_dict(dict(described), config=CONFIG)
    schema.config.update(base_url=url)
    yield from found(schema, {"Authorization": f"Bearer {token}"}, cases, every)


def found(schema: Any, headers: dict[str, str], cases: int, every: int) -> Iterator[str]:
    """What is wrong, operation by operation."""
    with requests.Session() as session:
        for one in islice(schema.get_all_operations(), 0, None, every):
            operation = one.ok()
            for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                try:
                    tried(operation, mode, headers, session, cases)
                except Unsatisfiable:
                    continue  # nothing about it can be wrong
                except AssertionError as error:
                    yield f"{operation.label} {mode.name}: {error}"[:1500]


def aimed(case: Any, headers: dict[str, str], session: Any) -> None:
    """Have it be about the incident that there is, as it stands."""
    places = case.path_parameters or {}
    places |= {name: "1" for name in ("number", "action", "exception", "silence", "request") if name in places}
    if "If-Match" in (case.headers or {}):
        parts = ("incidents", "number") if "number" in places else ("silences", "silence")
        found = session.get(f"{case.operation.base_url}/api/v1/{parts[0]}/{places.get(parts[1], 1)}", headers=headers)
        case.headers["If-Match"] = found.headers.get("ETag", '"1"')


def tried(operation: Any, mode: GenerationMode, headers: dict[str, str], session: Any, cases: int) -> None:
    """Send some requests."""

    @hypothesis.settings(
        max_examples=cases,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            aimed(case, headers, session)
        answer = case.call(headers=headers, session=session, timeout=20)
        sent = f"{answer.request.method} {answer.request.url} {answer.request.headers} {answer.request.body!r:.300}"
        assert answer.status_code < 500 or operation.path == "/readyz", f"{answer.status_code} {sent}"
        try:
            case.validate_response(answer, checks=list(CHECKS), headers=headers)
        except FailureGroup as group:
            raise AssertionError(f"{[*map(str, group.exceptions)]} {sent}") from group

    send()
