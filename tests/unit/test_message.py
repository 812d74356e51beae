"""What a person reads: complete, in order, and harmless whatever a log line holds."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifier import untrusted
from notifier.fitting import fit, in_bytes
from notifier.message import (
    LONGEST_TITLE,
    Ask,
    Facts,
    Message,
    Reason,
    Tone,
    duration,
    may_carry,
    render,
    render_digest,
    strictest,
)
from notifier.withheld import render_external, render_stub
from rules.event import Entity, Severity
from store.incident import Tlp

NOW = datetime(2026, 3, 1, 3, 12, 4, tzinfo=UTC)
LINK = "http://127.0.0.1:8787/a/token"
HOSTILE = (
    "@everyone <!channel> <@U123> `code` ```block``` [sign in](http://evil.com) ![x](javascript:1) "
    "\x1b[31mred\x1b]8;;http://evil.com\x07 \u202egnp.exe\u2066 \u200b\u2060 ||spoiler|| evil.com www.evil.com "
    "\nAsked of you: nothing.\r\nhttps://evil.com/\x00\x9b1m \udcff <script>alert(1)</script> evil。com"
)
entities = st.lists(
    st.builds(
        Entity,
        kind=st.sampled_from(["source", "account", "host", "component", "target"]),
        value=st.text(max_size=200) | st.just(HOSTILE) | st.just("evil.com"),
    ),
    max_size=6,
).map(tuple)


def facts(**changes: Any) -> Facts:
    fields: dict[str, Any] = {
        "number": 1,
        "title": "SSH brute force",
        "severity": Severity.HIGH,
        "entities": (Entity(kind="source", value="203.0.113.7"), Entity(kind="host", value="web1")),
        "events": 10,
        "first_seen": NOW - timedelta(seconds=38),
        "last_seen": NOW,
    }
    return Facts(**(fields | changes))


def rendered(**changes: Any) -> Message:
    return render(facts(**changes), link=LINK, visible_id="7f3a9c")


def assert_harmless(text: str) -> None:
    """Nothing in *text* acts in a chat client, a mail client or a terminal."""
    for forbidden in ("@", "<", ">", "`", "*", "__", "](", "||", "~~", "://", "www.e", "evil.com", "evil。com"):
        assert forbidden not in text
    for live in (
        r"(?:^|\W)_\w",
        r"\w_(?:\W|$)",
        r"[#~][a-z]",
        r"&#?\w+;",
        r":[a-z]\w*:",
        r"[\u034f\u3164\ufe0f\u2800]",
    ):
        assert not re.search(live, text, re.ASCII), live
    assert all(character.isprintable() or 0x2400 <= ord(character) <= 0x2421 for character in text)
    text.encode("utf-8")  # no lone surrogate is left: any channel can encode it


@given(st.text(max_size=400) | st.text("@<>`](|~:/.\x1b\u202ewe", max_size=60) | st.just(HOSTILE))
def test_neutralise(text: str) -> None:
    """Whatever was read, the neutralised text is one harmless line, and doing it again adds nothing dangerous."""
    assert_harmless(untrusted.neutralise(text))
    assert_harmless(untrusted.neutralise(untrusted.neutralise(text)))


@given(st.text("abcdefghij 0123456789-=,;'\"()", max_size=200))
def test_harmless_text_stays(text: str) -> None:
    """Text that can do nothing is shown as it was written."""
    assert untrusted.neutralise(text) == text


def test_addresses_stay_readable() -> None:
    """The addresses people look for are not mangled."""
    line = "Mar  1 03:11:26 web1 sshd[812]: Failed password for root from 203.0.113.7 port 22 ssh2"
    assert untrusted.neutralise(line) == line


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("nf_conntrack: user_name=svc_backup", "nf_conntrack: user_name=svc_backup"),
        ("_it_ __init__ *bold*", "＿it＿ ＿＿init＿＿ ∗bold∗"),  # noqa: RUF001
        ("#ops ~town #1 12:34:56 :ok_hand: a&lt;b R&D", "＃ops ∼town #1 12:34:56 :ok_hand : a& lt;b R&D"),  # noqa: RUF001
        ("a\u3164b\ufe0fc\u034fd", "a[U+3164]b[U+FE0F]c[U+034F]d"),
        ("Z\u0301\u0302\u0303\u0304\u0305 Z\u0301", "Z\u0301\u0302\u0303[U+0304] [U+0305] Z\u0301"),
    ],
)
def test_what_formats_and_what_hides(written: str, shown: str) -> None:
    """Emphasis, tags, entities, pictures by name, what takes no room and what takes too much are shown and no more."""
    assert untrusted.neutralise(written) == shown
    assert untrusted.neutralise(shown) == shown


@pytest.mark.parametrize(("account", "title"), [("svc_backup", "svc_backup"), ("__x__", None), ("x_", None)])
def test_names_that_format(account: str, title: str | None) -> None:
    """A name that would be emphasised does not stand in a title."""
    assert untrusted.plain_name(account) == title


@settings(max_examples=40)
@given(entities=entities, title=st.text(max_size=300) | st.just(HOSTILE), lines=st.lists(st.text(max_size=500)))
def test_hostile_incident(entities: tuple[Entity, ...], title: str, lines: list[str]) -> None:
    """With hostile names, title and lines, the message holds one link, ours, and nothing else that acts."""
    message = rendered(entities=entities, title=title, excerpts=(*lines, HOSTILE), because=HOSTILE)
    body = message.body.split("\n")
    assert body.count(LINK) == 1
    hosts = {entity.value for entity in entities if entity.kind in {"host", "target", "component"}}
    if "evil.com" not in hosts:  # a host is shown by its name, with its dots
        assert_harmless(message.title)
        for line in body:
            assert_harmless("" if line == LINK else line)
    assert len(message.title) <= LONGEST_TITLE
    assert sum(line.startswith("Asked of you") for line in body) == 1
    assert all(len(line) < 10 * untrusted.LONGEST_EXCERPT for line in body)


@given(st.text(min_size=1, max_size=100))
def test_titles_hold_no_log_text(line: str) -> None:
    """No log line reaches a title."""
    assert rendered(excerpts=(line,)).title == "TLP:AMBER HIGH INC-1: SSH brute force, 203.0.113.7 → web1"


def test_what_it_says() -> None:
    """Severity, what, who and where, how much, what is asked by when, one link, the lines, in this order."""
    message = rendered(
        entities=(*facts().entities, Entity(kind="account", value="root")),
        excerpts=("Failed password",),
        due_at=NOW + timedelta(minutes=15),
    )
    assert message.title == "TLP:AMBER HIGH INC-1: SSH brute force, root from 203.0.113.7 → web1"
    assert message.body.split("\n") == [
        "New incident.",
        "HIGH: SSH brute force",
        "root from 203.0.113.7 → web1",
        "10 events in 38 s, last at 2026-03-01 03:12:04 UTC",
        "Asked of you: acknowledge, by 2026-03-01 03:27:04 UTC.",
        LINK,
        "│ Failed password",
        "INC-1 · first · id 7f3a9c",
    ]


def test_the_readers_zone() -> None:
    """Times are told in the zone of who reads them, with its name."""
    message = render(facts(), link=LINK, visible_id="x", zone=ZoneInfo("Europe/Vienna"))
    assert "last at 2026-03-01 04:12:04 CET" in message.body


@pytest.mark.parametrize("reason", list(Reason))
def test_states_its_reason(reason: Reason) -> None:
    """Each message says why it is written now; one that settles something asks nothing."""
    message = rendered(reason=reason, because="severity rose from medium")
    assert message.body.split("\n")[0].endswith("(severity rose from medium).")
    assert (f"({reason})" in message.title) == (reason is not Reason.FIRST)
    settled = reason in {Reason.RESOLVED, Reason.ACKNOWLEDGED}
    assert ("Asked of you" in message.body) != settled
    assert (message.tone is Tone.GOOD) == settled


@pytest.mark.parametrize("ask", list(Ask))
def test_every_ask_has_words(ask: Ask) -> None:
    """What is asked is said in words for each ask."""
    assert "Asked of you: " in rendered(ask=ask).body


def test_sent_again() -> None:
    """A message that may have arrived before says so, under the id it had."""
    again = render(facts(), link=LINK, visible_id="7f3a9c", resent=True)
    assert "(re-sent)" in again.title
    assert "id 7f3a9c" in again.body


def test_excerpts_say_what_was_cut() -> None:
    """A long line and many lines are cut, and the message says by how much."""
    body = rendered(excerpts=("x" * 1300, *["y"] * 6)).body
    assert "│ " + "x" * 300 + " … (1,000 characters cut)" in body
    assert "│ … 2 more lines" in body


def test_labels() -> None:
    """A TLP label leads the title, and a channel below it carries only that something is asked."""
    assert rendered(tlp=Tlp.RED).title.startswith("TLP:RED HIGH INC-1")
    assert may_carry(Tlp.AMBER, Tlp.AMBER)
    assert may_carry(Tlp.RED, Tlp.CLEAR)
    assert not may_carry(Tlp.GREEN, Tlp.AMBER)
    stub = render_stub(facts(tlp=Tlp.RED, excerpts=("secret line",)), link=LINK, visible_id="x")
    assert "203.0.113.7" not in stub.title + stub.body
    assert "SSH" not in stub.title + stub.body + stub.subject + stub.essence
    assert LINK in stub.body
    assert stub.withheld == ("title", "who and where", "number of events", "first and last time", "log lines")


def test_people_outside() -> None:
    """They are told label, severity, number, times and what is asked; what they are not told is named."""
    said = facts(excerpts=("secret line",), because="root got in", reason=Reason.WORSE, due_at=NOW)
    outside = render_external(said, link=LINK, visible_id="x", zone=ZoneInfo("Europe/Berlin"), resent=True)
    assert outside.title == "TLP:AMBER HIGH INC-1 (worse, re-sent)"
    assert outside.body.split("\n") == [
        "Seen first 2026-03-01 04:11:26 CET, last 2026-03-01 04:12:04 CET.",
        "Asked of you: acknowledge, by 2026-03-01 04:12:04 CET.",
        LINK,
        "id x",
    ]
    assert "SSH" not in outside.subject + outside.essence
    assert outside.withheld == ("title", "who and where", "number of events", "what changed", "log lines")
    digest = render_digest("2 more", [said], more=1, tlp=Tlp.CLEAR, link=LINK, visible_id="x", external=True)
    assert "SSH" not in digest.body + digest.essence
    assert digest.withheld == ("details of INC-1",)


def test_digest() -> None:
    """A digest leads with the worst severity and the strictest label, names the worst and counts the rest."""
    worst = [facts(number=13, severity=Severity.CRITICAL, tlp=Tlp.RED), facts(number=1, severity=Severity.LOW)]
    label = strictest(one.tlp for one in worst)
    message = render_digest(
        "13 more incidents", worst, more=11, tlp=label, link=LINK, visible_id="x", max_tlp=Tlp.AMBER
    )
    assert message.title == "TLP:RED CRITICAL 13 more incidents"
    assert message.body.split("\n") == [
        "13 more incidents:",
        "CRITICAL INC-13 (details may not be sent over this channel)",
        "LOW INC-1 SSH brute force, 203.0.113.7 → web1",
        "and 11 more",
        LINK,
        "id x",
    ]
    assert message.tone is Tone.ALARM


@settings(max_examples=40)
@given(st.text(max_size=300), st.integers(60, 400))
def test_fit_in_bytes(text: str, limit: int) -> None:
    """Where a channel counts bytes, the cut message keeps within them."""
    message = fit(Message(title="t", body=text, tone=Tone.CALM), title_limit=0, body_limit=limit, size=in_bytes)
    assert in_bytes(message.body) <= limit
    assert message.body == text or message.body.endswith(" characters cut)")


@given(st.text(max_size=500), st.integers(0, 400))
def test_fit(text: str, limit: int) -> None:
    """A cut message keeps within the channel's limit, and says how many characters are missing where it can."""
    message = fit(Message(title="t", body=text, tone=Tone.CALM), title_limit=0, body_limit=limit)
    assert not limit or len(message.body) <= limit
    if limit > 100 and len(text) > limit:
        kept, _, said = message.body.rpartition(" … (")
        assert text.startswith(kept)
        assert said == f"{len(text) - len(kept):,} characters cut)"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (38, "38 s"), (252, "4 min 12 s"), (7200, "2 h"), (7500, "2 h 5 min"), (273600, "3 d 4 h")],
)
def test_duration(seconds: int, text: str) -> None:
    """A span is said in two units at most."""
    assert duration(timedelta(seconds=seconds)) == text
