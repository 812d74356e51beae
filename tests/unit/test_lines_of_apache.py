"""Apache: access and error log, ModSecurity, after its documentation.

https://httpd.apache.org/docs/2.4/logs.html, https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat
"""

# ruff: noqa: E501 (a line of a log is a line)

import pytest
from support.web_lines import Parts, Told, fulfilled, parts, read, told

#: (line, what it tells, the rules that it fulfils by itself; none: harmless, or counted only)
LINES: tuple[tuple[str, Told, list[str]], ...] = (
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /docs/select-from-union.html HTTP/1.1" 200 612 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [],
    ),
    (
        'shop.example:443 203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.git/HEAD HTTP/2.0" 200 23 "-" "curl/8.5"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        ["Secrets handed out by the web server", "Web probe for secrets"],
    ),
    (
        '2001:db8::7 - alice [01/Mar/2026:03:11:26 +0000] "GET /private/ HTTP/1.1" 200 612 "-" "Mozilla/5.0"',
        ("webserver", "2001:db8::7", "alice", "success", "http_request"),
        ["Web login accepted"],
    ),
    (
        '203.0.113.7 - "" [01/Mar/2026:03:11:26 +0000] "GET /private/ HTTP/1.1" 401 381 "-" "-"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "POST /cgi-bin/.%2e/.%2e/.%2e/bin/sh HTTP/1.1" 200 42 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "success", "http_request"),
        [
            "Command injection probe",
            "Known hole answered",
            "Path traversal answered with a file",
            "Path traversal probe",
        ],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /icons/.%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1" 403 199 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Path traversal probe"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /cgi-bin/status HTTP/1.1" 404 196 "-" "() { :; }; /bin/bash -c \\"id\\""',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        ["Shellshock probe"],
    ),
    (
        '203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "-" 408 - "-" "-"',
        ("webserver", "203.0.113.7", "", "failure", "http_request"),
        [],
    ),
    (
        '127.0.0.1 - - [01/Mar/2026:03:11:26 +0000] "OPTIONS * HTTP/1.0" 200 126 "-" "Apache/2.4.62 (Debian) (internal dummy connection)"',
        ("webserver", "127.0.0.1", "", "success", "http_request"),
        [],
    ),
    (
        '127.0.0.1 - - [01/Mar/2026:03:11:26 +0000] "GET /server-status?auto HTTP/1.1" 200 1200 "-" "Mozilla/5.0 (X11; Linux x86_64)"',
        ("webserver", "127.0.0.1", "", "success", "http_request"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 812:tid 140] (36)File name too long: [client 203.0.113.7:40022] AH00036: access to /x failed (filesystem path '/var/www/[client 192.0.2.1]')",
        ("webserver_error/apache/apache", "203.0.113.7", "", "unknown", "web_error"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [proxy_http:error] [pid 812:tid 140] (70007)The timeout specified has expired: [client 203.0.113.7:40022] AH01102: error reading status line from remote server 127.0.0.1:8080",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 812:tid 140] [client 203.0.113.7:40022] File does not exist: /var/www/html/favicon.ico",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_missing"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:info] [pid 812:tid 140] [client 203.0.113.7:40022] AH00128: File does not exist: /var/www/html/old.html, referer: https://shop.example/",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_missing"),
        [],
    ),
    (
        '[Sun Mar 01 03:11:26.123456 2026] [auth_basic:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01617: user bob: authentication failure for "/admin": Password Mismatch',
        ("webserver_error/apache/apache", "203.0.113.7", "bob", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [auth_basic:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01618: user eve not found: /admin",
        ("webserver_error/apache/apache", "203.0.113.7", "eve", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [auth_digest:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01790: user `eve' in realm `staff' not found: /admin",
        ("webserver_error/apache/apache", "203.0.113.7", "eve", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        '[Sun Mar 01 03:11:26.123456 2026] [authz_core:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01631: user bob: authorization failure for "/admin": ',
        ("webserver_error/apache/apache", "203.0.113.7", "bob", "failure", "http_denied"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [authz_core:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01630: client denied by server configuration: /var/www/html/.htaccess",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_denied"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [access_compat:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01797: client denied by server configuration: /var/www/html/, referer: x [client 192.0.2.99:1]",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_denied"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH00126: Invalid URI in request GET /../../etc/passwd HTTP/1.1",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_malformed"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH10244: invalid URI path (/cgi-bin/.%2e/.%2e/etc/passwd)",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_malformed"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:error] [pid 812:tid 140] [client [2001:db8::7]:40022] AH02429: Request header field name is malformed",
        ("webserver_error/apache/apache", "2001:db8::7", "", "failure", "http_malformed"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [proxy:error] [pid 812:tid 140] (111)Connection refused: AH00957: HTTP: attempt to connect to 127.0.0.1:8080 (*) failed",
        ("webserver_error/apache/apache", "", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [proxy_http:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01114: HTTP: failed to make connection to backend: 127.0.0.1",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [proxy_fcgi:error] [pid 812:tid 140] [client 203.0.113.7:40022] (70007)The timeout specified has expired: AH01075: Error dispatching request to : (polling)",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "upstream_failure"),
        ["Web server's backend does not answer"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [php:error] [pid 812:tid 140] [client 203.0.113.7:40022] script '/var/www/html/shell.php' not found or unable to stat",
        ("webserver_error/apache/apache", "203.0.113.7", "", "failure", "http_missing"),
        [],
    ),
    (
        '[Sun Mar 01 03:11:26.123456 2026] [:error] [pid 812] [client 203.0.113.7:40022] [client 203.0.113.7] ModSecurity: Warning. detected SQLi using libinjection with fingerprint \'s&1c\' [file "/etc/crs/942.conf"] [line "45"] [id "942100"] [msg "SQL Injection Attack Detected via libinjection"] [data "Matched Data: [client 192.0.2.99] [msg \\\\x22fine\\\\x22]"] [severity "CRITICAL"] [hostname "shop.example"] [uri "/p"] [unique_id "aA"]',
        ("webserver_error/modsecurity/apache", "203.0.113.7", "", "unknown", "waf_alert"),
        ["Web application firewall alert"],
    ),
    (
        '[Sun Mar 01 03:11:26.123456 2026] [security2:error] [pid 812:tid 140] [client 203.0.113.7:40022] [client 203.0.113.7] ModSecurity: Access denied with code 403 (phase 2). Operator GE matched 5 at TX:anomaly_score. [file "/etc/crs/949.conf"] [line "93"] [id "949110"] [msg "Inbound Anomaly Score Exceeded (Total Score: 5)"] [severity "CRITICAL"] [hostname "shop.example"] [uri "/p"] [unique_id "aB"]',
        ("webserver_error/modsecurity/apache", "203.0.113.7", "", "failure", "waf_alert"),
        ["Web application firewall alert"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [core:notice] [pid 812] AH00052: child pid 900 exit signal Segmentation fault (11)",
        ("webserver_error/apache/apache", "", "", "failure", "web_crash"),
        ["Web server worker died"],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [mpm_prefork:error] [pid 812] AH00161: server reached MaxRequestWorkers setting, consider raising the MaxRequestWorkers setting",
        ("webserver_error/apache/apache", "", "", "failure", "web_overload"),
        [],
    ),
    (
        "[Sun Mar 01 03:11:26.123456 2026] [mpm_event:notice] [pid 812] AH00489: Apache/2.4.62 (Debian) configured -- resuming normal operations",
        ("webserver_error/apache/apache", "", "", "unknown", "web_error"),
        [],
    ),
    (
        '[Sun Mar 01 03:11:26 2026] [error] [client 203.0.113.7] user bob: authentication failure for "/admin": Password Mismatch',
        ("webserver_error/apache/apache", "203.0.113.7", "bob", "failure", "http_auth"),
        ["Web password refused, says the error log"],
    ),
    (
        "Mar  1 03:11:26 web1 apache2[812]: [auth_basic:error] [pid 812:tid 140] [client 203.0.113.7:40022] AH01618: user eve not found: /admin",
        ("webserver_error/apache/apache", "203.0.113.7", "eve", "failure", "http_auth"),
        ["Web password refused, says the error log"],
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
    ('203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET / HTTP/1.1" 200 612', ("GET", "/", 200, 612, None, None, None)),
    (
        'shop.example:443 203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "GET /.git/HEAD HTTP/2.0" 200 23 "-" "curl/8.5"',
        ("GET", "/.git/HEAD", 200, 23, "curl/8.5", None, "shop.example"),
    ),
    (
        '2001:db8::7 - alice [01/Mar/2026:03:11:26 +0000] "GET /private/ HTTP/1.1" 200 612 "-" "Mozilla/5.0"',
        ("GET", "/private/", 200, 612, "Mozilla/5.0", None, None),
    ),
)


@pytest.mark.parametrize(("line", "tells"), REQUESTS)
def test_requests(line: str, tells: Parts) -> None:
    """Method, path, status, size, user agent, duration and host are found where the line has them."""
    assert parts(read(line)) == tells
