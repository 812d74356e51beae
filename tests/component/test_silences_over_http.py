"""Silences over HTTP: weighed, made, settled, made longer, ended; and what they cost."""

import itertools
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding, open_store, sqlite_url

from rules.event import Severity
from rules.settings import EngineSettings
from store.repository.grouping import findings
from store.repository.people import persons
from store.tx import Tx

ALL = "/api/v1/silences"
RULE = "5e7b0e2c-3ad1-4c52-8b43-2e0f0c7d3a11"
QUIET = f"""title: Failed
id: {RULE}
level: low
logsource: {{product: linux, service: sshd}}
detection: {{s: {{event.outcome: failure}}, condition: s}}
"""
BO = replace(ANA, id="bo", name="Bo")


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """INC-1 on web1, high; INC-2 of a quiet rule."""
    shutil.copy(sqlite_template, tmp_path)
    clock = FakeClock(START)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, BO, VIC])
            findings.take(tx, finding("f1", severity=Severity.HIGH, host="web1"))
            findings.take(tx, finding("f2", severity=Severity.LOW, host="db1", rule=RULE, source="198.51.100.1"))

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        made.engine = EngineSettings(rule_files=(("quiet.yml", QUIET),))
        await made.start()
        yield made
        await made.stop()


def ends(hours: float = 2) -> str:
    return (START + timedelta(hours=hours)).isoformat()


async def make(site: Site, token: str, **body: Any) -> tuple[int, Any]:
    given = {"matchers": {"asset": ["web1"]}, "reason": "new disks", "ends_at": ends()}
    return await site.ask("POST", ALL, token=token, json=given | body)


