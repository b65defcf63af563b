"""The kernel's word about addresses is heard; without it the time passes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from agent.hub.netwatch import NetWatch
from tests.e2e.network import Cable, cable, why_not

WAIT = """
import asyncio
from agent.hub.netwatch import NetWatch

async def main():
    with NetWatch() as net:
        print("ready", flush=True)
        await net.changed(60)
        print("changed", flush=True)

asyncio.run(main())
"""


@pytest.fixture
def joined() -> Iterator[Cable]:
    if reason := why_not():
        pytest.skip(reason)
    with cable() as made:
        yield made


@pytest.mark.timeout(90)
async def test_a_new_address_and_a_cut_link_are_heard(joined: Cable) -> None:
    for change in (
        lambda: joined.address(joined.camera, "10.78.0.2/24"),
        lambda: subprocess.run(["ip", "-n", joined.hub, "link", "set", "eth0", "down"], check=True),
    ):
        process = await asyncio.create_subprocess_exec(
            *joined.inside(joined.camera), sys.executable, "-c", WAIT, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout is not None
        async with asyncio.timeout(40):
            assert (await process.stdout.readline()) == b"ready\n"
            change()
            assert (await process.stdout.readline()) == b"changed\n"
        await process.wait()


async def test_it_does_not_wait_for_ever() -> None:
    with NetWatch() as net:
        await net.changed(0.01)
