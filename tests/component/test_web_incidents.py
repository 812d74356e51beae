"""The rules for web servers together: noise asks nobody, and one attack or outage is one incident."""

import json
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner
from support.web_noise import BROWSERS, MIDNIGHT, a_day, an_attack, line

import rules
from detector.cli.group import tocsin

WEB = Path(rules.__file__).parent / "bundled" / "web"
SUNDAY_NOON = MIDNIGHT + timedelta(hours=12)


def asked(folder: Path, **files: list[str]) -> list[dict[str, object]]:
    """What a person would be asked about, after a replay of these files."""
    for name, lines in files.items():
        (folder / f"{name}.log").write_text("".join(f"{text}\n" for text in lines))
    paths = [str(folder / f"{name}.log") for name in files]
    done = CliRunner().invoke(
        tocsin, ["replay", "--json", "--exit-zero", "--rules", str(WEB), "--as-of", "2026-03-02", *paths]
    )
    assert done.exit_code == 0, done.output
    found = [json.loads(one) for one in done.stdout.splitlines()]
    return [one for one in found if one["decision"] == "investigate"]


def test_one_attack_is_one_incident(tmp_path: Path) -> None:
    """Scans, guesses, crawlers and mistypings ask nobody; what one intruder achieves among them is one incident."""
    lines = sorted([*a_day(3), *an_attack("203.0.113.99", SUNDAY_NOON)], key=lambda text: text.partition("[")[2][:20])
    (one,) = asked(tmp_path, access=lines)
    assert one["severity"] == "critical"
    assert "203.0.113.99" in json.dumps(one)
    assert "203.0.113.0" not in json.dumps(one)


def test_one_outage_is_one_incident(tmp_path: Path) -> None:
    """The access log tells of errors and the error log of the backend: both are the same matter."""
    moments = [SUNDAY_NOON + timedelta(seconds=at) for at in range(60)]
    errors = [
        f"{moment:%Y/%m/%d %H:%M:%S} [error] 812#812: *17 connect() failed (111: Connection refused) while connecting "
        f'to upstream, client: 198.51.100.7, server: _, request: "GET /cart HTTP/1.1", upstream: "http://127.0.0.1/"'
        for moment in moments
    ]
    access = [line(moment, "198.51.100.7", "/cart", 502, BROWSERS[0]) for moment in moments]
    (one,) = asked(tmp_path, access=access, error=errors)
    assert one["severity"] == "high"
