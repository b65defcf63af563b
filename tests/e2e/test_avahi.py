"""A camera beside the system's own responder (avahi): both announce one host name, and neither harms the other."""

from __future__ import annotations

import asyncio
import secrets
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.hub.keyring import Keyring
from tests.e2e.avahi import Avahi, avahi, no_avahi
from tests.e2e.network import Cable, cable, why_not
from tests.e2e.programs import camera_command, hub, program
from tests.faults.eventful_camera import pair

DEVICE = f"av{secrets.token_hex(4)}"
NAME, SERVICE, PORT = f"aislewatch-{DEVICE}", "_aislewatch._tcp", 8443

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def joined() -> Iterator[Cable]:
    if reason := no_avahi() or why_not():
        pytest.skip(reason)
    with cable() as made:
        for end, number in ((made.hub, 1), (made.camera, 2)):
            made.address(end, f"10.77.0.{number}/24")
            made.address(end, f"fd77::{number}/64")
        yield made


async def found(looking: Avahi, *, there: bool = True) -> set[tuple[str, ...]]:
    """What another computer's avahi finds: name, host, address, port, and whether its facts are the camera's.

    It is asked until something is there, or nothing is any more. Raises TimeoutError.
    """
    async with asyncio.timeout(20):
        lines = await asyncio.to_thread(looking.browse, SERVICE)
        while bool(lines) is not there:
            lines = await asyncio.to_thread(looking.browse, SERVICE)
    return {(line[3], line[6], line[7], line[8], str(f'"id={DEVICE}"' in line[9])) for line in lines}


async def test_both_announce_and_the_camera_survives_avahis_restart(joined: Cable, tmp_path: Path) -> None:
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(tmp_path, DEVICE, keyring, ("10.77.0.2", 9))
    places = ("10.77.0.2", "fd77::2")
    ours = {(NAME, f"{NAME}.local", place, str(PORT), "True") for place in places}
    options = ("--keys", str(keyring.folder), "--hub-id", "hub-e2e")
    with (
        avahi(joined.inside(joined.camera), tmp_path / "here", NAME) as here,
        avahi(joined.inside(joined.hub), tmp_path / "there", "shop") as there,
    ):
        async with (
            program(joined.inside(joined.camera), *camera_command(tmp_path, DEVICE, "::", PORT)) as camera,
            hub(joined.inside(joined.hub), tmp_path, DEVICE, *options) as output,
        ):
            await output.until(lambda: any(map(output.linked_at, places)) and len(output.numbers) > 20)
            assert await found(there) <= ours
            here.stop()
            assert await found(there) <= ours, "avahi has said goodbye for the host name as well"
            here.start()
            assert await found(there) <= ours
            before = len(output.numbers)
            await output.until(lambda: len(output.numbers) > before + 50)
            assert sum("linked" in state for state in output.states) == 1, "the link never broke"
            assert "conflict" not in here.said()
            camera.send_signal(signal.SIGINT)
            await camera.wait()
            await found(there, there=False)
