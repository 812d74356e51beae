"""Routes on a real store, over real sockets: who may do what, and what a refusal says."""

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, timedelta
from functools import partial
from pathlib import Path

import pytest
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, VIC, Site
from support.store import finding
from yarl import URL

from store.database import Store
from store.incident import Tlp
from store.repository.grouping import findings
from store.repository.people import persons
from store.repository.record import records
from store.tx import Tx


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """One open incident, a responder and a viewer."""
    clock = FakeClock(START.astimezone(UTC))
    store = await Store.open(f"sqlite:///{tmp_path / 't.db'}", clock, lock_dir=tmp_path, upgrade=True)

    def fill(tx: Tx) -> None:
        persons.upsert_from_config(tx, [ANA, VIC])
        findings.take(tx, finding())

    await once(store, lambda: store.write(fill), __name__, "site")
    made = Site(store, clock, tmp_path)
    await made.start()
    yield made
    await made.stop()
    await store.close()


async def test_the_socket_reads_and_administers_but_never_acts(site: Site) -> None:
    """An account of the machine sees incidents and makes tokens, and is told how a person acknowledges."""
    code, listed = await site.ask("GET", "/api/v1/incidents")
    assert (code, [one["id"] for one in listed["items"]]) == (200, ["INC-1"])
    code, refused = await site.ask("POST", "/api/v1/incidents/1/acknowledge", json={})
    assert (code, refused["code"]) == (403, "person_required")
    assert "tocsin token create" in refused["detail"]


async def test_an_incident_names_who_wrote_its_rules(site: Site) -> None:
    """Author and licence stay with what a rule found, over the API too."""
    _, shown = await site.ask("GET", "/api/v1/incidents/1")
    (rule,) = shown["rules"]
    assert (rule["author"], rule["license"], rule["findings"]) == ("a", "l", 1)


async def test_a_person_acknowledges_once_and_the_second_is_told_who(site: Site) -> None:
    """The first acknowledgement counts; repeating it changes nothing and says who has it."""
    token = await site.token_of("ana")
    code, first = await site.ask("POST", "/api/v1/incidents/INC-1/acknowledge", token=token, json={"note": "mine"})
    assert (code, first["first"], first["by"]) == (200, True, "ana")
    _, second = await site.ask("POST", "/api/v1/incidents/1/acknowledge", token=token, json={})
    assert (second["first"], second["by"]) == (False, "ana")
    _, shown = await site.ask("GET", "/api/v1/incidents/1")
    assert shown["acknowledged_by"] == "ana"
    assert "mine" in str(shown["timeline"])
    assert site.woken == 2


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("step=notification&track=light", True),
        ("step=reporting", False),
        ("track=full", False),
        ("outcome=dismissed", False),
        ("owner=ana", True),
        ("owner=vic", False),
        ("mine=true", True),
        ("mine=true&owner=ana&status=open", True),
        ("mine=false", True),
        ("text=WEB1", True),
        ("text=203.0.113.7", True),
        ("text=%25", False),
        ("text=%00", False),
        ("text=nowhere", False),
    ],
)
async def test_a_list_is_narrowed(site: Site, query: str, found: bool) -> None:
    """By where it stands, by who has it, and by a text in its title or in what it is about."""
    token = await site.token_of("ana")
    await site.ask("POST", "/api/v1/incidents/1/acknowledge", token=token, json={})
    code, listed = await site.ask("GET", f"/api/v1/incidents?{query}", token=token)
    assert (code, len(listed["items"])) == (200, int(found))


async def test_what_is_hidden_does_not_tell_that_it_was_found(site: Site) -> None:
    """Neither by being listed, nor by a page that begins behind it; what is not hidden is found all the same."""

    def fill(tx: Tx) -> None:
        for number in range(2, 6):
            findings.take(tx, finding(f"f{number}", host=f"secret{number}", source=f"192.0.2.{number}"))
        for number in (3, 4, 5):
            before = records.load(tx.connection, number)
            records.change(tx, before, replace(before, tlp=Tlp.RED))

    await site.store.write(fill)
    path, headers = "/api/v1/incidents?text=secret&limit=1", {"Authorization": f"Bearer {await site.token_of('vic')}"}
    async with site.operator.get(f"http://tocsin{path}", headers=headers) as answer:
        listed = await answer.json()
        assert ([one["id"] for one in listed["items"]], answer.headers.get("Link")) == (["INC-2"], None)


