"""The one adapter around Apprise: what it does by itself is switched off, what it tells is kept.

Each delivery gets a fresh object (a reused one throttles itself and is not thread-safe), no pool of Apprise's (one slow
destination would delay the others), no retries of Apprise's (the outbox retries), no redirects, plain text.
"""

import hashlib
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO
from urllib.parse import parse_qsl, unquote, urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType
from apprise.exception import AppriseImproperlyConfigured
from apprise.manager_plugins import NotificationManager
from apprise.plugins.ntfy import NotifyNtfy

from notifier import http_bounds, mail_channel, ntfy
from notifier.channel_log import ChannelLog, heard, without_secrets
from notifier.fitting import Size, fit, in_utf16
from notifier.local_channels import CONSOLE, FILE, ConsoleChannel, FileChannel
from notifier.mail_channel import MailChannel
from notifier.message import Message, Tone
from notifier.sender import SendResult, Sent

LONGEST_READ_SECONDS = 15.0
LONGEST_CONNECT_SECONDS = 5.0
LONGEST_DETAIL = 500
_RECIPIENTS = ("to", "cc", "bcc")
#: Services that count otherwise than Apprise: in UTF-16, and with what Apprise adds to lines or escapes for them.
_SIZES: Mapping[str, Size] = {
    "slack": in_utf16,
    "tgram": lambda text: in_utf16(text) + text.count("\n"),
    "discord": lambda text: in_utf16(text) + text.count(":"),
}
#: Services that are any program: it can leave out what comes from us, so that no message goes round in a circle.
_OF_ANYBODY = frozenset({"json", "jsons", "xml", "xmls", "form", "forms"})

_TYPES = {
    Tone.ALARM: NotifyType.FAILURE,
    Tone.WARNING: NotifyType.WARNING,
    Tone.CALM: NotifyType.INFO,
    Tone.GOOD: NotifyType.SUCCESS,
}


class AppriseSender:
    """Sends by any Apprise URL, and to ``tocsin-console://`` and ``tocsin-file://PATH``.

    Args:
        console: The stream behind ``tocsin-console://``.
        folder: What a relative PATH is relative to.
    """

    def __init__(self, *, console: TextIO, folder: Path) -> None:
        self._console = console
        self._console_lock = threading.Lock()
        self._loading = threading.Lock()
        self._folder = folder
        self._asset = AppriseAsset(
            app_id="Tocsin",
            app_desc="Tocsin",
            app_url="",
            body_format=NotifyFormat.TEXT,
            async_mode=False,
            service_timeout=0,
            http_redirects=False,
            interpret_escapes=False,
            interpret_emojis=False,
            default_service_retry=0,
            image_url_mask="",
            image_url_logo="",
        )

    def send(self, url: str, message: Message) -> SendResult:
        """Try once."""
        result, is_refused_form = self._attempt(url, message)
        if not is_refused_form or not message.essence:
            return result
        again, _ = self._attempt(url, minimal(message))
        detail = f"refused as it was, sent with the least that can be said: {result.detail}; {again.detail}"
        return replace(again, detail=detail.strip("; ")[:LONGEST_DETAIL])

    def _attempt(self, url: str, message: Message) -> tuple[SendResult, bool]:
        """Try to send, and whether the peer refused what was written rather than us."""
        log = ChannelLog()
        service = self._service(url, log, message)
        if service is None:
            detail = f"the address cannot be used: {_told(log, url)}"
            return SendResult(outcome=Sent.PERMANENT, detail=detail), False
        if url.partition("://")[0] in _OF_ANYBODY:
            service.headers |= {"X-Tocsin": message.visible_id or "message"}  # type: ignore[attr-defined]
        began = time.monotonic()
        with heard(log):
            accepted = _notify(service, _fitted(message, service))
        elapsed = time.monotonic() - began
        outcome, wait_seconds = (Sent.ACCEPTED, 0.0) if accepted else (log.judged(), log.wait_seconds)
        result = SendResult(outcome=outcome, detail=_told(log, url), elapsed_seconds=elapsed, wait_seconds=wait_seconds)
        return result, outcome is Sent.PERMANENT and log.is_refused_form

    def channel(self, url: str) -> str:
        """Scheme and a hash of the host, which for many services is a secret; a file's whole path."""
        scheme, _, rest = url.partition("://")
        host = rest if scheme == FILE else (urlsplit(f"//{rest}").netloc.rpartition("@")[2])
        return f"{scheme}:{hashlib.sha256(host.encode()).hexdigest()[:8]}" if host else scheme

    def check(self, url: str) -> list[str]:
        """What is wrong with *url*. What Apprise only warns of (a dropped recipient, a bad option) is an error here."""
        log = ChannelLog()
        service = self._service(url, log)
        wrong = [without_secrets(line, url) for line in log.lines]
        if service is None:
            return wrong or ["no channel of that name: see the list of addresses in Apprise's documentation"]
        if (recipients := max(len(service), _named_recipients(url))) > 1:
            wrong.append(f"it names {recipients} recipients: give each its own url, so that each has its own result")
        if any(name == "format" and value != NotifyFormat.TEXT for name, value in _options(url)):
            wrong.append("it asks for a format: leave that out, messages are plain text")
        return wrong

    def _service(self, url: str, log: ChannelLog, message: Message | None = None) -> NotifyBase | None:
        """A fresh object that logs to *log*, or None if the address cannot be used."""
        scheme, _, rest = url.partition("://")
        service: NotifyBase | None
        if scheme == CONSOLE:
            service = ConsoleChannel(stream=self._console, lock=self._console_lock, asset=self._asset)
        elif scheme == FILE:
            service = self._file(unquote(rest), log)
        else:
            self._load()
            with heard(log):
                service = self._of_apprise(scheme, url, log, message)
        return None if service is None else _tamed(service, log)

    def _of_apprise(self, scheme: str, url: str, log: ChannelLog, message: Message | None) -> NotifyBase | None:
        if scheme in mail_channel.SCHEMES:
            return self._mail(url, log, message)
        parsed = ntfy.dressed(url, message) if scheme in ntfy.SCHEMES else url
        return Apprise.instantiate(parsed or url, asset=self._asset)

    def _mail(self, url: str, log: ChannelLog, message: Message | None) -> NotifyBase | None:
        parsed = MailChannel.parse_url(url)  # type: ignore[no-untyped-call]
        if not parsed:
            log.add("no mail address: write mailtos://USER:PASSWORD@SERVER?to=RECIPIENT")
            return None
        try:
            return MailChannel(log=log, message=message, **(parsed | {"asset": self._asset}))
        except AppriseImproperlyConfigured as error:
            log.add(str(error))
            return None

    def _load(self) -> None:
        """Load Apprise's channels, once, at the first address that needs them: ``check`` at start, not a page."""
        with self._loading, warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of modules that Apprise tries to import
            NotificationManager().load_modules()  # type: ignore[no-untyped-call]
        http_bounds.install()

    def _file(self, path: str, log: ChannelLog) -> NotifyBase | None:
        if not path:
            log.add(f"no path: write {FILE}://PATH, relative to {self._folder}, or {FILE}:///PATH")
            return None
        full = self._folder / path
        if not full.parent.is_dir():
            log.add(f"the folder {full.parent} does not exist: make it, or correct the path")
            return None
        return FileChannel(path=full, asset=self._asset)


