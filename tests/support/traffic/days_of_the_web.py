"""Days of a web server on which nothing is wrong: clients that ask twice, pages that were lost, programs that persist."""

# ruff: noqa: E501 (lines of logs stand as they are written)

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from support.traffic.days_of_hosts import MINUTE, SECOND
from support.traffic.lines import HOME, OFFICE, Line, access, error, every, syslog
from support.traffic.web import BROWSER

SCANNER = "198.51.100.66"  #: the site's own; in [trust] scanners


def certificate_renewed(at: datetime) -> Iterator[Line]:
    """certbot asks for a new certificate; five machines come to see, and nginx takes it."""
    yield syslog(at, "syslog", "systemd[1]", "Starting certbot.service - Certbot...")
    for number in range(5):
        yield access(
            at + 4 * SECOND,
            f"203.0.113.{100 + number}",
            "GET /.well-known/acme-challenge/LoqXcYV8q5ONbJQxbmR7SCTNo3tiAXDfowyjxAjEuX0 HTTP/1.1",
            200 if number else 404,
            agent="Mozilla/5.0 (compatible; Let's Encrypt validation server; +https://www.letsencrypt.org)",
        )
    yield syslog(at + 9 * SECOND, "syslog", "systemd[1]", "Reloading nginx.service - A high performance web server...")
    yield Line(
        at + 9 * SECOND,
        "error",
        f"{at:%Y/%m/%d %H:%M:%S} [notice] 812#812: signal 1 (SIGHUP) received from 990, reconfiguring",
    )
    yield Line(
        at + 9 * SECOND,
        "error",
        f'{at:%Y/%m/%d %H:%M:%S} [warn] 812#812: "ssl_stapling" ignored, issuer certificate not found for certificate',
    )
    yield syslog(at + 10 * SECOND, "syslog", "systemd[1]", "Finished certbot.service - Certbot.")


def broken_theme(at: datetime) -> Iterator[Line]:
    """WordPress after a change of its theme: each page lacks its style, its script and its pictures, for everybody."""
    for number, moment in enumerate(every(at, 3 * SECOND, 100)):
        who = f"198.51.{100 + number % 3}.{number % 60 + 10}"
        yield access(moment, who, f"GET /?p={number % 40} HTTP/2.0", 200, agent=BROWSER)
        for file in ("style.css?ver=6.5", "js/main.js?ver=6.5", f"img/{number % 25}.webp", "fonts/a.woff2"):
            yield access(moment, who, f"GET /wp-content/themes/old/{file} HTTP/2.0", 404, agent=BROWSER)
        if not number % 20:
            yield access(moment, who, "POST /wp-cron.php?doing_wp_cron=1772420400 HTTP/1.1", 200, agent="WordPress/6.5")
            yield access(moment, who, "POST /wp-admin/admin-ajax.php HTTP/2.0", 200, agent=BROWSER)


def clients_that_ask_twice(at: datetime) -> Iterator[Line]:
    """Calendars, files and repositories over HTTP: each request is refused once without a password, then served."""
    for number, moment in enumerate(every(at, 3 * SECOND, 100)):
        for user, agent, request in (
            ("ann", "Mozilla/5.0 (Linux) mirall/3.13", "PROPFIND /remote.php/dav/files/ann/ HTTP/1.1"),
            ("bo", "DAVx5/4.4", "REPORT /remote.php/dav/calendars/bo/personal/ HTTP/2.0"),
            ("cy", "git/2.39.5", "GET /team/app.git/info/refs?service=git-upload-pack HTTP/2.0"),
        ):
            yield access(moment, OFFICE, request, 401, agent=agent)
            yield access(moment, OFFICE, request, 207 if "dav" in request else 200, agent=agent, user=user)
        if not number % 10:
            yield access(moment, OFFICE, "GET /v2/ HTTP/1.1", 401, agent="docker/27.0")
            yield access(
                moment, OFFICE, "GET /v2/team/app/manifests/latest HTTP/1.1", 200, agent="docker/27.0", user="ci"
            )


