"""Writes the sample logs that come with Tocsin: ``python tests/support/samples.py`` after a change here.

Seeded: the same logs every time. All addresses and names are reserved for documentation (RFC 5737, 3849, 2606).
"""

import random
from datetime import datetime, timedelta
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "detector" / "data" / "sample"
LAST = datetime(2024, 3, 14, 3, 12, 4)  # noqa: DTZ001 - a clock on the wall of a host; samples are moved when they are copied
HOURS = 6

BRUTE = "203.0.113.7"  #: guesses for four minutes near the end, and gets in
SCANNER = "198.51.100.23"
INJECTOR = "198.51.100.77"
NOISE = [
    "192.0.2.66",
    "192.0.2.131",
    "192.0.2.200",
    "198.51.100.9",
    "198.51.100.54",
    "198.51.100.112",
    "198.51.100.140",
    "203.0.113.88",
    "203.0.113.150",
    "203.0.113.201",
    "2001:db8:bad::17",
]  #: eleven who try a few names and go away
NAMES = [
    "admin",
    "test",
    "oracle",
    "postgres",
    "ubuntu",
    "git",
    "ftpuser",
    "user1",
    "pi",
    "deployer",
    "jenkins",
    "hadoop",
    "nagios",
    "minecraft",
]

Lines = list[tuple[float, str]]  #: (seconds before the end, text without its stamp)


