"""Who is no hub of this camera gets nothing: strangers, forged and foreign certificates, passes that are void."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.x509.oid import NameOID

from agent.errors import LinkClosed
from agent.hub.callers import Role
from agent.hub.client import LinkClient
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.pinning import pinned_context
from agent.hub.remote import Refused, Remote, own_context
from agent.hub.upkeep import issue, revoke, rotate, tell, unpair
from agent.web.access import ACCESS
from hal.system import SystemClock
from tests.attacks.shop import Camera, Said, anybody, claimed_by, hub_at_work, hub_keys, until
from tests.forge import CLIENT, SERVER, Signer, authority_of, own_authority

Outcome = int | str
Forger = Callable[[Signer, Path], Path]


@dataclass(frozen=True, slots=True)
class Owned:
    """A camera that has a hub."""

    camera: Camera
    keyring: Keyring
    pin: CameraPin

    async def tried(self, own: Path | None, path: str = "/v1/status") -> Outcome:
        """What somebody with this certificate gets: an HTTP status, or `closed`."""
        try:
            return (await self.camera.ask(path, None, own))[0]
        except (aiohttp.ClientError, ConnectionError):
            return "closed"

    @property
    def own(self) -> Path:
        """The hub's file."""
        return self.keyring.authority().own


@pytest.fixture
async def owned(shop_camera: Camera, keyring: Keyring) -> Owned:
    return Owned(shop_camera, keyring, await claimed_by(keyring, shop_camera))


@pytest.fixture
async def pass_of_kim(owned: Owned, tmp_path: Path) -> Path:
    out = tmp_path / "kim.pem"
    issue(owned.keyring, "kim", 8, SystemClock().wall().utc_s, out)
    return out


async def test_the_hub_itself_is_let_in(owned: Owned) -> None:
    assert await owned.tried(owned.own) == 200


async def test_a_stranger_gets_nothing_from_any_route(owned: Owned) -> None:
    closed = [route.split(" ") for route, role in ACCESS.items() if role > Role.STRANGER]
    answers: dict[str, tuple[int, str]] = {}
    context = anybody()  # one connection for all: a stranger has no more than 16
    async with aiohttp.ClientSession() as http:
        for method, path in closed:
            url = owned.camera.url(path.replace("{name}", "strobe").replace("{id}", "1").replace("{file}", "a.mp4"))
            said: Said = {} if method == "POST" else None
            async with http.request(method, url, json=said, ssl=context) as answer:
                answers[path] = answer.status, await answer.text()
    assert len(answers) > 30
    assert {status for status, _ in answers.values()} == {403}
    assert not any(owned.camera.id in words for _, words in answers.values())


async def test_a_stranger_learns_the_public_facts_and_cannot_tell_what_else_there_is(owned: Owned) -> None:
    status, facts = await owned.camera.ask("/v1/identity")
    assert (status, set(facts)) == (200, {"id", "model", "fw", "api", "state", "fp", "tls"})
    assert "shop-1" not in str(facts)
    assert {await owned.tried(None, path) for path in ("/v1/nothing", "/", "/v1/status", "/v1/../status")} == {403}


