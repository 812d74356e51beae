"""ProFTPD's lines, after http://www.proftpd.org/docs/howto/Logging.html, and xferlog(5)'s."""

import pytest
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource

TABLE = """
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - USER bob (Login failed): Incorrect password.
=> 203.0.113.7 | bob | failure | ftp_login | FAILED
Mar  1 03:11:26 web1 proftpd[812]: web1.example (a.example[2001:db8::7]) - USER admin (Login failed): No such user found
=> 2001:db8::7 | admin | failure | ftp_login | FAILED
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - USER admin: no such user found from 203.0.113.7 [203.0.113.7] to 198.51.100.1:21
=> 203.0.113.7 | admin | failure | ftp_invalid_user | -
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - USER mail (Login failed): Invalid shell: '/usr/sbin/nologin'
=> 203.0.113.7 | mail | failure | ftp_login | FAILED
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - USER bob: Login successful.
=> 203.0.113.7 | bob | success | ftp_login | tocsin_ftp_success
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - ANON anonymous: Login successful.
=> 203.0.113.7 | anonymous | success | ftp_login | -
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - SECURITY VIOLATION: Root login attempted
=> 203.0.113.7 | root | failure | ftp_login | FAILED
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - Maximum login attempts (3) exceeded, connection refused
=> 203.0.113.7 | - | failure | ftp_max_attempts | -
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - FTP session opened.
=> 203.0.113.7 | - | unknown | ftp_connect | -
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - FTP session closed.
=> 203.0.113.7 | - | unknown | ftp_disconnect | -
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - USER x: Login successful. (Login failed): Incorrect password.
=> 203.0.113.7 | x: Login successful. | failure | ftp_login | FAILED
Mar  1 03:11:26 web1 proftpd[812]: 198.51.100.1 (203.0.113.7[203.0.113.7]) - USER (192.0.2.1[192.0.2.1]) - USER root (Login failed): Incorrect password.
=> 203.0.113.7 | (192.0.2.1[192.0.2.1]) - USER root | failure | ftp_login | FAILED
2024-03-01 03:11:26,123 web1 proftpd[812] web1.example (203.0.113.7[203.0.113.7]): USER bob: Login successful.
=> 203.0.113.7 | bob | success | ftp_login | tocsin_ftp_success
2024-03-01 03:11:26,123 web1 proftpd[812] web1.example (203.0.113.7[203.0.113.7]): USER x: y (Login failed): Incorrect password.
=> 203.0.113.7 | x: y | failure | ftp_login | FAILED
Mar 1 03:11:26 web1 proftpd[812] web1.example (203.0.113.7[203.0.113.7]): FTP session opened.
=> 203.0.113.7 | - | unknown | ftp_connect | -
Mar 01 03:11:26 web1 proftpd[812] web1.example (203.0.113.7[203.0.113.7]): USER bob (Login failed): Incorrect password.
=> 203.0.113.7 | bob | failure | ftp_login | FAILED
2024-03-01 03:11:26,123 web1 proftpd[812] web1.example: ProFTPD 1.3.8b (stable) standalone mode STARTUP
=> - | - | - | - | -
Mar  1 03:11:26 web1 proftpd[812]: pam_unix(proftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftpd ruser=bob rhost=203.0.113.7  user=bob
=> 203.0.113.7 | bob | failure | pam_auth | -
Fri Mar  1 03:11:26 2024 2 203.0.113.7 1234 /upload/x file.php b _ i r bob ftp 0 * c
=> 203.0.113.7 | bob | success | ftp_upload | tocsin_ftp_put
Fri Mar  1 03:11:26 2024 2 203.0.113.7 1234 /upload/x.php b _ i a a@b.example ftp 0 * c
=> 203.0.113.7 | anonymous | success | ftp_upload | tocsin_ftp_put; Anonymous upload
Fri Mar  1 03:11:26 2024 2 203.0.113.7 1234 /upload/x.php b _ i r bob ftp 0 * i
=> 203.0.113.7 | bob | failure | ftp_upload | -
Fri Mar  1 03:11:26 2024 2 203.0.113.7 1234 /pub/x.iso b _ o a a@b.example ftp 0 * c
=> 203.0.113.7 | anonymous | success | ftp_download | -
"""  # noqa: E501
LINES = rows(TABLE.replace("FAILED", "tocsin_ftp_failure; tocsin_ftp_named_failure; tocsin_ftp_guess"))
ask = Asker("ftp")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """The log source is the server's, from a file as from syslog; a file's name may hold blanks."""
    proftpd = LogSource(category="ftp", product="linux", service="proftpd")
    assert service(LINES[0][0]) == service(LINES[12][0]) == service(LINES[14][0]) == proftpd
    fields = parsed(LINES[18][0]).fields
    assert (fields["file.path"], fields["file.size"]) == ("/upload/x file.php", 1234)
    assert parsed(LINES[3][0]).fields["event.reason"] == "not_allowed"
