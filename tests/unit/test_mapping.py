"""Any JSON becomes alerts by a mapping: the presets on what their products post, and mappings of one's own."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.fakes import START
from support.handed_in import GRAFANA, UPTIME_KUMA, UPTIME_KUMA_OVER, UPTIME_KUMA_TEST, ZABBIX, ZABBIX_OVER
from support.handed_in import confirmation as sns_confirmation
from support.handed_in import sns as sns_message

from detector.intake.mappings import preset, presets
from rules.formats.format import Context
from rules.formats.ours.handed_in import HandedIn
from rules.intake.alert import NotAccepted
from rules.intake.depth import DEEPEST, is_too_deep
from rules.intake.mapping import MOST_ALERTS, UNNAMED, AlertMapping, compiled
from rules.intake.mapping_file import Condition, MappingFile, Pairs, SeverityWords, StatusWords
from rules.intake.parcels import MOST_BYTES, understand
from rules.intake.paths import MOST_STEPS, PathError, Place, parse, template

PLAIN = compiled(MappingFile(name=("{title}",)))


def told(mapping: AlertMapping, body: object) -> list[dict[str, Any]]:
    """The lines of a body, decoded."""
    lines = understand("mapped", json.dumps(body).encode(), START, 1, mapping).lines
    return [json.loads(line) for line in lines.splitlines()]


def one(name: str, body: object) -> dict[str, Any]:
    """The one line that a preset makes of a body."""
    [line] = told(preset(name), body)
    return line


def short(line: Mapping[str, Any]) -> tuple[str, str, str]:
    return line["name"], line["status"], line["severity"]


class TestPresets:
    """What each product posts, as it fires and as it is over."""

    def test_grafana(self) -> None:
        """Its alerts are told one by one, with their labels, however many one message holds."""
        firing, over = told(preset("grafana"), GRAFANA)
        assert short(firing) == ("Disk nearly full", "firing", "critical")
        assert short(over) == ("Disk nearly full", "resolved", "medium")
        assert (firing["key"], firing["labels"]["team"]) == ("grafana c6eadffa33fcdf37", "data")
        assert (firing["starts_at"], firing["ends_at"]) == ("2026-03-01T10:51:03.157076Z", None)
        assert over["ends_at"] == "2026-03-01T10:41:00Z"
        assert firing["annotations"]["summary"] == "db1 has 3 % left"
        assert (firing["annotations"]["values.B"], firing["annotations"]["$.orgId"]) == ("97.25", "1")
        assert not any(name.startswith("labels.") for name in firing["annotations"])

    def test_grafana_without_alerts(self) -> None:
        """Nothing fires; that is no error. Another kind of body is."""
        assert told(preset("grafana"), GRAFANA | {"alerts": []}) == []
        with pytest.raises(NotAccepted, match=r"nothing at alerts\[\*\]"):
            told(preset("grafana"), {"title": "an alert of the old kind", "state": "alerting"})

    def test_zabbix(self) -> None:
        firing, over = one("zabbix", ZABBIX), one("zabbix", ZABBIX_OVER)
        assert (short(firing), over["status"]) == (("CPU load is too high on app3", "firing", "high"), "resolved")
        assert firing["key"] == over["key"] == "zabbix https://zabbix.example.org 16199 app3"
        assert firing["labels"] == {"host": "app3", "ip": "192.0.2.33", "scope": "performance", "team": "shop"}
        assert (firing["starts_at"], over["ends_at"]) == ("2026-03-01T08:14:02Z", "2026-03-01T08:19:02Z")
        assert firing["annotations"]["summary"] == "CPU load is too high on app3: Current value: 12.5"

    def test_uptime_kuma(self) -> None:
        firing, over = one("uptime-kuma", UPTIME_KUMA), one("uptime-kuma", UPTIME_KUMA_OVER)
        assert (short(firing), short(over)[1]) == (("shop", "firing", "high"), "resolved")
        assert firing["key"] == over["key"] == "uptime-kuma 7 shop"
        assert firing["labels"]["site"] == "eu"
        assert (firing["starts_at"], over["ends_at"]) == ("2026-03-01T08:00:12.345000Z", "2026-03-01T08:04:12.001000Z")
        assert short(one("uptime-kuma", UPTIME_KUMA_TEST)) == ("Tocsin Testing", "firing", "low")

    def test_a_tag_gives_a_monitor_its_severity(self) -> None:
        tagged = UPTIME_KUMA["monitor"] | {"tags": [{"name": "severity", "value": "Critical"}]}
        assert one("uptime-kuma", UPTIME_KUMA | {"monitor": tagged})["severity"] == "critical"

    @pytest.mark.parametrize(
        ("state", "status"), [("ALARM", "firing"), ("OK", "resolved"), ("INSUFFICIENT_DATA", "expired")]
    )
    def test_cloudwatch(self, state: str, status: str) -> None:
        line = one("cloudwatch-sns", sns_message(NewStateValue=state))
        assert short(line) == ("api-latency", status, "high")
        assert line["key"] == "arn:aws:cloudwatch:eu-central-1:123456789012:alarm:api-latency"
        assert (line["labels"]["ApiName"], line["labels"]["metric"]) == ("orders", "AWS/ApiGateway Latency")
        assert line["starts_at"] == "2026-03-01T11:59:10.123000Z"

    def test_a_topic_that_carries_something_else(self) -> None:
        """A text that is no JSON, and the question whether one wants to subscribe, are told too."""
        plain = sns_message() | {"Message": "backup failed", "Subject": "backup"}
        assert short(one("cloudwatch-sns", plain)) == ("backup", "firing", "high")
        assert short(one("cloudwatch-sns", sns_confirmation())) == ("SNS SubscriptionConfirmation", "firing", "low")

    @pytest.mark.parametrize("name", presets())
    @pytest.mark.parametrize("body", [{}, {"alerts": [{}]}, {"monitor": 3, "Message": "[[1]]", "event_tags": "x"}])
    def test_none_loses_a_strange_body(self, name: str, body: object) -> None:
        """It is told as what it is, or refused aloud; each line can be read."""
        try:
            lines = told(preset(name), body)
        except NotAccepted:
            assert name == "grafana"
            return
        assert all(HandedIn().parse(json.dumps(line), Context(reference=START)) for line in lines)
        assert len(lines) == 1


class TestMapping:
    """What a mapping of one's own can say."""

    def test_an_array_becomes_several_alerts(self) -> None:
        mapping = compiled(
            MappingFile(name=("{$.sender}: {what}",), each="groups[*].items[*]", key=("{id}",), keep=("at", "$.sender"))
        )
        body = {"sender": "lab", "groups": [{"items": [{"what": "a", "id": 1, "at": {"rack": "r1"}}]}, {"items": [{}]}]}
        first, second = told(mapping, body)
        assert (first["name"], first["key"], first["labels"]) == ("lab: a", "1", {"rack": "r1", "$.sender": "lab"})
        assert (second["name"], second["key"]) == (UNNAMED, f"{UNNAMED}{{$.sender=lab}}")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"state": "Gone"}, "resolved"),
            ({"state": "LOST"}, "expired"),
            ({"state": "whatever"}, "firing"),
            ({}, "firing"),
            ({"state": "bad", "recovered": True}, "resolved"),
            ({"state": "bad", "recovered": False}, "firing"),
            ({"state": "bad", "closed_at": "2026-03-01"}, "resolved"),
            ({"state": "bad", "closed_at": None}, "firing"),
        ],
    )
    def test_when_it_is_over(self, body: dict[str, object], status: str) -> None:
        """A word says so, or one of the conditions does."""
        mapping = compiled(
            MappingFile(
                name=("x",),
                status=StatusWords(from_=("state",), resolved=("gone",), expired=("lost",)),
                resolved=(Condition(path="recovered", is_=("true",)), Condition(path="closed_at", is_=("*",))),
            )
        )
        assert told(mapping, body)[0]["status"] == status

    @pytest.mark.parametrize(
        ("body", "severity", "unknown"),
        [
            ({"prio": 1}, "critical", ()),
            ({"prio": "urgent"}, "high", ()),
            ({"prio": "Warning"}, "medium", ()),
            ({"prio": "purple"}, "medium", ("purple",)),
            ({"level": "urgent"}, "high", ()),
            ({}, "low", ()),
        ],
    )
    def test_severities(self, body: object, severity: str, unknown: tuple[str, ...]) -> None:
        """Its own words first, then those that everybody uses; a word that nobody knows is medium, and counted."""
        words = SeverityWords(from_=("prio", "level"), critical=("1",), high=("Urgent",), otherwise="low")
        mapping = compiled(MappingFile(name=("x",), severity=words))
        understood = understand("mapped", json.dumps(body).encode(), START, 1, mapping)
        assert (json.loads(understood.lines)["severity"], understood.unknown) == (severity, unknown)

    def test_what_the_mapping_does_not_name_is_kept(self) -> None:
        body = {"title": "t", "deep": {"er": [1, None, {"x": True}]}, "none": None, "text": "y" * 5000}
        [line] = told(PLAIN, body)
        others = line["annotations"]
        assert (others["deep.er[0]"], others["deep.er[2].x"], len(others["text"])) == ("1", "true", 1000)
        assert "none" not in others

    def test_pairs_and_inner_json(self) -> None:
        mapping = compiled(
            MappingFile(
                name=("{in[0].title}",), json=("in[0]",), pairs=(Pairs(path="in[0].tags", name="k", value="v"),)
            )
        )
        [line] = told(mapping, {"in": ['{"title": "t", "tags": [{"k": "a", "v": 1}, {"k": null}, 3]}']})
        assert (line["name"], line["labels"]) == ("t", {"a": "1"})

    @pytest.mark.parametrize(
        ("given", "read"),
        [
            ("2026-03-01T12:00:00+02:00", "2026-03-01T10:00:00Z"),
            ("2026-03-01 12:00:00", "2026-03-01T12:00:00Z"),
            (1772352842, "2026-03-01T08:14:02Z"),
            ("1772352842000", "2026-03-01T08:14:02Z"),
            ("yesterday", None),
            (10**30, None),
            (True, None),
        ],
    )
    def test_moments(self, given: object, read: str | None) -> None:
        mapping = compiled(MappingFile(name=("x",), starts_at=("at",)))
        assert told(mapping, {"at": given})[0]["starts_at"] == read

    def test_a_key_that_is_too_long_still_tells_alerts_apart(self) -> None:
        mapping = compiled(MappingFile(name=("x",), key=("{id}",)))
        keys = {told(mapping, {"id": "a" * 900 + end})[0]["key"] for end in "ab"}
        assert len(keys) == 2
        assert all(key.startswith("sha256:") for key in keys)


