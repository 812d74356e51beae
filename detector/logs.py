"""Logs: one JSON object a line on standard error; a constant sentence plus fields."""

import contextlib
import io
import json
import logging
import sys
from datetime import UTC, datetime
from typing import TextIO

import structlog
from aiohttp.http_exceptions import HttpProcessingError

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: str) -> None:
    """Send our logs, and those of the libraries from warning on, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Line())
    logging.basicConfig(handlers=[handler])  # nothing, after a reload
    logging.getLogger().setLevel(max(LEVELS[level], logging.WARNING))
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


class Unfailing(io.TextIOBase):
    """A log's stream that gives up what it cannot write, and says afterwards how much: no log is worth a daemon.

    A full disk, a quota or a reader of our pipe that went away would otherwise end the task that logged.

    Args:
        stream: Where to.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__()
        self._stream = stream
        self._lost = 0  # writes

    def write(self, text: str) -> int:
        """Write *text* now, or count it as lost."""
        try:
            if self._lost:
                self._put(json.dumps({"event": "parts of the log were lost", "level": "warning", "parts": self._lost}))
                self._put("\n")
                self._lost = 0
            self._put(text)
        except OSError:
            self._lost += 1
        return len(text)

    def flush(self) -> None:
        """What was written was flushed then, if it could be."""
        with contextlib.suppress(OSError):
            self._stream.flush()

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._stream.isatty()

    def fileno(self) -> int:
        """The number of the file behind it."""
        return self._stream.fileno()

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


class Line(logging.Formatter):
    """What a library logs, as one line like ours.

    Of a request that is no HTTP aiohttp quotes the line at fault, which may hold a link's token, a cookie or a sender's
    secret; of it only the kind of fault is told.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        told = {"library": record.name, "event": record.getMessage(), "level": record.levelname.lower()}
        told["timestamp"] = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):
            told |= {"level": "warning", "fault": type(error).__name__}
        elif record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps(told)
