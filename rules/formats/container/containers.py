"""What containers write: Docker's json-file and the CRI's log files hold each line of a program in a frame.

``{"log":"…\\n","stream":"stdout","time":"2024-03-01T03:11:20.123456789Z"}``
(https://docs.docker.com/engine/logging/drivers/json-file/) and ``2024-03-01T03:11:20.123456789Z stdout F …``
(https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md).

The line in the frame is read as if it stood alone, by the strictest format that takes it, so a web server in a
container is a web server. The frame's stamp counts: it says when the line was written, whatever the line claims.
A line that was too long for the frame comes in pieces; each is read by itself.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from rules.event import LogSource, TimeSource
from rules.formats.container.framed import read
from rules.formats.format import NOWHERE, Context, Format, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.json_object import decode

CONTAINER = LogSource(category="application", product="docker", service="container")
STREAMS = ("stdout", "stderr")


class DockerLines:
    """Docker's json-file.

    Args:
        inner: The formats that a line in the frame may have, the strict ones first.
    """

    name = "docker-json"
    strictness = 98

    def __init__(self, inner: Sequence[Format]) -> None:
        self._inner = inner

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object with ``log``, ``stream`` and ``time``, and at most ``attrs`` and ``tag`` beside them."""
        if '"log"' not in line or '"stream"' not in line:
            return None
        found = decode(line)
        if found is None or not {"log", "stream", "time"} <= found.keys() <= {"log", "stream", "time", "attrs", "tag"}:
            return None
        text, written, stream = found["log"], found["time"], found["stream"]
        stamp = stamps.iso(written, context) if isinstance(written, str) else None
        if stamp is None or not isinstance(text, str) or stream not in STREAMS:
            return None
        attributes = found.get("attrs")
        more = {
            f"container.{name}": value for name, value in (attributes.items() if isinstance(attributes, dict) else ())
        }
        return framed(text.rstrip("\r\n"), stamp, {"container.stream": stream, **more}, self._inner, context)


class CriLines:
    """The log files of containerd and CRI-O, as Kubernetes keeps them.

    Args:
        inner: The formats that a line in the frame may have, the strict ones first.
    """

    name = "cri"
    strictness = 97

    def __init__(self, inner: Sequence[Format]) -> None:
        self._inner = inner

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp stdout F text``; ``P`` stands for a piece of a line."""
        written, _, rest = line[:80].partition(" ")
        stream, _, rest = rest.partition(" ")
        if stream not in STREAMS or rest[:1] not in ("F", "P") or rest[1:2] not in (" ", ""):
            return None
        stamp = stamps.iso(written, context)
        text = line[len(written) + len(stream) + 4 :]
        return stamp and framed(text, stamp, {"container.stream": stream}, self._inner, context)


def framed(text: str, stamp: stamps.Stamp, more: dict[str, Any], inner: Sequence[Format], context: Context) -> Parsed:
    """*text* as its own format reads it, at the moment of the frame; plain text is the message."""
    found, remember = read(text, more["container.stream"], inner, context)
    if found is None:
        found = Parsed(fields={"message": text}, logsource=CONTAINER, time=None)
    for name, value in more.items():
        found.fields.setdefault(name, value)
    return msgspec.structs.replace(
        found,
        logsource=CONTAINER if found.logsource == NOWHERE else found.logsource,
        time=stamp[0],
        resolution=stamp[1],
        time_source=TimeSource.LINE,
        after=remember,
        text=None,
        also=(),
    )