class TestBounds:
    """However a body is made, what becomes of it is bounded."""

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (b'"text"', "neither an object nor a list"),
            (b"{", "not JSON"),
            (b"\xff{}", "not JSON"),
            (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "nested deeper"),
            (b"[" * 200_000 + b"]" * 200_000, "nested deeper"),
        ],
    )
    def test_what_is_refused(self, body: bytes, said: str) -> None:
        with pytest.raises(NotAccepted, match=said):
            understand("mapped", body, START, 1, PLAIN)

    def test_depth_is_that_of_the_brackets_outside_of_texts(self) -> None:
        assert not is_too_deep(json.dumps({"a": "[" * 100, "b": '\\"[{' * 50, "c": [{}] * 100}).encode())
        deep: Any = 1
        for _ in range(DEEPEST):
            deep = [deep, "["]
        assert not is_too_deep(json.dumps(deep).encode())
        assert is_too_deep(json.dumps([deep, "]" * 40]).encode())

    def test_inner_json_is_bounded_too(self) -> None:
        with pytest.raises(NotAccepted, match="nested deeper"):
            told(preset("cloudwatch-sns"), {"Message": "[" * 100 + "]" * 100})

    def test_too_many_alerts_and_too_many_bytes(self) -> None:
        many = compiled(MappingFile(name=("{$.big}",), each="a[*]", annotations={"big": ("{$.big}",)}))
        with pytest.raises(NotAccepted, match=f"there are {MOST_ALERTS + 1} alerts"):
            told(many, {"a": [{}] * (MOST_ALERTS + 1)})
        with pytest.raises(NotAccepted, match=str(MOST_BYTES)):
            told(many, {"a": [{"n": 1}] * MOST_ALERTS, "big": "x" * 200_000})

    def test_one_with_a_thousand_members(self) -> None:
        [line] = told(compiled(MappingFile(name=("x",), keep=("$",))), {f"k{n}": "v" * 9000 for n in range(500)})
        assert len(json.dumps(line)) < MOST_BYTES / 4

    @settings(max_examples=50)
    @given(
        st.recursive(
            st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2),
            max_leaves=10,
        )
    )
    def test_no_body_does_more_than_be_refused(self, body: object) -> None:
        mapping = compiled(
            MappingFile(name=("{a.b[0]} {b}",), key=("{a[*].b}",), each="a[*]", json=("b", "a[-1]"), keep=("a", "b"))
        )
        try:
            lines = told(mapping, body)
        except NotAccepted:
            return
        assert all(HandedIn().parse(json.dumps(line), Context(reference=START)) for line in lines)


