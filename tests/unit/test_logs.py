"""What libraries log, as it stands in our log."""

import json
import logging

from aiohttp.http_exceptions import InvalidURLError

from detector.logs import Line


def written(error: Exception) -> dict[str, str]:
    """The fields of the line that a library's complaint about *error* becomes."""
    told = (type(error), error, None)
    record = logging.LogRecord("aiohttp.server", logging.ERROR, "", 0, "Error from %s", ("192.0.2.1",), told)
    line = Line().format(record)
    assert "\n" not in line
    return dict(json.loads(line))


def test_of_a_request_that_is_none_nothing_is_quoted() -> None:
    """The line at fault may hold the token of a link."""
    line = written(InvalidURLError("GET /a/token\xbb HTTP/1.1"))
    assert "token" not in str(line)
    assert (line["event"], line["fault"], line["level"]) == ("Error from 192.0.2.1", "InvalidURLError", "warning")


def test_a_fault_of_ours_is_told_whole() -> None:
    line = written(RuntimeError("what happened"))
    assert line["exception"].endswith("RuntimeError: what happened")
    assert line["level"] == "error"
