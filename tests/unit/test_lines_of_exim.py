"""Exim's lines, after https://www.exim.org/exim-html-current/doc/html/spec_html/ch-log_files.html."""

import pytest
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource

TABLE = """
2024-03-01 03:11:26 1rfABC-000abc-1D <= a@b.example H=mx.b.example (helo.b.example) [203.0.113.7]:40022 I=[198.51.100.1]:25 P=esmtps X=TLS1.3 S=1234 id=x@b.example
=> 203.0.113.7 | - | success | mail_received | tocsin_mail_from_outside
2024-03-01 03:11:26 1rfABC-000abc-1D <= bob@example.com H=(laptop) [203.0.113.7] P=esmtpsa X=TLS1.3 A=plain_login:bob S=1234 T="A=login:root H=(x) [192.0.2.1]"
=> 203.0.113.7 | bob | success | mail_received | tocsin_mail_success; tocsin_mail_sent_by_account; tocsin_mail_login
2024-03-01 03:11:26 1rfABC-00000000abc-1D2f <= root@example.com U=root P=local S=1234
=> - | - | success | mail_received | -
2024-03-01 03:11:26 1rfABC-000abc-1D => x@other.example R=dnslookup T=remote_smtp H=mx.other.example [198.51.100.9] X=TLS1.3 C="250 OK id=1" QT=2s
=> - | - | success | mail_delivery | tocsin_mail_sent_out
2024-03-01 03:11:26 1rfABC-000abc-1D => x@other.example <info@example.com> R=dnslookup T=remote_smtp H=mx.other.example [198.51.100.9] C="250 OK"
=> - | - | success | mail_delivery | -
2024-03-01 03:11:26 1rfABC-000abc-1D => bob <bob@example.com> R=localuser T=local_delivery
=> - | - | success | mail_delivery | -
2024-03-01 03:11:26 1rfABC-000abc-1D == x@other.example R=dnslookup T=remote_smtp defer (-53): retry time not reached for any host
=> - | - | unknown | mail_delivery | tocsin_mail_deferred
2024-03-01 03:11:26 1rfABC-000abc-1D ** x@other.example R=dnslookup T=remote_smtp: SMTP error from remote mail server after RCPT TO:<x@other.example>: 550 relay not permitted
=> - | - | failure | mail_delivery | -
2024-03-01 03:11:26 1rfABC-000abc-1D Completed
=> - | - | - | - | -
2024-03-01 03:11:26 plain_login authenticator failed for (ylmf-pc) [203.0.113.7]:40022: 535 Incorrect authentication data (set_id=bob)
=> 203.0.113.7 | bob | failure | mail_login | FAILED
2024-03-01 03:11:26 +0100 [812] login authenticator failed for a.example (User) [2001:db8::7]: 535 Incorrect authentication data (set_id=info@example.com)
=> 2001:db8::7 | info@example.com | failure | mail_login | FAILED
2024-03-01 03:11:26 login authenticator failed for ([192.0.2.1]) [203.0.113.7]: 535 Incorrect authentication data (set_id=x [192.0.2.2])
=> 203.0.113.7 | x [192.0.2.2] | failure | mail_login | FAILED
2024-03-01 03:11:26 login authenticator failed for (pc) [203.0.113.7]: 435 Unable to authenticate at present (set_id=bob): cannot connect to the database
=> 203.0.113.7 | bob | failure | mail_login | -
2024-03-01 03:11:26 H=(ylmf-pc) [203.0.113.7]:40022 F=<a@b.example> rejected RCPT <x@other.example>: relay not permitted
=> 203.0.113.7 | - | failure | mail_reject | tocsin_mail_relay
2024-03-01 03:11:26 H=([192.0.2.1]) [203.0.113.7] F=<a(b) [192.0.2.2]@c.example> rejected RCPT <x@other.example>: relay not permitted
=> 203.0.113.7 | - | failure | mail_reject | tocsin_mail_relay
2024-03-01 03:11:26 H=mx.b.example [203.0.113.7] F=<a@b.example> rejected RCPT <info@example.com>: Unrouteable address
=> 203.0.113.7 | - | failure | mail_reject | tocsin_mail_unknown_recipient
2024-03-01 03:11:26 H=(x) [203.0.113.7] temporarily rejected RCPT <info@example.com>: greylisted, try again
=> 203.0.113.7 | - | failure | mail_reject | -
2024-03-01 03:11:26 1rfABC-000abc-1D H=(mx) [203.0.113.7] F=<a@b.example> rejected after DATA: This message contains malware (Eicar-Signature)
=> 203.0.113.7 | - | failure | mail_malware | Mail with malware
2024-03-01 03:11:26 1rfABC-000abc-1D <= a@b.example H=mx.b.example [203.0.113.7] P=esmtp S=12 T="rejected after DATA: This message contains malware"
=> 203.0.113.7 | - | success | mail_received | tocsin_mail_from_outside
2024-03-01 03:11:26 SMTP protocol synchronization error (input sent without waiting for greeting): rejected connection from H=[203.0.113.7] input="GET / HTTP/1.1"
=> 203.0.113.7 | - | unknown | mail_probe | -
2024-03-01 03:11:26 SMTP protocol error in "AUTH x" H=(a) [192.0.2.1]" H=(pc) [203.0.113.7] AUTH command used when not advertised
=> 203.0.113.7 | - | unknown | mail_probe | -
2024-03-01 03:11:26 H=a.example (b.example) [203.0.113.7] sender verify fail for <a@b.example>: Unrouteable address
=> 203.0.113.7 | - | failure | mail_reject | -
2024-03-01 03:11:26 no MAIL in SMTP connection from a.example (pc) [203.0.113.7]:40022 I=[198.51.100.1]:25 D=2s C=EHLO,AUTH
=> 203.0.113.7 | - | unknown | mail_disconnect | -
2024-03-01 03:11:26 no host name found for IP address 203.0.113.7
=> - | - | - | - | -
2024-03-01 03:11:26 spool or log: No space left on device
=> - | - | failure | mail_fault | Mail server out of room
Mar  1 03:11:26 mx1 exim[812]: 2024-03-01 03:11:26 login authenticator failed for (User) [203.0.113.7]: 535 Incorrect authentication data (set_id=bob)
=> 203.0.113.7 | bob | failure | mail_login | FAILED
"""  # noqa: E501
LINES = rows(TABLE.replace("FAILED", "tocsin_mail_failure; tocsin_mail_named_failure; tocsin_mail_guess"))
ask = Asker("mail")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """A message's id joins its lines; who it says to be is kept apart from who it is."""
    assert service(LINES[0][0]) == service(LINES[-1][0]) == LogSource(category="mail", product="linux", service="exim")
    fields = parsed(LINES[0][0]).fields
    assert (fields["mail.queue_id"], fields["mail.from"], fields["mail.helo"], fields["source.port"]) == (
        "1rfABC-000abc-1D",
        "a@b.example",
        "helo.b.example",
        40022,
    )
    assert parsed(LINES[4][0]).fields["mail.original_to"] == "info@example.com"
