"""HAProxy: HTTP, HTTPS and TCP log, failed connections and what it says of servers, after its documentation.

https://docs.haproxy.org/3.0/configuration.html#8.2
"""

# ruff: noqa: E501 (a line of a log is a line)

import pytest
from support.web_lines import Parts, Told, fulfilled, parts, read, told

#: (line, what it tells, the rules that it fulfils by itself; none: harmless, or counted only)
LINES: tuple[tuple[str, Told, list[str]], ...] = (
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET / HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /search?q=select+from+union HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 404 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /.env HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /.git/config HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Secrets handed out by the web server", "Web probe for secrets"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /docs/.env.example HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /s?q=#22><script>alert(1)</script> HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Cross-site scripting probe"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /s?q=%3Cscript%3Ealert(1)%3C/script%3E HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Cross-site scripting probe"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 401 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "POST /login HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web login refused"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {198.51.100.9|sqlmap/1.8} "GET / HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Web scanner by name"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ web/<NOSRV> 0/-1/-1/-1/0 403 2750 - - PR-- 1/1/1/1/0 0/0 "GET /x?a=$(id) HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Command injection probe"],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ web/<NOSRV> -1/-1/-1/-1/0 400 2750 - - PR-- 1/1/1/1/0 0/0 "<BADREQ>"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/<NOSRV> 0/0/-1/-1/3 503 2750 - - SC-- 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 504 2750 - - sH-- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET / HTTP/1.1"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/2.0" 0/0000000000000000/0/0/0 shop.example/TLSv1.3/TLS_AES_128_GCM_SHA256',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '2001:db8::7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 404 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /.htpasswd HTTP/1.1"',
        ("webserver", "2001:db8::7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        '203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET /very/long',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] fnt bck/srv1 0/0/5007 212 -- 0/0/0/0/3 0/0",
        ("haproxy/tcp", "203.0.113.7", "", "success", "connection"),
        [],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] fnt bck/srv1 0/-1/5007 0 SC 0/0/0/0/3 0/0",
        ("haproxy/tcp", "203.0.113.7", "", "failure", "connection"),
        [],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web/1: SSL handshake failure",
        ("webserver_error/haproxy/haproxy", "203.0.113.7", "", "failure", "http_malformed"),
        [],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web/1: Connection closed during SSL handshake",
        ("webserver_error/haproxy/haproxy", "203.0.113.7", "", "failure", "http_malformed"),
        [],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: Connect from 203.0.113.7:40022 to 192.0.2.1:443 (www/HTTP)",
        ("haproxy/tcp", "203.0.113.7", "", "success", "connection"),
        [],
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: Server shop/srv1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
        ("webserver_error/haproxy/haproxy", "", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: [WARNING]  (14389) : Server shop/srv1 is UP, reason: Layer7 check passed, code: 200, check duration: 2ms. 2 active and 0 backup servers online.",
        ("webserver_error/haproxy/haproxy", "", "", "success", "upstream_recovered"),
        [],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: backend shop has no server available!",
        ("webserver_error/haproxy/haproxy", "", "", "failure", "upstream_failure"),
        ["No server left behind the proxy", "Web server's backend does not answer"],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: [ALERT] 059/031126 (14389) : backend 'shop' has no server available!",
        ("webserver_error/haproxy/haproxy", "", "", "failure", "upstream_failure"),
        ["No server left behind the proxy", "Web server's backend does not answer"],
    ),
    (
        "Mar  1 03:11:26 lb1 haproxy[14389]: Proxy web started.",
        ("webserver_error/haproxy/haproxy", "", "", "unknown", "web_notice"),
        [],
    ),
)


@pytest.mark.parametrize(("line", "tells", "rules"), LINES)
def test_lines(line: str, tells: Told, rules: list[str]) -> None:
    """Each line tells who, what and how it ended, and fulfils just these rules."""
    parsed = read(line)
    assert told(parsed) == tells
    assert fulfilled(line, parsed) == rules


#: (line, what it tells of the request)
REQUESTS: tuple[tuple[str, Parts], ...] = (
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {shop.example|Mozilla/5.0 (X11)} {} "GET / HTTP/1.1"',
        ("GET", "/", 200, 2750, "Mozilla/5.0 (X11)", 0.109, "shop.example"),
    ),
    (
        '203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ shop/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/2.0" 0/0000000000000000/0/0/0 shop.example/TLSv1.3/TLS_AES_128_GCM_SHA256',
        ("GET", "/", 200, 2750, None, 0.109, "shop.example"),
    ),
    (
        'Mar  1 03:11:26 lb1 haproxy[14389]: 203.0.113.7:40022 [01/Mar/2026:03:11:26.655] web~ web/<NOSRV> 0/-1/-1/-1/0 403 2750 - - PR-- 1/1/1/1/0 0/0 "GET /x?a=$(id) HTTP/1.1"',
        ("GET", "/x", 403, 2750, None, 0.0, None),
    ),
)


@pytest.mark.parametrize(("line", "tells"), REQUESTS)
def test_requests(line: str, tells: Parts) -> None:
    """Method, path, status, size, user agent, duration and host are found where the line has them."""
    assert parts(read(line)) == tells
