"""A day of mail, FTP, databases and name service on hosts that the internet reaches: noise and ordinary use."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
DAY = 86_400

#: (second of the day, text without its stamp)
Timed = tuple[float, str]


def syslog(lines: list[Timed]) -> list[str]:
    """As rsyslog writes them."""
    return [f"{_moment(at):%b %e %H:%M:%S} {text}" for at, text in sorted(lines)]


def vsftpd(lines: list[Timed]) -> list[str]:
    """As vsftpd's own file has them."""
    return [f"{_moment(at):%a %b %e %H:%M:%S %Y} [pid 812] {text}" for at, text in sorted(lines)]


def postgresql(lines: list[Timed]) -> list[str]:
    """As PostgreSQL writes them to stderr."""
    return [f"{_moment(at):%Y-%m-%d %H:%M:%S} UTC [812]: [1-1] {text}" for at, text in sorted(lines)]


def named(lines: list[Timed]) -> list[str]:
    """As named writes them to the file of a channel."""
    return [f"{_moment(at):%d-%b-%Y %H:%M:%S}.000 {text}" for at, text in sorted(lines)]


def _moment(at: float) -> datetime:
    return MIDNIGHT + timedelta(seconds=at)


def mailbox(address: str, user: str, *, good: bool) -> str:
    """An attempt to open a mailbox."""
    said = "Login" if good else "Disconnected (auth failed, 1 attempts in 2 secs)"
    return f"mx1 dovecot: imap-login: {said}: user=<{user}>, method=PLAIN, rip={address}, lip=198.51.100.1, TLS"


def submission(address: str, user: str, queue_id: str) -> str:
    """A message that an account sends."""
    return f"mx1 postfix/submission/smtpd[9]: {queue_id}: client=a[{address}], sasl_method=LOGIN, sasl_username={user}"


def ftp(address: str, user: str, *, good: bool) -> str:
    """An attempt to log in by FTP."""
    return f'[{user}] {"OK" if good else "FAIL"} LOGIN: Client "{address}"'


def database(address: str, user: str, text: str) -> str:
    """What PostgreSQL says of a session."""
    return f"user={user},db=shop,app=[unknown],client={address} {text}"


def wrong_password(address: str, user: str) -> str:
    """A login to PostgreSQL that fails."""
    return database(address, user, f'FATAL:  password authentication failed for user "{user}"')


def let_in(address: str, user: str, application: str = "psql") -> str:
    """A login to PostgreSQL that succeeds."""
    return database(
        address, user, f"LOG:  connection authorized: user={user} database=shop application_name={application}"
    )


def question(address: str, text: str) -> str:
    """What named says of a client."""
    return f"queries: info: client @0x7f {address}#40022 (example.com): {text}"


def a_day(seed: int) -> dict[str, list[str]]:
    """The lines of each log."""
    random = Random(seed)
    return {
        "mail": syslog([*_mail_noise(random), *_mail_of_people(random)]),
        "vsftpd": vsftpd([*_guesses(random, ftp), *_ftp_of_people(random)]),
        "postgresql": postgresql([*_database_noise(random), *_database_of_programs(random)]),
        "named": named([*_dns(random)]),
    }


NAMES = ("info", "admin", "test", "sales", "root", "www", "backup", "ann")


def _guesses(random: Random, attempt: Callable[..., str]) -> Iterator[Timed]:
    """Eight who guess, each in his own way."""
    for attacker in range(8):
        address, start = f"203.0.113.{attacker}", random.random() * DAY / 2
        for guess in range(random.randrange(3, 40)):
            yield start + guess * (1 + attacker * 40), attempt(address, random.choice(NAMES), good=False)


def _mail_noise(random: Random) -> Iterator[Timed]:
    yield from _guesses(random, mailbox)
    smtpd = "mx1 postfix/smtpd[812]:"
    for attempt in range(60):
        address, at = f"203.0.113.{100 + attempt % 7}", random.random() * DAY
        who = f"from unknown[{address}]"
        end = f"from=<a@b.example> to=<x{attempt}@c.example> proto=ESMTP helo=<ylmf-pc>"
        yield at, f"{smtpd} NOQUEUE: reject: RCPT {who}: 554 5.7.1 <x{attempt}@c.example>: Relay access denied; {end}"
        yield at, f"{smtpd} NOQUEUE: reject: RCPT {who}: 550 5.1.1 <x@d.example>: User unknown in local table; {end}"
        yield at, f"{smtpd} lost connection after AUTH {who}"


def _mail_of_people(random: Random) -> Iterator[Timed]:
    """A phone on its way, one with an old password, a small newsletter, mail in and out, an alias, a filter."""
    for at in range(0, DAY, 600):
        yield at, mailbox(f"198.51.100.{20 + at // 600 % 5}", "ann", good=True)
    for at in range(36_000, 36_900, 60):
        yield at, mailbox("198.51.100.30", "bob", good=False)
    yield 37_000, mailbox("198.51.100.30", "bob", good=True)
    for n in range(60):
        yield 40_000 + n * 10, submission("198.51.100.31", "news", f"{n:06X}AB")
    for n in range(100):
        began, queue_id = random.random() * DAY, f"{n:06X}CD"
        relay, more = ("127.0.0.1[127.0.0.1]:10024", "") if n % 2 else ("mx.e.example[192.0.2.9]:25", "orig_to=<i@d>, ")
        yield began, f"mx1 postfix/smtpd[812]: {queue_id}: client=mx.f.example[192.0.2.8]"
        yield (
            began + 5,
            f"mx1 postfix/smtp[813]: {queue_id}: to=<x@e>, {more}relay={relay}, dsn=2.0.0, status=sent (ok)",
        )


def _ftp_of_people(random: Random) -> Iterator[Timed]:
    for at in range(28_800, 64_800, 1800):
        yield at, ftp("198.51.100.40", "ann", good=random.random() > 0.1)
        yield at + 9, '[ann] OK UPLOAD: Client "198.51.100.40", "/www/index.html", 1234 bytes, 12.30Kbyte/sec'


def _database_noise(random: Random) -> Iterator[Timed]:
    def attempt(address: str, user: str, *, good: bool) -> str:
        return let_in(address, user) if good else wrong_password(address, user)

    yield from _guesses(random, attempt)


def _database_of_programs(random: Random) -> Iterator[Timed]:
    """A program with an old password, the nightly copy, who administers at home, tables that come and go."""
    for n in range(40):
        yield 50_000 + n * 5, wrong_password("10.0.0.5", "shop")
    yield 50_300, let_in("10.0.0.5", "shop")
    yield 7_200, let_in("10.0.0.9", "postgres", "pg_dump")
    yield 32_000, let_in("[local]", "postgres")
    for _ in range(40):
        at = random.random() * DAY
        yield at, database("10.0.0.5", "shop", "LOG:  statement: DROP TABLE IF EXISTS carts_old")
        yield at, database("10.0.0.5", "shop", 'ERROR:  duplicate key value violates unique constraint "carts_pkey"')


def _dns(random: Random) -> Iterator[Timed]:
    for n in range(120):
        address = f"203.0.113.{n % 50}"
        yield random.random() * DAY, question(address, f"query: www{n}.example.com IN A + (198.51.100.1)")
        yield random.random() * DAY, question(address, "query (cache) 'other.example/A/IN' denied")
        yield random.random() * DAY, question(f"192.168.1.{n % 20}", "update 'example.com/IN' denied")
    yield random.random() * DAY, question("203.0.113.9", "zone transfer 'example.com/AXFR/IN' denied")