async def test_a_viewer_is_refused_with_what_is_needed(site: Site) -> None:
    """Who lacks the role is told which one."""
    code, refused = await site.ask("POST", "/api/v1/incidents/1/acknowledge", token=await site.token_of("vic"), json={})
    assert (code, refused["code"]) == (403, "role_required")
    assert "responder" in refused["detail"]


async def test_without_credentials_nothing_is_shown_over_tcp(site: Site) -> None:
    """The API says 401, a browser is led to where one signs in."""
    async with site.browser.get("/api/v1/incidents") as answer:
        assert (answer.status, answer.content_type) == (401, "application/problem+json")
    async with site.browser.get("/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/in")


async def test_a_token_that_is_revoked_or_wrong_is_refused(site: Site) -> None:
    """A revoked token is as good as none, over the socket too."""
    token = await site.token_of("ana")
    _, listed = await site.ask("GET", "/api/v1/tokens")
    code, _ = await site.ask("DELETE", f"/api/v1/tokens/{listed['items'][0]['id']}")
    assert code == 204
    for given in (token, "tcs_wrong"):
        code, refused = await site.ask("GET", "/api/v1/incidents", token=given)
        assert (code, refused["code"]) == (401, "bad_token")


async def test_a_link_is_fetched_by_scanners_without_effect_and_acts_by_post(site: Site) -> None:
    """GET and HEAD of a signed link change nothing; POST acknowledges; a second POST says who took it."""
    link = site.link()
    for method in ("GET", "HEAD", "GET"):
        async with site.browser.request(method, link) as answer:
            assert answer.status == 200
    _, before = await site.ask("GET", "/api/v1/incidents/1")
    assert before["acknowledged_by"] is None
    async with site.browser.post(link) as answer:
        assert answer.status == 200
        assert "You acknowledged" in await answer.text()
    _, after = await site.ask("GET", "/api/v1/incidents/1")
    assert after["acknowledged_by"] == "ana"
    async with site.browser.post(link) as answer:
        assert (answer.status, "Ana" in await answer.text()) == (200, True)


async def test_links_that_are_over_foreign_or_forged_do_what_they_say(site: Site) -> None:
    """Expired is 410, forged is 404, and neither acknowledges."""
    for link, expected in ((site.link(hours=-1), 410), (site.link()[:-3] + "AAA", 404), ("/a/x", 404)):
        async with site.browser.post(link, headers={"Accept": "text/html"}) as answer:
            assert (answer.status, answer.content_type) == (expected, "text/html")
    _, after = await site.ask("GET", "/api/v1/incidents/1")
    assert after["acknowledged_by"] is None


async def test_what_another_site_makes_a_browser_send_is_refused(site: Site) -> None:
    """A POST that the browser marks as cross-site does nothing."""
    async with site.browser.post(site.link(), headers={"Sec-Fetch-Site": "cross-site"}) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({"Authorization": "Bearer \udcff"}, b"", 401),
        ({"Cookie": "tocsin_session=\udcff; tocsin_link=\udcff"}, b"", 401),
        ({"Origin": "http://["}, b"", 403),
        ({"Content-Type": "application/x-www-form-urlencoded; charset=utf-7"}, b"person=+2AA-&password=x", 415),
        ({"Content-Type": "application/x-www-form-urlencoded; charset=punycode"}, b"person=a-b", 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, b"--x--", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"person=\xff&password=\x00", 400),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"person=%ff%00&password=%00", 401),
    ],
)
async def test_what_cannot_be_read_is_refused(site: Site, headers: dict[str, str], body: bytes, status: int) -> None:
    """Bytes that are no text, and scripts that nobody writes, are the sender's fault and never ours."""
    said = "".join(f"{name}: {text}\r\n" for name, text in headers.items()).encode(errors="surrogateescape")
    length = f"Content-Length: {len(body)}\r\n\r\n".encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", URL(site.server.url).port)
    where = b"/in" if body else b"/api/v1/tokens"
    writer.write(b"POST " + where + b" HTTP/1.1\r\nHost: a\r\n" + said + length + body)
    assert int((await reader.readline()).split()[1]) == status
    writer.close()
    await writer.wait_closed()


