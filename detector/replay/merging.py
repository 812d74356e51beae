"""Several files as one sequence of batches, in the order of the times in them."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from detector.replay.reading import Lines, LogFile, Progress
from rules.engine import lines_of, strides_of
from rules.event import Batch, Starts
from rules.formats.detect import PinState
from rules.formats.format import Format
from rules.settings import SourceProfile
from rules.stream import Stream, StreamState

BATCH_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One line, and how far its file had certainly come with it."""

    watermark: int
    file: int
    line: int
    offset: int
    raw: bytes
    left_out: int  #: bytes of it, because it was too long
    stride: int  #: bytes of the file to the start of the next line


def merged(
    files: Sequence[LogFile],
    profiles: Mapping[str, SourceProfile],
    more: Iterable[Format],
    as_of: datetime,
    progress: Progress,
) -> Iterator[Batch]:
    """Batches of all files; one file is passed on as it is.

    Args:
        profiles: How each file is read, by its name.
        as_of: When the batches are said to be read.
    """
    if len(files) == 1:
        yield from files[0].batches(as_of, progress)
        return
    formats = tuple(more)
    timed = [_timed(index, file, profiles[file.name], formats, as_of, progress) for index, file in enumerate(files)]
    run: list[Timed] = []
    size = 0
    for one in heapq.merge(*timed, key=lambda one: (one.watermark, one.file)):
        if run and (run[-1].file != one.file or size >= BATCH_BYTES or not _follows(run[-1], one)):
            yield _batch(files, run, as_of)
            run, size = [], 0
        run.append(one)
        size += len(one.raw)
    if run:
        yield _batch(files, run, as_of)


def _timed(
    index: int,
    file: LogFile,
    profile: SourceProfile,
    formats: tuple[Format, ...],
    as_of: datetime,
    progress: Progress,
) -> Iterator[Timed]:
    """The lines of a file, each with the engine's own measure of how far the stream has come: it never goes back."""
    state = StreamState(pin=PinState())
    stream = Stream(profile, "auto", state, formats, replay=True)
    for batch in file.batches(as_of, progress):
        stream.begin(batch, as_of)
        cuts, lines = dict(batch.starts.cuts), list(lines_of(batch))
        strides = strides_of(batch, [raw for *_, raw in lines])
        for (at, line, offset, raw), stride in zip(lines, strides, strict=True):
            stream.read(raw, line, offset, lambda _: None)
            yield Timed(
                watermark=state.watermark or 0,
                file=index,
                line=line,
                offset=offset,
                raw=raw,
                left_out=cuts.get(at, 0),
                stride=stride,
            )


def _follows(one: Timed, other: Timed) -> bool:
    """Whether *other* begins where *one* ends: lines of a batch have no gaps between them."""
    return other.offset == one.offset + one.stride


def _batch(files: Sequence[LogFile], run: Sequence[Timed], as_of: datetime) -> Batch:
    first = run[0]
    cuts = tuple((index, one.left_out) for index, one in enumerate(run) if one.left_out)
    data = b"".join(one.raw + b"\n" for one in run)
    starts = Starts(line=first.line, offset=first.offset, cuts=cuts, strides=tuple(one.stride for one in run))
    return files[first.file].batch(Lines(data=data, starts=starts), as_of)
