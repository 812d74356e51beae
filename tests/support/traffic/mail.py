"""What the mail server writes: mail in and out, spam that is refused, people reading, strangers guessing."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from support.traffic.lines import NAMES, OFFICE, PEOPLE, Line, stranger, syslog, within

DAY_SECONDS = 86_000


def postfix(at: datetime, program: str, message: str) -> Line:
    """A line of one of Postfix's programs."""
    return syslog(at, "mail", f"postfix/{program}[2204]", message)


def letters(random: Random, day: datetime, count: int) -> Iterator[Line]:
    """Mail that comes and goes; some of it is put off by the other side first."""
    for _ in range(count):
        at, number = within(random, day, DAY_SECONDS), f"{random.getrandbits(40):010X}"
        who = random.choice(PEOPLE)
        yield postfix(at, "smtpd", f"{number}: client=mail.example.org[198.51.100.{random.randint(150, 170)}]")
        yield postfix(at, "cleanup", f"{number}: message-id=<{number}@example.org>")
        yield postfix(at, "qmgr", f"{number}: from=<news@example.org>, size=4312, nrcpt=1 (queue active)")
        if random.random() < 0.05:
            yield postfix(
                at,
                "smtp",
                f"{number}: to=<x@example.net>, relay=mx.example.net[203.0.113.25]:25, delay=3, delays=0.1/0/1/2, "
                "dsn=4.7.1, status=deferred (host mx.example.net[203.0.113.25] said: 451 4.7.1 Greylisted "
                "(in reply to RCPT TO command))",
            )
        yield postfix(
            at + timedelta(seconds=2),
            "lmtp",
            f"{number}: to=<{who}@shop.example>, relay=shop1[private/dovecot-lmtp], delay=0.3, delays=0.1/0/0.1/0.1, "
            f"dsn=2.0.0, status=sent (250 2.0.0 <{who}@shop.example> Saved)",
        )
        yield postfix(at + timedelta(seconds=2), "qmgr", f"{number}: removed")


def strangers(random: Random, day: datetime, attackers: int) -> Iterator[Line]:
    """Spam and relaying are refused, passwords are guessed."""
    for _ in range(attackers):
        who, at = stranger(random), within(random, day, DAY_SECONDS)
        yield postfix(at, "smtpd", f"connect from unknown[{who}]")
        if random.random() < 0.5:
            yield postfix(
                at,
                "smtpd",
                f"NOQUEUE: reject: RCPT from unknown[{who}]: 554 5.7.1 <a@example.net>: Relay access denied; "
                "from=<spam@example.com> to=<a@example.net> proto=ESMTP helo=<ylmf-pc>",
            )
        else:
            for _ in range(random.choice((1, 3, 10))):
                at += timedelta(seconds=random.uniform(2, 60))
                user = random.choice(NAMES)
                yield postfix(
                    at,
                    "smtpd",
                    f"warning: unknown[{who}]: SASL LOGIN authentication failed: "
                    f"UGFzc3dvcmQ6, sasl_username={user}@shop.example",
                )
        yield postfix(at, "smtpd", f"disconnect from unknown[{who}] ehlo=1 auth=0/1 commands=1/2")


def readers(random: Random, day: datetime) -> Iterator[Line]:
    """People read their mail; one mistypes."""
    for visit in range(24):
        user, at = random.choice(PEOPLE), within(random, day + timedelta(hours=7), 43_000)
        if random.random() < 0.1:
            yield syslog(
                at,
                "mail",
                "dovecot",
                f"imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 4 secs): user=<{user}>, "
                f"method=PLAIN, rip={OFFICE}, lip=198.51.100.2, TLS, session=<s{visit}>",
            )
            at += timedelta(seconds=20)
        yield syslog(
            at,
            "mail",
            "dovecot",
            f"imap-login: Login: user=<{user}>, method=PLAIN, rip={OFFICE}, lip=198.51.100.2, mpid={4000 + visit}, "
            f"TLS, session=<t{visit}>",
        )
        yield syslog(
            at + timedelta(minutes=9),
            "mail",
            "dovecot",
            f"imap({user})<{4000 + visit}><t{visit}>: Disconnected: Logged out in=512 out=9121",
        )
