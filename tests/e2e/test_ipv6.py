"""A network without IPv4: a camera is found, paired, linked, and found again at another address of IPv6."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agent.hub.keyring import Keyring
from tests.e2e.camera import config_text, id_of
from tests.e2e.network import Cable, cable_with_ipv6
from tests.e2e.programs import HUB, camera_command, hub, output_of, program
from tests.faults.eventful_camera import pair

DEVICE = f"six{secrets.token_hex(4)}"
PLAIN, TLS = 8723, 8743
ADDRESSES = """
from agent.hub.addresses import reachable_addresses
print(*reachable_addresses("::"))
"""


@pytest.fixture
def joined() -> Iterator[Cable]:
    with cable_with_ipv6() as made:
        yield made


@pytest.mark.timeout(120)
async def test_a_camera_on_one_link_without_any_router_is_found_paired_and_linked(
    joined: Cable, tmp_path: Path
) -> None:
    """Nobody has given out addresses: there are only those that each interface makes for its own link."""
    near, id = joined.near(joined.camera), id_of(tmp_path)
    config = tmp_path / "camera.toml"
    text = config_text(tmp_path, scene="empty", port=PLAIN, tls_port=TLS, announce=True)
    config.write_text(text.replace("[api]", '[api]\ntls_host = "::"'))
    keys, camera, there = tmp_path / "keys", joined.inside(joined.camera), joined.inside(joined.hub)
    async with program(camera, "-m", "agent", "run", "--config", str(config)):
        found = json.loads(await found_by(there, id))
        assert found["addresses"] == [f"{near}%eth0"]
        shown = json.loads(
            await output_of(camera, "-m", "agent", "pair", "--json", "--url", f"http://127.0.0.1:{PLAIN}")
        )
        assert shown["code"].endswith(f":[{near}]:{TLS}"), "the camera's name of the link means nothing to a hub"
        claim = ("claim", "--database", str(tmp_path / "hub.db"), "--keys", str(keys), shown["code"])
        assert f"claimed {id} at https://[{near}%eth0]:{TLS}" in await output_of(there, str(HUB), *claim)
        async with hub(there, tmp_path, id, "--keys", str(keys)) as output:
            await output.until(lambda: output.linked_at(f"{near}%eth0"))


async def found_by(inside: Sequence[str], id: str) -> str:
    """The line that `aislewatch find` prints of a camera, as soon as it is there."""
    async with asyncio.timeout(60):
        while True:
            process = await asyncio.create_subprocess_exec(
                *inside, sys.executable, "-m", "agent", "find", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
            told, _ = await process.communicate()
            for line in told.decode().splitlines():
                if id in line:
                    return line


async def test_found_again_at_a_new_address_and_over_the_kind_that_is_left(joined: Cable, tmp_path: Path) -> None:
    """Addresses hold at once (nodad): where only that of the link does, the camera tells it, and a hub stays there."""
    for end, number in ((joined.hub, 1), (joined.camera, 2)):
        joined.address(end, f"fd77::{number}/64", "nodad")
        joined.address(end, f"10.77.0.{number}/24")
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(tmp_path, DEVICE, keyring, ("10.77.0.2", 8443))
    options = ("--keys", str(keyring.folder), "--hub-id", "hub-e2e")
    async with (
        program(joined.inside(joined.camera), *camera_command(tmp_path, DEVICE, "::")),
        hub(joined.inside(joined.hub), tmp_path, DEVICE, *options) as output,
    ):
        await output.until(lambda: output.linked_at("10.77.0.2") and len(output.numbers) > 20)
        joined.withdraw(joined.camera, "10.77.0.2/24")
        await output.until(lambda: output.linked_at("fd77::2"))
        before = len(output.numbers)
        joined.address(joined.camera, "fd77::33/64", "nodad")
        joined.withdraw(joined.camera, "fd77::2/64")
        joined.withdraw(joined.hub, "10.77.0.1/24")
        await output.until(lambda: output.linked_at("fd77::33") and len(output.numbers) > before + 50)
    assert sorted(output.numbers) == list(range(1, len(output.numbers) + 1))


async def test_only_lasting_addresses_are_told(joined: Cable) -> None:
    """Not the one that changes for privacy, not the one that ends, and not the one that another machine has already."""
    joined.setting(joined.camera, "use_tempaddr", 2)
    joined.address(joined.hub, "fd77::7/64", "nodad")
    joined.address(joined.camera, "fd77::5/64", "mngtmpaddr", "valid_lft", "3600", "preferred_lft", "1800")
    joined.address(joined.camera, "fd77::6/64", "preferred_lft", "0")
    joined.address(joined.camera, "fd77::7/64")
    joined.address(joined.camera, "2001:db8:7::5/64")
    joined.address(joined.camera, "10.77.0.5/24")
    told = ""
    async with asyncio.timeout(30):
        while "2001:" not in told or "fd77:" not in told:
            told = await output_of(joined.inside(joined.camera), "-c", ADDRESSES)
    assert told.split() == ["10.77.0.5", "fd77::5", "2001:db8:7::5"]
