"""Secrets in lines that are kept as evidence: what stands behind their names is masked. Pure.

The hash of a line covers the line as it was read; only what is stored, shown and sent is masked. Expressions are RE2's:
the time they take grows with the length of the line and with nothing else. What is masked is what is named as a secret;
a secret that bears no name cannot be told from other words.
"""

from typing import Final

import re2

MASKED: Final = "(masked)"

_WORDS: Final = "passwords?|passwd|passphrase|secret|token|api[_-]?key"
_NAMES: Final = rf"(?:[\w.-]{{0,40}}(?:{_WORDS})|mysql_pwd|x-amz-signature|sig)"
_VALUE: Final = r"""(?:\\*"[^"\\]*|'[^']*|[^\s&;,"'\\()}]+)"""

#: Without any of these nothing is masked: most lines are kept as they are, at no cost.
_MARKS: Final = ("=", "://", '"', "'", " -", "authorization", "bearer")

_EXPRESSIONS: Final = tuple(
    re2.compile(one)
    for one in (
        # https://user:password@host, and a token in place of both
        r"([A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@\"']{0,200}:)[^\s/@\"']+(@)",
        r"([A-Za-z][A-Za-z0-9+.-]{1,30}://)[^\s/:@\"']{16,}(@)",
        # Authorization: Basic …, Bearer …, in a header, a command line or JSON
        r"""(?i)(\b(?:proxy-)?authorization\\*["']?\s*[:=]\s*\\*["']?(?:[a-z][a-z0-9-]{1,20}\s+)?)[^\s"'\\,;]+()""",
        r"(?i)(\bbearer\s+)[A-Za-z0-9._~+/=-]{8,}()",
        # name=value, as in an address, a command line or an environment
        rf"(?i)(\b{_NAMES}=){_VALUE}()",
        # "name": "value"
        rf"""(?i)(["']{_NAMES}\\*["']\s*:\s*\\*["'])[^"'\\]+()""",
        # --password value; mysql -pvalue, sshpass -p value, curl -u user:value
        rf"(?i)(\s--?{_NAMES}\s+){_VALUE}()",
        r"(\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|sshpass)\b[^|;&]{0,200}?\s-p\s?)[^\s|;&]+()",
        r"(\b(?:curl|wget)\b[^|;&]{0,200}?\s(?:-u|--user)[\s=]\s?[^\s:|;&]{1,100}:)[^\s|;&]+()",
    )
)


def masked(text: str) -> str:
    """*text* with each secret that is named as one replaced by ``(masked)``."""
    small = text.lower()
    if not any(mark in small for mark in _MARKS):
        return text
    for expression in _EXPRESSIONS:
        text = expression.sub(rf"\1{MASKED}\2", text)
    return text
