"""The report of an incident as Markdown and as HTML. Text from outside can neither format nor act. Pure."""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rules.entities import clean

Rows = Sequence[tuple[str, str]]
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_{}[]()<>#+-.!|~&"})
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto}td{vertical-align:top;padding:.2rem 1rem .2rem 0}"
)


def markdown(record: Mapping[str, Any]) -> str:
    """The report as Markdown."""
    parts = [f"# {_plain(record['id'])}: {_plain(record['title'])}"]
    for title, rows in sections(record):
        parts.append(f"## {title}")
        parts.append("\n".join(f"- {_plain(name)}: {_plain(text)}" for name, text in rows) or "Nothing.")
    return "\n\n".join(parts) + "\n"


def page(record: Mapping[str, Any]) -> str:
    """The report as HTML: one file without scripts that loads nothing."""
    body = [f"<h1>{_escaped(record['id'])}: {_escaped(record['title'])}</h1>"]
    for title, rows in sections(record):
        cells = "".join(f"<tr><td>{_escaped(name)}</td><td>{_escaped(text)}</td></tr>" for name, text in rows)
        body.append(f"<h2>{title}</h2><table>{cells}</table>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_escaped(record['id'])}</title><style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )


def sections(record: Mapping[str, Any]) -> Iterator[tuple[str, Rows]]:
    """Titles, and what stands under each: name and text."""
    yield "Record", [(name.replace("_", " "), _said(value)) for name, value in record.items() if _is_short(value)]
    yield "About", [(one["kind"], one["value"]) for one in record["entities"]]
    yield (
        "Rules",
        [(one["rule_title"], f"{one['events']} events, {one['findings']} findings") for one in record["rules"]],
    )
    yield (
        "Why this severity",
        [(one["term"], f"{one['value']:+d}: {one['because']}") for one in record["severity_terms"]],
    )
    for form in record.get("forms", ()):
        if rows := list(_form(form)):
            yield f"Form: {form['form'].replace('_', ' ')}", rows
    for title, name, label in _LISTS:
        if listed := record.get(name):
            yield title, [(f"{label} {_numbered(one)}".strip(), _told(_bare(one))) for one in listed]
    if approval := record.get("approval"):
        yield from _approval(approval)
    yield "What happened", [(entry["at"], _entry(entry)) for entry in record["timeline"]]
    yield "Lines", [(f"{one['origin']}:{one['line']}", one["text"]) for one in record["evidence"]]


def _entry(entry: Mapping[str, Any]) -> str:
    told = [f"{name}: {_said(value)}" for name, value in entry["facts"].items()]
    told += [f"{name}: {'(redacted)' if value is None else value}" for name, value in entry["values"].items()]
    return f"{entry['kind']} by {entry['actor']['id']}" + (f" ({'; '.join(told)})" if told else "")


#: Title, where it stands in the record, and what one of it is called.
_LISTS = (
    ("Actions", "actions", "action"),
    ("Why there is no action", "no_action_because", ""),
    ("Requests for information", "requests", "request"),
    ("Clocks", "clocks", ""),
    ("Watches", "watches", "watch"),
    ("Procedures in force", "procedures", ""),
    ("Improvement items", "improvements", "item"),
    ("Done because four eyes were waived", "waivers", ""),
    ("Legal holds", "holds", "hold"),
)
_NUMBERS = ("number", "watch", "improvement", "matter", "cause", "entry")


def _numbered(one: Mapping[str, Any]) -> str:
    return next((str(one[name]) for name in _NUMBERS if name in one), "")


def _bare(one: Mapping[str, Any]) -> dict[str, Any]:
    """What a list says of one thing; what is empty says nothing, and texts that are null were redacted."""
    return {name: value for name, value in one.items() if value not in (None, "", [], {}) and name != "incident"}


def _approval(approval: Mapping[str, Any]) -> Iterator[tuple[str, Rows]]:
    """What was signed, by whom, and what does not hold."""
    if void := approval["approval_void"]:
        yield "The approval is void", [("why", void)]
    if frozen := approval["frozen"]:
        yield "What is approved", [(name, _said(value)) for name, value in frozen.items()]
    yield "Signatures", [(one["printed_name"] or one["person"], _told(_bare(one))) for one in approval["signatures"]]
    yield "Discrepancies", [(f"{one['number']}", _told(_bare(one))) for one in approval["discrepancies"]]


def _form(form: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What stands in a form, and whose word it is."""
    for name, answer in form["answers"].items():
        by = answer["by"] or "prefilled, nobody has confirmed it"
        yield name.replace("_", " "), f"{_answer(answer)} ({by})"
    yield from ((name.replace("_", " "), "(redacted)") for name in form["redacted"])


def _answer(answer: Mapping[str, Any]) -> str:
    if answer["state"] != "given":
        return f"{answer['state'].replace('_', ' ')}: {answer['reason']}"
    return _told(answer["value"])


def _told(value: Any) -> str:
    """A value of any shape on one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name.replace('_', ' ')}: {_told(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return "; ".join(map(_told, value)) or "-"
    return _said(value)


def _is_short(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _said(value: object) -> str:
    if value is None:
        return "-"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _flat(text: object) -> str:
    """One line without anything that a terminal or browser acts upon."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in clean(str(text)))


def _plain(text: object) -> str:
    return _flat(text).translate(_MARKS)


def _escaped(text: object) -> str:
    return html.escape(_flat(text))
