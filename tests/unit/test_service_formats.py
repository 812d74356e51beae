"""Mail, FTP, database and name servers: whatever a line holds, reading it raises nothing and makes up no address."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.formats.catalogue import by_name
from rules.formats.detect import strictest
from rules.formats.format import Context
from rules.formats.syslog.syslog import Syslog

CONTEXT = Context(reference=datetime(2024, 3, 2, tzinfo=UTC))
TRUE, FORGED = "203.0.113.7", "192.0.2.99"

#: Pieces of what the daemons write, for names that want to look like a line.
PIECES = st.sampled_from([
    FORGED, "root", "bob", "x@y.example", " from ", "[", "]", "(", ")", "<", ">", '"', "'", ", ", ": ", ":  ", "; ",
    " - ", "user=<", "rip=", "lip=", "method=", "client=", "host=", "user=", "H=", "F=<", "(set_id=", "'@'", "=", "@",
    "(using password: YES)", "FATAL:  ", "LOG:  ", "password authentication failed for user ", "OK LOGIN: Client ",
    "FAIL LOGIN: Client ", "USER ", "(Login failed): ", "Login successful.", "to=<", "helo=<", "Relay access denied",
    "#", "/", " ", "\t",
])  # fmt: skip
NAMES = st.lists(PIECES, max_size=7).map("".join)

#: daemon -> (format, lines in which the client chose NAME; the true address is TRUE)
FORGEABLE = {
    "postfix": (
        "syslog",
        "Mar  1 03:11:26 mx1 postfix/smtpd[812]: NOQUEUE: reject: RCPT from unknown[{true}]: 554 5.7.1 <c@d>: Relay "
        "access denied; from=<{name}> to=<c@d> proto=ESMTP helo=<{name}>",
    ),
    "sasl": (
        "syslog",
        "Mar  1 03:11:26 mx1 postfix/smtpd[812]: warning: unknown[{true}]: SASL LOGIN authentication failed: x, "
        "sasl_username={name}",
    ),
    "dovecot": (
        "syslog",
        "Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<{name}>, "
        "method=PLAIN, rip={true}, lip=198.51.100.1, TLS, session=<a>",
    ),
    "dovecot-file": (
        "dovecot",
        "Mar 01 03:11:26 imap-login: Info: Disconnected (auth failed, 1 attempts in 2 secs): user=<{name}>, "
        "method=PLAIN, rip={true}, lip=198.51.100.1, TLS, session=<a>",
    ),
    "exim": (
        "exim",
        "2024-03-01 03:11:26 login authenticator failed for (pc) [{true}]: 535 Incorrect authentication data "
        "(set_id={name})",
    ),
    "proftpd": (
        "syslog",
        "Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (a.example[{true}]) - USER {name} (Login failed): Incorrect "
        "password.",
    ),
    "vsftpd": ("vsftpd", 'Fri Mar  1 03:11:26 2024 [pid 812] [{name}] FAIL LOGIN: Client "{true}"'),
    "mysql": (
        "mysql",
        "2024-03-01T03:11:26.123456Z 12 [Note] [MY-010926] [Server] Access denied for user '{name}'@'{true}' "
        "(using password: YES)",
    ),
    "postgresql": (
        "postgresql",
        "2024-03-01 03:11:26 UTC [812]: [1-1] user={name},db=app,app=[unknown],client={true} FATAL:  password "
        'authentication failed for user "{name}"',
    ),
    "postgresql-debian": (
        "postgresql",
        '2024-03-01 03:11:26.123 UTC [812] {name}@app FATAL:  password authentication failed for user "{name}"',
    ),
}


@pytest.mark.parametrize("daemon", FORGEABLE)
@settings(max_examples=60, deadline=None)
@given(name=NAMES)
def test_a_name_is_no_address(daemon: str, name: str) -> None:
    """Whatever a client calls itself, the blame stays with its address, or with none."""
    named, line = FORGEABLE[daemon]
    parsed = by_name(named).parse(line.replace("{true}", TRUE).replace("{name}", name), CONTEXT)
    if parsed is not None:
        assert parsed.fields.get("source.ip") in (TRUE, None)
        assert (parsed.fields.get("event.action"), parsed.fields.get("event.outcome")) != ("database_fault", "failure")


HEADS = (
    "Mar  1 03:11:26 h postfix/smtpd[1]: ",
    "Mar  1 03:11:26 h dovecot: ",
    "Mar  1 03:11:26 h exim[1]: ",
    "Mar  1 03:11:26 h amavis[1]: ",
    "Mar  1 03:11:26 h proftpd[1]: ",
    "Mar  1 03:11:26 h vsftpd[1]: ",
    "Mar  1 03:11:26 h mysqld[1]: ",
    "Mar  1 03:11:26 h postgres[1]: ",
    "Mar  1 03:11:26 h named[1]: ",
    "Mar 01 03:11:26 ",
    "2024-03-01 03:11:26 ",
    "2024-03-01 03:11:26.123 UTC,",
    "2024-03-01T03:11:26.123456Z ",
    "01-Mar-2024 03:11:26.123 ",
    "Fri Mar  1 03:11:26 2024 ",
    '{"error_severity":',
)
NAMED = (
    "exim",
    "dovecot",
    "vsftpd",
    "xferlog",
    "proftpd",
    "mysql",
    "postgresql",
    "postgresql-csv",
    "postgresql-json",
    "named",
)


@settings(max_examples=300, deadline=None)
@given(head=st.sampled_from(HEADS), text=st.one_of(NAMES, st.text(max_size=40)))
def test_nothing_raises(head: str, text: str) -> None:
    """No line of any of them makes the reader fail."""
    line = head + text
    Syslog().parse(line, CONTEXT)
    for name in NAMED:
        by_name(name).parse(line, CONTEXT)


@pytest.mark.parametrize(
    "line",
    [
        "2024-03-01T03:11:26Z database: connected",
        "2024-03-01T03:11:26Z error: something failed",
        "2024-03-01 03:11:26 Warning: the disk is nearly full",
        "2024-03-01 03:11:26 12 [error] the application failed",
        "2024-03-01 03:11:26 [error] 12#12: *1 open() failed",
        "2024-03-01 03:11:26 main: Info: hello",
        "2024-03-01 03:11:26.001 ERROR:  a bad thing",
        "2024-03-01 03:11:26,123 web1 app[1] hello",
        "Mar  1 03:11:26 router1: Warning: the link is down",
        "Fri Mar  1 03:11:26 2024 [pid x y z",
    ],
)
def test_lines_of_others_are_left_to_them(line: str) -> None:
    """What any program might write is not taken for a line of one of these."""
    assert strictest(line, CONTEXT)[0] not in NAMED
