"""What libraries log, as it stands in our log."""

import errno
import io
import json
import logging

from aiohttp.http_exceptions import InvalidURLError

from detector.logs import Line, Unfailing


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


class FullDisk(io.StringIO):
    """A stream that refuses while it is full."""

    is_full = False

    def write(self, text: str) -> int:
        if self.is_full:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(text)


def test_what_cannot_be_written_is_counted_and_told_afterwards() -> None:
    disk = FullDisk()
    stream = Unfailing(disk)
    stream.write("a\n")
    disk.is_full = True
    for text in ("b\n", "c\n"):
        assert stream.write(text) == len(text)
    disk.is_full = False
    stream.write("d\n")
    first, told, last = disk.getvalue().splitlines()
    assert (first, last) == ("a", "d")
    assert json.loads(told) == {"event": "parts of the log were lost", "level": "warning", "parts": 2}
