"""Logs: one JSON object a line on standard error; a constant sentence plus fields."""

import json
import logging
import sys
from datetime import UTC, datetime

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
