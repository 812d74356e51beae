"""Passwords, sessions, forms that another site made, and who must wait."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select
from support.browser import Reader
from support.fakes import START, FakeClock
from support.once import once
from support.site import ANA, PASSWORDS, VIC, Site
from support.store import finding, open_store, sqlite_url

from detector.api.identity import CSRF_HEADER, SESSION_COOKIE
from detector.passwords import MOST_WAITING, Passwords, TooMany, weakness
from store.people import Person, Role
from store.repository.grouping import findings
from store.repository.people import lock_out, passwords, persons, sign_in_log
from store.tables import METADATA, sign_in_failure, timeline
from store.tx import Tx

ADA = Person(id="ada", name="Ada", roles=frozenset({Role.ADMIN}))
SECRET = "correct horse battery"


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A responder with a password, a viewer without one, an administrator."""
    clock = FakeClock(START)
    shutil.copy(sqlite_template, tmp_path)
    async with open_store(sqlite_url(tmp_path), clock, tmp_path) as store:

        def fill(tx: Tx) -> None:
            persons.upsert_from_config(tx, [ANA, VIC, ADA])
            findings.take(tx, finding())

        await once(store, lambda: store.write(fill), __name__, "site")
        made = Site(store, clock, tmp_path)
        await made.start()
        assert (await made.ask("POST", "/api/v1/users/ana/password", json={"password": SECRET}))[0] == 204
        yield made
        await made.stop()


async def type_in(site: Site, person: str = "ana", password: str = SECRET) -> tuple[int, str]:
    async with site.browser.post("/in", data={"person": person, "password": password}) as answer:
        return answer.status, await answer.text()


async def outcomes(site: Site) -> list[tuple[str | None, str, str]]:
    found = await site.store.read(lambda c: sign_in_log.newest(c, None, 50))
    return [(one.person, one.how.value, one.outcome.value) for one in found]


