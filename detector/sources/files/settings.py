"""What a file source is told by the configuration."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSourceSettings:
    """One ``[[source]]`` of type "file"."""

    name: str
    paths: tuple[str, ...]  #: absolute paths or globs (``*``, ``?``, ``[…]``, ``**``)
    start: Literal["end", "beginning"] = "end"
    #: where a source that was never seen before starts; "end" looks back first
    encoding: str = "auto"  #: "auto" (UTF-8, or UTF-16 by its byte order mark), "utf-8", "utf-16", "latin-1", …
    required: bool = False  #: refuse to start when no file is readable
    max_line_bytes: int = 1_048_576  #: what is longer is cut, marked and counted
    rotate_wait_seconds: float = 60.0  #: how long the end of a rotated file must be stable before it is left
    ignore_older_hours: float = 24.0  #: a file that appears and was last written before that is not read
    poll_seconds: float = 1.0  #: time between two full looks at all paths
    look_back_bytes: int = 64 * 1024 * 1024  #: how much of what was there at first sight is read as history
    max_open_files: int = 128  #: files held open at the same time; rotated ones come on top
