"""The sample logs that come with Tocsin."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from support import samples

from detector.sample import SAMPLES, prepare, shifted
from rules.formats.detect import Pin
from rules.formats.format import Context, Parsed

NOW = datetime(2026, 1, 1, 0, 2, tzinfo=UTC)
RESERVED = [ip_network(one) for one in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")]


def read(text: str) -> list[tuple[str, Parsed]]:
    pin, context = Pin(), Context(reference=NOW)
    found = [pin.choose(line, context) for line in text.splitlines()]
    return [(name, parsed) for name, parsed in found if parsed is not None]


TEXTS = {"auth.log": samples.auth_log(), "access.log": samples.access_log()}


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_what_the_script_writes(name: str) -> None:
    """The committed samples are those of the seeded script."""
    assert (samples.FOLDER / name).read_text() == TEXTS[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_end_now(name: str) -> None:
    """Moved, the last line bears now, also over New Year, and the time between lines stays."""
    before = read(TEXTS[name])
    after = read(shifted(TEXTS[name], SAMPLES[name], NOW))
    assert len(after) == len(before) == TEXTS[name].count("\n")
    assert {one for one, _ in after} == {SAMPLES[name]}
    times = [parsed.time for _, parsed in after if parsed.time is not None]
    assert times[-1] == max(times) == NOW
    assert times == sorted(times)
    assert NOW - times[0] < timedelta(hours=6, minutes=1)


@pytest.mark.parametrize("name", SAMPLES)
def test_only_reserved_addresses(name: str) -> None:
    """All addresses are reserved for documentation."""
    addresses = {
        ip_address(parsed.fields["source.ip"]) for _, parsed in read(TEXTS[name]) if "source.ip" in parsed.fields
    }
    assert len(addresses) > 10
    assert [one for one in addresses if not any(one in network for network in RESERVED)] == []


def test_what_the_samples_tell() -> None:
    """A brute force that gets in, eleven who do not, and no other login fails often."""
    deeds = Counter(
        (parsed.fields["source.ip"], parsed.fields["event.outcome"])
        for _, parsed in read(TEXTS["auth.log"])
        if parsed.fields.get("event.action") == "ssh_login"
        for _ in range(parsed.repeats)
    )
    assert deeds[samples.BRUTE, "failure"] == 26
    assert deeds[samples.BRUTE, "success"] == 1
    assert all(deeds[one, "failure"] >= 3 and not deeds[one, "success"] for one in samples.NOISE)
    assert {one for one, outcome in deeds if outcome == "failure"} == {samples.BRUTE, *samples.NOISE, "192.0.2.10"}
    status = Counter(parsed.fields["sc-status"] // 100 for _, parsed in read(TEXTS["access.log"]))
    assert status[5] >= 70
    assert status[2] > 2000


def test_prepare(tmp_path: Path) -> None:
    """The files are written once; what is there is left alone."""
    written = prepare(tmp_path / "var", NOW)
    assert [path.relative_to(tmp_path).as_posix() for path in written] == [
        "var/sample/auth.log",
        "var/sample/access.log",
    ]
    assert written[0].read_text().splitlines()[-1].startswith("Jan  1 00:02:00 web1 sudo:")
    written[0].write_text("mine")
    assert prepare(tmp_path / "var", NOW) == ()
    assert written[0].read_text() == "mine"
    assert sorted(path.name for path in (tmp_path / "var" / "sample").iterdir()) == ["access.log", "auth.log"]


def test_shifting_nothing() -> None:
    """An empty log stays empty; a line without stamp is named."""
    assert shifted("", "syslog", NOW) == ""
    with pytest.raises(ValueError, match="no stamp that could be moved: 'hello'"):
        shifted("hello", "syslog", NOW)
