"""What may be wrong with rules in force, in the daemon's log: a line each, and each once."""

import structlog

from detector.engine_process import Ready

log = structlog.get_logger()


def log_remarks(ready: Ready, before: Ready | None = None) -> None:
    """Log what is said of the rules in force and was not said of those *before*."""
    known = set(before.remarks) if before is not None else set()
    for one in ready.remarks:
        if one not in known:
            log.warning(
                "a rule may not ask what it was meant to",
                rule=one.rule,
                place=one.place,
                level=one.level,
                what=one.message,
                hint=one.hint,
            )
    if (more := ready.remarked - len(ready.remarks)) and (before is None or before.remarked != ready.remarked):
        log.warning("more is to be said of the rules; tocsin check says all", more=more)
