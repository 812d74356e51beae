"""Cases beside a rule: log lines, and what must be found in them. Those of ``x.yml`` stand in ``x.test.yml``.

    cases:
      - name: five failures in a minute
        lines: |
          Mar  1 03:11:20 web1 sshd[812]: Failed password for root from 203.0.113.7 port 40022 ssh2
          ...
        expect:
          - {rule: SSH brute force, group: {source.ip: 203.0.113.7, host.name: web1}, events: 5}

``expect: []`` says that nothing must be found. Only what is written in an expectation is compared.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from rules.settings import SourceProfile, Trust
from rules.sigma.document import Document, Node, is_null, is_scalar, kind
from rules.sigma.errors import RuleError, nearest
from rules.sigma.reading import documents
from rules.stream import EPOCH, LATEST, is_of_a_clock

AS_OF: Final = datetime(2026, 3, 2, tzinfo=UTC)  #: the moment from which lines without a year are seen
KEYS: Final = (
    "name",
    "lines",
    "log",
    "format",
    "timezone",
    "product",
    "category",
    "service",
    "as-of",
    "trust",
    "expect",
)
TRUST_KEYS: Final = ("networks", "scanners", "monitors", "admins", "proxies", "deploy-windows")
PROFILE_KEYS: Final = ("format", "timezone", "product", "category", "service")
EXPECTED_KEYS: Final = (
    "rule", "decision", "severity", "group", "entities", "events", "lines", "first-seen", "last-seen",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Lines, and what must be found in them."""

    path: str
    line: int  #: where the case starts in its file, from 1
    name: str
    data: bytes
    profile: SourceProfile
    trust: Trust
    as_of: datetime
    expected: tuple[Mapping[str, Any], ...]  #: in the order of opening; keys as in EXPECTED_KEYS


def read_cases(path: str, text: str, read_log: Callable[[str], bytes]) -> tuple[list[Case], list[RuleError]]:
    """The cases of a file, and what is wrong with it.

    Args:
        path: Only told, never opened.
        text: Of the file.
        read_log: Gives the bytes of a log that lies beside the file, by name; raises OSError.
    """
    cases: list[Case] = []
    found, errors = documents(path, text)
    for document in found:
        reader = _Reader(document, read_log)
        cases.extend(reader.cases())
        errors.extend(document.errors)
    if not cases and not errors:
        errors.append(RuleError(path=path, line=1, column=1, message="there are no cases in this file"))
    return cases, errors


class _Reader:
    def __init__(self, document: Document, read_log: Callable[[str], bytes]) -> None:
        self.document = document
        self.read_log = read_log

    def cases(self) -> list[Case]:
        top = self.items(self.document.root, "a file of cases", ("cases",))
        nodes = top["cases"].value if "cases" in top and kind(top["cases"]) == "a list" else []
        if not nodes:
            self.document.error(self.document.root, "cases must be a list of cases", length=1)
        before = len(self.document.errors)
        cases = [self.case(node) for node in nodes]
        return cases if len(self.document.errors) == before else []

    def items(self, node: Node, what: str, allowed: tuple[str, ...] | None) -> dict[str, Node]:
        return {name: value for name, (_, value) in self.document.items(node, what, allowed).items()}

    def case(self, node: Node) -> Case:
        nodes = self.items(node, "a case", KEYS)
        for name in ("name", "expect"):
            if name not in nodes:
                self.document.error(node, f"a case needs {name}", length=1)
        trust = self.items(nodes["trust"], "trust", TRUST_KEYS) if "trust" in nodes else {}
        return Case(
            path=self.document.path,
            line=node.start_mark.line + 1,
            name=(self.document.text(nodes["name"], "name") or "") if "name" in nodes else "",
            data=self.data(node, nodes),
            profile=self.profile(nodes),
            trust=Trust(**{key.replace("-", "_"): self.document.texts(value, key) for key, value in trust.items()}),
            as_of=self.as_of(nodes["as-of"]) if "as-of" in nodes else AS_OF,
            expected=self.expected(nodes["expect"]) if "expect" in nodes else (),
        )

    def profile(self, nodes: Mapping[str, Node]) -> SourceProfile:
        texts: dict[str, Any] = {key: self.document.text(nodes[key], key) for key in PROFILE_KEYS if key in nodes}
        zone = texts.get("timezone") or "UTC"
        if not _is_zone(zone):
            self.document.error(
                nodes["timezone"], f'no timezone is called "{zone}"', nearest(zone, available_timezones())
            )
            texts.pop("timezone")
        return SourceProfile(**{key: text for key, text in texts.items() if text is not None})

    def data(self, case: Node, nodes: Mapping[str, Node]) -> bytes:
        """The lines, written in the case or in a log beside it."""
        if ("lines" in nodes) == ("log" in nodes):
            self.document.error(case, "a case needs lines, or log: the name of a file beside this one", length=1)
            return b""
        if "lines" in nodes:
            return (self.document.text(nodes["lines"], "lines") or "").encode()
        name = self.document.text(nodes["log"], "log") or ""
        try:
            return self.read_log(name)
        except OSError as error:
            self.document.error(nodes["log"], f"the log cannot be read: {error.strerror}")
            return b""

    def as_of(self, node: Node) -> datetime:
        found = self.moment(node, "as-of")
        if is_of_a_clock(found):
            return found
        self.document.error(node, f"as-of must be from {EPOCH.year} to {LATEST.year}")
        return AS_OF

    def moment(self, node: Node, what: str) -> datetime:
        text = self.document.text(node, what) or ""
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            self.document.error(node, f"{what} must be a time", "for example 2026-03-01T12:00:00Z")
            return AS_OF
        return found if found.tzinfo else found.replace(tzinfo=UTC)

    def expected(self, node: Node) -> tuple[Mapping[str, Any], ...]:
        if kind(node) != "a list":
            self.document.error(node, f"expect must be a list, not {kind(node)}", "write [] if nothing must be found")
            return ()
        return tuple(self.expectation(item) for item in node.value)

    def expectation(self, node: Node) -> Mapping[str, Any]:
        nodes = self.items(node, "an expectation", EXPECTED_KEYS)
        if "rule" not in nodes:
            self.document.error(node, "an expectation needs rule: the title or id of a rule", length=1)
        for name, value in nodes.items():
            self.check(name, value)
        moments = {name: self.moment(nodes[name], name) for name in ("first-seen", "last-seen") if name in nodes}
        return {name: self.document.plain(value) for name, value in nodes.items()} | moments

    def check(self, name: str, node: Node) -> None:
        """Whether an expected value is of the right kind."""
        wanted = {"group": "a mapping", "entities": "a mapping", "lines": "a list", "events": "an integer"}.get(name)
        if is_null(node) or (wanted and kind(node) != wanted) or (not wanted and not is_scalar(node)):
            self.document.error(node, f"{name} must be {wanted or 'text'}, not {kind(node)}")


def _is_zone(name: str) -> bool:
    """Whether there is a zone of that name. To list them all takes 40 ms, which is for those who misspell one."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