class TestPaths:
    """Paths and texts are small languages: what is wrong with one is told with its place."""

    @pytest.mark.parametrize(
        ("path", "found"),
        [
            ("a.b", [1]),
            ("c[0]", ["x"]),
            ("c[-1]", ["y"]),
            ("c[*]", ["x", "y"]),
            ("c[5]", []),
            ("a[0]", []),
            ('"d.e".f', [2]),
            ("$.top", [3]),
            ("top", []),
            ("$", [{"top": 3}]),
            ("[0]", []),
        ],
    )
    def test_where_a_path_leads(self, path: str, found: list[object]) -> None:
        item = {"a": {"b": 1}, "c": ["x", "y"], "d.e": {"f": 2}}
        assert Place.whole({"top": 3}).at(item).find(parse(path)) == found

    @pytest.mark.parametrize(
        ("path", "said"),
        [
            ("", "missing"),
            (".a", "begins with a name"),
            ("a..b", "a name at character 3"),
            ("a[x]", "at character 2"),
            ("a[99999]", "at character 2"),
            ("a[1", "at character 2"),
            ("a b", "at character 2"),
            ('"a', "does not end"),
            ("a." * MOST_STEPS + "b", "at most 16 steps"),
            ("a" * 201, "at most 200"),
        ],
    )
    def test_a_path_that_cannot_be_read(self, path: str, said: str) -> None:
        with pytest.raises(PathError, match=said):
            parse(path)

    def test_texts(self) -> None:
        place = Place.whole({"a": "x", "n": 0, "l": [1, 2], "e": ""})
        assert place.fill(template("{{{a}}} {n}: {l[*]}")) == "{x} 0: 1, 2"
        assert [place.fill(template(text)) for text in ("{a}{e}", "{none}", "plain")] == ["", "", "plain"]
        assert place.first([template("{e}"), template("{a}"), template("b")]) == "x"

    @pytest.mark.parametrize("text", ["", "{a", "a}", "{}", "{a b}"])
    def test_a_text_that_cannot_be_read(self, text: str) -> None:
        with pytest.raises(PathError):
            template(text)


def test_a_severity_given_as_a_label_is_that_of_the_alert() -> None:
    """As at every other intake."""
    [line] = told(compiled(MappingFile(name=("x",), keep=("labels",))), {"labels": {"severity": "page"}})
    assert line["severity"] == "critical"
