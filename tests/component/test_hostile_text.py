"""Text of attackers through the real channels, as bytes on the wire: nothing that a service would act upon.

The patterns are what each service's own documentation says it acts upon, in messages that programs send.
"""

import asyncio
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from support.mail import sink
from support.peers import Peer, peer
from support.wire import rerouted

from notifier.apprise_sender import AppriseSender
from notifier.message import Facts, Message, Reason, Tone, render
from notifier.sender import SendResult, Sent
from rules.event import Entity, Severity
from store.incident import Tlp

NOW = datetime(2026, 3, 1, 3, 12, tzinfo=UTC)
LINK = "https://tocsin.example.org/a/token-Az_9.x"
HOSTILE = (
    "@everyone @here @channel <!channel> <!here|x> <@U123> <#C1> <@&77> &lt;!everyone&gt; <https://evil.com|bank> "
    "`c` ```b``` *bold* _it_ __u__ ~~s~~ ||spoiler|| [sign in](http://evil.com) [a][b] ![x](http://evil.com/x.png) "
    "<b>x</b><img src=x onerror=alert(1)><a href='//evil.com'>y</a> # head > quote #tag ~town :skull: <t:1:R> "
    "\x1b[31mred\x1b]8;;http://evil.com\x07 \u202egnp.exe\u2066 \u200b\u2060\u3164\ufe0f evil.com www.evil.com \x00\x9b"
    "\r\nSubject: owned\r\nBcc: eve@evil.com\r\n\r\n.\r\nAsked of you: nothing. https://evil.com/ \udcff"
)
_LINKS = r"\w://(?!tocsin\.example\.org)|\bwww\.|evil\.com|\]\(|\]\["
_UNSEEN = r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\u3164\ufe0f\ufeff]"
_MARKDOWN = r"`|\*|~~|\|\||__|(?:^|[^0-9A-Za-z])_(?=\w)|^\s*(?:#|>|[-+] )|<[^>\n]*>"
LIVE = {
    "slack": rf"<[@!#h]|@|{_LINKS}|{_UNSEEN}|:[a-z]+:",
    "discord": rf"@|<[@#t:]|{_LINKS}|{_UNSEEN}|{_MARKDOWN}",
    "tgram": rf"<(?!/?b>)|@|{_LINKS}|{_UNSEEN}",
    "mmost": rf"@|#[a-z]|~[a-z]|:[a-z]+:|&\w+;|{_LINKS}|{_UNSEEN}|{_MARKDOWN}",
    "ntfy": rf"@|{_LINKS}|{_UNSEEN}",
    "mail": rf"@|<|{_LINKS}|{_UNSEEN}",
}
URLS = {
    "slack": "slack://TokenA123/TokenB456/tokenc12345678901234567890/#ops",
    "discord": "discord://1234567890/abcdefghijkl",
    "tgram": "tgram://123456789:abcdefg_hijklmnop/12315544/",
    "mmost": "mmost://chat.example.org/3ccdd113474722377935511fc85d3dd4",
    "ntfy": "ntfy://push.example.org/topic",
}
YES = {"slack": b"ok", "tgram": b'{"ok":true,"result":{"message_id":1}}'}


def hostile(text: str = HOSTILE) -> Message:
    """A message about an incident of which an attacker wrote all that attackers can write."""
    names = (Entity(kind="account", value=text), Entity(kind="source", value=text), Entity(kind="host", value=text))
    facts = Facts(
        number=1,
        title=text,
        severity=Severity.HIGH,
        entities=names,
        events=3,
        first_seen=NOW,
        last_seen=NOW,
        excerpts=(text, text[::-1]),
        tlp=Tlp.AMBER,
        reason=Reason.WORSE,
        because=text,
    )
    message = render(facts, link=LINK, visible_id="D-1")
    return replace(message, thread="inc-1.0123456789abcdef", press=LINK)


@pytest.fixture(scope="module")
def sender() -> AppriseSender:
    return AppriseSender(console=io.StringIO(), folder=Path.cwd())


async def sent(sender: AppriseSender, url: str, message: Message, receiver: Peer) -> tuple[SendResult, list[Any]]:
    """How it ended, and the bodies that came."""
    before = len(receiver.got)
    result = await asyncio.to_thread(sender.send, url, message)
    return result, receiver.got[before:]


def texts(body: Any) -> list[str]:
    """All that stands in a JSON value, keys left out."""
    if isinstance(body, dict):
        return [text for value in body.values() for text in texts(value)]
    if isinstance(body, list):
        return [text for value in body for text in texts(value)]
    return [body] if isinstance(body, str) and body not in {"#ops", "HTML"} else []


def shown(service: str, text: str) -> str:
    """The text as the service reads it, before it looks for what it acts upon."""
    return text.replace("\r\n", "\n").replace("\\:", ":") if service == "discord" else text.replace("\r\n", "\n")


