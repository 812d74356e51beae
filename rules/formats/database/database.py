"""What the database servers have in common.

``database_login`` is one attempt to log in, ``database_denied`` something that a user who is in may not do,
``database_fault`` trouble of the server itself; ``event.reason`` says which.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.program import happened

MYSQL = LogSource(category="database", product="linux", service="mysql")
POSTGRESQL = LogSource(category="database", product="linux", service="postgresql")


def trouble(reason: str, fields: dict[str, Any]) -> None:
    """The server itself is in trouble; what comes of one cause is joined by ``service.type``."""
    fields["service.type"] = "database"
    happened(fields, "database_fault", "failure", reason)


def fault(text: str, words: dict[str, str], fields: dict[str, Any]) -> bool:
    """Whether *text* tells of trouble; the first of *words* (part of a message -> event.reason) in it says which."""
    reason = next((reason for part, reason in words.items() if part in text), "")
    if reason:
        trouble(reason, fields)
    return bool(reason)


def statement(text: str, fields: dict[str, Any]) -> None:
    """A statement, as the client wrote it."""
    fields["db.statement"] = text
    fields["service.type"] = "database"
    happened(fields, "database_statement")
