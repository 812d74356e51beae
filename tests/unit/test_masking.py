"""Secrets in lines are masked before they are kept; what is no secret stays as it is."""

import hashlib

import pytest

from rules.masking import MASKED, masked
from store.examine_evidence import StoredLine, faults


@pytest.mark.parametrize(
    "line",
    [
        "GET https://ana:{}@git.example/x.git HTTP/1.1",
        "fetch https://{}@git.example/x.git",
        "GET /login?user=ana&token={}&next=/ HTTP/1.1",
        "GET /x?api_key={} HTTP/1.1",
        "GET /x?access_token={}",
        "Authorization: Basic {}",
        "authorization=Bearer {}",
        '"Authorization": "Token {}", "x": 1',
        "header 'Authorization: Bearer {}' sent",
        "ana : TTY=pts/0 ; PWD=/home/ana ; USER=root ; COMMAND=/usr/bin/mysql -u root -p{} shop",
        "COMMAND=/usr/bin/sshpass -p {} ssh db",
        "COMMAND=/usr/bin/curl -s -u ana:{} https://x.example",
        "COMMAND=/opt/tool --password {} --verbose",
        "COMMAND=/opt/tool --db-password={} --verbose",
        "COMMAND=/usr/bin/env PGPASSWORD={} psql",
        "COMMAND=/usr/bin/env MYSQL_PWD={} mysql",
        '{{"user": "ana", "password": "{}", "ok": true}}',
        r'{{"MESSAGE":"login {{\"password\":\"{}\"}}"}}',
        'client_secret="{}" done',
    ],
)
def test_secrets(line: str) -> None:
    """The secret is gone and everything around it stays."""
    secret = "hunter2-Xy9.Zz8Qk4Lm"
    kept = masked(line.format(secret))
    assert secret not in kept
    assert kept.replace(MASKED, "").replace('"', "") == line.format("").replace('"', "")


@pytest.mark.parametrize(
    "line",
    [
        "Mar  1 03:11:20 web1 sshd[812]: Failed password for root from 203.0.113.7 port 40022 ssh2",
        "Mar  1 03:11:20 web1 sshd[812]: Accepted publickey for ana from 192.0.2.1 port 22 ssh2: ED25519 SHA256:abc",
        "ana : TTY=pts/0 ; PWD=/home/ana ; USER=root ; COMMAND=/usr/bin/passwd bob",
        "passwd[12]: password for 'bob' changed by 'root'",
        '192.0.2.1 - - [01/Mar/2026:03:11:20 +0000] "GET /?q=1&page=2 HTTP/1.1" 200 12 "https://x.example/a" "curl/8"',
        "mail from ana@example.org to http://example.org/@bob",
        "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1 user=root",
        "COMMAND=/usr/bin/mkdir -p /srv/x",
    ],
)
def test_what_is_no_secret(line: str) -> None:
    """Ordinary lines are kept word for word."""
    assert masked(line) == line


def test_a_masked_line_is_no_forged_one() -> None:
    """The hash is of the line as it was read, which what is kept of it no longer proves; nor does it accuse."""
    line = "GET /?token=abcdefgh"
    digest = hashlib.sha256(line.encode()).hexdigest()
    kept = StoredLine(origin="a.log", line=1, text=masked(line), sha256=digest)
    assert kept.text != line
    assert [*faults(1, [kept])] == []


def test_masking_twice_changes_nothing() -> None:
    """What is masked stays masked, however often it is taken in."""
    once = masked("GET https://a:b@c/?token=d Authorization: Basic e")
    assert masked(once) == once
