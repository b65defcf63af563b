"""Commands of `tools/hub.py` to a camera that no hub can reach: they wait for its call, as processes."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from agent.hub import upkeep
from agent.hub.dnssd import CAMERAS
from agent.hub.keyring import Keyring
from agent.hub.ledger import Ledger
from hal.system import SystemClock
from tests.hub.dns_server import dns_server
from tests.hub.test_callhome import Shop, calling, camera, claimed
from tests.web.pairing_camera import ID, PairingCamera
from tools.loopback import free_port

__all__ = ["camera"]  # the fixture

ROOT = Path(__file__).parents[2]
ORDER = '{"do": "silence", "reason": "drill"}'


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """As the program itself would make it."""
    with Ledger(tmp_path / "hub.db") as ledger:
        return Shop(tmp_path, Keyring.open(tmp_path / "keys", ledger.hub_id, "shop"), free_port())


async def hub(shop: Shop, *words: str) -> tuple[int | None, str, str]:
    """What the hub's program answers: exit code, output, complaints."""
    options = ("--database", str(shop.folder / "hub.db"), "--keys", str(shop.keyring.folder), "--no-browse")
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "tools" / "hub.py"), *words, *options),
        env={"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaints = await program.communicate()
    return program.returncode, out.decode(), complaints.decode()


async def test_orders_attachments_and_passes_go_over_the_call(camera: PairingCamera, shop: Shop) -> None:
    await claimed(camera, shop)
    listen = ("--listen", f"127.0.0.1:{shop.port}")
    made = upkeep.issue(shop.keyring, "Kim", 8, SystemClock().wall().utc_s, shop.folder / "kim.pem")
    async with calling(camera, shop):
        code, out, complaint = await hub(shop, "send", ID, ORDER, *listen)
        assert (code, json.loads(out)["outcome"]) == (1, "refused"), complaint
        what = camera.services.attachments.keep(b"picture")
        code, out, complaint = await hub(shop, "fetch", ID, what, *listen)
        assert code == 0, complaint
        assert await asyncio.to_thread(Path(out.strip()).read_bytes) == b"picture"
        code, out, complaint = await hub(shop, "revoke", "Kim", *listen)
        assert (code, f"{ID}: done" in out) == (0, True), complaint
        assert camera.trust.pins.revoked == (made.serial,)
        code, out, complaint = await hub(shop, "unpair", ID, "--reason", "sold", *listen)
        assert (code, camera.trust.claimed) == (0, False), complaint


async def test_a_port_that_is_taken_is_told(shop: Shop, camera: PairingCamera) -> None:
    await claimed(camera, shop)
    async with shop.hub():
        code, _, complaint = await hub(shop, "send", ID, ORDER, "--listen", f"127.0.0.1:{shop.port}")
    assert code == 3
    assert "does this hub run already" in complaint


async def test_a_camera_is_found_in_a_domain(camera: PairingCamera, shop: Shop) -> None:
    await claimed(camera, shop)
    async with dns_server() as zone:
        zone.lists(CAMERAS, "till", ("127.0.0.1", camera.port), facts=f'"id={ID}" "tls=1"')
        where = ("--domain", "shop.example", "--dns", f"127.0.0.1:{zone.port}")
        code, out, complaint = await hub(shop, "rotate-ca", *where)
        assert (code, f"{ID}: done" in out) == (0, True), complaint
        code, out, complaint = await hub(shop, "send", ID, ORDER, *where)
        assert (code, json.loads(out)["outcome"]) == (1, "refused"), complaint


@pytest.mark.parametrize(
    "words", [("--listen", "nowhere"), ("--domain", "a..b"), ("--domain", "a.example", "--dns", "x")]
)
async def test_what_cannot_be_meant_is_told(shop: Shop, words: tuple[str, ...]) -> None:
    code, _, complaint = await hub(shop, "rotate-ca", *words)
    assert code == 3, complaint
    assert words[-1] in complaint