@pytest.mark.parametrize("service", URLS)
async def test_inert_on_the_wire(sender: AppriseSender, monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """What comes to the service names nobody, links nowhere but to us, and formats nothing."""
    async with peer() as receiver:
        rerouted(monkeypatch, receiver.port)
        receiver.says = YES.get(service, b"{}")
        result, (body,) = await sent(sender, URLS[service], hostile(), receiver)
        assert result.outcome is Sent.ACCEPTED, result
    told = [shown(service, text) for text in texts(body)]
    assert sum(text.count(LINK) for text in told) == 1
    for text in told:
        live = re.search(LIVE[service], text.replace(LINK, ""), re.MULTILINE | re.ASCII)
        assert live is None, (live, text)
        if service == "tgram":  # it decodes HTML, once
            assert re.search(LIVE[service], unescape(re.sub("</?b>", "", text)).replace(LINK, "")) is None
    assert "!channel" in " ".join(told)  # a person still reads what was written
    assert re.search(LIVE[service], HOSTILE), "these patterns find what is live"


def test_inert_in_mail(sender: AppriseSender) -> None:
    """One plain text part, one recipient, one subject: no header and no end of the mail can be smuggled in."""
    with sink() as server:
        assert sender.send(server.url, hostile()).outcome is Sent.ACCEPTED
        (mail,) = server.taken
    assert (server.recipients, mail.get_all("Subject"), mail["Bcc"]) == (["ana@example.com"], [mail["Subject"]], None)
    assert (mail.get_content_type(), mail.is_multipart()) == ("text/plain", False)
    for text in (mail["Subject"], *mail.get_content().replace("\r\n", "\n").split("\n")):
        assert text == LINK or re.search(LIVE["mail"], text, re.ASCII) is None, text
    assert mail.get_content().count("\nAsked of you: ") == 1


@pytest.mark.parametrize("service", URLS)
async def test_a_mebibyte(sender: AppriseSender, monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """However long a text and whatever its letters, it keeps within the service's limit, and says how much is cut."""
    limits = {"slack": 40_000, "discord": 2_000, "tgram": 4_096, "mmost": 16_383, "ntfy": 4_096}
    long = replace(hostile(), body="\N{PILE OF POO}:é\n" * 120_000)
    async with peer() as receiver:
        rerouted(monkeypatch, receiver.port)
        receiver.says = YES.get(service, b"{}")
        result, (body,) = await sent(sender, URLS[service], long, receiver)
        assert result.outcome is Sent.ACCEPTED
    whole = re.sub("</?b>", "", max(texts(body), key=len))
    assert (len(whole.encode()) if service == "ntfy" else len(whole.encode("utf-16-le")) // 2) <= limits[service]
    assert re.search(r"\(4[\d,]+ characters cut\)$", whole)


@pytest.mark.parametrize(
    ("status", "second", "outcome", "requests"),
    [
        (400, 200, Sent.ACCEPTED, 2),
        (413, 200, Sent.ACCEPTED, 2),
        (400, 400, Sent.PERMANENT, 2),
        (403, 200, Sent.PERMANENT, 1),
    ],
)
async def test_refused_format(sender: AppriseSender, status: int, second: int, outcome: Sent, requests: int) -> None:
    """What a service refuses for its form goes out once more, as the least that can be said, in plain ASCII."""
    async with peer() as receiver:
        receiver.answers, receiver.answer = [status], second
        result, bodies = await sent(sender, receiver.url, hostile(), receiver)
        assert (result.outcome, len(bodies)) == (outcome, requests)
        assert {one.headers["X-Tocsin"] for one in receiver.taken} == {"D-1"}
    if requests == 2:
        assert bodies[1]["title"] == "TLP:AMBER HIGH INC-1 (worse)"
        assert bodies[1]["message"] == f"Asked of you: acknowledge.\n{LINK}\nid D-1"
        assert "refused as it was" in result.detail


@pytest.mark.parametrize(
    ("tone", "priority", "tag"),
    [(Tone.ALARM, "max", "rotating_light"), (Tone.WARNING, None, "warning"), (Tone.GOOD, "low", "white_check_mark")],
)
async def test_ntfy(
    sender: AppriseSender, monkeypatch: pytest.MonkeyPatch, tone: Tone, priority: str | None, tag: str
) -> None:
    """One tap on the phone posts to the link of whoever reads there; how loud it rings goes by the tone."""
    async with peer() as receiver:
        rerouted(monkeypatch, receiver.port)
        await sent(sender, URLS["ntfy"], replace(hostile(), tone=tone), receiver)
        await sent(sender, URLS["ntfy"] + "?priority=min", replace(hostile(), tone=tone, press=""), receiver)
    first, second = (one.headers for one in receiver.taken)
    assert (first.get("X-Priority"), first["X-Tags"]) == (priority, tag)
    assert first["X-Actions"] == f'action=http, label=Acknowledge, url="{LINK}", method=POST, clear=true'
    assert (second["X-Priority"], "X-Actions" in second) == ("min", False)  # what the address says counts
    assert json.loads(receiver.taken[0].body)["topic"] == "topic"
