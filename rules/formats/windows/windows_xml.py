"""Windows events as XML, one ``<Event …>…</Event>`` per line: what wevtutil, NXLog and Sysmon for Linux write.

Everything in it is from outside: documents with a ``<!`` (which is where entities are declared) are refused, and what
is nested deeper than Windows nests is not looked at.
"""

from typing import Any
from xml.etree.ElementTree import Element, ParseError, XMLParser

from rules.formats.format import Context, Parsed
from rules.formats.windows.windows_json import from_event, put_event_id, told

LONGEST = 1 << 20  #: characters
MOST_ELEMENTS = 1000
DEEPEST = 4
#: Control characters that XML does not allow, and programs write all the same.
NOT_IN_XML = dict.fromkeys((*range(9), 11, 12, *range(14, 32)), "\ufffd")


class WindowsXml:
    """Windows events as XML lines."""

    name = "windows-xml"
    strictness = 95

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read one event."""
        return event_in(line, context)


def event_in(line: str, context: Context) -> Parsed | None:
    """The event that a line is; None if it is none, or no well-formed one."""
    text = line.strip()
    if not text.startswith("<Event") or not text.endswith("</Event>") or "<!" in text or len(text) > LONGEST:
        return None
    root = _root(text)
    if root is None or _name(root) != "Event":
        return None
    event = {_name(part): _content(part) for part in list(root)[:MOST_ELEMENTS]}
    system = event.get("System")
    fields = from_event({**event, "System": system}) if isinstance(system, dict) else {}
    if isinstance(message := _message(event), str):
        fields.setdefault("Message", message)
    channel = fields.get("Channel")
    if not put_event_id(fields) or not isinstance(channel, str):
        return None
    return told(fields, channel, fields["EventID"], line, context)


def _root(text: str) -> Element | None:
    try:
        return _parsed(text)
    except (ParseError, ValueError, RecursionError):
        pass
    try:
        return _parsed(text.encode("utf-8", "replace").decode().translate(NOT_IN_XML))
    except (ParseError, ValueError, RecursionError):
        return None


def _parsed(text: str) -> Element:
    parser = XMLParser()  # noqa: S314  # what the attacks need begins with <!, which is refused
    parser.feed(text)
    found: Element = parser.close()
    return found


def _name(element: Element) -> str:
    """Without the namespace."""
    return element.tag.rpartition("}")[2]


def _content(element: Element, depth: int = 1) -> Any:
    """As evtx converters write it in JSON: an element's attributes under ``#attributes``, its text under ``#text``."""
    if len(element) == 0:
        if not element.attrib:
            return element.text or ""
        return {"#attributes": dict(element.attrib), "#text": element.text}
    if depth >= DEEPEST:
        return None
    found: dict[str, Any] = {}
    listed: list[Any] = []
    for part in list(element)[:MOST_ELEMENTS]:
        value = _content(part, depth + 1)
        if _name(part) == "Data":
            listed.append(value)
        else:
            found.setdefault(_name(part), value)
    if listed:
        found["Data"] = listed
    return found


def _message(event: dict[str, Any]) -> Any:
    """What Windows shows to people, if it was rendered too."""
    rendering = event.get("RenderingInfo")
    return rendering.get("Message") if isinstance(rendering, dict) else None