def office_that_mistypes(at: datetime) -> Iterator[Line]:
    """Two hundred people behind one address sign in between eight and half past nine; every fifth mistypes first.

    One form answers with 401, the other with itself.
    """
    for number, moment in enumerate(every(at, 27 * SECOND, 200)):
        path, refused = (("/login", 401), ("/wp-login.php", 200))[number % 2]
        for attempt in range((number % 5 == 0) + (number % 15 == 0)):
            yield access(moment + attempt * 4 * SECOND, OFFICE, f"POST {path} HTTP/2.0", refused, agent=BROWSER)
        yield access(moment + 11 * SECOND, OFFICE, f"POST {path} HTTP/2.0", 302, agent=BROWSER)


def own_scanner(at: datetime) -> Iterator[Line]:
    """The site's own scanner, named in ``[trust]``, tries everything."""
    for number, moment in enumerate(every(at, SECOND / 4, 400)):
        path = (
            "/.env",
            "/.git/config",
            "/index.php?id=1%27%20UNION%20SELECT%201,2--",
            "/?q=%3Cscript%3Ealert(1)%3C/script%3E",
            "/cgi-bin/.%2e/.%2e/.%2e/etc/passwd",
            "/wp-login.php",
        )[number % 6]
        yield access(moment, SCANNER, f"GET {path} HTTP/1.1", (404, 403, 500, 200)[number % 4], agent="Nikto/2.5")


def load_test(at: datetime) -> Iterator[Line]:
    """Somebody tries what the shop can bear: it bears it, but for a few."""
    for number, moment in enumerate(every(at, SECOND / 20, 600)):
        status = 503 if not number % 150 else 200
        yield access(moment, OFFICE, "GET /shop HTTP/1.1", status, agent="k6/0.50 (https://k6.io/)")


def slow_deploy(at: datetime) -> Iterator[Line]:
    """The shop is put in place anew, and does not answer for twenty seconds on a busy day."""
    for number, moment in enumerate(every(at, SECOND, 20)):
        who = f"198.51.100.{30 + number}"
        yield access(moment, who, "GET /shop HTTP/2.0", 502, 552, agent=BROWSER)
        yield error(
            moment,
            "error",
            f"connect() failed (111: Connection refused) while connecting to upstream, client: {who}, "
            'server: shop.example, request: "GET /shop HTTP/2.0", upstream: "http://127.0.0.1:8080/shop", '
            'host: "shop.example"',
        )


def health_checks(at: datetime) -> Iterator[Line]:
    """Load balancers and people's monitors look each few seconds; one asks for a page that is long gone."""
    for moment in every(at, 10 * SECOND, 100):
        yield access(moment, "10.0.0.3", "GET /healthz HTTP/1.1", 200, 2, agent="ELB-HealthChecker/2.0")
        yield access(moment, "10.0.0.4", "HEAD / HTTP/1.0", 301, 0, agent="-")
        yield access(moment, HOME, "GET /old-status HTTP/1.1", 404, agent="UptimeRobot/2.0")


def forgotten_token(at: datetime) -> Iterator[Line]:
    """A partner's program goes on with a token that ran out: every ten seconds, all day."""
    for moment in every(at, 10 * SECOND, 200):
        yield access(moment, HOME, "GET /api/v1/orders?since=yesterday HTTP/1.1", 401, agent="okhttp/4.12.0")
        yield access(moment, HOME, "POST /oauth/token HTTP/1.1", 400, agent="okhttp/4.12.0")


def tokens_refreshed(at: datetime) -> Iterator[Line]:
    """A partner's program: when its token has run out it is refused, and fetches a new one, every twenty seconds."""
    for moment in every(at, 20 * SECOND, 180):
        yield access(moment, HOME, "GET /api/v1/orders HTTP/1.1", 401, agent="okhttp/4.12.0")
        yield access(moment + SECOND, HOME, "POST /oauth/token HTTP/1.1", 200, agent="okhttp/4.12.0")


def office_whose_programs_fetch_tokens(at: datetime) -> Iterator[Line]:
    """Keycloak for an office behind one address: each open page renews its token, and people sign in at its form."""
    for number, moment in enumerate(every(at, 9 * SECOND, 200)):
        yield access(moment, OFFICE, "POST /realms/shop/protocol/openid-connect/token HTTP/2.0", 200, agent=BROWSER)
        if not number % 20:
            yield access(
                moment + SECOND,
                OFFICE,
                "POST /realms/shop/login-actions/authenticate?execution=a HTTP/2.0",
                302,
                agent=BROWSER,
            )


