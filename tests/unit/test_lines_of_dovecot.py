"""Dovecot's lines, after https://doc.dovecot.org/main/core/config/logging.html and its login processes' texts."""

import pytest
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource

TABLE = """
Mar  1 03:11:26 mx1 dovecot: imap-login: Login: user=<bob@example.com>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, mpid=812, TLS, session=<a1B2>
=> 203.0.113.7 | bob@example.com | success | mail_login | tocsin_mail_success; tocsin_mail_login
Mar  1 03:11:26 mx1 dovecot: pop3-login: Login: user=<bob>, method=PLAIN, rip=192.168.1.20, lip=198.51.100.1, mpid=812, secured, session=<a1B2>
=> 192.168.1.20 | bob | success | mail_login | -
Mar  1 03:11:26 mx1 dovecot: imap-login: Logged in: user=<ann>, method=PLAIN, rip=2001:db8::7, lip=2001:db8::1, mpid=812, TLS, session=<a1B2>
=> 2001:db8::7 | ann | success | mail_login | tocsin_mail_success; tocsin_mail_login
Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected (auth failed, 3 attempts in 12 secs): user=<bob>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, TLS, session=<a1B2>
=> 203.0.113.7 | bob | failure | mail_login | FAILED
Mar  1 03:11:26 mx1 dovecot: pop3-login: Aborted login (auth failed, 1 attempts in 2 secs): user=<info>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, session=<a1B2>
=> 203.0.113.7 | info | failure | mail_login | FAILED
Mar  1 03:11:26 mx1 dovecot: imap-login: Login aborted: Connection closed (auth failed, 1 attempts in 2 secs) (auth_failed): user=<info>, method=LOGIN, rip=203.0.113.7, lip=198.51.100.1, TLS, session=<a1B2>
=> 203.0.113.7 | info | failure | mail_login | FAILED
Mar  1 03:11:26 mx1 dovecot: imap-login: Info: Disconnected: Inactivity (auth failed, 1 attempts in 180 secs): user=<bob>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, session=<a1B2>
=> 203.0.113.7 | bob | failure | mail_login | FAILED
Mar 01 03:11:26 imap-login: Info: Disconnected (auth failed, 1 attempts in 2 secs): user=<bob>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, session=<a1B2>
=> 203.0.113.7 | bob | failure | mail_login | FAILED
2024-03-01 03:11:26 imap-login: Info: Login: user=<bob>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, mpid=812, TLS
=> 203.0.113.7 | bob | success | mail_login | tocsin_mail_success; tocsin_mail_login
Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<bob>, rip=192.0.2.1, lip=198.51.100.1>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, session=<a1B2>
=> 203.0.113.7 | bob>, rip=192.0.2.1, lip=198.51.100.1 | failure | mail_login | FAILED
Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts in 2 secs): user=<x: Login: user=<root>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, session=<a1B2>
=> 203.0.113.7 | x: Login: user=<root | failure | mail_login | FAILED
Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected (no auth attempts in 0 secs): user=<>, rip=203.0.113.7, lip=198.51.100.1, TLS handshaking: SSL_accept() failed, session=<a1B2>
=> 203.0.113.7 | - | unknown | mail_disconnect | -
Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected: Connection closed (no auth attempts in 0 secs): user=<>, rip=203.0.113.7, lip=198.51.100.1
=> 203.0.113.7 | - | unknown | mail_disconnect | -
Mar  1 03:11:26 mx1 dovecot: imap-login: Maximum number of connections from user+IP exceeded (mail_max_userip_connections=10): user=<bob>, method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, TLS
=> 203.0.113.7 | bob | failure | mail_login | -
Mar  1 03:11:26 mx1 dovecot: auth-worker(812): conn unix:auth-worker (pid=811,uid=97): auth-worker<1>: pam(bob,203.0.113.7,<a1B2>): unknown user
=> 203.0.113.7 | bob | failure | mail_auth | -
Mar  1 03:11:26 mx1 dovecot: auth: passwd-file(root,192.0.2.1,203.0.113.7,<a1B2>): Password mismatch
=> 203.0.113.7 | root,192.0.2.1 | failure | mail_auth | -
Mar 01 03:11:26 auth(info@example.com,203.0.113.7,sasl:login)<a1B2>: Info: sql: Password mismatch
=> 203.0.113.7 | info@example.com | failure | mail_auth | -
Mar 01 03:11:26 auth: Info: ldap(bob,203.0.113.7,): invalid credentials
=> 203.0.113.7 | bob | failure | mail_auth | -
Mar  1 03:11:26 mx1 dovecot: imap-login: Disconnected (auth failed, 1 attempts): method=PLAIN, rip=203.0.113.7, lip=198.51.100.1, TLS
=> 203.0.113.7 | - | failure | mail_login | tocsin_mail_failure; tocsin_mail_named_failure; tocsin_mail_guess
Mar  1 03:11:26 mx1 dovecot: auth: pam_unix(dovecot:auth): authentication failure; logname= uid=0 euid=0 tty=dovecot ruser=bob rhost=203.0.113.7  user=bob
=> 203.0.113.7 | bob | failure | pam_auth | -
Mar  1 03:11:26 mx1 dovecot: imap(bob)<812><a1B2>: Disconnected: Logged out in=50 out=1234 deleted=0 expunged=0
=> - | - | - | - | -
Mar  1 03:11:26 mx1 dovecot: lmtp(bob)<812><a1B2>: sieve: msgid=<auth failed, 9 attempts@x.example>: stored mail into mailbox 'INBOX'
=> - | - | - | - | -
Mar  1 03:11:26 mx1 dovecot: master: Warning: service(imap-login): process_limit (100) reached, client connections are being dropped
=> - | - | failure | mail_fault | Mail server in trouble
Mar  1 03:11:26 mx1 dovecot: imap(bob)<812><a1B2>: Error: write(/var/mail/bob/dovecot.index.log) failed: No space left on device
=> - | - | failure | mail_fault | Mail server out of room
"""  # noqa: E501
LINES = rows(TABLE.replace("FAILED", "tocsin_mail_failure; tocsin_mail_named_failure; tocsin_mail_guess"))
ask = Asker("mail")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """Dovecot's lines are mail, from a file as from syslog; how often a connection tried is kept."""
    assert (
        service(LINES[0][0]) == service(LINES[7][0]) == LogSource(category="mail", product="linux", service="dovecot")
    )
    fields = parsed(LINES[3][0]).fields
    assert (fields["mail.attempts"], fields["mail.auth"], fields["mail.service"]) == (3, "PLAIN", "imap")
    assert fields["destination.ip"] == "198.51.100.1"
