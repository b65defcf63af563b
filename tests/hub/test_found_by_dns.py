"""A camera and its hub come together by a domain of the DNS: listed hubs are called, listed cameras are linked to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from agent.beside import beside
from agent.hub.calling import challenge_line
from agent.hub.dnssd import CAMERAS, HUBS
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub
from tests.hub.dns_server import DnsServer, dns_server
from tests.hub.test_callhome import (
    HUB,
    QUICK,
    Shop,
    calling,
    camera,
    claimed,
    hung_up,
    linked,
    shop,
    until,
)
from tests.web.pairing_camera import ID, PairingCamera
from tools.loopback import free_port

__all__ = ["camera", "shop"]  # the fixtures

LOOPBACK = "127.0.0.1"


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with dns_server() as server:
        yield server


async def test_a_listed_hub_is_called_and_again_where_it_has_moved_to(
    camera: PairingCamera, shop: Shop, zone: DnsServer
) -> None:
    await claimed(camera, shop)
    zone.lists(HUBS, "hub", (LOOPBACK, shop.port), ttl=3600)
    async with calling(camera, shop, zone.domain()) as calls:
        async with shop.hub() as hub:
            await until(lambda: linked(hub))
        shop = replace(shop, port=free_port())
        zone.records.clear()
        zone.lists(HUBS, "hub", (LOOPBACK, shop.port), ttl=3600)
        async with shop.hub() as hub:
            await until(lambda: linked(hub))
            await until(lambda: calls.standing_by is not None)
            assert calls.facts() == {
                "domain": "shop.example",
                "places": [f"{LOOPBACK}:{shop.port}"],
                "standing_by": f"{LOOPBACK}:{shop.port}",
                "trouble": "",
            }


async def test_the_spare_hub_is_called_while_the_first_is_away(
    camera: PairingCamera, shop: Shop, zone: DnsServer
) -> None:
    await claimed(camera, shop)
    zone.lists(HUBS, "first", (LOOPBACK, free_port()), rank="0 0")
    zone.lists(HUBS, "spare", (LOOPBACK, shop.port), rank="1 0")
    async with calling(camera, shop, zone.domain()), shop.hub() as hub:
        await until(lambda: linked(hub))


async def test_a_listed_impostor_gets_nothing_and_keeps_the_camera_from_nobody(
    camera: PairingCamera, shop: Shop, zone: DnsServer
) -> None:
    """It gives itself out as the camera's own hub, takes the call, and asks for the camera's state as hubs do."""
    await claimed(camera, shop)
    heard: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(challenge_line("0" * 32))
        heard.append(await reader.readline())
        writer.write(b"GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        heard.append(await hung_up(reader))
        writer.close()

    impostor = await asyncio.start_server(take, LOOPBACK, 0)
    zone.lists(HUBS, "wrong", (LOOPBACK, impostor.sockets[0].getsockname()[1]), facts=f'"hub={HUB}"')
    async with impostor, calling(camera, shop, zone.domain()):
        await until(lambda: len(heard) >= 2)
        zone.lists(HUBS, "right", (LOOPBACK, shop.port))
        zone.records = [record.replace(" 0 0 ", " 1 0 ") if "wrong" in record else record for record in zone.records]
        impostor.close()
        async with shop.hub() as hub:
            await until(lambda: linked(hub))
    assert heard[0].startswith(b"AISLEWATCH-CALL 1 " + ID.encode())
    assert not any(b"HTTP/1.1 200" in said or b"journal" in said for said in heard[1:])


async def test_a_listed_camera_is_linked_to_and_a_lie_about_it_is_not_believed(
    camera: PairingCamera, shop: Shop, zone: DnsServer
) -> None:
    await claimed(camera, shop)
    zone.lists(CAMERAS, "liar", (LOOPBACK, free_port()), facts=f'"id={ID}" "tls=1"', ttl=1)
    zone.lists(CAMERAS, "plain", (LOOPBACK, camera.plain_port), facts=f'"id={ID}" "tls=0"', ttl=1)
    async with looking(shop, zone) as hub:
        await until(lambda: any(CAMERAS in name for name in zone.asked))
        zone.lists(CAMERAS, "true", (LOOPBACK, camera.port), facts=f'"id={ID}" "tls=1"', ttl=1)
        await until(lambda: linked(hub))
    pin = shop.keyring.pin(ID)
    assert pin is not None
    assert (pin.host, pin.port) == (LOOPBACK, camera.port)


@asynccontextmanager
async def looking(shop: Shop, zone: DnsServer) -> AsyncIterator[Hub]:
    """A hub that asks the domain for its cameras."""
    with Ledger(shop.folder / "hub.db") as ledger:
        hub = Hub(ledger, HUB, backoff=QUICK, keyring=shop.keyring, attachments=shop.folder / "attachments")
        async with beside(hub.run(browse=False, domain=zone.domain())):
            yield hub


async def test_a_domain_that_says_nothing_is_told_and_asked_again(
    camera: PairingCamera, shop: Shop, zone: DnsServer
) -> None:
    await claimed(camera, shop)
    async with calling(camera, shop, zone.domain()) as calls, shop.hub() as hub:
        await until(lambda: bool(calls.facts()["trouble"]))
        assert f"there is no {HUBS}.shop.example" in str(calls.facts()["trouble"])
        zone.lists(HUBS, "hub", (LOOPBACK, shop.port))
        await until(lambda: linked(hub))
