"""The engine's own process: ``python -m detector.engine_child``, started by detector.engine_process and by nobody else.

Questions come on standard input, answers go to standard output. It ends when its input does, so that a daemon that
was killed leaves none behind; whatever goes wrong in it ends it too, for the daemon knows how to start another.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import BinaryIO, Final

import msgspec

from detector.engine_wire import (
    LENGTH,
    Advance,
    Answer,
    Compiled,
    Done,
    Feed,
    Held,
    HowFar,
    Init,
    LoadedRule,
    Progress,
    Question,
    Refused,
    Remark,
    Restore,
    Restored,
    Snapshot,
    Stands,
    frame,
)
from detector.lasting import lasting
from rules.engine import Engine, lines_of
from rules.event import Batch
from rules.formats.catalogue import UnknownFormat
from rules.formats.expression import ExpressionError
from rules.saved import StateUnreadable
from rules.sigma.errors import Level
from rules.sigma.load import load_for
from rules.sigma.model import RuleSet
from rules.usage import Stopwatch

CRASH_ON: Final = "TOCSIN_TEST_CRASH_ON"  #: for tests: a line that holds this text kills the process
HANG_ON: Final = "TOCSIN_TEST_HANG_ON"  #: for tests: a line that holds this text is never done
CRASHED: Final = 70
DEATH_SIGNAL: Final = 1  #: prctl's PR_SET_PDEATHSIG
MOST_REMARKS: Final = 20  #: that are sent; the daemon logs each
MEASURE_EACH: Final = 64  #: of so many batches one is measured


class Child:
    """Answers questions until there are no more."""

    def __init__(self, questions: BinaryIO, answers: BinaryIO, crash_on: bytes, hang_on: bytes) -> None:
        self._questions = questions
        self._answers = answers
        self._crash_on = crash_on
        self._hang_on = hang_on
        self._engine: Engine | None = None
        self._fed = 0  #: batches

    def run(self) -> None:
        """Read and answer until the end of the input."""
        decoder = msgspec.msgpack.Decoder(Question)
        while (body := self._next()) is not None:
            try:
                self._say(self._answer(decoder.decode(body)))
            except (UnknownFormat, ExpressionError, StateUnreadable) as error:
                self._say(Refused(str(error)))

    def _next(self) -> bytes | None:
        head = self._questions.read(LENGTH.size)
        if len(head) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack(head)
        body = self._questions.read(length)
        return body if len(body) == length else None

    def _say(self, answer: Answer) -> None:
        self._answers.write(frame(answer))
        self._answers.flush()  # a Progress must have left the process before the line can kill it

    def _answer(self, question: Question) -> Answer:
        if isinstance(question, Init):
            return self._compile(question)
        if self._engine is None:
            return Refused("the first question must be Init")
        match question:
            case Restore(snapshot, deltas):
                self._engine.restore(snapshot, deltas)
                return Restored(self._engine.dropped)
            case Feed(batch, careful):
                return Done(self._engine.feed(batch, self._progress(batch, careful=careful), self._watch()))
            case Advance(watermark):
                return Done(self._engine.advance(watermark))
            case Snapshot():
                return Held(self._engine.snapshot())
            case HowFar(rule_id):
                return Stands(self._engine.standings(rule_id))

    def _compile(self, init: Init) -> Answer:
        with lasting():
            rules, errors, broken = compiled(init)
            self._engine = Engine(init.settings, rules)
        heads = (
            LoadedRule(r.id, r.title, r.level, r.decision, r.path, r.version, r.mode) for r in self._engine.rules.all
        )
        said = sorted(self._engine.rules.remarks, key=lambda one: one.level is not Level.WARNING)
        remarks = tuple(
            Remark(one.level, f"{one.path}:{one.line}:{one.column}", one.rule, one.message, one.hint)
            for one in said[:MOST_REMARKS]
        )
        return Compiled(tuple(heads), errors, broken, remarks, len(said))

    def _watch(self) -> Stopwatch | None:
        """To measure what rules cost in a few batches, the first among them: in each it would slow all down."""
        self._fed += 1
        return time.perf_counter_ns if self._fed % MEASURE_EACH == 1 else None

    def _progress(self, batch: Batch, *, careful: bool) -> Callable[[int], None] | None:
        if not (careful or self._crash_on or self._hang_on):
            return None
        lines = [raw for _, _, _, raw in lines_of(batch)]

        def progress(index: int) -> None:
            done = index == len(lines)
            if careful:
                self._say(Progress(None if done else index))
            if done or index in batch.skip:
                return
            if self._crash_on and self._crash_on in lines[index]:
                os._exit(CRASHED)
            while self._hang_on and self._hang_on in lines[index]:
                signal.pause()

        return progress


def compiled(init: Init) -> tuple[RuleSet, tuple[str, ...], tuple[str, ...]]:
    """The rules, why some did not load, and the paths of those; a file that was broken keeps its last good text."""
    settings = init.settings
    rules = load_for(settings)
    wrong = {error.path for error in rules.errors}
    kept = {path: init.last_good.get(path, text) if path in wrong else text for path, text in settings.texts}
    changed = {path for path, text in settings.texts if kept[path] != text}
    errors = [error for error in rules.errors if error.path in changed]
    if changed:  # what is wrong elsewhere may only follow from these files
        rules = load_for(settings.with_texts(kept))
    errors += rules.errors
    return rules, tuple(map(str, errors)), tuple(sorted({error.path for error in errors}))


def _die_with(parent: int) -> None:
    """Have the kernel end us when the daemon ends, even in the middle of a line that never does."""
    ctypes.CDLL(None).prctl(DEATH_SIGNAL, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(0)


def main() -> None:
    """Serve the daemon whose process id is the first argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the daemon decides what ends
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not end up between the frames
    _die_with(int(sys.argv[1]))
    crash_on, hang_on = (os.environ.get(name, "").encode() for name in (CRASH_ON, HANG_ON))
    try:
        Child(sys.stdin.buffer, answers, crash_on, hang_on).run()
    except BrokenPipeError:  # the daemon is gone
        os._exit(0)


if __name__ == "__main__":
    main()
