"""What the mail servers have in common: the words in which they refuse, and what filters say of a message.

``mail_login`` is one attempt to log in, ``mail_received`` a message that came in, ``mail_delivery`` what became of it
for one recipient, ``mail_reject`` a refusal before it was taken, ``mail_malware`` and ``mail_spam`` a filter's verdict.
"""

from typing import Any

from rules.event import LogSource
from rules.formats.reading.addresses import put_endpoint
from rules.formats.reading.program import happened

AMAVIS = LogSource(category="mail", product="linux", service="amavis")
CLAMAV = LogSource(product="linux", service="clamav")
INFECTED = LogSource(category="antivirus", product="linux", service="clamav")

#: words of a refusal -> event.reason; the first that is found counts
REFUSALS = {
    "relay access denied": "relay_denied",
    "relay not permitted": "relay_denied",
    "relaying denied": "relay_denied",
    "user unknown": "unknown_recipient",
    "unknown user": "unknown_recipient",
    "no such user": "unknown_recipient",
    "unrouteable address": "unknown_recipient",
    "unrouteable recipient": "unknown_recipient",
    "undeliverable address": "unknown_recipient",
    "blocked using": "blocklisted",
    " is in a black list": "blocklisted",
    "listed at ": "blocklisted",
    "greylist": "greylisted",
    "helo command rejected": "bad_helo",
    "sender address rejected": "bad_sender",
    "sender verify fail": "bad_sender",
    "client host rejected": "bad_client",
    "recipient address rejected": "bad_recipient",
    "rate limit": "rate_limited",
    "too many connections": "rate_limited",
    "insufficient system storage": "disk_full",
    "space shortage": "disk_full",
    "no space left on device": "disk_full",
}
#: words by which a filter's verdict is one about malware
MALWARE = ("virus", "infected", "malware")


def refusal(text: str) -> str:
    """The reason in one word, else the server's words."""
    small = text.lower()
    return next((reason for words, reason in REFUSALS.items() if words in small), text)


def is_malware(text: str) -> bool:
    """Whether a filter refused because of malware."""
    small = text.lower()
    return any(word in small for word in MALWARE)


def amavis(message: str, fields: dict[str, Any]) -> LogSource:
    """``(00812-01) Blocked INFECTED (Eicar-Signature) {DiscardedInbound}, [203.0.113.7]:40022 <a@b> -> <c@d>, …``.

    https://www.ijs.si/software/amavisd/ ($log_templ). The first bracket behind the braces is the client.
    """
    text = message.partition(") ")[2] if message[:1] == "(" else message
    verdict, _, rest = text.partition(" {")
    _, _, kind = verdict.partition(" ")
    blocked = verdict.startswith("Blocked ")
    if kind.startswith("INFECTED"):
        happened(fields, "mail_malware", "failure" if blocked else "success", kind.partition("(")[2].partition(")")[0])
    elif kind.startswith("SPAM"):
        happened(fields, "mail_spam", "failure" if blocked else "success")
    else:
        return AMAVIS
    where = rest.partition("}, ")[2]
    host, found, port = where.partition("[")[2].partition("]")
    if found:
        put_endpoint(fields, "source", host, port[1:].partition(" ")[0] if port[:1] == ":" else "")
    sender, _, recipients = where.partition("<")[2].partition("> -> <")
    fields["mail.from"], fields["mail.to"] = sender, recipients.partition(">")[0]
    return AMAVIS


def clamav(message: str, fields: dict[str, Any]) -> LogSource:
    """clamd: ``/srv/upload/x.zip: Win.Test.EICAR_HDB-1 FOUND``; the file comes first, and may be called anything."""
    path, found, signature = message.removesuffix(" FOUND").rpartition(": ")
    if found and message.endswith(" FOUND"):
        fields["file.path"] = fields["Filename"] = path
        fields["Signature"] = signature
        happened(fields, "malware_found", "unknown", signature)
        return INFECTED
    return CLAMAV
