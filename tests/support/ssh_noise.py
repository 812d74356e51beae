"""A day at an SSH port that the internet can reach: attackers, people, and what else a host writes. Seeded."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
NAMES = ("root", "admin", "test", "oracle", "ubuntu", "postgres", "git", "ftp", "user", "pi", "support", "guest")
PEOPLE = ("ann", "bo", "cy", "dee")
HOST = "LabSZ"
ROUND = timedelta(hours=4)

Timed = tuple[datetime, str]


def a_day(seed: int, *, planted: tuple[str, timedelta] | None = None) -> list[str]:
    """Lines of a day, in order of time: four hours of eleven attackers, six times over, and people at work.

    Args:
        seed: The same seed gives the same day.
        planted: (address, time of day): an attacker guesses eight times and is then let in.
    """
    lines: list[Timed] = []
    for number in range(6):
        random = Random(seed)  # the same four hours again and again
        start = MIDNIGHT + number * ROUND
        for attacker in range(11):
            lines.extend(_attack(random, start, f"203.0.113.{attacker + 1}", attacker))
    lines.extend(_people(Random(f"{seed}/people")))
    if planted is not None:
        lines.extend(_planted(*planted))
    lines.sort(key=lambda line: line[0])
    return [f"{time:%b} {time.day:2d} {time:%H:%M:%S} {HOST} {text}" for time, text in lines]


def _attack(random: Random, start: datetime, address: str, attacker: int) -> Iterator[Timed]:
    """One attacker's visit: some hammer root, some try names, some come by once a minute, some only knock."""
    time = start + timedelta(seconds=random.uniform(0, 7200))
    end = min(start + ROUND, time + timedelta(seconds=random.choice((60, 600, 1800, 3600))))
    pace = random.choice((4.0, 15.0, 40.0, 90.0))
    tries_names = attacker % 3 != 0
    while time < end:
        pid, port = random.randint(20000, 30000), random.randint(30000, 60000)
        user = random.choice(NAMES) if tries_names else "root"
        unknown = user != "root"
        kind = "invalid user " if unknown else ""
        if unknown:
            yield time, f"sshd[{pid}]: Invalid user {user} from {address} port {port}"
            yield time, f"sshd[{pid}]: pam_unix(sshd:auth): check pass; user unknown"
        pam = "" if unknown else f"  user={user}"
        failure = "authentication failure; logname= uid=0 euid=0 tty=ssh ruser="
        yield time, f"sshd[{pid}]: pam_unix(sshd:auth): {failure} rhost={address}{pam}"
        time += timedelta(seconds=2)
        failed = f"Failed password for {kind}{user} from {address} port {port} ssh2"
        yield time, f"sshd[{pid}]: {failed}"
        if random.random() < 0.1:
            time += timedelta(seconds=5)
            yield time, f"sshd[{pid}]: message repeated 5 times: [ {failed}]"
        yield (
            time,
            f"sshd[{pid}]: Connection closed by {kind or 'authenticating user '}{user} {address} port {port} [preauth]",
        )
        time += timedelta(seconds=random.expovariate(1 / pace))


def _people(random: Random) -> Iterator[Timed]:
    """People log in from outside, and mistype once or twice, at most three times; cron runs."""
    for visit in range(60):
        time = MIDNIGHT + timedelta(hours=8) + timedelta(seconds=random.uniform(0, 36000))
        user, pid = random.choice(PEOPLE), 31000 + visit
        address = f"198.51.100.{10 + visit}"
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
            yield time, f"sshd[{pid}]: Failed password for {user} from {address} port 50022 ssh2"
            time += timedelta(seconds=6)
        yield time, f"sshd[{pid}]: Accepted password for {user} from {address} port 50022 ssh2"
        yield time, f"sshd[{pid}]: pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)"
        yield time + timedelta(minutes=30), f"sshd[{pid}]: pam_unix(sshd:session): session closed for user {user}"
    for hour in range(24):
        yield MIDNIGHT + timedelta(hours=hour, minutes=17), "CRON[4711]: (root) CMD (run-parts /etc/cron.hourly)"


def _planted(address: str, at: timedelta) -> Iterator[Timed]:
    time = MIDNIGHT + at
    for guess in range(8):
        yield time, f"sshd[666]: Failed password for bo from {address} port {40000 + guess} ssh2"
        time += timedelta(seconds=20)
    yield time, f"sshd[667]: Accepted password for bo from {address} port 40100 ssh2"


def botnet(seed: int) -> list[str]:
    """Lines of a day, in order of time: 400 addresses that share the work, slow guessers, scanners, and people.

    Args:
        seed: The same seed gives the same day.
    """
    random = Random(seed)
    lines = list(_people(random))
    for number in range(400):
        lines.extend(_few_guesses(random, f"203.0.113.{number % 250 + 1}" if number < 250 else f"2001:db8::{number:x}"))
    for number in range(5):
        lines.extend(_slow_guesses(f"192.0.2.{number + 1}", NAMES[number]))
    for number in range(40):
        lines.extend(_scan(random, f"192.0.2.{number + 100}"))
    lines.sort(key=lambda line: line[0])
    return [f"{time:%b} {time.day:2d} {time:%H:%M:%S} {HOST} {text}" for time, text in lines]


def _few_guesses(random: Random, address: str) -> Iterator[Timed]:
    """One address comes by three times in the day, for one name each."""
    for _ in range(3):
        time = MIDNIGHT + timedelta(seconds=random.uniform(0, 86000))
        pid, user = random.randint(20000, 30000), random.choice((*NAMES, *PEOPLE))
        known = user in (*PEOPLE, "root")
        if not known:
            yield time, f"sshd-session[{pid}]: Invalid user {user} from {address} port 41000"
        kind = "" if known else "invalid user "
        yield time, f"sshd-session[{pid}]: Failed password for {kind}{user} from {address} port 41000 ssh2"
        end = f"Connection closed by {kind or 'authenticating user '}{user} {address} port 41000 [preauth]"
        yield time + timedelta(seconds=1), f"sshd-session[{pid}]: {end}"


def _slow_guesses(address: str, user: str) -> Iterator[Timed]:
    """A guess every twenty minutes, all day."""
    for number in range(70):
        time = MIDNIGHT + timedelta(minutes=20 * number)
        yield time, f"sshd-session[{number}]: Failed password for invalid user {user} from {address} port 41000 ssh2"


def _scan(random: Random, address: str) -> Iterator[Timed]:
    """Clients that only look what answers."""
    time = MIDNIGHT + timedelta(seconds=random.uniform(0, 86000))
    for said in (
        f"error: kex_exchange_identification: Connection closed by {address}",
        f"banner exchange: Connection from {address} port 41000: invalid format",
        f"Unable to negotiate with {address} port 41002: no matching host key type found. Their offer: ssh-dss",
        f"Bad protocol version identification 'GET / HTTP/1.1' from {address} port 41004",
        f"Connection closed by {address} port 41006 [preauth]",
    ):
        yield time, f"sshd-session[4242]: {said}"