async def test_what_is_made_now_is_in_force_now(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Although the clock goes on while it is made."""
    ana, moments = await site.token_of("ana"), itertools.count(1)
    monkeypatch.setattr(site.clock, "now", lambda: START + timedelta(milliseconds=next(moments)))
    assert (await make(site, ana))[1]["in_force"] is True


async def test_from_a_look_at_it_to_its_end(site: Site) -> None:
    """Seen before it is made, in force at once, agreed upon by another, made longer by two, ended by anybody."""
    ana, bo = await site.token_of("ana"), await site.token_of("bo")
    code, tried = await make(site, ana, dry_run=True)
    assert (code, tried["needs_another"], tried["highest"]) == (200, True, "critical")
    assert tried["preview"]["sentence"].startswith("would have hidden 1 in the last 7 days, about 1 incidents")
    assert tried["preview"]["incidents"] == ["INC-1"]
    assert (await site.ask("GET", ALL))[1]["items"] == []
    code, made = await make(site, ana)
    assert (code, made["state"], made["in_force"], made["needs_another"]) == (201, "in_force", True, True)
    one = f"{ALL}/{made['silence']}"
    code, refused = await site.ask("POST", f"{one}/settle", token=ana, version=1, json={"agree": True})
    assert (code, refused["code"]) == (403, "four_eyes")
    code, agreed = await site.ask("POST", f"{one}/settle", token=bo, version=1, json={"agree": True})
    assert (code, agreed["state"], agreed["settled_by"]) == (200, "agreed", "bo")
    body = {"ends_at": ends(3), "reason": "slow"}
    code, longer = await site.ask("POST", f"{one}/extend", token=bo, version=2, json=body)
    assert (code, longer["longer_by"], longer["needs_another"]) == (200, "bo", True)
    code, ended = await site.ask("POST", f"{one}/end", token=ana, version=3, json={"reason": "done"})
    assert (code, ended["state"], ended["in_force"]) == (200, "withdrawn", False)
    assert site.woken >= 4
    listed = (await site.ask("GET", f"{ALL}?state=withdrawn"))[1]["items"]
    assert [item["silence"] for item in listed] == [made["silence"]]
    assert (await site.ask("GET", one))[1]["hid"] == {"notices": 0, "incidents": 0, "open": 0}


async def test_a_mute_of_a_quiet_rule_takes_one(site: Site) -> None:
    """It is known how bad the rule can find; of a rule that is not loaded the worst is feared."""
    ana = await site.token_of("ana")
    _, made = await make(site, ana, matchers={"rule": [RULE]})
    assert (made["is_mute"], made["state"], made["highest"]) == (True, "agreed", "medium")
    assert made["preview"]["incidents"] == ["INC-2"]
    _, other = await make(site, ana, matchers={"rule": ["No such rule"]})
    assert (other["state"], other["highest"]) == ("in_force", "critical")


async def test_recurring_in_a_zone(site: Site) -> None:
    """At night in Berlin; for longer than one that has effect all the time."""
    ana = await site.token_of("ana")
    local = START.weekday()
    window = {"timezone": "Europe/Berlin", "days": [(local + 2) % 7], "starts": "03:00", "ends": "05:00"}
    code, made = await make(site, ana, window=window, ends_at=ends(24 * 300))
    assert code == 201, made
    assert (code, made["in_force"], made["window"]["days"]) == (201, False, [(local + 2) % 7])


NONSENSE: list[tuple[dict[str, Any], int, str]] = [
    ({"matchers": {}}, 422, "invalid_body"),
    ({"matchers": {"host": ["web1"]}}, 422, "invalid_body"),
    ({"matchers": {"asset": []}}, 422, "invalid_body"),
    ({"reason": ""}, 422, "reason_required"),
    ({"ends_at": None}, 422, "invalid_body"),
    ({"ends_at": ends(24 * 31)}, 422, "invalid_moment"),
    ({"until_resolved": 99}, 404, "not_found"),
    ({"window": {"timezone": "Mars", "days": [1], "starts": "01:00", "ends": "02:00"}}, 422, "invalid_body"),
    ({"window": {"timezone": "UTC", "days": [7], "starts": "01:00", "ends": "02:00"}}, 422, "invalid_body"),
]


async def test_what_makes_no_sense_is_refused(site: Site) -> None:
    """With a code, and nothing is made."""
    ana = await site.token_of("ana")
    for body, code, why in NONSENSE:
        answer, refused = await make(site, ana, **body)
        assert (answer, refused["code"]) == (code, why), body
    assert (await site.ask("GET", ALL))[1]["items"] == []


async def test_who_only_looks_makes_none(site: Site) -> None:
    """Nor sees what one would do."""
    vic = await site.token_of("vic")
    assert (await make(site, vic))[1]["code"] == "role_required"
    assert (await make(site, vic, dry_run=True))[1]["code"] == "role_required"


async def test_the_page_does_what_the_api_does(site: Site) -> None:
    """Made, agreed upon by another and ended with buttons; what is wrong is said, and what is hostile is inert."""
    await site.sign_in("ana")
    ends_at = (START + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%S")
    form = {"matchers": "asset=web1\nasset=web2", "ends_at": ends_at, "reason": "<b>new disks</b>"}
    status, page = await press(site, "/silences", form | {"matchers": "web1"})
    assert (status, "is no name=value" in page) == (422, True)
    status, page = await press(site, "/silences", form | {"ends_at": ""})
    assert status == 422
    status, page = await press(site, "/silences", form)
    assert (status, "Silence 1: in force, waits for a second person" in page) == (200, True)
    assert "asset=web1|web2" in page
    assert "&lt;b&gt;new disks" in page
    status, page = await press(site, "/silences/1/settle", {"version": "1", "agree": "yes"})
    assert (status, "ana proposed silence 1" in page) == (403, True)
    await site.sign_in("bo")
    status, page = await press(site, "/silences/1/settle", {"version": "1", "agree": "yes"})
    assert (status, "Silence 1: in force" in page, "waits for" in page) == (200, True, False)
    assert (await press(site, "/silences/1/end", {"version": "1"}))[0] == 412
    status, page = await press(site, "/silences/1/end", {"version": "2", "reason": "done"})
    assert (status, "Silence 1: withdrawn" in page) == (200, True)
    assert (await press(site, "/silences/1/explode", {"version": "2"}))[0] == 404


async def press(site: Site, path: str, form: dict[str, str]) -> tuple[int, str]:
    async with site.browser.post(path, data=form) as answer:
        return answer.status, await answer.text()
