"""The checks of network and disk on the camera itself, for whoever asks: one at a time, and shared for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from agent.doctor.disk_check import disk_steps
from agent.doctor.net_check import network_steps
from agent.doctor.steps import Checked, Step
from hal.ports import Clock

LONGEST_S = 40.0
"""After so long a check is told as one that did not end."""
SHARED_S = 20.0
"""For so long the disk is not written anew: checks must not wear it."""


@dataclass(slots=True)
class CheckDesk:
    """Belongs to the event loop. `folder` is where the camera keeps its data."""

    clock: Clock
    folder: Path
    _net: asyncio.Lock = field(default_factory=asyncio.Lock)
    _disk: asyncio.Task[list[Step]] | None = None
    _disk_s: float = 0.0

    async def network(self, ntp: str, page: str, *, offline: bool) -> Checked:
        """Ask the network; whoever comes meanwhile waits for their turn."""
        async with self._net:
            return Checked(await _within("network", network_steps(ntp, page, self.clock, offline=offline)), 0.0)

    async def disk(self) -> Checked:
        """Look at the disk; one look is for everybody who asks meanwhile or soon after."""
        age_s = self.clock.monotonic() - self._disk_s
        if self._disk is None or (self._disk.done() and age_s > SHARED_S):
            self._disk, self._disk_s, age_s = _started(disk_steps, self.folder, self.clock), self.clock.monotonic(), 0.0
        return Checked(await _within("disk", asyncio.shield(self._disk)), round(age_s, 1))


def _started(look: Callable[[Path, Clock], list[Step]], folder: Path, clock: Clock) -> asyncio.Task[list[Step]]:
    return asyncio.create_task(asyncio.to_thread(look, folder, clock), name="disk check")


async def _within(what: str, steps: Awaitable[list[Step]]) -> list[Step]:
    """The answers, or that there were none in time."""
    try:
        async with asyncio.timeout(LONGEST_S):
            return await steps
    except TimeoutError:
        return [Step(what, "fault", f"the check did not end within {LONGEST_S:g} s", "see aislewatch health and dmesg")]