def telephone_with_a_password_that_was_revoked(at: datetime) -> Iterator[Line]:
    """Ann's telephone asks for her files each half minute, in vain; her laptop, at the same address, gets them."""
    for moment in every(at, 30 * SECOND, 200):
        for seconds, agent, status in ((0, "Nextcloud-android/3.30", 401), (7, "mirall/3.13", 207)):
            request = "PROPFIND /remote.php/dav/files/ann/ HTTP/1.1"
            yield access(moment + seconds * SECOND, HOME, request, status, agent=agent, user="ann")


def crawlers_after_a_move(at: datetime) -> Iterator[Line]:
    """The site was rebuilt: crawlers ask for hundreds of pages that were there, and a picture is linked from elsewhere."""
    for number, moment in enumerate(every(at, 2 * SECOND, 150)):
        yield access(
            moment,
            "192.0.2.240",
            f"GET /archive/{number}.html HTTP/1.1",
            404,
            agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        )
        yield access(
            moment, f"198.51.{100 + number % 3}.{number % 250}", "GET /img/old-logo.png HTTP/2.0", 404, agent=BROWSER
        )


def developers(at: datetime) -> Iterator[Line]:
    """A forge and a blog about security: paths and searches that look like attacks and are none."""
    for number, request in enumerate(
        (
            "GET /team/app/-/raw/main/.env.example HTTP/2.0",
            "GET /team/app/-/blob/main/docker-compose.yml HTTP/2.0",
            "GET /team/app/raw/branch/main/config/database.php.dist HTTP/2.0",
            "GET /blog/select-from-information_schema-explained HTTP/2.0",
            "GET /search?q=%3Cscript%3E+tag+in+html HTTP/2.0",
            "GET /search?q=how+to+read+%2Fetc%2Fpasswd HTTP/2.0",
            "GET /search?q=union+select HTTP/2.0",
            "GET /downloads/data-2025.zip HTTP/2.0",
            "GET /team/app/archive/main.tar.gz HTTP/2.0",
            "GET /backup HTTP/2.0",
            "GET /.well-known/security.txt HTTP/2.0",
            "GET /.well-known/apple-app-site-association HTTP/2.0",
            "GET /docs/phpmyadmin/index.html HTTP/2.0",
            "GET /docs/wp-config.php-explained HTTP/2.0",
            "GET /proxy?url=https://shop.example/a HTTP/2.0",
            "GET /redirect?to=../ HTTP/2.0",
            "POST /graphql HTTP/2.0",
            "GET /users/o'neill HTTP/2.0",
        )
    ):
        yield access(at + number * MINUTE, OFFICE, request, 200, agent=BROWSER)


def restarts_of_php(at: datetime) -> Iterator[Line]:
    """PHP ends a worker after each five hundred requests, and one script is slow."""
    for number, moment in enumerate(every(at, timedelta(minutes=5), 40)):
        yield error(
            moment,
            "error",
            f"upstream timed out (110: Connection timed out) while reading response header from upstream, client: {HOME}, "
            f'server: shop.example, request: "GET /report?n={number} HTTP/2.0", upstream: "fastcgi://unix:/run/php.sock", '
            'host: "shop.example"',
        )
        yield access(moment, HOME, f"GET /report?n={number} HTTP/2.0", 504, agent=BROWSER)
        yield error(
            moment,
            "warn",
            f"an upstream response is buffered to a temporary file /var/lib/nginx/fastcgi/1/00/0 while reading upstream, client: {HOME}, "
            'server: shop.example, request: "GET /report HTTP/2.0", upstream: "fastcgi://unix:/run/php.sock:", host: "shop.example"',
        )


DAYS: Final = (
    certificate_renewed,
    broken_theme,
    clients_that_ask_twice,
    office_that_mistypes,
    own_scanner,
    load_test,
    slow_deploy,
    health_checks,
    forgotten_token,
    tokens_refreshed,
    office_whose_programs_fetch_tokens,
    telephone_with_a_password_that_was_revoked,
    crawlers_after_a_move,
    developers,
    restarts_of_php,
)