async def test_one_signs_in_once_by_a_link_and_acknowledges_on_the_page(site: Site) -> None:
    """Fetching a sign-in link spends nothing; its button opens a session; the link works once."""
    _, made = await site.ask("POST", "/api/v1/sign-in-links", json={"person": "ana"})
    path = made["url"].removeprefix("http://tocsin.test")
    for _ in range(2):
        async with site.browser.get(path) as answer:
            assert (answer.status, "Sign in as Ana" in await answer.text()) == (200, True)
    async with site.browser.post(path, allow_redirects=False) as answer:
        assert answer.status == 303
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert "SameSite=Lax" in answer.headers["Set-Cookie"]
    async with site.browser.get("/") as answer:
        assert (answer.status, "INC-1" in await answer.text()) == (200, True)
    async with site.browser.post("/i/1/acknowledge", data={"note": "looking"}) as answer:
        assert (answer.status, "looking" in await answer.text()) == (200, True)
    async with site.browser.post(path) as answer:
        assert answer.status == 410
    async with site.browser.post("/out") as answer:
        assert answer.url.path == "/in"
    async with site.browser.get("/i/1", allow_redirects=False) as answer:
        assert answer.status == 303


@pytest.mark.parametrize(
    ("method", "path", "body", "expected", "code"),
    [
        ("GET", "/api/v1/incidents/99", None, 404, "not_found"),
        ("GET", "/api/v1/incidents/zero", None, 404, "not_found"),
        ("GET", "/api/v1/incidents/99999999999999999999", None, 404, "not_found"),
        ("GET", "/api/v1/incidents?status=oepn&color=red", None, 422, "invalid_query"),
        ("GET", "/api/v1/incidents?limit=0", None, 422, "invalid_query"),
        ("GET", "/api/v1/incidents?mine=true", None, 422, "invalid_query"),
        ("GET", f"/api/v1/incidents?text={'x' * 201}", None, 422, "invalid_query"),
        ("GET", "/api/v1/nothing", None, 404, "not_found"),
        ("PUT", "/api/v1/incidents", b"{}", 405, "method_not_allowed"),
        ("POST", "/api/v1/users", b"{", 400, "not_json"),
        ("POST", "/api/v1/users", b"[" * 100_000, 422, "invalid_body"),
        ("POST", "/api/v1/users", b'{"id": "x", "role": "admin"}', 422, "invalid_body"),
        ("POST", "/api/v1/users", b'{"id": " x"}', 422, "invalid_id"),
        ("POST", "/api/v1/users", b'{"id": "ana"}', 409, "duplicate"),
        ("POST", "/api/v1/users", io.BytesIO(b" " * 1_100_000), 413, "request_entity_too_large"),
        ("POST", "/api/v1/tokens", b'{"person": "nobody"}', 404, "not_found"),
        ("DELETE", "/api/v1/users/nobody", None, 404, "not_found"),
        ("DELETE", "/api/v1/tokens/7", None, 404, "not_found"),
    ],
)
async def test_bad_requests_are_refused_with_a_code(
    site: Site, method: str, path: str, body: bytes | io.BytesIO | None, expected: int, code: str
) -> None:
    """Whatever is wrong, the answer is problem+json with a word for programs."""
    status_code, refused = await site.ask(method, path, data=body)
    assert (status_code, refused["code"]) == (expected, code)


async def test_a_list_is_paged_by_its_link_header(site: Site) -> None:
    """The next page is found without counting."""
    for number in range(2, 6):
        await site.store.write(partial(_another, number=number))
    seen: list[str] = []
    path: str | None = "/api/v1/incidents?limit=2"
    while path:
        async with site.operator.get(f"http://tocsin{path}") as answer:
            seen += [one["id"] for one in (await answer.json())["items"]]
            path = URL(answer.links["next"]["url"]).path_qs if "next" in answer.links else None
    assert seen == ["INC-5", "INC-4", "INC-3", "INC-2", "INC-1"]


def _another(tx: Tx, number: int) -> None:
    """One more incident, on a host of its own."""
    when, host = START + timedelta(hours=number), f"web{number}"
    findings.take(tx, finding(id=host, key=host, host=host, source=None, first_seen=when))


async def test_answers_tell_browsers_to_be_careful(site: Site) -> None:
    """No page is kept, framed, or runs foreign code."""
    async with site.browser.get(site.link()) as answer:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    async with site.browser.get("/static/tocsin.css") as answer:
        assert (answer.status, answer.content_type) == (200, "text/css")
