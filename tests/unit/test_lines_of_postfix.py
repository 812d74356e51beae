"""Postfix's lines, after https://www.postfix.org/ (smtpd(8), postscreen(8), qmgr(8), smtp(8)) and amavisd-new's."""

import pytest
from support.service_lines import Asker, Row, parsed, service

from rules.event import LogSource

FRAME = "Mar  1 03:11:26 mx1 postfix"
SMTPD = f"{FRAME}/smtpd[812]:"
FROM = "from unknown[203.0.113.7]"
NO = frozenset[str]()


ask = Asker("mail")
LOGIN = frozenset({"tocsin_mail_failure", "tocsin_mail_named_failure", "tocsin_mail_guess"})
RELAY = frozenset({"tocsin_mail_relay"})
HARVEST = frozenset({"tocsin_mail_unknown_recipient"})
GUEST = frozenset({"tocsin_mail_from_outside"})
LINES: list[Row] = [
    (f"{SMTPD} connect {FROM}", "203.0.113.7", None, "unknown", "mail_connect", NO),
    (
        f"{SMTPD} warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: UGFzc3dvcmQ6",
        "203.0.113.7",
        None,
        "failure",
        "mail_login",
        LOGIN,
    ),
    (
        f"{FRAME}/submission/smtpd[812]: warning: mail.a.example[2001:DB8::7]: SASL PLAIN authentication failed: "
        "(reason unavailable), sasl_username=bob@example.com",
        "2001:db8::7",
        "bob@example.com",
        "failure",
        "mail_login",
        LOGIN,
    ),
    (  # the daemon that checks passwords is down: nobody guesses
        f"{SMTPD} warning: unknown[203.0.113.7]: SASL LOGIN authentication failed: "
        "Connection lost to authentication server",
        "203.0.113.7",
        None,
        "failure",
        "mail_login",
        NO,
    ),
    (
        f"{SMTPD} NOQUEUE: reject: RCPT {FROM}: 554 5.7.1 <x@other.example>: Relay access denied; "
        "from=<a@b.example> to=<x@other.example> proto=ESMTP helo=<ylmf-pc>",
        "203.0.113.7",
        None,
        "failure",
        "mail_reject",
        RELAY,
    ),
    (  # the sender, the recipient and HELO are the client's words
        f"{SMTPD} NOQUEUE: reject: RCPT {FROM}: 554 5.7.1 <x@other.example>: Relay access denied; "
        "from=<a[192.0.2.1]@b.example> to=<x@other.example> proto=ESMTP helo=<[192.0.2.1]>",
        "203.0.113.7",
        None,
        "failure",
        "mail_reject",
        RELAY,
    ),
    (
        f"{SMTPD} NOQUEUE: reject: RCPT {FROM}:40022: 550 5.1.1 <info@example.com>: Recipient address rejected: "
        "User unknown in virtual mailbox table; from=<a@b.example> to=<info@example.com> proto=ESMTP helo=<mx>",
        "203.0.113.7",
        None,
        "failure",
        "mail_reject",
        HARVEST,
    ),
    (
        f"{FRAME}/postscreen[812]: NOQUEUE: reject: RCPT from [203.0.113.7]:40022: 550 5.7.1 Service unavailable; "
        "client [203.0.113.7] blocked using zen.dnsbl.example; from=<a@b.example>, to=<c@example.com>, "
        "proto=ESMTP, helo=<ylmf-pc>",
        "203.0.113.7",
        None,
        "failure",
        "mail_reject",
        NO,
    ),
    (
        f"{FRAME}/postscreen[812]: PREGREET 14 after 0.1 from [203.0.113.7]:40022: EHLO ylmf-pc\\r\\n",
        "203.0.113.7",
        None,
        "unknown",
        "mail_probe",
        NO,
    ),
    (f"{SMTPD} lost connection after AUTH {FROM}", "203.0.113.7", None, "unknown", "mail_disconnect", NO),
    (
        f"{SMTPD} disconnect {FROM} ehlo=1 auth=0/1 quit=1 commands=2/3",
        "203.0.113.7",
        None,
        "unknown",
        "mail_disconnect",
        NO,
    ),
    (f"{SMTPD} too many errors after AUTH {FROM}", "203.0.113.7", None, "failure", "mail_disconnect", NO),
    (
        f"{SMTPD} warning: non-SMTP command {FROM}: GET / HTTP/1.1",
        "203.0.113.7",
        None,
        "unknown",
        "mail_probe",
        NO,
    ),
    (
        f"{FRAME}/anvil[812]: warning: Connection rate limit exceeded: 31 {FROM} for service smtp",
        "203.0.113.7",
        None,
        "failure",
        "mail_reject",
        NO,
    ),
    (
        f"{FRAME}/postscreen[812]: COMMAND TIME LIMIT from [203.0.113.7]:40022 after CONNECT",
        "203.0.113.7",
        None,
        "unknown",
        "mail_disconnect",
        NO,
    ),
    (
        f"{FRAME}/anvil[812]: warning: Message delivery request rate limit exceeded: 334 {FROM} for service submission",
        "203.0.113.7",
        None,
        "failure",
        "mail_reject",
        NO,
    ),
    (  # a reverse lookup that is wrong is nobody's attack
        f"{SMTPD} warning: hostname a.example does not resolve to address 203.0.113.7",
        None,
        None,
        None,
        None,
        NO,
    ),
    (f"{SMTPD} 4TmPkQ2bXz: client=unknown[203.0.113.7]", "203.0.113.7", None, "success", "mail_received", GUEST),
    (
        f"{FRAME}/smtps/smtpd[812]: A1B2C3D4E5: client=a.example[203.0.113.7], sasl_method=LOGIN, "
        "sasl_username=bob@example.com",
        "203.0.113.7",
        "bob@example.com",
        "success",
        "mail_received",
        frozenset({"tocsin_mail_success", "tocsin_mail_sent_by_account", "tocsin_mail_login"}),
    ),
    (f"{SMTPD} 4TmPkQ2bXz: client=localhost[127.0.0.1]", "127.0.0.1", None, "success", "mail_received", NO),
    (
        f"{FRAME}/qmgr[812]: 4TmPkQ2bXz: from=<a@b.example>, size=1234, nrcpt=50 (queue active)",
        None,
        None,
        "unknown",
        "mail_queued",
        NO,
    ),
    (
        f"{FRAME}/smtp[812]: 4TmPkQ2bXz: to=<x@other.example>, relay=mx.other.example[198.51.100.9]:25, delay=1.2, "
        "delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 OK)",
        None,
        None,
        "success",
        "mail_delivery",
        frozenset({"tocsin_mail_sent_out"}),
    ),
    (  # to a filter on the same machine: that is no relaying
        f"{FRAME}/smtp[812]: 4TmPkQ2bXz: to=<c@example.com>, relay=127.0.0.1[127.0.0.1]:10024, delay=1.2, "
        "delays=0.1/0/0.5/0.6, dsn=2.0.0, status=sent (250 2.0.0 OK)",
        None,
        None,
        "success",
        "mail_delivery",
        NO,
    ),
    (  # an address of ours that stands for one outside
        f"{FRAME}/smtp[812]: 4TmPkQ2bXz: to=<x@other.example>, orig_to=<info@example.com>, "
        "relay=mx.other.example[198.51.100.9]:25, delay=1.2, dsn=2.0.0, status=sent (250 OK)",
        None,
        None,
        "success",
        "mail_delivery",
        NO,
    ),
    (  # the other server may say what it likes
        f"{FRAME}/smtp[812]: 4TmPkQ2bXz: to=<x@other.example>, relay=mx.other.example[198.51.100.9]:25, delay=9, "
        "dsn=4.7.1, status=deferred (host said: 451 status=sent from unknown[192.0.2.1])",
        None,
        None,
        "unknown",
        "mail_delivery",
        frozenset({"tocsin_mail_deferred"}),
    ),
    (
        f"{FRAME}/cleanup[812]: A1B2C3D4E5: milter-reject: END-OF-MESSAGE {FROM}: 5.7.1 virus Eicar-Signature "
        "detected by ClamAV; from=<a@b.example> to=<c@example.com> proto=ESMTP helo=<mx>",
        "203.0.113.7",
        None,
        "failure",
        "mail_malware",
        frozenset({"Mail with malware"}),
    ),
    (
        "Mar  1 03:11:26 mx1 amavis[812]: (00812-01) Blocked INFECTED (Eicar-Signature) {DiscardedInbound}, "
        "[203.0.113.7]:40022 [203.0.113.7] <a@b.example> -> <c@example.com>, Queue-ID: A1B2C3D4E5",
        "203.0.113.7",
        None,
        "failure",
        "mail_malware",
        frozenset({"Mail with malware"}),
    ),
    (
        "Mar  1 03:11:26 mx1 amavis[812]: (00812-01) Passed CLEAN {RelayedInbound}, [203.0.113.7]:40022 <a@b.example>",
        None,
        None,
        None,
        None,
        NO,
    ),
    (
        f"{FRAME}/cleanup[812]: warning: mail_queue_enter: create file incoming/1.812: No space left on device",
        None,
        None,
        "failure",
        "mail_fault",
        frozenset({"Mail server out of room"}),
    ),
    (f"{FRAME}/qmgr[812]: 4TmPkQ2bXz: removed", None, None, None, None, NO),
]


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """The queue's id joins the lines of a message; reasons are words that rules can ask for."""
    assert service(f"{SMTPD} connect {FROM}") == LogSource(category="mail", product="linux", service="postfix")
    fields = parsed(LINES[4][0]).fields
    assert (fields["event.reason"], fields["mail.to"], fields["mail.helo"]) == (
        "relay_denied",
        "x@other.example",
        "ylmf-pc",
    )
    assert "mail.queue_id" not in fields
    assert parsed(LINES[18][0]).fields["mail.queue_id"] == "A1B2C3D4E5"
    assert parsed(LINES[20][0]).fields["mail.recipients"] == 50
