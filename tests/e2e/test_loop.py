"""The event loop is never held up for more than 50 ms while the camera infers, journals, links and shows itself.

Two measures: blockbuster fails on any call that would block the loop; and a timer on the loop measures how late it
is woken. Only what goes beyond the machine's own lateness counts, so that a busy machine cannot fail the test. That is
the larger of two: how long the kernel let this process's threads wait for a processor meanwhile (one that waits may
hold Python's lock), and how late it woke a process that only sleeps. A camera that computes on the loop cannot hide
behind a busy machine either: the processor time that the loop itself used between two wakings counts in any case.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from blockbuster import blockbuster_ctx

from agent.app import Running
from agent.config import parse_config
from tests.data import ROOT
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, eventually

LAG = Path(__file__).with_name("lag.py")
HUB = ROOT / "tools" / "hub.py"
ALLOWED_S = 0.05
RUN_S = 12.0
STEP_S = 0.005
THREADS = Path("/proc/self/task")

pytestmark = pytest.mark.timeout(120)


class Sample(NamedTuple):
    """One waking of the timer: its time and how much too late; since the last one, how long our threads waited for a
    processor, and how long the loop computed.
    """

    at_s: float
    late_s: float
    queued_s: float
    computed_s: float


def queues() -> dict[str, int]:
    """Nanoseconds that each thread of this process was ready and had no processor (proc(5), schedstat)."""
    found = {}
    for thread in THREADS.iterdir():
        with suppress(OSError):  # the thread has ended, or this kernel does not count
            found[thread.name] = int((thread / "schedstat").read_text().split()[1])
    return found


class Lateness:
    """How late the loop woke this timer."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []

    async def measure(self) -> None:
        while True:
            before, computed_s, before_s = queues(), time.thread_time(), time.monotonic()
            await asyncio.sleep(STEP_S)
            now_s, computed_s = time.monotonic(), time.thread_time() - computed_s
            queued_ns = sum(own_ns - before.get(thread, 0) for thread, own_ns in queues().items())
            self.samples.append(Sample(now_s, now_s - before_s - STEP_S, queued_ns / 1e9, computed_s))

    def beyond(self, machine: list[tuple[float, float]]) -> float:
        """The longest lateness that the machine's own, meanwhile and in the neighbouring spans, does not explain."""
        spans = [0.0, *(end_s for end_s, _ in machine)]
        longest_s = 0.0
        for at_s, late_s, queued_s, computed_s in self.samples:
            span = next((i for i, end_s in enumerate(spans) if end_s >= at_s), len(spans))
            near = [own_s for _, own_s in machine[max(span - 3, 0) : span + 2]]
            longest_s = max(longest_s, computed_s - STEP_S, late_s - max([queued_s, *near]))
        return longest_s


@asynccontextmanager
async def machine_lateness() -> AsyncIterator[list[tuple[float, float]]]:
    """Fills the list it gives when it ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, str(LAG), stdin=pipe, stdout=pipe)
    measured: list[tuple[float, float]] = []
    try:
        yield measured
    finally:
        output, _ = await process.communicate(b"\n")
        rows = (line.split() for line in output.decode().splitlines())
        measured += [(float(end_s), float(late_s)) for end_s, late_s in rows]


async def watch_live(url: str) -> None:
    """A viewer who takes pictures and words for as long as they come."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/live.mjpg") as response:
        async for _ in response.content.iter_chunked(1 << 16):
            pass


@asynccontextmanager
async def hub(url: str, folder: Path) -> AsyncIterator[None]:
    """The reference hub as a process of its own."""
    command = [sys.executable, str(HUB), "--no-browse", "--url", f"{url}/v1/link", "--database", str(folder / "hub.db")]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def seen_enough(running: Running, lateness: Lateness) -> bool:
    """A hub is linked, events were written, and the timer was woken often: a busy machine takes longer for it."""
    status = running.status
    return bool(status.facts()["hubs"]) and status.journal.stats().appended > 3 and len(lateness.samples) > 500


async def test_the_loop_is_never_held_up(tmp_path: Path) -> None:
    lateness = Lateness()
    async with (
        camera(parse_config(config_text(tmp_path))) as running,
        hub(running.url, tmp_path),
        machine_lateness() as machine,
    ):
        helpers = [
            asyncio.create_task(lateness.measure()),
            asyncio.create_task(watch_live(running.url)),
            asyncio.create_task(watch_live(running.url)),
        ]
        with blockbuster_ctx("agent"):
            await asyncio.sleep(RUN_S)
            await eventually(lambda: seen_enough(running, lateness))
        assert not [task for task in helpers if task.done()], "a helper ended early"
        for helper in helpers:
            helper.cancel()
    assert lateness.beyond(machine) < ALLOWED_S


async def test_the_measure_itself_finds_a_blocked_loop() -> None:
    lateness = Lateness()
    async with machine_lateness() as machine:
        task = asyncio.create_task(lateness.measure())
        await asyncio.sleep(1.0)
        await asyncio.get_running_loop().run_in_executor(None, time.sleep, 0.5)
        assert lateness.samples
        spin_until_s = time.thread_time() + 0.4
        while time.thread_time() < spin_until_s:
            pass
        await asyncio.sleep(0.5)
        task.cancel()
    assert lateness.beyond(machine) > ALLOWED_S
