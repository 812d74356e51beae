"""What is handed in: verified, understood, and turned into the lines that the engine reads."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from detector.intake.proof import NotVerified
from detector.intake.settings import Intake, Proof
from detector.intake.verify import may_be_heard, verify
from rules.formats.format import Context
from rules.formats.loose.json_lines import JsonLines
from rules.formats.ours.handed_in import HandedIn
from rules.intake.alert import SEVERITIES, Alert, NotAccepted, key_of, line_of, severity_of
from rules.intake.parcels import KINDS, lines_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECRET = "correct horse"
FIRING = {
    "status": "firing",
    "labels": {"alertname": "Down", "severity": "page", "instance": "web1:9100"},
    "annotations": {"summary": "web1 is down"},
    "startsAt": "2026-03-01T11:59:00Z",
    "endsAt": "0001-01-01T00:00:00Z",
    "fingerprint": "ab",
    "generatorURL": "http://prometheus/graph",
}


def told(kind: str, body: object) -> list[dict[str, object]]:
    """The lines of a body, decoded."""
    return [json.loads(line) for line in lines_of(kind, json.dumps(body).encode(), NOW, 7).splitlines()]


def intake(proof: Proof, **more: object) -> Intake:
    return Intake(name="prom", kind="alerts", proof=proof, secret=SECRET, **more)  # type: ignore[arg-type]


class TestAlerts:
    """Alerts of every sender become the same line."""

    def test_the_webhook_of_alertmanager(self) -> None:
        [line] = told("alertmanager", {"version": "4", "receiver": "tocsin", "alerts": [FIRING]})
        assert (line["name"], line["status"], line["severity"]) == ("Down", "firing", "critical")
        assert line["key"] == "alertname=Down,instance=web1:9100,severity=page"
        assert line["ends_at"] is None

    def test_ndjson_of_another_host(self) -> None:
        """Each object is a line as it came, the last one too, and read as JSON lines of a file are."""
        sent = [{"time": f"2026-03-01T12:00:0{second}Z", "message": "no", "host": "web9"} for second in range(2)]
        body = "\n".join(map(json.dumps, sent)).encode()
        lines = lines_of("logs", body, NOW, 7)
        assert lines == body + b"\n"
        read = [JsonLines().parse(line, Context(reference=NOW)) for line in lines.decode().splitlines()]
        assert [(one.fields["message"], one.time) for one in read if one] == [
            ("no", NOW),
            ("no", NOW + timedelta(seconds=1)),
        ]

    @pytest.mark.parametrize("key", ["tocsin:source_silent:auth", "tocsin:"])
    def test_nobody_speaks_under_tocsins_own_keys(self, key: str) -> None:
        """Whoever may hand in alerts could else end what Tocsin says of its sources."""
        with pytest.raises(NotAccepted, match="own"):
            told("alerts", [{"name": "n"}, {"name": "n", "status": "resolved", "dedup_key": key}])

    def test_a_prometheus_tells_the_end_by_its_time(self) -> None:
        over = FIRING | {"endsAt": "2026-03-01T11:59:30Z"}
        running = FIRING | {"endsAt": "2026-03-01T12:04:00Z"}
        for one in (over, running):
            one.pop("status")
        assert [line["status"] for line in told("prometheus", [over, running])] == ["resolved", "firing"]

    def test_firing_and_resolved_have_one_key(self) -> None:
        both = told("alertmanager", {"alerts": [FIRING, FIRING | {"status": "resolved", "annotations": {}}]})
        assert both[0]["key"] == both[1]["key"]

    def test_one_or_many_of_our_own(self) -> None:
        one = {"name": "disk full", "severity": "high", "labels": {"host": "db1"}}
        assert told("alerts", one) == told("alerts", [one])
        assert told("alerts", one)[0]["key"] == "disk full{host=db1}"

    @pytest.mark.parametrize(
        ("kind", "body", "missing"),
        [
            ("alerts", {"severity": "high"}, ()),
            ("alerts", {"name": ""}, ("name",)),
            ("alerts", {"name": "a", "labels": {"a": 1}}, ("labels[...]",)),
            ("alerts", {"name": "a", "severty": "high"}, ()),
            ("alerts", [], ()),
            ("alertmanager", {"version": "3", "alerts": []}, ("version",)),
            ("alertmanager", {"alerts": [{"labels": {"severity": "page"}}]}, ("alerts[0].labels.alertname",)),
            ("prometheus", {"labels": {}}, ()),
            ("feedback", {"text": ""}, ("text",)),
            ("feedback", {"text": "it is slow", "category": "angry"}, ("category",)),
        ],
    )
    def test_what_can_never_be_read_is_refused(self, kind: str, body: object, missing: tuple[str, ...]) -> None:
        with pytest.raises(NotAccepted) as refused:
            told(kind, body)
        assert refused.value.missing == missing
        assert str(refused.value)

    @given(st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
    def test_no_body_does_more_than_be_refused(self, body: bytes) -> None:
        for kind in KINDS:
            try:
                lines = lines_of(kind, body, NOW, 1)
            except NotAccepted:
                continue
            assert lines == b"" or lines.endswith(b"\n")

    def test_deep_nesting_is_refused(self) -> None:
        with pytest.raises(NotAccepted):
            lines_of("alerts", b'{"name":"a","labels":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, NOW)

    def test_what_fires_is_read_as_it_was_sent(self) -> None:
        line = line_of(Alert(name="Down", severity="warning", labels={"instance": "[2001:db8::1]:9100"})).decode()
        parsed = HandedIn().parse(line.rstrip("\n"), Context(reference=NOW))
        assert parsed is not None
        assert parsed.fields["host.name"] == "2001:db8::1"
        assert (parsed.fields["alert.severity"], parsed.logsource.service) == ("medium", "alert")

    def test_a_severity_that_nobody_knows_is_not_lost(self) -> None:
        assert severity_of(Alert(name="a", severity="purple")) == "medium"
        assert {severity_of(Alert(name="a", severity=word)) for word in SEVERITIES} == set(SEVERITIES.values())

    @given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4))
    def test_the_order_of_labels_does_not_matter(self, labels: dict[str, str]) -> None:
        turned = dict(reversed(labels.items()))
        assert key_of(Alert(name="a", labels=labels)) == key_of(Alert(name="a", labels=turned))


def test_a_reporters_contact_stays_out_of_the_lines() -> None:
    """Evidence is shown to many; how to reach who reported is not."""
    [line] = told("feedback", {"text": "I see orders of others", "contact": "kim@example.org", "consent": True})
    assert "kim" not in json.dumps(line)
    assert line["reference"] == "IN-7"


class TestProof:
    """Who may hand in shows it; everybody else is refused without a word about why."""

    def test_bearer(self) -> None:
        one = intake(Proof.BEARER)
        assert verify(one, CIMultiDict({"authorization": f"Bearer {SECRET}"}), b"", "192.0.2.1", NOW) is None
        for header in ("", f"Bearer {SECRET}x", "Bearer ", "Bearer \udcff", f"Basic {SECRET}"):
            with pytest.raises(NotVerified):
                verify(one, CIMultiDict({"Authorization": header}), b"", "127.0.0.1", NOW)

    def test_basic(self) -> None:
        right = base64.b64encode(f"prom:{SECRET}".encode()).decode()
        verify(intake(Proof.BASIC), CIMultiDict({"Authorization": f"Basic {right}"}), b"", "", NOW)
        for wrong in (base64.b64encode(b"prom:x").decode(), "%%%"):
            with pytest.raises(NotVerified):
                verify(intake(Proof.BASIC), CIMultiDict({"Authorization": f"Basic {wrong}"}), b"", "", NOW)

    @pytest.mark.parametrize("written", [bytes.hex, lambda digest: base64.b64encode(digest).decode()])
    def test_hmac(self, written: object) -> None:
        signature = written(hmac.digest(SECRET.encode(), b"body", hashlib.sha256))  # type: ignore[operator]
        headers = CIMultiDict({"X-Hub-Signature-256": f"sha256={signature}"})
        verify(intake(Proof.HMAC), headers, b"body", "192.0.2.1", NOW)
        with pytest.raises(NotVerified):
            verify(intake(Proof.HMAC), headers, b"another body", "192.0.2.1", NOW)

    @pytest.mark.parametrize("proof", [Proof.HMAC, Proof.STANDARD_WEBHOOKS])
    def test_bytes_that_are_no_text(self, proof: Proof) -> None:
        """A header may hold any: such a signature is a wrong one."""
        stamp, wrong = str(int(NOW.timestamp())), "\udcff"
        headers = {"X-Hub-Signature-256": f"sha256={wrong}", "webhook-id": wrong, "webhook-timestamp": stamp}
        with pytest.raises(NotVerified):
            verify(intake(proof), CIMultiDict(headers | {"webhook-signature": f"v1,{wrong}"}), b"body", "", NOW)

    @pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
    def test_hmac_of_a_time_and_the_body(self, algorithm: str) -> None:
        """As Grafana signs: the time may be five minutes from ours, and the signature tells a repetition."""
        one = intake(Proof.HMAC, header="X-Sig", prefix="", timestamp_header="X-Time", algorithm=algorithm)

        def signed(stamp: str) -> CIMultiDict[str]:
            digest = hmac.new(SECRET.encode(), f"{stamp}:".encode() + b"body", algorithm).hexdigest()
            return CIMultiDict({"X-Sig": digest, "X-Time": stamp})

        now = int(NOW.timestamp())
        keys = {verify(one, signed(str(now + offset)), b"body", "", NOW) for offset in (-300, 0, 0, 300)}
        assert len(keys) == 3
        assert None not in keys
        for stamp in (str(now - 301), str(now + 301), "", "now", "9" * 12, "-1"):
            with pytest.raises(NotVerified):
                verify(one, signed(stamp), b"body", "", NOW)
        with pytest.raises(NotVerified):
            verify(one, signed(str(now)), b"another body", "", NOW)

    def test_other_words_around_what_is_signed(self) -> None:
        one = intake(Proof.HMAC, prefix="v0=", timestamp_header="X-Time", signed="v0:{timestamp}:{body}")
        stamp = str(int(NOW.timestamp()))
        digest = hmac.new(SECRET.encode(), f"v0:{stamp}:{{timestamp}}".encode(), "sha256").hexdigest()
        headers = CIMultiDict({"X-Hub-Signature-256": f"v0={digest}", "X-Time": stamp})
        assert verify(one, headers, b"{timestamp}", "", NOW) == f"hmac {digest}"

    def test_headers_alone_keep_strangers_out(self) -> None:
        """Of whoever has no key nothing is read; whoever signs the body must be read first."""
        for proof in (Proof.BEARER, Proof.BASIC, Proof.NONE):
            with pytest.raises(NotVerified):
                may_be_heard(intake(proof), CIMultiDict[str](), "192.0.2.1")
        for proof in (Proof.HMAC, Proof.STANDARD_WEBHOOKS, Proof.SNS):
            may_be_heard(intake(proof), CIMultiDict[str](), "192.0.2.1")
            with pytest.raises(NotVerified):
                verify(intake(proof), CIMultiDict[str](), b"{}", "192.0.2.1", NOW)

    def test_standard_webhooks(self) -> None:
        def signed(stamp: datetime, body: bytes = b"{}") -> CIMultiDict[str]:
            at = str(int(stamp.timestamp()))
            digest = hmac.digest(SECRET.encode(), f"msg_1.{at}.".encode() + body, hashlib.sha256)
            signature = f"v1,{base64.b64encode(digest).decode()}"
            return CIMultiDict(
                {"webhook-id": "msg_1", "webhook-timestamp": at, "webhook-signature": f"v1,bm8= {signature}"}
            )

        one = intake(Proof.STANDARD_WEBHOOKS)
        assert verify(one, signed(NOW), b"{}", "192.0.2.1", NOW) == "msg_1"
        for headers, body in (
            (signed(NOW - timedelta(minutes=6)), b"{}"),
            (signed(NOW), b"[]"),
            (CIMultiDict[str](), b"{}"),
        ):
            with pytest.raises(NotVerified):
                verify(one, headers, body, "192.0.2.1", NOW)

    def test_without_a_proof_the_place_counts(self) -> None:
        near = intake(Proof.NONE)
        for address in ("127.0.0.1", "::1", "::ffff:127.0.0.1", ""):
            verify(near, CIMultiDict[str](), b"", address, NOW)
        with pytest.raises(NotVerified):
            verify(near, CIMultiDict[str](), b"", "192.0.2.1", NOW)
        listed = intake(Proof.NONE, networks=(ip_network("10.0.0.0/8"),))
        verify(listed, CIMultiDict[str](), b"", "10.2.3.4", NOW)
        with pytest.raises(NotVerified):
            verify(listed, CIMultiDict[str](), b"", "127.0.0.1", NOW)

    def test_an_empty_secret_opens_nothing(self) -> None:
        with pytest.raises(NotVerified):
            verify(Intake(name="a", kind="alerts"), CIMultiDict({"Authorization": "Bearer "}), b"", "127.0.0.1", NOW)
