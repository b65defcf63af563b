"""What a doctor hears of the network: whether packets to the gateway come back, and the camera's own announcement."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from pathlib import Path

from agent.hub.discover import Browser, News
from hal.kernel import KernelFiles
from hal.network import Network
from hal.ping import echo

HEAR_S = 4.0


def loss_pct() -> float | None:
    """How many packets to the gateway are lost, in %; None where there is none or it answers to nobody."""
    network = Network(KernelFiles(Path("/")))
    gateway = network.gateway() or network.gateway6()
    found = echo(gateway) if gateway else None
    return None if found is None or not found.answered else 100.0 * (1 - found.answered / found.sent)


async def heard(device: str, within_s: float = HEAR_S) -> bool:
    """Whether a camera's announcement is heard on this computer."""
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(within_s), Browser() as browser, aclosing(browser.changes()) as changes:
            async for news, camera in changes:
                if news is not News.GONE and camera.id == device:
                    return True
    return False