class Sshd:
    """A host's sshd: what it writes for each thing that happens to it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.lines: Lines = []

    def say(self, before: float, program: str, text: str) -> None:
        """One line of the log."""
        self.lines.append((before, f"web1 {program}: {text}"))

    def guess(self, before: float, address: str, user: str, known: bool = False, repeated: int = 0) -> None:
        """A wrong password, and the end of the connection."""
        pid, port = self.chance.randrange(2000, 32000), self.chance.randrange(32768, 61000)
        sshd, who = f"sshd[{pid}]", user if known else f"invalid user {user}"
        if not known:
            self.say(before, sshd, f"Invalid user {user} from {address} port {port}")
        rhost = f"rhost={address}  user={user}" if known else f"rhost={address}"
        pam = f"pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= {rhost}"
        self.say(before, sshd, pam)
        failed = f"Failed password for {who} from {address} port {port} ssh2"
        self.say(before - 2, sshd, failed)
        if repeated:
            self.say(before - 3, sshd, f"message repeated {repeated} times: [ {failed}]")
        kind = "authenticating" if known else "invalid"
        self.say(before - 3.5, sshd, f"Connection closed by {kind} user {user} {address} port {port} [preauth]")

    def login(
        self, before: float, address: str, user: str, uid: int, minutes: float, method: str = "publickey"
    ) -> None:
        """A person who logs in, and out again if the log reaches so far."""
        pid, port = self.chance.randrange(2000, 32000), self.chance.randrange(32768, 61000)
        key = ": ED25519 SHA256:kQ3Vn0oXrZl7Y2mJ8sT5bW1cD4eF6gH9iK0lM2nP3qR" if method == "publickey" else ""
        sshd = f"sshd[{pid}]"
        self.say(before, sshd, f"Accepted {method} for {user} from {address} port {port} ssh2{key}")
        self.say(before, sshd, f"pam_unix(sshd:session): session opened for user {user}(uid={uid}) by (uid=0)")
        self.say(before, "systemd-logind[611]", f"New session {pid} of user {user}.")
        after = before - minutes * 60
        if after > 5:
            self.say(after, sshd, f"Disconnected from user {user} {address} port {port}")
            self.say(after, sshd, f"pam_unix(sshd:session): session closed for user {user}")

    def sudo(self, before: float, user: str, uid: int, command: str) -> None:
        """A command that sudo let run."""
        self.say(before, "sudo", f"{user:>8} : TTY=pts/0 ; PWD=/home/{user} ; USER=root ; COMMAND={command}")
        self.say(before, "sudo", f"pam_unix(sudo:session): session opened for user root(uid=0) by {user}(uid={uid})")
        self.say(before - 2, "sudo", "pam_unix(sudo:session): session closed for user root")


def auth_lines() -> Lines:
    """Six hours of a small public host, with eleven who try their luck and one who has it."""
    chance = random.Random(20240301)
    host = Sshd(chance)
    _daily_life(host)
    for address in NOISE:
        before = chance.uniform(1200, HOURS * 3600 - 600)
        for _ in range(chance.randrange(3, 7)):
            user = chance.choice([*NAMES, "root"])
            host.guess(before, address, user, known=user == "root")
            before -= chance.uniform(15, 90)
    host.say(9000, "sshd[7100]", "Did not receive identification string from 192.0.2.131 port 40112")
    host.say(7700, "sshd[7412]", "error: kex_exchange_identification: Connection closed by remote host")
    _break_in(host)
    return host.lines


def _daily_life(host: Sshd) -> None:
    """Cron, colleagues at work, and one of them mistyping."""
    for before in range(60, HOURS * 3600, 1020):
        pid = host.chance.randrange(2000, 32000)
        host.say(before, f"CRON[{pid}]", "pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)")
        host.say(before, f"CRON[{pid}]", "pam_unix(cron:session): session closed for user root")
    for before, user, uid, address, minutes in (
        (20000, "ana", 1000, "192.0.2.10", 35),
        (16400, "bo", 1001, "192.0.2.11", 50),
        (11800, "carla", 1002, "2001:db8:0:1::12", 20),
        (8100, "ana", 1000, "192.0.2.10", 90),
        (2900, "bo", 1001, "192.0.2.11", 240),
    ):
        host.login(before, address, user, uid, minutes)
    host.guess(14105, "192.0.2.10", "ana", known=True)
    host.login(14080, "192.0.2.10", "ana", 1000, 12, method="password")
    host.sudo(19800, "ana", 1000, "/usr/bin/apt-get update")
    host.sudo(19700, "ana", 1000, "/usr/bin/apt-get -y upgrade")
    host.sudo(16000, "bo", 1001, "/usr/bin/systemctl reload nginx")
    host.sudo(7900, "ana", 1000, "/usr/bin/journalctl -u shop --since today")
    host.sudo(2700, "bo", 1001, "/usr/bin/tail -n 200 /var/log/nginx/error.log")


def _break_in(host: Sshd) -> None:
    """Twenty-odd guesses within four minutes, then a login that works, and a look around."""
    for number in range(24):
        user = ("root", "deploy", "admin", "root")[number % 4]
        host.guess(300 - number * 9.5, BRUTE, user, known=user != "admin", repeated=2 if number == 12 else 0)
    host.login(44, BRUTE, "deploy", 1003, 60, method="password")
    host.sudo(21, "deploy", 1003, "/usr/bin/id")
    host.say(0, "sudo", "  deploy : TTY=pts/1 ; PWD=/home/deploy ; USER=root ; COMMAND=/usr/bin/ss -tlnp")


PAGES = [
    "/",
    "/products",
    "/products/12",
    "/products/31",
    "/cart",
    "/about",
    "/blog",
    "/blog/spring-sale",
    "/login",
    "/static/app.css",
]
BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/122.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
CRAWLER = "ExampleBot/2.1 (+https://bot.example/about)"
SCANNED = [
    "admin",
    "backup",
    "old",
    "test",
    "wp-admin",
    "phpmyadmin",
    "console",
    "server-status",
    "config",
    "uploads",
    "private",
    "db",
    "tmp",
    "api/v0",
]
PROBES = (
    "/products?id=12%27",
    "/products?id=12%27%20OR%20%271%27=%271",
    "/products?id=12%20UNION%20SELECT%20NULL,NULL,NULL--%20-",
    "/products?id=12%20UNION%20ALL%20SELECT%20table_name,2%20FROM%20information_schema.tables--",
    "/products?id=12%27%20AND%20SLEEP(5)--%20-",
    "/products?id=12%2527%2520OR%25201%253D1",
    "/login?user=admin%27--&pass=x",
)


def access_lines() -> Lines:
    """Six hours of a small shop: visitors, a crawler, a monitor, a scanner, SQL probes, and a back end that fails."""
    chance = random.Random(20240302)
    lines: Lines = []

    def ask(before: float, address: str, target: str, status: int, agent: str, referer: str = "-") -> None:
        method = "POST" if target == "/checkout" else "GET"
        size = chance.randrange(200, 30000) if status < 400 else 153
        lines.append((before, f'{address} - - [] "{method} {target} HTTP/1.1" {status} {size} "{referer}" "{agent}"'))

    for _ in range(455):
        before, address, agent = chance.uniform(0, HOURS * 3600), _visitor(chance), chance.choice(BROWSERS)
        for target in chance.sample(PAGES, chance.randrange(2, 9)):
            ask(before, address, target, 304 if chance.random() < 0.1 else 200, agent, "https://shop.example/")
            before = max(before - chance.uniform(1, 40), 0)
        if chance.random() < 0.08:
            ask(before, address, "/favicon.png", 404, agent)
    for number in range(220):
        ask(chance.uniform(0, HOURS * 3600), "192.0.2.240", f"/blog/{number % 60}", 200, CRAWLER)
    for before in range(30, HOURS * 3600, 120):
        ask(before, "192.0.2.5", "/healthz", 200, "monitor/1.0")
    for number in range(150):
        target = f"/{SCANNED[number % len(SCANNED)]}{'' if number < len(SCANNED) else f'/{number}'}"
        ask(2400 - number * 0.9, SCANNER, target, 404, "Mozilla/5.0 (compatible; Nikto/2.5.0)")
    for number in range(28):
        ask(1500 - number * 6, INJECTOR, PROBES[number % len(PROBES)], 200 if number % 3 else 500, "sqlmap/1.8")
    for _ in range(70):
        ask(
            chance.uniform(520, 580),
            _visitor(chance),
            "/checkout",
            502,
            chance.choice(BROWSERS),
            "https://shop.example/cart",
        )
    ask(0, "192.0.2.5", "/healthz", 200, "monitor/1.0")
    return lines


def _visitor(chance: random.Random) -> str:
    number = chance.randrange(20, 120)
    return f"192.0.2.{number}" if chance.random() < 0.85 else f"2001:db8:5::{number:x}"


def auth_log() -> str:
    """auth.log as classic syslog."""
    return "".join(f"{moment:%b} {moment.day:2} {moment:%H:%M:%S} {text}\n" for moment, text in _in_order(auth_lines()))


def access_log() -> str:
    """access.log in Combined log format."""
    return "".join(
        f"{text.replace('[]', f'[{moment:%d/%b/%Y:%H:%M:%S} +0000]', 1)}\n"
        for moment, text in _in_order(access_lines())
    )


def _in_order(lines: Lines) -> list[tuple[datetime, str]]:
    return [(LAST - timedelta(seconds=before), text) for before, text in sorted(lines, key=lambda line: -line[0])]


if __name__ == "__main__":
    (FOLDER / "auth.log").write_text(auth_log())
    (FOLDER / "access.log").write_text(access_log())
