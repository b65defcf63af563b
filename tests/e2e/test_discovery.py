"""A hub finds a camera in another network namespace, links, gets its events, and finds it again at a new address."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.events.wire import EventBody
from agent.hub.keyring import Keyring
from agent.hub.ledger import Ledger
from tests.e2e.camera import config_text, id_of
from tests.e2e.network import Cable, cable, why_not
from tests.e2e.programs import camera_command, hub, program
from tests.faults.eventful_camera import pair
from tools.loopback import free_port

DEVICE = f"e2e{secrets.token_hex(4)}"


@pytest.fixture
def joined() -> Iterator[Cable]:
    if reason := why_not():
        pytest.skip(f"{reason}; discovery on loopback is tested by test_found_on_loopback")
    with cable() as made:
        yield made


async def test_found_across_namespaces_and_again_at_a_new_address(joined: Cable, tmp_path: Path) -> None:
    joined.address(joined.hub, "10.77.0.1/24")
    joined.address(joined.camera, "10.77.0.2/24")
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(tmp_path, DEVICE, keyring, ("10.77.0.2", 8443))
    async with (
        hub(
            joined.inside(joined.hub), tmp_path, DEVICE, "--keys", str(keyring.folder), "--hub-id", "hub-e2e"
        ) as output,
        program(joined.inside(joined.camera), *camera_command(tmp_path, DEVICE, "0.0.0.0")),
    ):
        await output.until(lambda: output.linked_at("10.77.0.2") and len(output.numbers) > 20)
        before = len(output.numbers)
        joined.address(joined.camera, "10.77.0.33/24", replaces="10.77.0.2/24")
        await output.until(lambda: output.linked_at("10.77.0.33") and len(output.numbers) > before + 50)
    assert sorted(output.numbers) == list(range(1, len(output.numbers) + 1))


async def test_a_link_that_flaps_and_a_hub_that_comes_back_lose_nothing(joined: Cable, tmp_path: Path) -> None:
    joined.address(joined.hub, "10.77.0.1/24")
    joined.address(joined.camera, "10.77.0.2/24")
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(tmp_path, DEVICE, keyring, ("10.77.0.2", 8443))
    options = ("--keys", str(keyring.folder), "--hub-id", "hub-e2e")
    async with program(joined.inside(joined.camera), *camera_command(tmp_path, DEVICE, "0.0.0.0")):
        async with hub(joined.inside(joined.hub), tmp_path, DEVICE, *options) as output:
            await output.until(lambda: output.linked_at("10.77.0.2") and len(output.numbers) > 20)
            before = len(output.numbers)
            for _ in range(3):
                joined.link(joined.camera, up=False)
                joined.link(joined.camera, up=True)
            await output.until(lambda: len(output.numbers) > before + 50)
        async with hub(joined.inside(joined.hub), tmp_path, DEVICE, *options) as again:
            await again.until(lambda: again.linked_at("10.77.0.2") and len(again.numbers) > 20)
    with Ledger(tmp_path / "hub.db") as ledger:  # what a hub has stored when it is ended, it may not have printed
        bodies = [record.body for record in ledger.events(DEVICE)]
    numbers = [body.data["n"] for body in bodies if isinstance(body, EventBody)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= len(output.numbers) + len(again.numbers)


@pytest.mark.timeout(120)
async def test_without_multicast_and_without_a_way_in_a_camera_calls_its_hub(joined: Cable, tmp_path: Path) -> None:
    """A whole camera, whose doors open on its own loopback only."""
    joined.address(joined.hub, "10.77.0.1/24")
    joined.address(joined.camera, "10.77.0.2/24")
    for end in (joined.camera, joined.hub):
        joined.multicast(end, on=False)
    serial = id_of(tmp_path)
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(tmp_path, serial, keyring, ("10.77.0.2", 9))
    config = tmp_path / "camera.toml"
    config.write_text(config_text(tmp_path, tls_port=0, announce=True) + '[hub]\ncall = "10.77.0.1:8750"\n')
    options = ("--keys", str(keyring.folder), "--hub-id", "hub-e2e", "--listen", "10.77.0.1:8750")
    async with (
        hub(joined.inside(joined.hub), tmp_path, serial, *options) as output,
        program(joined.inside(joined.camera), "-m", "agent", "run", "--config", str(config)),
    ):
        await output.until(lambda: output.linked_at("127.0.0.1"))


async def test_found_on_loopback(tmp_path: Path) -> None:
    async with (
        hub((), tmp_path, DEVICE, "--interface", "127.0.0.1") as output,
        program((), *camera_command(tmp_path, DEVICE, "127.0.0.1", free_port())),
    ):
        await output.until(lambda: output.linked_at("127.0.0.1") and len(output.numbers) > 20)
    assert sorted(output.numbers) == list(range(1, len(output.numbers) + 1))
