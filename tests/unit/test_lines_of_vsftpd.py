"""vsftpd's lines, after https://security.appspot.com/vsftpd/vsftpd_conf.html (vsftpd_log_file, syslog_enable)."""

import pytest
from support.service_lines import Asker, Row, parsed, rows, service

from rules.event import LogSource

TABLE = """
Fri Mar  1 03:11:26 2024 [pid 812] CONNECT: Client "203.0.113.7"
=> 203.0.113.7 | - | unknown | ftp_connect | -
Fri Mar  1 03:11:26 2024 [pid 811] [bob] FAIL LOGIN: Client "203.0.113.7"
=> 203.0.113.7 | bob | failure | ftp_login | FAILED
Fri Mar  1 03:11:26 2024 [pid 811] [bob] OK LOGIN: Client "::ffff:203.0.113.7"
=> 203.0.113.7 | bob | success | ftp_login | tocsin_ftp_success
Fri Mar  1 03:11:26 2024 [pid 811] [bob] OK LOGIN: Client "2001:DB8::7"
=> 2001:db8::7 | bob | success | ftp_login | tocsin_ftp_success
Fri Mar  1 03:11:26 2024 [pid 811] [ftp] OK LOGIN: Client "203.0.113.7", anon password "a@b.example"
=> 203.0.113.7 | ftp | success | ftp_login | -
Fri Mar  1 03:11:26 2024 [pid 811] [x] OK LOGIN: Client "192.0.2.1"] FAIL LOGIN: Client "203.0.113.7"
=> 203.0.113.7 | x] OK LOGIN: Client "192.0.2.1" | failure | ftp_login | FAILED
Fri Mar  1 03:11:26 2024 [pid 811] [ftp] OK LOGIN: Client "192.0.2.1", anon password "] FAIL LOGIN: Client "203.0.113.7"
=> 203.0.113.7 | ftp] OK LOGIN: Client "192.0.2.1", anon password " | failure | ftp_login | FAILED
Fri Mar  1 03:11:26 2024 [pid 813] [bob] OK UPLOAD: Client "203.0.113.7", "/www/x.php", 1234 bytes, 12.30Kbyte/sec
=> 203.0.113.7 | bob | success | ftp_upload | tocsin_ftp_put
Fri Mar  1 03:11:26 2024 [pid 813] [bob] FAIL UPLOAD: Client "203.0.113.7", "/www/x.php", 0.00Kbyte/sec
=> 203.0.113.7 | bob | failure | ftp_upload | -
Fri Mar  1 03:11:26 2024 [pid 813] [bob] OK UPLOAD: Client "203.0.113.7", "/www/x] FAIL LOGIN: Client "192.0.2.1", 12 bytes, 1.00Kbyte/sec
=> 203.0.113.7 | bob | success | ftp_upload | tocsin_ftp_put
Fri Mar  1 03:11:26 2024 [pid 813] [ftp] OK UPLOAD: Client "203.0.113.7", "/incoming/x.bin", 1234 bytes, 12.30Kbyte/sec
=> 203.0.113.7 | ftp | success | ftp_upload | tocsin_ftp_put; Anonymous upload
Fri Mar  1 03:11:26 2024 [pid 813] [ftp] OK MKDIR: Client "203.0.113.7", "/incoming/.x"
=> 203.0.113.7 | ftp | success | ftp_mkdir | Anonymous upload
Fri Mar  1 03:11:26 2024 [pid 813] [ftp] OK UPLOAD: Client "192.168.1.20", "/incoming/x.bin", 1234 bytes, 12.30Kbyte/sec
=> 192.168.1.20 | ftp | success | ftp_upload | tocsin_ftp_put
Fri Mar  1 03:11:26 2024 [pid 813] [ftp] OK DOWNLOAD: Client "203.0.113.7", "/pub/x.iso", 1234 bytes, 12.30Kbyte/sec
=> 203.0.113.7 | ftp | success | ftp_download | -
Fri Mar  1 03:11:26 2024 [pid 813] [bob] OK DELETE: Client "203.0.113.7", "/www/index.html"
=> 203.0.113.7 | bob | success | ftp_delete | -
Fri Mar  1 03:11:26 2024 [pid 813] [bob] OK RENAME: Client "203.0.113.7", "/a /b"
=> 203.0.113.7 | bob | success | ftp_rename | -
Fri Mar  1 03:11:26 2024 [pid 812] DEBUG: Client "203.0.113.7", "Connection terminated without SSL handshake."
=> - | - | - | - | -
Fri Mar  1 03:11:26 2024 [pid 812] [bob] FTP response: Client "203.0.113.7", "530 Login incorrect."
=> - | - | - | - | -
Mar  1 03:11:26 web1 vsftpd[812]: [bob] FAIL LOGIN: Client "203.0.113.7"
=> 203.0.113.7 | bob | failure | ftp_login | FAILED
Fri Mar  1 03:11:26 2024 [pid 811] [guest] FAIL LOGIN: Client "::ffff:203.0.113.7", "User is not in the allow user list."
=> 203.0.113.7 | guest | failure | ftp_login | FAILED
Fri Mar  1 03:11:26 2024 [pid 813] [bob] OK UPLOAD: Client "203.0.113.7", "/x] FAIL LOGIN: Client "192.0.2.1", "User is not in the allow user list.", 12 bytes, 1.00Kbyte/sec
=> 203.0.113.7 | bob | success | ftp_upload | tocsin_ftp_put
Mar  1 03:11:26 web1 vsftpd[812]: pam_unix(vsftpd:auth): authentication failure; logname= uid=0 euid=0 tty=ftp ruser=bob rhost=203.0.113.7  user=bob
=> 203.0.113.7 | bob | failure | pam_auth | -
"""  # noqa: E501
LINES = rows(TABLE.replace("FAILED", "tocsin_ftp_failure; tocsin_ftp_named_failure; tocsin_ftp_guess"))
ask = Asker("ftp")


@pytest.mark.parametrize("row", LINES, ids=range(len(LINES)))
def test_lines(row: Row) -> None:
    """Source, user, outcome, action, and the rules that the line fulfils."""
    assert ask.told(row[0]) == row[1:]


def test_log_source_and_details() -> None:
    """Sigma's rules for vsftpd apply to its own file as to syslog."""
    vsftpd = LogSource(category="ftp", product="linux", service="vsftpd")
    assert service(LINES[0][0]) == service(LINES[18][0]) == vsftpd
    fields = parsed(LINES[7][0]).fields
    assert (fields["file.path"], fields["file.size"], fields["pid"]) == ("/www/x.php", 1234, 813)
