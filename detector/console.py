"""What a person who starts the daemon in a terminal reads: one line per thing that is ready, and what to try."""

import contextlib
from collections.abc import Iterable, Sequence
from typing import TextIO

from detector.status import DaemonStatus
from rules.event import Batch
from rules.outcome import Outcome
from store.repository.grouping.findings import Taken

SIGN_IN_MINUTES = 15
HINT = (
    "Another terminal:  .venv/bin/tocsin incidents list{option}  ·  .venv/bin/tocsin status{option}        Stop: Ctrl-C"
)
TRY = (
    """Try:  echo "$(date -u '+%b %e %T') web1 sudo: bob : command not allowed ; TTY=pts/0 ; USER=root ; """
    """COMMAND=/bin/sh" >> {inbox}"""
)


class Console:
    """Writes to standard output, which under systemd is the journal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._is_waiting = False  # for the store

    def line(self, topic: str, text: str) -> None:
        """One line under a topic of at most 8 letters."""
        self.write(f"{topic:<8} {text}")

    def write(self, text: str) -> None:
        """Print *text* and make sure that it is seen now; a reader that went away, or a full disk, stops nothing."""
        with contextlib.suppress(OSError):
            print(text, file=self._out, flush=True)

    def started(self, status: DaemonStatus, sign_in_url: str | None, reading: Iterable[str]) -> None:
        """What is ready, and where the pages are."""
        rejected = len(status.rule_errors)
        self.line("rules", f"{len(status.rules)} loaded, {rejected} rejected" + (":" if rejected else ""))
        for error in status.rule_errors:
            self.write(error)
        self.line("store", status.store)
        hint = f"    sign in once: {sign_in_url}   (valid {SIGN_IN_MINUTES} min)" if sign_in_url else ""
        self.line("web", f"{status.http.url}/{hint}")
        self.line("reading", "  ".join(reading) or "nothing: the configuration names no source")
        if status.summary.open:
            counts = status.summary
            self.line("open", f"{counts.open} incidents, {counts.unacknowledged} of them unacknowledged")

    def hints(self, option: str, inbox: str) -> None:
        """What to try next, for who looks at the samples."""
        self.write(HINT.format(option=option))
        self.write(TRY.format(inbox=inbox))

    def fed(self, batch: Batch, outcome: Outcome) -> None:
        """Nothing to say about single batches."""

    def stored(self, taken: Sequence[Taken], seconds: float) -> None:
        """Nothing to say about single commits, who is to hear of it is told by the notifier; but that they go on."""
        if self._is_waiting:
            self._is_waiting = False
            self.write(f"the store commits again, after {seconds:.0f} s; nothing was lost")

    def store_failed(self, error: Exception) -> None:
        """Say that we wait, and for what; once, however often it is tried."""
        if self._is_waiting:
            return
        self._is_waiting = True
        self.write(f"the store cannot commit: {error}; nothing is lost, reading goes on when it can")

    def stopped(self, pending: int) -> None:
        """The last line."""
        self.write(f"stopped: offsets saved, {pending} notifications pending (they go out at the next start). Bye.")
