"""Windows events as JSON lines, in the shapes in which shippers write them, as the flat names that Sigma's rules use.

``{"Event": {"System": {…}, "EventData": {…}}}`` (evtx converters), ``{"winlog": {"event_id": …, "event_data": {…}}}``
(Winlogbeat) and flat ``{"EventID": …, "Channel": …, "Image": …}`` (NXLog and others) become the same.
"""

from typing import Any

from rules.formats.format import Context, Parsed
from rules.formats.reading import stamps
from rules.formats.reading.addresses import number
from rules.formats.reading.json_object import decode, flatten, time_in
from rules.formats.windows import windows_fields
from rules.formats.windows.windows_sources import kind_of, source_of

TIMES = ("SystemTime", "@timestamp", "EventTime", "TimeCreated", "UtcTime", "timestamp", "EventReceivedTime")


class WindowsJson:
    """Windows events as JSON lines."""

    name = "windows-json"
    strictness = 94

    def parse(self, line: str, context: Context) -> Parsed | None:
        """Read an object of one of the three shapes."""
        if '"EventID"' not in line and '"winlog"' not in line:
            return None
        found = decode(line)
        fields = None if found is None else _unpacked(found)
        if fields is None:
            return None
        event_id = fields["EventID"]
        channel = fields.get("Channel")
        if not isinstance(channel, str) or not isinstance(event_id, int):
            return None
        return told(fields, channel, event_id, line, context)


def told(fields: dict[str, Any], channel: str, event_id: int, line: str, context: Context) -> Parsed:
    """The event with what Sigma's taxonomy calls its fields, however it was written."""
    stamp = time_in(fields, context, TIMES)
    logsource = source_of(channel, event_id, kind_of(fields))
    windows_fields.put_names(logsource, event_id, fields)
    windows_fields.normalise(event_id, fields, line)
    return stamps.parsed(fields, logsource, stamp)


def _unpacked(found: dict[str, Any]) -> dict[str, Any] | None:
    """The flat fields with an EventID that is a number, None if the object is of no known shape."""
    event, winlog = found.get("Event"), found.get("winlog")
    if isinstance(event, dict) and isinstance(event.get("System"), dict):
        fields = from_event(event)
    elif isinstance(winlog, dict):
        fields = _from_winlogbeat(found, winlog)
    else:
        fields = flatten(found)
        name = fields.get("SourceName") or fields.get("ProviderName")
        if "Provider_Name" not in fields and isinstance(name, str):
            fields["Provider_Name"] = name
        if "Computer" not in fields and isinstance(name := fields.get("Hostname"), str):
            fields["Computer"] = name
    return fields if put_event_id(fields) else None


def put_event_id(fields: dict[str, Any]) -> bool:
    """Make the EventID a number; False if there is none."""
    whole = number(str(_scalar(fields.get("EventID")))[:10])
    if whole is None:
        return False
    fields["EventID"] = whole
    return True


def from_event(event: dict[str, Any]) -> dict[str, Any]:
    """``System`` and ``EventData`` (or ``UserData``) merged; what Windows writes as attributes gets flat names."""
    fields: dict[str, Any] = {}
    for name, value in event["System"].items():
        attributes = _attributes(value)
        if attributes is None:
            fields[name] = _scalar(value)
        elif name == "Provider":
            fields["Provider_Name"] = attributes.get("Name")
        elif name == "TimeCreated":
            fields["SystemTime"] = attributes.get("SystemTime")
        elif name in ("Execution", "Security", "Correlation"):
            fields.update({f"{name}_{inner}": one for inner, one in attributes.items()})
        else:
            fields[name] = _scalar(value)
    user_data = event.get("UserData")
    wrapped = user_data.values() if isinstance(user_data, dict) else ()  # one element that is named after the event
    for part in (event.get("EventData"), user_data, *wrapped):
        for name, value in _data(part).items():
            # The message's own names must not rename the event: System stands.
            fields.setdefault(name, value)
    return fields


def _attributes(value: Any) -> dict[str, Any] | None:
    """``{"#attributes": {…}}`` or ``{"@Name": …}`` or ``{"Name": …}`` -> the attributes; None for a plain value."""
    if not isinstance(value, dict):
        return None
    inner = value.get("#attributes")
    if isinstance(inner, dict):
        return inner
    return {name.removeprefix("@"): one for name, one in value.items()}


def _scalar(value: Any) -> Any:
    """``{"#text": 4688, …}`` -> 4688."""
    if isinstance(value, dict):
        return next((value[name] for name in ("#text", "Value", "value") if name in value), None)
    return value


def _data(value: Any) -> dict[str, Any]:
    """Event data in any spelling: an object, or ``Data: [{"@Name": …, "#text": …}, …]``."""
    if not isinstance(value, dict):
        return {}
    listed = _scalar(value.get("Data"))  # values without names, of one element or of several
    if not isinstance(listed, list):
        return {name: one for name, one in flatten(value).items() if name != "#attributes"}
    fields: dict[str, Any] = {}
    unnamed = []
    for one in listed[:1000]:
        attributes = _attributes(one) or {}
        name = attributes.get("Name")
        if isinstance(name, str):
            fields[name] = _scalar(one)
        elif not isinstance(one, dict | list):
            unnamed.append(one)
    if unnamed:
        fields["Data"] = unnamed
    return fields


def _from_winlogbeat(found: dict[str, Any], winlog: dict[str, Any]) -> dict[str, Any]:
    fields = flatten({name: value for name, value in found.items() if name != "winlog"})
    for name, native in (
        ("event_id", "EventID"),
        ("channel", "Channel"),
        ("provider_name", "Provider_Name"),
        ("computer_name", "Computer"),
    ):
        fields[native] = winlog.get(name)
    for part in ("event_data", "user_data"):
        if isinstance(data := winlog.get(part), dict):
            for name, value in flatten(data).items():
                fields.setdefault(name, value)
    return fields