async def test_plain_words_at_the_tls_door_are_not_answered(owned: Owned) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", owned.camera.port)
    writer.write(b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    async with asyncio.timeout(10):
        try:
            said = await reader.read()
        except ConnectionError:
            said = b""
    writer.close()
    assert b"HTTP" not in said
    assert owned.camera.id.encode() not in said


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
async def test_older_tls_is_refused_even_with_the_hubs_certificate(owned: Owned, version: ssl.TLSVersion) -> None:
    context = anybody(owned.own)
    context.minimum_version, context.maximum_version = version, version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", owned.camera.port, ssl=context)


def common_name(signer: Signer) -> str:
    return str(signer.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def of_another_hub(real: Signer, folder: Path) -> Path:
    return own_authority("another").hub().file(folder)


def of_the_same_name(real: Signer, folder: Path) -> Path:
    return own_authority(common_name(real)).hub().file(folder)


def with_the_real_authority_shown(real: Signer, folder: Path) -> Path:
    """The authority's certificate is no secret: who sends its bytes along has proven nothing."""
    return own_authority(common_name(real)).hub().file(folder, real.certificate)


def signed_by_itself(real: Signer, folder: Path) -> Path:
    alone = own_authority("hub-a")
    return alone.odd(key=alone.key).file(folder)


def the_authority_itself(real: Signer, folder: Path) -> Path:
    return real.file(folder)


def an_authority_below(real: Signer, folder: Path) -> Path:
    return real.odd(is_authority=True).file(folder)


def below_a_hub(real: Signer, folder: Path) -> Path:
    """A thief of the hub's own certificate cannot make others."""
    hub = real.hub()
    return hub.hub("hub-b").file(folder, hub.certificate)


def below_an_authority_between(real: Signer, folder: Path) -> Path:
    between = real.odd(is_authority=True)
    return between.hub().file(folder, between.certificate)


def for_servers(real: Signer, folder: Path) -> Path:
    return real.odd(uses=(SERVER,)).file(folder)


def for_both(real: Signer, folder: Path) -> Path:
    return real.odd(uses=(SERVER, CLIENT)).file(folder)


def for_no_use(real: Signer, folder: Path) -> Path:
    return real.odd(uses=()).file(folder)


def of_no_unit(real: Signer, folder: Path) -> Path:
    return real.odd(units=()).file(folder)


def of_two_units(real: Signer, folder: Path) -> Path:
    return real.odd(units=("technician", "hub")).file(folder)


def of_an_unknown_unit(real: Signer, folder: Path) -> Path:
    return real.odd(units=("root",)).file(folder)


FORGED = [
    of_another_hub,
    of_the_same_name,
    with_the_real_authority_shown,
    signed_by_itself,
    the_authority_itself,
    an_authority_below,
    below_a_hub,
    below_an_authority_between,
    for_servers,
    for_both,
    for_no_use,
    of_no_unit,
    of_two_units,
    of_an_unknown_unit,
]


@pytest.mark.parametrize("made", FORGED, ids=[made.__name__ for made in FORGED])
async def test_a_certificate_is_refused_that_is(owned: Owned, tmp_path: Path, made: Forger) -> None:
    forged = made(authority_of(owned.keyring), tmp_path / "forged.pem")
    assert await owned.tried(forged) in (403, "closed")
    with pytest.raises(LinkClosed):
        async with aiohttp.ClientSession() as http:
            await LinkClient.connect(http, owned.camera.url("/v1/link"), context=anybody(forged))
    assert await owned.tried(owned.own) == 200, "the hub is let in as before"


async def test_the_forger_is_not_at_fault_for_being_refused(owned: Owned, tmp_path: Path) -> None:
    """What the forger makes in the proper shape is taken: the refusals above are for what is wrong with each."""
    proper = authority_of(owned.keyring).odd().file(tmp_path / "proper.pem")
    assert await owned.tried(proper) == 200


async def test_a_pass_is_for_a_technicians_routes_only(owned: Owned, pass_of_kim: Path) -> None:
    assert await owned.tried(pass_of_kim) == 200
    assert await owned.tried(pass_of_kim, "/v1/incidents") == 403
    with pytest.raises(LinkClosed, match="403"):
        async with aiohttp.ClientSession() as http:
            await LinkClient.connect(http, owned.camera.url("/v1/link"), context=anybody(pass_of_kim))
    for path in ("/v1/trust/authorities", "/v1/trust/revoked", "/v1/unpair", "/v1/factory-reset"):
        assert (await owned.camera.ask(path, {"reason": "mine"}, pass_of_kim))[0] == 403


async def test_a_revoked_pass_is_void_at_once_on_open_connections_too(owned: Owned, pass_of_kim: Path) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(owned.camera.url("/live.mjpg"), ssl=anybody(pass_of_kim)) as watching,
    ):
        assert watching.status == 200
        revoke(owned.keyring, "kim")
        assert await tell(owned.keyring) == {owned.camera.id: ""}
        with pytest.raises(aiohttp.ClientError):
            async with asyncio.timeout(5):
                await watching.read()
    assert await owned.tried(pass_of_kim) in (403, "closed")


async def test_a_pass_ends_with_its_time_where_the_clock_is_right(owned: Owned, pass_of_kim: Path) -> None:
    owned.camera.clock.ahead_s = 8 * 3600 + 60
    assert await owned.tried(pass_of_kim) in (403, "closed")
    owned.camera.clock.synchronised = False
    assert await owned.tried(pass_of_kim) == 200, "a clock that nobody vouches for proves nothing"


async def test_an_authority_that_was_dropped_is_nothing_any_more(
    owned: Owned, pass_of_kim: Path, tmp_path: Path
) -> None:
    old, kept = owned.own, tmp_path / "old.pem"
    kept.write_bytes(old.read_bytes())
    assert await rotate(owned.keyring) == {owned.camera.id: ""}
    assert await owned.tried(owned.own) == 200
    assert await owned.tried(kept) in (403, "closed")
    assert await owned.tried(pass_of_kim) in (403, "closed")


async def test_a_running_hub_comes_through_a_rotation(owned: Owned) -> None:
    async with hub_at_work(owned.keyring) as linked:
        await until(lambda: linked.linked)
        before = len(linked.states)
        assert await rotate(owned.keyring) == {owned.camera.id: ""}
        await until(lambda: len(linked.states) > before and linked.linked)


async def test_a_thief_of_the_hubs_certificate_cannot_lock_the_hub_out(owned: Owned, tmp_path: Path) -> None:
    thief = hub_keys(tmp_path / "thief", "hub-a")
    said: dict[str, Any] = {"authorities": [thief.authority().pem]}
    assert (await owned.camera.ask("/v1/trust/authorities", said, owned.own))[0] == 409
    own_serial = f"{Signer.of(owned.own).certificate.serial_number:x}"
    assert (await owned.camera.ask("/v1/trust/revoked", {"serials": [own_serial]}, owned.own))[0] == 409
    assert await owned.tried(owned.own) == 200


async def test_after_unpairing_the_hub_is_a_stranger_at_once(owned: Owned, tmp_path: Path) -> None:
    kept = tmp_path / "kept.pem"
    kept.write_bytes(owned.own.read_bytes())
    async with hub_at_work(owned.keyring) as linked:
        await until(lambda: linked.linked)
        await unpair(owned.keyring, owned.camera.id, "sold")
        await until(lambda: linked.hub.links == {})
    assert await owned.tried(kept) in (403, "closed")


async def test_no_ticket_brings_a_revoked_pass_back(owned: Owned, pass_of_kim: Path) -> None:
    """A resumed session would skip the certificate: there is nothing to resume."""
    before = await asyncio.to_thread(session_of, owned.camera.port, anybody(pass_of_kim))
    assert before is None


def session_of(port: int, context: ssl.SSLContext) -> ssl.SSLSession | None:
    """The ticket that a camera gives for next time, if any."""
    with socket.create_connection(("127.0.0.1", port)) as raw, context.wrap_socket(raw) as tls:
        tls.sendall(b"GET /v1/identity HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert tls.recv(4096).startswith(b"HTTP/1.1 200")
        return tls.session if tls.session is not None and tls.session.has_ticket else None


async def test_a_foreign_hub_is_told_why_and_does_not_hammer(owned: Owned, tmp_path: Path) -> None:
    foreign = hub_keys(tmp_path / "foreign", "hub-f")
    foreign.change(lambda trust: trust.with_camera(owned.pin))
    with pytest.raises(LinkClosed, match="refuses this hub's certificate"):
        await Remote(foreign, owned.pin).get("/v1/status")
    async with hub_at_work(foreign) as linked:
        await until(lambda: linked.said("refuses this hub's certificate"))
        await asyncio.sleep(1.0)
        assert len(linked.states) < 30
        assert not linked.events


async def test_a_hub_cannot_give_itself_out_as_another(owned: Owned) -> None:
    async with (
        aiohttp.ClientSession() as http,
        await LinkClient.connect(
            http, owned.camera.url("/v1/link"), context=own_context(owned.keyring, owned.pin)
        ) as client,
    ):
        messages = aiter(client)
        hello = await anext(messages)
        await client.resume("hub-b", hello.epoch, 0)
        with pytest.raises(LinkClosed, match="certificate is that of hub-a"):
            await anext(messages)


async def test_the_wrong_key_gets_no_certificate_to_see(owned: Owned, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await Remote(owned.keyring, owned.pin).get("/v1/nothing")
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", owned.camera.port, ssl=pinned_context("0" * 64, owned.own))
