"""Each option of the configuration is put in force by a reload, or needs a restart and is named; none is passed over.

A reload publishes one `Settings`; whoever does the work asks for what it needs of them each time. So an option is put
in force if something that is asked for changes with it.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect, structs

from detector.config.records import Config
from detector.config.secret import Secret
from detector.config.sections import governing, judging, people, reading, telling
from detector.config.sections.emergency import EmergencySection
from detector.config.sections.heartbeat import HeartbeatSection
from detector.settings import Settings, build, limits, needs_restart
from detector.sweep import keep_of
from rules.event import Mode, Severity
from store.deadlines import Duty
from store.forms import FormName

#: Read and checked, but not acted upon: the reference says so.
NOT_ACTED_UPON = {"retention.incidents_days"}
#: Everything that is asked for while the daemon runs.
PARTS: Mapping[str, Callable[[Settings], object]] = {
    "engine": lambda one: one.engine,
    "sources": lambda one: one.sources,
    "intakes": lambda one: one.intakes,
    "routing": lambda one: one.routing,
    "site": lambda one: one.site,
    "persons": lambda one: one.persons,
    "contacts": lambda one: one.contacts,
    "emergency": lambda one: one.emergency,
    "limits": lambda one: limits(one.config),
    "keep": lambda one: keep_of(one.config.retention),
    "heartbeat": lambda one: one.config.heartbeat,
    "base_url": lambda one: one.config.http.base_url,
    "log_level": lambda one: one.config.daemon.log_level,
}
#: Something in each section.
FULL = Config(
    rules=judging.RulesSection(paths=()),
    sources=(reading.Source(name="s", path="/s.log"), reading.Source(name="j", type="journal")),
    intakes=(reading.IntakeSection(name="i", kind="mapped", preset="grafana"),),
    formats=(reading.FormatSection(name="f", pattern="(?P<a>.)"),),
    assets=(judging.Asset(host="h", criticality="lab"),),
    clocks=(governing.Clock(duty=Duty.REPORT, within_hours=1),),
    regulatory=(governing.Regulatory(name="r", within_hours=24),),
    form_fields=(
        governing.FormField(form=FormName.REPORT, name="n", kind="choice", choices=("a", "b")),
        governing.FormField(form=FormName.REPORT, name="m"),
    ),
    persons=(people.Person(id="ana"), people.Person(id="bo")),
    contacts=(people.Contact(id="c"),),
    designations=(people.Designation(lead="ana"),),
    receivers=(
        telling.Receiver(name="a", url=Secret("tocsin-console://")),
        telling.Receiver(name="b", url=Secret("x")),
    ),
    routes=(telling.Route(receiver=("a",)),),
    escalations=(telling.Escalation(name="e", step=(telling.EscalationStep(after_minutes=1),)),),
    emergency=EmergencySection(receiver="a"),
    heartbeat=HeartbeatSection(url=Secret("http://h/")),
)
#: Which record of a section an option is tried on, where it is not the first.
ON_THE_SECOND = {
    *(f"source.{name}" for name in ("units", "identifiers", "facilities", "priority", "directory")),
    "form_field.kind",
}


def others(folder: Path) -> Mapping[str, Any]:
    """Values that not any text will do for."""
    (folder / "m.toml").write_text(MAPPING)
    (folder / "r.yml").write_text("title: t\n")
    (folder / "p.yml").write_text("name: p\ntransformations: []\n")
    (folder / "c.pem").write_text("not looked at before it is used")
    return {
        "timezone": "Europe/Berlin",
        "hours": "08:00-12:00",
        "days": ("mon",),
        "holidays": ("2026-12-25",),
        "networks": ("192.0.2.0/24",),
        "leave": (people.Leave(from_="2026-12-20", to="2027-01-05"),),
        "time": ("22:00-07:00",),
        "digest_at": "08:00",
        "severity": (Severity.HIGH,),
        "step": (telling.EscalationStep(after_minutes=2),),
        "rules.paths": (str(folder / "r.yml"),),
        "rules.mode": (judging.RuleMode(mode=Mode.ADVISE, rule=("t",), author="a", reason="r"),),
        "pipelines": (str(folder / "p.yml"),),
        "preset": "zabbix",
        "mapping": str(folder / "m.toml"),
        "certificate_file": str(folder / "c.pem"),
        "pattern": "(?P<b>.)",
        "form_field.kind": "line",
    }


MAPPING = """
name = ["/title"]
"""


def changed() -> Iterator[tuple[str, Callable[[Mapping[str, Any]], Config]]]:
    """(option, how to make a configuration in which it alone differs) for each option there is."""
    for section in structs.fields(Config):
        found = getattr(FULL, section.name)
        for one in found[:1] if isinstance(found, tuple) else (found,):
            yield from _of(section.encode_name, section.name, one)


def _of(shown: str, name: str, record: Any) -> Iterator[tuple[str, Callable[[Mapping[str, Any]], Config]]]:
    for field in structs.fields(record):
        value = getattr(record, field.name)
        is_given_by_file = field.name.endswith("_file") and hasattr(record, field.name.removesuffix("_file"))
        if isinstance(value, msgspec.Struct):
            for inner in structs.fields(value):
                yield f"{shown}.{field.encode_name}.{inner.encode_name}", _maker(shown, name, inner, field.name)
        elif not is_given_by_file:  # a file is another way to write the option beside it
            yield f"{shown}.{field.encode_name}", _maker(shown, name, field)


def _maker(shown: str, name: str, field: Any, within: str = "") -> Callable[[Mapping[str, Any]], Config]:
    def make(special: Mapping[str, Any]) -> Config:
        found = getattr(FULL, name)
        records = list(found) if isinstance(found, tuple) else [found]
        at = 1 if f"{shown}.{field.name}" in ON_THE_SECOND else 0
        record = getattr(records[at], within) if within else records[at]
        other = _other(f"{shown}.{field.name}", field, getattr(record, field.name), special)
        new = structs.replace(record, **{field.name: other})
        records[at] = structs.replace(records[at], **{within: new}) if within else new
        return structs.replace(FULL, **{name: tuple(records) if isinstance(found, tuple) else records[0]})

    return make


def _other(path: str, field: Any, value: Any, special: Mapping[str, Any]) -> Any:
    """A value of the same type that is not *value*."""
    for key in (path, field.name):
        if key in special and not (key == "step" and "match" in path):
            return special[key]
    kind = inspect.type_info(field.type)
    if isinstance(value, Secret):
        return Secret("other")
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(kind, inspect.VarTupleType):
        return (next((one for one in _members(kind.item_type) if one not in value), "b"),)
    members = [one for one in _members(kind) if one != value]
    return members[0] if members else "b"


def _members(kind: inspect.Type) -> list[Any]:
    if isinstance(kind, inspect.EnumType):
        return list(kind.cls)
    return list(kind.values) if isinstance(kind, inspect.LiteralType) else []


def test_each_option_is_put_in_force_or_named(tmp_path: Path) -> None:
    """All options there are, one by one."""
    special, before = others(tmp_path), build(FULL)
    assert all(read(before) == read(build(FULL)) for read in PARTS.values()), "nothing differs by itself"
    passed_over, tried = set(), 0
    for option, make in changed():
        config = make(special)
        tried += 1
        if needs_restart(FULL, config):
            continue
        after = build(config)
        if all(read(before) == read(after) for read in PARTS.values()):
            passed_over.add(option)
    assert passed_over == NOT_ACTED_UPON
    assert tried > 100


@pytest.mark.parametrize("option", ["daemon.state_dir", "store.url", "http.listen"])
def test_what_needs_a_restart_is_named(tmp_path: Path, option: str) -> None:
    """These three, by their names in the file."""
    (make,) = [make for name, make in changed() if name == option]
    assert needs_restart(FULL, make(others(tmp_path))) == (option,)
