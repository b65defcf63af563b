"""A hub that is lured to somebody else sends nothing there: no token, no certificate; and it keeps its link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from agent.domain import Event
from agent.errors import OperatorError
from agent.events.journal import Journal
from agent.hub.claim_code import ClaimCode
from agent.hub.claiming import claim
from agent.hub.identity import Identity
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.link import LinkServer, LinkSettings
from agent.hub.remote import Impostor, Remote
from agent.hub.upkeep import rotate
from agent.web.api import Facts, create_app, serving
from hal.system import SystemClock
from tests.attacks.impostors import Trap, announced, impostor, open_trap, relay
from tests.attacks.shop import Camera, anybody, camera, claimed_by, hub_at_work, until
from tests.hub.hearing import heard

APPLICATION_DATA = 0x17


@pytest.fixture
async def trap(shop_camera: Camera, tmp_path: Path) -> AsyncIterator[Trap]:
    async with impostor(tmp_path, shop_camera.id) as made:
        yield made


def nothing_told(trap: Trap) -> bool:
    """Somebody called, and went after a first word of TLS (a ClientHello) without any encrypted one."""
    return trap.calls > 0 and trap.shaken == 0 and not trap.told and records(trap.raw).count(APPLICATION_DATA) == 0


def records(raw: bytearray) -> list[int]:
    """The kinds of TLS records on the wire."""
    kinds, at = [], 0
    while at + 5 <= len(raw):
        kinds.append(raw[at])
        at += 5 + int.from_bytes(raw[at + 3 : at + 5], "big")
    return kinds


async def test_the_trap_hears_whoever_does_not_look(trap: Trap) -> None:
    """The measure itself: a client that believes everybody tells the trap all."""
    _, writer = await asyncio.open_connection("127.0.0.1", trap.port, ssl=anybody())
    writer.write(b"the token")
    await until(lambda: trap.told == b"the token")
    writer.close()
    assert trap.shaken == 1
    assert APPLICATION_DATA in records(trap.raw)
    assert not nothing_told(trap)


async def test_a_claim_at_an_impostors_address_tells_it_nothing(
    shop_camera: Camera, keyring: Keyring, trap: Trap
) -> None:
    code = await shop_camera.shows()
    with pytest.raises(OperatorError, match="not the camera of the claim"):
        await claim(keyring, replace(code, port=trap.port))
    assert nothing_told(trap)
    assert keyring.trust().cameras == {}
    await claim(keyring, code)


async def test_a_wish_at_an_impostors_address_tells_it_nothing(
    shop_camera: Camera, keyring: Keyring, trap: Trap
) -> None:
    pin = await claimed_by(keyring, shop_camera)
    lured = msgspec.structs.replace(pin, port=trap.port)
    with pytest.raises(Impostor):
        await Remote(keyring, lured).post("/v1/unpair", {"reason": "lured"})
    assert nothing_told(trap)


async def test_rotating_towards_an_impostor_changes_nothing(shop_camera: Camera, keyring: Keyring, trap: Trap) -> None:
    pin = await claimed_by(keyring, shop_camera)
    keyring.change(lambda trust: trust.with_camera(msgspec.structs.replace(pin, port=trap.port)))
    assert "is not the camera's" in (await rotate(keyring))[pin.id]
    assert nothing_told(trap)
    assert keyring.trust().authorities == (1, 2), "the old authority stays as long as a camera needs it"


async def test_an_announced_impostor_gets_nothing_and_the_link_holds(
    shop_camera: Camera, keyring: Keyring, trap: Trap
) -> None:
    await claimed_by(keyring, shop_camera)
    async with hub_at_work(keyring, browse=[shop_camera.id]) as linked:
        await until(lambda: linked.linked)
        states = len(linked.states)
        async with announced(identity_of(shop_camera, fp="0" * 16), trap.port):
            await until(lambda: trap.calls > 0)
            await until(lambda: linked.linked)
            await shop_camera.journal.append(Event("after", 1.0))
            await until(lambda: any("after" in str(one.body) for one in linked.events))
        assert len(linked.states) == states, "the link was never given up"
    assert nothing_told(trap)


async def test_the_same_name_without_tls_is_not_even_called(shop_camera: Camera, keyring: Keyring) -> None:
    await claimed_by(keyring, shop_camera)
    async with open_trap() as trap, hub_at_work(keyring, browse=[shop_camera.id]) as linked:
        await until(lambda: linked.linked)
        async with announced(identity_of(shop_camera, tls=False), trap.port):
            assert (await heard(shop_camera.id)).port == trap.port
            await asyncio.sleep(1.0)  # time in which the hub, which has heard it as well, could have called
        assert trap.calls == 0
        assert linked.linked


async def test_an_impostor_before_the_camera_comes_does_not_keep_the_hub_from_it(
    shop_camera: Camera, keyring: Keyring, trap: Trap
) -> None:
    """The hub knows the camera only from before, at an address where nobody is: the announcements have to tell."""
    pin = await claimed_by(keyring, shop_camera)
    keyring.change(lambda trust: trust.with_camera(msgspec.structs.replace(pin, port=9)))
    another = f"{shop_camera.id}other"
    browse = [shop_camera.id, another]
    async with hub_at_work(keyring, browse=browse) as linked, announced(identity_of(shop_camera), trap.port):
        await until(lambda: trap.calls > 0)
        async with announced(replace(identity_of(shop_camera), id=another), shop_camera.port):
            pass  # another camera's announcement is no hint to this one
        assert not linked.linked
        async with announced(identity_of(shop_camera), shop_camera.port):
            await until(lambda: linked.linked, 30)
    assert nothing_told(trap)
    found = keyring.pin(shop_camera.id)
    assert found is not None
    assert found.port == shop_camera.port, "and it is remembered where the camera was found"


async def test_events_in_the_open_under_a_claimed_name_are_not_believed(
    shop_camera: Camera, keyring: Keyring, tmp_path: Path
) -> None:
    """A plain camera may be linked to by its address; it cannot speak for a claimed one."""
    await claimed_by(keyring, shop_camera)
    async with await Journal.open(tmp_path / "forged.db", SystemClock()) as journal:
        await journal.append(Event("forged", 1.0))
        forged = identity_of(shop_camera, tls=False)
        link = LinkServer(journal, forged, LinkSettings(close_s=0.2))
        app = create_app(Facts(lambda: forged, dict, list), link)
        async with serving(app, "127.0.0.1", 0) as running:
            async with hub_at_work(keyring, f"ws://127.0.0.1:{running.port}/v1/link") as linked:
                await until(lambda: linked.said("nothing from here is believed"))
                assert not any("forged" in str(one.body) for one in linked.events)
            await link.close()


async def test_a_man_in_the_middle_to_the_camera_itself_sees_ciphertext(shop_camera: Camera, keyring: Keyring) -> None:
    code = await shop_camera.shows()
    async with relay(shop_camera.port, Trap()) as middle:
        await claim(keyring, replace(code, port=middle.port))
        async with hub_at_work(keyring) as linked:
            await until(lambda: linked.linked)
    assert shop_camera.claimed
    assert middle.calls > 1
    for secret in (code.token.encode(), b"/v1/pair", b"BEGIN CERTIFICATE", b"hub-a", b"shop-1"):
        assert secret not in middle.raw


async def test_a_man_in_the_middle_to_another_camera_gets_nothing(
    shop_camera: Camera, keyring: Keyring, tmp_path: Path
) -> None:
    """Both are ours; a wish for one must not reach the other."""
    pin = await claimed_by(keyring, shop_camera)
    async with camera(tmp_path / "other", "office") as other:
        other_pin = await claimed_by(Keyring.open(tmp_path / "other-keys", "hub-a"), other)
        assert other_pin.fp != pin.fp
        async with relay(other.port, Trap()) as middle:
            lured: CameraPin = msgspec.structs.replace(pin, port=middle.port)
            with pytest.raises(Impostor):
                await Remote(keyring, lured).post("/v1/unpair", {"reason": "lured"})
            code = replace(await shop_after_unpairing(shop_camera), port=middle.port)
            with pytest.raises(OperatorError, match="not the camera of the claim"):
                await claim(keyring, code)
        assert APPLICATION_DATA not in records(middle.raw)
        assert other.claimed, "it was asked nothing"


async def shop_after_unpairing(shop_camera: Camera) -> ClaimCode:
    """A new claim of a camera that was let go on itself."""
    assert (await shop_camera.locally("/v1/unpair", {"reason": "again"}))[0] == 200
    return await shop_camera.shows()


def identity_of(shop_camera: Camera, *, tls: bool = True, fp: str = "") -> Identity:
    """What anybody can copy from the camera's announcement."""
    return Identity(shop_camera.id, "test", "0.1.0", state="claimed", fp=fp, tls=tls)
