"""What FTP servers write to files of their own: vsftpd.log, xferlog (vsftpd, ProFTPD and others), ProFTPD's system log.

- ``Fri Mar  1 03:11:26 2024 [pid 812] [bob] OK LOGIN: Client "203.0.113.7"``
- ``Fri Mar  1 03:11:26 2024 2 203.0.113.7 1048576 /upload/x.zip b _ i r bob ftp 0 * c``
  (http://www.castaglia.org/proftpd/doc/xferlog.html)
- ``2024-03-01 03:11:26,123 web1 proftpd[812] web1.example (name[203.0.113.7]): USER bob: Login successful.``, before
  ProFTPD 1.3.6 with the stamp ``Mar 01 03:11:26``
"""

from typing import Any

from rules.event import TimeSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.ftp import proftpd, vsftpd
from rules.formats.ftp.ftp import PROFTPD, XFERLOG
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number, put_endpoint
from rules.formats.reading.program import happened


class Vsftpd:
    """vsftpd.log."""

    name = "vsftpd"
    strictness = 85

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``Ddd Mmm dd hh:mm:ss yyyy [pid n] text``."""
        pid, found, text = line[25:].partition("] ")
        if not found or not pid.startswith("[pid "):
            return None
        time = stamps.ctime(line, context)
        if time is None:
            return None
        fields: dict[str, Any] = {"message": text, "program": "vsftpd"}
        if (whole := number(pid[5:])) is not None:
            fields["pid"] = whole
        return Parsed(fields=fields, logsource=vsftpd.tell(text, fields), time=time, resolution=SECOND)


#: xferlog's direction -> event.action
DIRECTIONS = {"i": "ftp_upload", "o": "ftp_download", "d": "ftp_delete"}


class Xferlog:
    """xferlog: one line per transfer."""

    name = "xferlog"
    strictness = 84

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read it from both ends: the file's name between them may hold blanks."""
        head, tail = line[25:].split(" ", 3), line.rsplit(" ", 9)
        if len(head) < 4 or len(tail) < 10 or tail[3] not in DIRECTIONS or tail[9] not in ("c", "i"):
            return None
        size, time = number(head[2]), stamps.ctime(line, context)
        if time is None or size is None or tail[4] not in ("a", "g", "r"):
            return None
        path = head[3][: len(head[3]) - sum(len(part) + 1 for part in tail[1:])]
        fields: dict[str, Any] = {"message": line, "file.path": path, "file.size": size}
        put_endpoint(fields, "source", head[1])
        fields["user.name"] = "anonymous" if tail[4] == "a" else tail[5]
        happened(fields, DIRECTIONS[tail[3]], "success" if tail[9] == "c" else "failure")
        return Parsed(fields=fields, logsource=XFERLOG, time=time, resolution=SECOND)


class Proftpd:
    """ProFTPD's SystemLog."""

    name = "proftpd"
    strictness = 83

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp host proftpd[pid] server (client[address]): text``."""
        if line[5:6] == " ":
            line = f"{line[:4]} {line[4:]}"
        iso = line[4:5] == "-"
        rest = line[24:] if iso else line[16:]
        host, _, rest = rest.partition(" ")
        pid, found, rest = rest.partition("] ")
        number_of = number(pid[8:])
        if not found or not pid.startswith("proftpd[") or number_of is None:
            return None
        stamp = stamps.iso(line[:23], context) if iso else _short(line, context)
        if stamp is None:
            return None
        fields: dict[str, Any] = {"message": rest, "host.name": host, "program": "proftpd", "pid": number_of}
        head, _, text = rest.partition(": ")
        proftpd.of_session(head, text, fields)
        source = TimeSource.LINE if iso else TimeSource.INFERRED_YEAR
        return Parsed(fields=fields, logsource=PROFTPD, time=stamp[0], resolution=stamp[1], time_source=source)


def _short(line: str, context: Context) -> stamps.Stamp | None:
    time = stamps.rfc3164(line, context)
    return None if time is None else (time, SECOND)
