"""The watchdog is fed while everything lives, and only then."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.watch import FRESH_S, feed_watchdog, stale
from hal.simulated.clock import ManualClock
from hal.system import ServiceManager


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[tuple[ServiceManager, socket.socket]]:
    """A service manager that asks for life signs every 20 ms, and the socket it listens on."""
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.setblocking(False)
        yield ServiceManager({"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "20000"}), listener


async def heard(listener: socket.socket) -> bytes:
    async with asyncio.timeout(10):
        return await asyncio.get_running_loop().sock_recv(listener, 256)


def test_only_a_part_that_is_silent_for_too_long_is_stale() -> None:
    beats = {"capture": lambda: 100.0, "inference": lambda: None, "outputs": lambda: 92.0}
    assert stale(beats, 100.0) == []
    assert stale(beats, 92.0 + FRESH_S + 0.1) == ["outputs"]
    assert stale(beats, 1000.0) == ["capture", "outputs"], "a part that rightly waits is never stale"


async def test_it_is_fed_until_a_part_falls_silent_and_again_when_it_is_back(
    systemd: tuple[ServiceManager, socket.socket],
) -> None:
    manager, listener = systemd
    clock = ManualClock(100.0)
    beat_s = [100.0]
    feeding = asyncio.create_task(feed_watchdog(manager, {"capture": lambda: beat_s[0]}, clock))
    assert await heard(listener) == b"WATCHDOG=1"
    clock.sleep(FRESH_S + 1)
    while (message := await heard(listener)) == b"WATCHDOG=1":
        pass
    assert message == b"STATUS=no sign of life from capture"
    await asyncio.sleep(0.1)
    with pytest.raises(BlockingIOError):
        listener.recv(256)
    beat_s[0] = clock.monotonic()
    assert await heard(listener) == b"WATCHDOG=1"
    feeding.cancel()
    with suppress(asyncio.CancelledError):
        await feeding


async def test_where_nobody_watches_it_returns() -> None:
    await asyncio.wait_for(feed_watchdog(ServiceManager({}), {}, ManualClock()), 5)
