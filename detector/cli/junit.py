"""What became of the cases beside rules, as JUnit's XML for what runs them.

The shape is that of Apache Ant's JUnit task, which every reader takes
(https://llg.cubic.org/docs/junit/ has it with its variants): a suite for each file of cases, a test case for each case.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import PurePath
from xml.etree import ElementTree as Xml

from rules.authoring.testing import CaseResult, Report
from rules.sigma.errors import RuleError

#: Names are compared between runs: what would say on which machine it was made is left out.
HOST = "localhost"


def junit(report: Report, at: datetime) -> bytes:
    """The report as UTF-8 XML.

    Args:
        report: What became of the cases.
        at: When they ran, aware.
    """
    root = Xml.Element("testsuites")
    paths = dict.fromkeys([one.case.path for one in report.results] + [one.path for one in report.errors])
    for number, path in enumerate(paths):
        cases = [one for one in report.results if one.case.path == path]
        errors = [one for one in report.errors if one.path == path]
        root.append(_suite(number, path, cases, errors, at))
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _suite(number: int, path: str, cases: list[CaseResult], errors: list[RuleError], at: datetime) -> Xml.Element:
    suite = _element(
        "testsuite",
        name=path,
        package=str(PurePath(path).parent),
        id=str(number),
        timestamp=f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        hostname=HOST,
        tests=str(len(cases) + len(errors)),
        failures=str(sum(not one.passed for one in cases)),
        errors=str(len(errors)),
        time=_seconds(sum(one.seconds for one in cases)),
    )
    suite.append(_element("properties"))
    names = Counter(one.case.name for one in cases)
    suite.extend(_case(path, one, is_alone=names[one.case.name] == 1) for one in cases)
    suite.extend(_error(path, one) for one in errors)
    suite.extend((_element("system-out"), _element("system-err")))
    return suite


def _case(path: str, result: CaseResult, *, is_alone: bool) -> Xml.Element:
    """Readers take two cases of one name for one: these say where they stand."""
    name = result.case.name if is_alone else f"{result.case.name} (line {result.case.line})"
    case = _element("testcase", name=name, classname=_class_name(path), time=_seconds(result.seconds))
    if not result.passed:
        first = result.compared[0]
        case.append(_told("failure", first.what, first.said, (f"{path}:{result.case.line}", *result.differences)))
    return case


def _error(path: str, error: RuleError) -> Xml.Element:
    name = f"line {error.line}: {error.rule or 'reading'}"
    case = _element("testcase", name=name, classname=_class_name(path), time=_seconds(0))
    case.append(_told("error", "unreadable", error.message, str(error).split("\n")))
    return case


def _told(tag: str, kind: str, message: str, lines: Iterable[str]) -> Xml.Element:
    element = _element(tag, type=kind, message=message)
    element.text = "\n".join(map(_allowed, lines))
    return element


def _element(tag: str, **attributes: str) -> Xml.Element:
    return Xml.Element(tag, {name: _allowed(text) for name, text in attributes.items()})


def _class_name(path: str) -> str:
    """Readers show names with dots as a tree."""
    return str(PurePath(path)).removesuffix(".yml").removesuffix(".yaml").strip("/").replace("/", ".")


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _allowed(text: str) -> str:
    """*text* without characters that XML 1.0 knows no way to write, and without what a terminal would act upon."""
    return "".join(char if char.isprintable() or char in "\t\n" else "\ufffd" for char in text)
