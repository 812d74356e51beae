"""docs/reference/events.md against the code."""

import ast
from datetime import UTC, datetime

import pytest
from support.put_fields import NAMED, either, put_fields, texts, trees

from rules.formats.catalogue import ALIASES, names
from rules.formats.detect import strictest
from rules.formats.format import Context
from rules.formats.host import accounts, cron, sudo
from rules.formats.taxonomy import known_names
from rules.vocabulary.values import OPEN_WORDS, WORDS

#: What the code builds from parts.
BUILT = {
    *(f"{side}.{what}" for side in ("source", "destination") for what in ("ip", "port", "domain")),
    *(f"{kind}.name" for kind in ("user", "group")),
    *("user_add", "group_add", "ids_<type>", "zeek_<path>", "syslog.sd.<id>.<name>"),
}


def actions() -> set[str]:
    """Actions that the code writes out."""
    found: set[str] = set()
    for node in trees():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "happened":
            action = node.args[1]
            found |= texts(action) if isinstance(action, ast.Constant) else set()
            if isinstance(action, ast.IfExp):
                found |= either(action)
    return found


def test_every_field_is_named() -> None:
    """Each field that the parsers put into an event stands in the reference."""
    found = put_fields()
    assert len(found) > 40
    tables = {*known_names.TEXTS.values(), *known_names.PORTS.values(), *known_names.WEB_NAMES.values(), *sudo.NATIVE}
    assert sorted((found | tables | BUILT) - NAMED) == []


FRAME = "Mar  1 03:11:26 web1"
LINES = (
    f"{FRAME} kernel: [UFW BLOCK] IN=a OUT=b SRC=192.0.2.1 DST=192.0.2.2 LEN=40 PROTO=TCP SPT=1 DPT=2 SYN",
    f"{FRAME} useradd[1]: new user: name=eve, UID=1001, GID=1001, home=/home/eve, shell=/bin/bash",
    f"{FRAME} sshd[1]: PAM 2 more authentication failures; logname= rhost=a.example  user=root",
    f"{FRAME} sudo: bob : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls",
    f"{FRAME} su: (to root) bob on pts/0",
    f"{FRAME} CRON[1]: (root) CMD (true)",
    "<38>1 2024-03-01T03:11:26Z web1 app 1 ID - x",
    '{"__REALTIME_TIMESTAMP":"1709262686000000","_HOSTNAME":"a","_SYSTEMD_UNIT":"b","MESSAGE":"c"}',
    'a.example:80 192.0.2.1 - bob [01/Mar/2024:03:11:26 +0000] "GET /?a HTTP/1.1" 200 1 "-" "-" more',
)


@pytest.mark.parametrize("line", LINES)
def test_emitted_fields_are_named(line: str) -> None:
    """Of formats that have no names of their own nothing else comes out."""
    _, parsed = strictest(line, Context(reference=datetime(2024, 3, 1, tzinfo=UTC)))
    assert parsed is not None
    assert sorted(parsed.fields.keys() - NAMED) == []


def test_every_action_is_named() -> None:
    """Each action stands in the reference."""
    found = actions()
    assert len(found) > 15
    tables = {*accounts.VERBS.values(), *cron.ACTIONS.values()}
    assert sorted((found | tables) - NAMED) == []
    known, begun = WORDS["event.action"], OPEN_WORDS["event.action"]
    assert sorted(one for one in (found | tables) - known if not one.startswith(begun)) == []


def test_every_word_is_named() -> None:
    """What rules are told that a field of ours may hold stands in the reference."""
    assert {field: sorted(words - NAMED) for field, words in WORDS.items() if words - NAMED - PROSE} == {}


#: Words that the reference writes without marks.
PROSE = {"broken", "slow", "wrong", "security", "privacy", "other"}


def test_every_format_is_named() -> None:
    """Each format stands in the reference, under all its names."""
    assert sorted({*names(), *ALIASES} - NAMED) == []
