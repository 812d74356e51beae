"""What mail servers write to files of their own: Exim's main and reject log, Dovecot's ``log_path``.

- ``2024-03-01 03:11:26 1rfABC-000abc-1D <= a@b.example H=mx.b.example [203.0.113.7] P=esmtps S=1234``
- ``Mar 01 03:11:26 imap-login: Info: Login: user=<bob>, method=PLAIN, rip=203.0.113.7, …``
"""

from typing import Any

from rules.event import TimeSource
from rules.formats.format import SECOND, Context, Parsed
from rules.formats.mail import dovecot, exim
from rules.formats.reading import stamps

#: how lines of Exim begin, behind the stamp, that are about no message
EXIM_STARTS = (
    "H=",
    "SMTP connection from ",
    "SMTP call from ",
    "SMTP protocol ",
    "SMTP syntax error in ",
    "SMTP command timeout on ",
    "SMTP data timeout ",
    "TLS error on connection ",
    "TLS session: ",
    "no MAIL in SMTP connection from ",
    "no IP address found for host ",
    "no host name found for IP address ",
    "unexpected disconnection while reading SMTP command",
    "exim 4",
    "Start queue run: pid=",
    "End queue run: pid=",
    "Exim configuration error",
    "cwd=/",
    "spool or log: ",
)


class Exim:
    """Exim's mainlog and rejectlog."""

    name = "exim"
    strictness = 82

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp [zone] text`` where the text is one that Exim writes."""
        if line[4:5] != "-" or line[10:11] != " " or line[13:14] != ":":
            return None
        clock, _, text = line[11:].partition(" ")
        if text[:1] in ("+", "-") and text[5:6] == " ":
            clock, text = clock + text[:5], text[6:]
        stamp = stamps.iso(f"{line[:10]}T{clock}", context) if _is_exim(text) else None
        if stamp is None:
            return None
        fields: dict[str, Any] = {"message": text, "program": "exim"}
        exim.say(text, fields)
        return Parsed(fields=fields, logsource=exim.EXIM, time=stamp[0], resolution=stamp[1])


def _is_exim(text: str) -> bool:
    if text[:1] == "[" and text[1:2].isdigit():
        text = text.partition("] ")[2]
    if exim.is_message_id(text.partition(" ")[0]) or text.startswith(EXIM_STARTS):
        return True
    return " authenticator failed for " in text[:200]


LEVELS = frozenset(level.rstrip(": ") for level in dovecot.LEVELS)
#: https://doc.dovecot.org/main/core/admin/processes.html; other programs write ``name: Error: …`` too
PROCESSES = frozenset({
    "anvil", "auth", "auth-worker", "config", "dict", "director", "doveadm", "health-check", "imap", "imap-hibernate",
    "imap-login", "imap-urlauth", "imap-urlauth-login", "indexer", "indexer-worker", "lda", "lmtp", "log",
    "managesieve", "managesieve-login", "master", "pop3", "pop3-login", "quota-status", "replicator", "ssl-params",
    "stats", "submission", "submission-login",
})  # fmt: skip
LONGEST_PROCESS = 400


class Dovecot:
    """Dovecot's own log files."""

    name = "dovecot"
    strictness = 81

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read ``stamp process: Level: text``, where no host stands between."""
        iso = line[4:5] == "-"
        rest = line[20:] if iso else line[16:]
        process, found, more = rest[:LONGEST_PROCESS].partition(": ")
        level, also, _ = more.partition(": ")
        if not found or not also or level not in LEVELS or process.partition("(")[0] not in PROCESSES:
            return None
        stamp = stamps.iso(line[:19], context) if iso else _short(line, context)
        if stamp is None:
            return None
        fields: dict[str, Any] = {"message": rest, "program": "dovecot"}
        dovecot.tell(rest, fields)
        source = TimeSource.LINE if iso else TimeSource.INFERRED_YEAR
        return Parsed(fields=fields, logsource=dovecot.DOVECOT, time=stamp[0], resolution=stamp[1], time_source=source)


def _short(line: str, context: Context) -> stamps.Stamp | None:
    time = stamps.rfc3164(line, context)
    return None if time is None else (time, SECOND)
