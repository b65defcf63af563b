"""Sessions of the page over real connections: entered once, signed, ended in time, of no use to anybody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from agent.hub.pinning import pinned_context
from agent.web.commission import COOKIE, SEAL
from agent.web.sessions import IDLE_S, KEY_S, LASTS_S, MOST_SESSIONS, OFFER_S
from tests.forge import Forge
from tests.page.browser import Browser
from tests.web.pairing_camera import PairingCamera, ask, pairing_camera


@pytest.fixture
async def camera(tmp_path: Path) -> AsyncIterator[PairingCamera]:
    async with pairing_camera(tmp_path / "camera") as opened:
        yield opened


async def offered(camera: PairingCamera, own: Path | None = None) -> str:
    """The code of a new link, made on the camera or by who has a certificate."""
    told = await (camera.ask("/v1/sessions", own, {}) if own else camera.local("/v1/sessions", {}))
    assert told.status == 200, told.text
    assert told.json["url"].startswith(f"https://127.0.0.1:{camera.port}/enter/")
    code: str = told.json["url"].rsplit("/", 1)[1]
    return code


async def at_work(camera: PairingCamera, own: Path | None = None) -> Browser:
    browser = Browser(camera)
    assert await browser.enter(await offered(camera, own)) == 200
    assert await browser.give_key() == 200
    return browser


async def test_a_link_lets_one_browser_in_once(camera: PairingCamera) -> None:
    code = await offered(camera)
    first, second = Browser(camera), Browser(camera)
    assert await first.enter(code) == 200
    assert await second.enter(code) == 403
    assert not second.cookie
    assert await first.ask("/v1/status") == 403  # no key yet
    assert await first.give_key() == 200
    assert await first.ask("/v1/status") == 200
    assert await first.give_key() == 409  # and no other later
    assert [event.data["what"] for event in camera.events if event.kind == "session"] == [
        "offered",
        "entered",
        "opened",
    ]


async def test_the_cookie_is_for_this_origin_over_tls_and_for_no_script(camera: PairingCamera) -> None:
    url = camera.url(f"/enter/{await offered(camera)}")
    async with aiohttp.ClientSession() as http, http.get(url, ssl=pinned_context(camera.device.fp)) as answer:
        cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert {"HttpOnly", "Secure", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


async def test_a_stranger_is_told_no_version_and_nobody_frames_or_keeps_an_answer(camera: PairingCamera) -> None:
    url = camera.url("/enter/aaaaaaaaaaaaaaaa")
    async with aiohttp.ClientSession() as http, http.get(url, ssl=pinned_context(camera.device.fp)) as answer:
        assert answer.status == 403
        assert answer.headers["Server"] == "aislewatch"
        assert (answer.headers["X-Frame-Options"], answer.headers["Cache-Control"]) == ("DENY", "no-store")


@pytest.mark.parametrize("headers", [{"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}])
async def test_another_sites_page_gets_nothing_done(camera: PairingCamera, headers: dict[str, str]) -> None:
    browser = await at_work(camera)
    signed = {SEAL: browser.seal("POST", "/v1/claim", b"{}")}
    assert (await browser.send("POST", "/v1/claim", {**signed, **headers}, b"{}"))[0] == 403


async def test_a_stolen_cookie_is_worth_nothing(camera: PairingCamera) -> None:
    browser = await at_work(camera)
    thief = Browser(camera, browser.cookie)
    assert await thief.ask("/v1/status") == 403
    assert await thief.give_key() == 409
    assert (await thief.send("GET", "/v1/status", {}))[0] == 403


async def test_what_was_signed_counts_once_and_as_it_was(camera: PairingCamera) -> None:
    browser = await at_work(camera)
    seal = browser.seal("GET", "/v1/status")
    assert (await browser.send("GET", "/v1/status", {SEAL: seal}))[0] == 200
    assert (await browser.send("GET", "/v1/status", {SEAL: seal}))[0] == 403
    body = b'{"reason":"one"}'
    assert (await browser.send("POST", "/v1/claim", {SEAL: browser.seal("POST", "/v1/claim", body)}, b"{}"))[0] == 403
    assert (await browser.send("GET", "/v1/identity?x=1", {SEAL: browser.seal("GET", "/v1/identity")}))[0] == 403
    assert (await browser.send("GET", f"/v1/status?seal={browser.seal('GET', '/v1/status')}", {}))[0] == 200
    assert await browser.ask("/v1/claim", b"{}") == 200


async def test_requests_may_overtake_each_other_but_not_come_from_long_ago(camera: PairingCamera) -> None:
    browser = await at_work(camera)
    late, old = 1 << 50, (1 << 50) - (1 << 27)
    for number, status in ((late, 200), (late - 1, 200), (late - 1, 403), (old, 403)):
        seal = browser.seal("GET", "/v1/status", number=number)
        assert (await browser.send("GET", "/v1/status", {SEAL: seal}))[0] == status


@pytest.mark.parametrize("seal", ["", "1", "1.", "x.AAAA", "1.!!!!", f"{'9' * 17}.{'A' * 86}", f"²3.{'A' * 86}"])
async def test_a_seal_that_is_none_is_refused(camera: PairingCamera, seal: str) -> None:
    browser = await at_work(camera)
    assert (await browser.send("GET", f"/v1/status?seal={seal}", {}))[0] == 403


async def test_a_session_is_of_one_address(camera: PairingCamera) -> None:
    browser = await at_work(camera)
    signed = {SEAL: browser.seal("GET", "/v1/status")}
    assert (await browser.send("GET", "/v1/status", signed, source="127.0.0.2"))[0] == 403
    assert await browser.ask("/v1/status") == 200


async def test_a_session_is_for_the_tls_door_only(camera: PairingCamera) -> None:
    assert (await camera.local(f"/enter/{await offered(camera)}")).status == 403


async def test_every_step_has_its_time(camera: PairingCamera) -> None:
    code = await offered(camera)
    camera.clock.sleep(OFFER_S)
    assert await Browser(camera).enter(code) == 403
    slow = Browser(camera)
    assert await slow.enter(await offered(camera)) == 200
    camera.clock.sleep(KEY_S)
    assert await slow.give_key() == 403
    idle, busy = await at_work(camera), await at_work(camera)
    for _ in range(int(LASTS_S // (IDLE_S - 1))):
        camera.clock.sleep(IDLE_S - 1)
        assert await busy.ask("/v1/status") == 200
    assert await idle.ask("/v1/status") == 403
    camera.clock.sleep(IDLE_S - 1)
    assert await busy.ask("/v1/status") == 403


async def test_it_is_listed_without_its_secrets_and_ended_at_once(camera: PairingCamera) -> None:
    browser = await at_work(camera)
    listed = await camera.local("/v1/sessions")
    (one,) = listed.json["sessions"]
    assert (one["state"], one["role"], one["address"]) == ("at work", "local", "127.0.0.1")
    assert browser.cookie not in listed.text
    assert (await camera.local(f"/v1/sessions/{one['id']}/end", {})).status == 200
    assert await browser.ask("/v1/status") == 403
    assert (await camera.local(f"/v1/sessions/{one['id']}/end", {})).status == 404


async def test_it_may_do_what_its_maker_may_and_goes_with_their_leave(camera: PairingCamera, tmp_path: Path) -> None:
    hub = Forge(tmp_path, "hub")
    assert (await camera.pair(hub)).status == 200
    kim = hub.issue("technician", "Kim")
    browser = await at_work(camera, kim)
    assert await browser.ask("/v1/me") == 200
    assert await browser.ask("/v1/claim", b"{}") == 403
    (one,) = (await camera.local("/v1/sessions")).json["sessions"]
    assert (one["role"], one["by"]) == ("technician", "Kim")
    other = hub.issue("technician", "Lee")
    assert (await camera.ask(f"/v1/sessions/{one['id']}/end", other, {})).status == 404
    assert (await camera.local("/v1/unpair", {"reason": "moved"})).status == 200
    assert await browser.ask("/v1/me") == 403


@pytest.mark.parametrize("path", ["/v1/sessions", "/v1/unpair", "/v1/factory-reset", "/v1/trust/revoked"])
async def test_no_session_hands_itself_on_or_changes_the_trust(camera: PairingCamera, path: str) -> None:
    browser = await at_work(camera)
    assert await browser.ask(path, b"{}") == 403


async def test_whoever_could_pair_an_unclaimed_camera_may_see_its_page(camera: PairingCamera, tmp_path: Path) -> None:
    token, browser = await camera.token(), Browser(camera)
    assert await browser.enter(token) == 200
    assert await browser.give_key() == 200
    assert await browser.ask("/v1/status") == 200
    assert await Browser(camera).enter("A" * 26) == 403
    assert (await camera.pair(Forge(tmp_path, "hub"), token)).status == 200
    assert await browser.ask("/v1/status") == 403


async def test_there_are_so_many_and_no_more(camera: PairingCamera) -> None:
    for _ in range(MOST_SESSIONS):
        await offered(camera)
    assert (await camera.local("/v1/sessions", {})).status == 409
    assert (await ask(camera.url("/v1/sessions"), pinned_context(camera.device.fp), {})).status == 403


async def test_another_device_has_none_of_these(camera: PairingCamera) -> None:
    browser = await at_work(camera)
    life = camera.sessions.life
    camera.sessions.begin(life)
    assert await browser.ask("/v1/status") == 200
    camera.sessions.begin(type(life)("another", life.monotonic, life.report, life.admits))
    assert await browser.ask("/v1/status") == 403
    assert browser.cookie not in str(camera.events)
    assert COOKIE.startswith("__Host-")
