"""A whole camera is paired, linked, let go and reset, with the reference hub and the commands of a technician."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.app import Running, run_camera
from agent.beside import beside
from agent.config import parse_config
from agent.evidence.verify_log import verify_log
from agent.hub.claim_code import ClaimCode
from agent.hub.claiming import claim
from agent.hub.keyring import Keyring
from agent.hub.ledger import Ledger
from agent.hub.receiver import Hub, LinkState
from agent.hub.remote import Remote
from agent.reset import LIMIT_S
from agent.web.access import ACCESS
from tests.e2e.camera import config_text
from tests.hub.hearing import heard

pytestmark = pytest.mark.timeout(180)
KEPT = {"lines"}
"""What the camera keeps through a reset: here the simulated pins, which stand for the hardware."""


class Lives:
    """A camera from its start on, through factory resets."""

    def __init__(self) -> None:
        self.lives: list[Running] = []

    @property
    def now(self) -> Running:
        return self.lives[-1]

    async def begun(self, count: int) -> Running:
        await eventually(lambda: len(self.lives) >= count, LIMIT_S)
        return self.now

    async def get(self, path: str) -> dict[str, Any]:
        """Asked on the camera itself."""
        async with aiohttp.ClientSession() as http, http.get(self.now.url + path) as response:
            assert response.status == 200
            found: dict[str, Any] = await response.json()
            return found

    async def code(self) -> ClaimCode:
        """What `aislewatch pair` shows."""
        async with aiohttp.ClientSession() as http, http.post(f"{self.now.url}/v1/claim", json={}) as response:
            shown = await response.json()
        return ClaimCode(shown["id"], shown["fp"], shown["token"], shown["addresses"][0], shown["port"])


@asynccontextmanager
async def camera(folder: Path, announce: bool = False) -> AsyncIterator[Lives]:
    stop, lives = asyncio.Event(), Lives()
    config = parse_config(config_text(folder, tls_port=0, announce=announce))
    task = asyncio.create_task(run_camera(config, stop, lives.lives.append))
    try:
        await asyncio.wait([task, waiting := asyncio.create_task(lives.begun(1))], return_when="FIRST_COMPLETED")
        waiting.cancel()
        yield lives
    finally:
        stop.set()
        await task


async def eventually(condition: Callable[[], bool], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is waited for sends no event
            await asyncio.sleep(0.02)


@asynccontextmanager
async def linked(keyring: Keyring, folder: Path) -> AsyncIterator[Hub]:
    """The reference hub, once its link to the one camera stands."""
    with Ledger(folder / "hub.db") as ledger:
        hub = Hub(ledger, "hub-a", keyring=keyring)
        async with beside(hub.run(browse=False)):
            await eventually(lambda: LinkState.LINKED in hub.links.values())
            yield hub


async def test_every_route_of_a_whole_camera_stands_in_the_table(tmp_path: Path) -> None:
    async with camera(tmp_path) as lives:
        routes = lives.now.api.router.routes()
        found = {f"{route.method} {route.resource.canonical}" for route in routes if route.resource}
    assert {route for route in found if not route.startswith("HEAD ")} == set(ACCESS)


async def test_a_camera_is_paired_linked_reset_and_another_one_afterwards(tmp_path: Path) -> None:
    data, keyring = tmp_path / "camera", Keyring.open(tmp_path / "keys", "hub-a", "shop-1")
    async with camera(data, announce=True) as lives:
        assert (await lives.get("/v1/identity"))["state"] == "unclaimed"
        pin = await claim(keyring, await lives.code())
        async with linked(keyring, tmp_path) as hub:
            assert (await lives.get("/v1/status"))["hubs"][0]["hub"] == "hub-a"
            await heard(pin.id, state="claimed", tls="1")
            await eventually(lambda: (data / "audit.log").exists())
            before = held(data, tmp_path / "held")
            assert {*map(Path, ("identity/trust.json", "keys/device.pem", "journal.db", "audit.log"))} <= set(before)
            await Remote(keyring, pin).post("/v1/factory-reset", {"confirm": pin.id, "reason": "sold"})
            await lives.begun(2)
            await eventually(lambda: LinkState.LINKED not in hub.links.values())
        facts = await lives.get("/v1/identity")
        assert (facts["state"], facts["fp"] == pin.fp[:16]) == ("unclaimed", False)
        left = [path for path, old in before.items() if (data / path).exists() and old.samefile(data / path)]
        assert {path.parts[0] for path in left} <= KEPT
        assert not (data / "reset.json").exists()
        told = [entry for entry in log(data) if entry["kind"] == "factory_reset"]
    assert len(told) == 1
    assert (told[0]["data"]["by"], told[0]["data"]["reason"], told[0]["data"]["fp"]) == ("hub-a", "sold", pin.fp)
    assert 0 < told[0]["data"]["took_s"] < LIMIT_S
    assert told[0]["data"]["files"] > 4
    assert verify_log(data / "audit.log").sound


def held(data: Path, folder: Path) -> dict[Path, Path]:
    """A second name for every file there is, so that a new file can be told from the same one."""
    folder.mkdir()
    files = [path for path in data.rglob("*") if path.is_file()]
    second = {path: folder / str(number) for number, path in enumerate(files)}
    for path, other in second.items():
        other.hardlink_to(path)
    return {path.relative_to(data): other for path, other in second.items()}


def log(data: Path) -> list[dict[str, Any]]:
    return [json.loads(line.rpartition(" ")[0]) for line in (data / "audit.log").read_text().splitlines()]


async def test_a_camera_with_a_broken_identity_watches_and_a_reset_heals_it(tmp_path: Path) -> None:
    (tmp_path / "identity").mkdir()
    (tmp_path / "identity/key.pem").write_text("no key")
    async with camera(tmp_path) as lives, aiohttp.ClientSession() as http:
        facts = await lives.get("/v1/status")
        assert (facts["state"], facts["fp"], facts["tls"]) == ("unclaimed", "", "0")
        assert lives.now.ports.tls is None
        async with http.post(f"{lives.now.url}/v1/claim", json={}) as response:
            assert (response.status, "no hub can come" in await response.text()) == (409, True)
        said = {"confirm": facts["id"], "reason": "the key is broken", "by": "kim"}
        async with http.post(f"{lives.now.url}/v1/factory-reset", json=said) as response:
            assert response.status == 200
        await lives.begun(2)
        assert len((await lives.get("/v1/identity"))["fp"]) == 16
        assert (await lives.code()).port == lives.now.ports.tls


async def test_pairing_and_what_follows_stand_in_the_audit_log(tmp_path: Path) -> None:
    data, keyring = tmp_path / "camera", Keyring.open(tmp_path / "keys", "hub-a", "shop-1")
    async with camera(data) as lives:
        pin = await claim(keyring, await lives.code())
        await Remote(keyring, pin).post("/v1/unpair", {"reason": "moves"})
        assert (await lives.get("/v1/identity"))["state"] == "unclaimed"
    said = [entry["data"]["what"] for entry in log(data) if entry["kind"] == "pairing"]
    assert [word for word in said if word != "revoked"] == ["new_identity", "claim", "paired", "unpaired"]