def minimal(message: Message) -> Message:
    """What is asked and where, in letters that every service takes: for a channel that refused the whole."""
    plain = message.essence.encode("ascii", "replace").decode()
    title, _, body = plain.partition("\n")
    return replace(message, title=title, body=body or title, subject="")


def _options(url: str) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(f"//{url.partition('://')[2]}").query)


def _named_recipients(url: str) -> int:
    """How many recipients options name: of several, Apprise drops the unusable ones without a word."""
    named = [(name, value) for name, value in _options(url) if name in _RECIPIENTS]
    return sum(len(value.replace(",", " ").replace(";", " ").split()) for _, value in named)


def _tamed(service: NotifyBase, log: ChannelLog) -> NotifyBase:
    """*service* with whatever its URL says about time, retries and being optional brought within our bounds."""
    service.logger = log.logger
    service.retry = 0
    service.optional = False
    service.socket_read_timeout = min(service.socket_read_timeout, LONGEST_READ_SECONDS)
    service.socket_connect_timeout = min(service.socket_connect_timeout, LONGEST_CONNECT_SECONDS)
    return service


def _fitted(message: Message, service: NotifyBase) -> Message:
    """The message cut to what the service takes; where it knows no titles, Apprise puts the title into the body."""
    if isinstance(service, MailChannel) and message.subject and message.subject != message.title:
        # Clients that sort by subject see one thread; what differs from mail to mail is the first line instead.
        message = replace(message, title=message.subject, body=f"{message.title}\n\n{message.body}")
    if isinstance(service, NotifyNtfy):
        limit = max(1, ntfy.LARGEST - ntfy.size(message.title))
        return fit(message, title_limit=service.title_maxlen, body_limit=limit, size=ntfy.size)
    size = _SIZES.get(service.schema, len)
    in_body = 0 if service.title_maxlen and not service.overflow_amalgamate_title else size(message.title) + 2
    limit = max(1, service.body_maxlen - in_body)
    return fit(message, title_limit=service.title_maxlen, body_limit=limit, size=size)


def _notify(service: NotifyBase, message: Message) -> bool:
    # Apprise answers wrong arguments as it answers an outage: they must not get that far.
    assert message.title or message.body
    courier = Apprise(asset=service.asset)
    courier.add(service)
    with courier.notify(
        body=message.body, title=message.title, notify_type=_TYPES[message.tone], body_format=NotifyFormat.TEXT
    ) as result:
        return bool(result)


def _told(log: ChannelLog, url: str) -> str:
    return without_secrets("; ".join(log.lines), url)[:LONGEST_DETAIL]