async def test_a_password_opens_a_session(site: Site) -> None:
    """It is a cookie that no script reads; the next sign-in makes another one and ends the first."""
    async with site.browser.post("/in", data={"person": "ana", "password": SECRET}, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/")
        told = answer.headers["Set-Cookie"]
        assert all(word in told for word in ("HttpOnly", "SameSite=Lax", "Path=/"))
        assert "Secure" not in told  # the base URL of these tests is http
        first = answer.cookies[SESSION_COOKIE].value
    async with site.browser.get("/i/1") as answer:
        assert answer.status == 200
    assert (await type_in(site))[0] == 200
    headers = {"Cookie": f"{SESSION_COOKIE}={first}"}
    async with aiohttp.request("GET", f"{site.server.url}/i/1", headers=headers, allow_redirects=False) as answer:
        assert answer.status == 303
    assert await outcomes(site) == [("ana", "password", "signed_in")] * 2


async def test_nothing_is_said_of_who_there_is(site: Site) -> None:
    """A wrong password, a person without one, and nobody get the same answer; what was typed is not kept."""
    said = {
        (await type_in(site, person, password))[1].split("<main")[1].replace(f'value="{person}"', "")
        for person, password in (("ana", "wrong"), ("vic", SECRET), ("hunter2 is my password", "ana"))
    }
    assert len(said) == 1
    assert 'value="wrong"' not in said.pop()
    assert [one[0] for one in await outcomes(site)] == [None, "vic", "ana"]
    kept = await site.store.read(lambda c: [c.execute(select(table)).all() for table in METADATA.sorted_tables])
    assert "hunter2" not in str(kept)
    assert SECRET not in str(kept)


async def test_guessing_grows_slow_and_ends(site: Site) -> None:
    """After five wrong ones even the right one waits, longer each time; a link is never locked out."""
    for _ in range(6):
        assert (await type_in(site, password="wrong"))[0] == 401
    status, page = await type_in(site)
    assert (status, "wait 5 s" in page) == (429, True)
    site.clock.advance(5)
    assert (await type_in(site, password="wrong"))[0] == 401
    code, told = await site.ask("POST", "/api/v1/sign-in", json={"person": "ana", "password": SECRET})
    assert (code, told["code"], told["retry_after_seconds"]) == (429, "locked_out", 10)
    await site.sign_in("ana")
    site.clock.advance(10)
    assert (await type_in(site))[0] == 200
    assert await site.store.read(lambda c: c.execute(select(sign_in_failure)).all()) == []
    assert ("ana", "password", "locked_out") in await outcomes(site)


async def test_many_guesses_at_once_are_no_way_around(site: Site) -> None:
    """Each counts before it is looked at."""
    codes = await asyncio.gather(*(type_in(site, password=f"guess {k}") for k in range(12)))
    assert sorted(status for status, _ in codes) == [401] * 6 + [429] * 6


async def test_what_is_remembered_is_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever tries many names fills neither the failures nor the list of sign-ins."""
    monkeypatch.setattr(lock_out, "MOST_REMEMBERED", 10)
    monkeypatch.setattr(sign_in_log, "MOST_KEPT", 15)
    for k in range(30):
        site.clock.advance(1)
        await type_in(site, f"name{k}", "x")
    assert len(await site.store.read(lambda c: c.execute(select(sign_in_failure)).all())) <= 10
    assert await site.store.read(sign_in_log.count) == 15


async def test_a_form_that_another_site_made_does_nothing(site: Site) -> None:
    """Where a browser does not say who sent it, the session's own token must stand in the form, or in a header."""
    await type_in(site)
    for given in ("", "0" * 64):
        async with site.browser.post("/i/1/acts/note", data={"note": "x"}, headers={CSRF_HEADER: given}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "csrf")
    async with site.browser.get("/i/1") as answer:
        page = Reader(await answer.text())
    forms = [form for form in page.by_form.items() if form[0] == "/i/1/acts/note"]
    assert len(forms) == 1
    assert page.names().count("form") == sum(name == "input" and a.get("name") == "csrf" for name, a in page.tags)
    typed = forms[0][1] | {"note": "of our own page"}
    async with site.browser.post("/i/1/acts/note", data=typed, headers={CSRF_HEADER: ""}) as answer:
        assert (answer.status, "of our own page" in await answer.text()) == (200, True)
    headers = {"Origin": "https://evil.example"}
    async with site.browser.post("/i/1/acts/note", data=typed, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "cross_site")


async def test_sessions_end_by_age_idleness_and_their_owner(site: Site) -> None:
    """Two hours unused, twelve in all; listed for their owner alone, who ends them."""
    await site.sign_in("vic")
    await type_in(site)
    code, told = await site.ask("GET", "/api/v1/sessions", token=await site.token_of("ana"))
    assert (code, [(one["how"], one["is_this"]) for one in told["items"]]) == (200, [("password", False)])
    theirs = await site.token_of("vic")
    assert (await site.ask("DELETE", f"/api/v1/sessions/{told['items'][0]['id']}", token=theirs))[0] == 404
    for _ in range(5):  # used every two hours but a minute
        site.clock.advance(119 * 60)
        async with site.browser.get("/me") as answer:
            assert (answer.status, "this one" in await answer.text()) == (200, True)
    site.clock.advance(121 * 60)
    async with site.browser.get("/me", allow_redirects=False) as answer:
        assert answer.status == 303
    await type_in(site)
    async with site.browser.post("/me/sessions/end") as answer:
        assert answer.status == 200
    code, told = await site.ask("GET", "/api/v1/sessions", token=await site.token_of("ana"))
    async with site.browser.post(f"/me/sessions/{told['items'][0]['id']}/end") as answer:
        assert answer.url.path == "/in"


async def test_one_sets_the_password_oneself(site: Site) -> None:
    """By a link that works once, or with the old one; everybody else who had it is out; nobody sets another's."""
    _, made = await site.ask("POST", "/api/v1/sign-in-links", json={"person": "vic"})
    path = made["url"].removeprefix("http://tocsin.test") + "?then=password"
    async with site.browser.post(path) as answer:
        assert (answer.url.path, "The one that you have" in await answer.text()) == ("/me", False)
    new = {"password": "seven blue bicycles", "again": "seven blue bicycles"}
    async with site.browser.post("/me/password", data=new | {"again": "typo"}) as answer:
        assert answer.status == 422
    async with site.browser.post(
        "/me/password", data={"password": "victor victor", "again": "victor victor"}
    ) as answer:
        assert answer.status == 200
    site.clock.advance(16 * 60)
    async with site.browser.post("/me/password", data=new) as answer:
        assert (answer.status, "send the password that you have" in await answer.text()) == (403, True)
    async with site.browser.post("/me/password", data=new | {"old": "victor victor"}) as answer:
        assert (answer.status, "Your password is set" in await answer.text()) == (200, True)
    async with site.browser.get("/me") as answer:
        assert answer.url.path == "/me"
    admin = await site.token_of("ada")
    code, told = await site.ask("POST", "/api/v1/users/vic/password", token=admin, json={"password": SECRET})
    assert (code, told["code"]) == (403, "not_yours")
    assert (await site.ask("DELETE", "/api/v1/users/vic/password", token=admin))[0] == 204
    assert await site.store.read(lambda c: passwords.of(c, "vic")) is None
    chain = await site.store.read(
        lambda c: c.execute(select(timeline.c.kind).where(timeline.c.incident == 0)).scalars()
    )
    assert [kind.value for kind in chain].count("password_changed") == 4


async def test_a_password_signs_anew(site: Site) -> None:
    """It proves who signs; a wrong one counts as any other wrong one."""
    token = await site.token_of("ana")
    code, told = await site.ask("POST", "/api/v1/sign-in/fresh", token=token, json={"password": "wrong"})
    assert (code, told["code"]) == (403, "fresh_sign_in")
    code, told = await site.ask("POST", "/api/v1/sign-in/fresh", token=token, json={"password": SECRET})
    assert (code, told["person"]) == (201, "ana")
    code, told = await site.ask("POST", "/api/v1/sign-in/fresh", token=token, json={"password": SECRET, "token": "x"})
    assert code == 422
    assert (await outcomes(site))[0] == ("ana", "password", "signed_anew")


async def test_other_parameters_hash_anew(site: Site) -> None:
    """At the next sign-in the same password is kept under the parameters of today."""
    slower = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    old = slower.hash(SECRET)
    await site.store.write(lambda tx: passwords.rehashed(tx, "ana", _hash(tx), old))
    assert (await type_in(site))[0] == 200
    stored = await site.store.read(lambda c: passwords.of(c, "ana"))
    assert stored is not None
    assert "m=8,t=1,p=1" in stored
    assert (await PASSWORDS.verify(stored, SECRET)).rehashed is None


def _hash(tx: Tx) -> str:
    found = passwords.of(tx.connection, "ana")
    assert found
    return found


async def test_a_flood_waits_in_a_short_line() -> None:
    """Two are hashed at a time, few wait, and the rest is refused at once."""
    crowd = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    told: list[Any] = await asyncio.gather(
        *(crowd.verify(None, "x") for _ in range(MOST_WAITING + 5)), return_exceptions=True
    )
    assert sum(isinstance(one, TooMany) for one in told) == 5
    assert not any(one.is_right for one in told if not isinstance(one, TooMany))
    crowd.close()


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("short", "12 are needed"),
        ("a" * 300, "at most 256"),
        ("ababababababab", "repeats"),
        ("victoria1234", "the name"),
        (SECRET, ""),
        ("パスワードは十二文字以上です", ""),
    ],
)
def test_what_makes_a_password(password: str, says: str) -> None:
    """Long enough, not one letter over and over, not the name; no demand for signs and capitals."""
    why = weakness(password, "victoria", "Vic")
    assert says in why
    assert bool(why) is bool(says)


async def test_an_old_session_is_left_out_after_half_a_day(site: Site) -> None:
    """However often it is used."""
    await type_in(site)
    for _ in range(13):
        site.clock.advance(timedelta(hours=1).total_seconds())
        async with site.browser.get("/me", allow_redirects=False) as answer:
            last = answer.status
    assert last == 303
