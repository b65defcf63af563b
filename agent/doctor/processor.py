"""How much of the processors other programs take, by the kernel's count: what starves a camera that is well itself."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from hal.kernel import KernelFiles

LOOK_S = 2.0
LEFT_PCT = 5.0
"""While more than this is left, nobody is starved."""


class Ticks(NamedTuple):
    """Processor time since boot, in the kernel's ticks: of all programs, idle, and of this one."""

    busy: int
    idle: int
    own: int


def ticks(files: KernelFiles) -> Ticks | None:
    """The counters of now (proc(5)); None where the kernel shows none. A hypervisor's share counts as others'."""
    first, _, rest = files.text("proc/stat").partition("\n")[0].partition(" ")
    counts = [int(word) for word in rest.split()[:8] if word.isdigit()]
    own = files.text("proc/self/stat").rpartition(")")[2].split()[11:13]
    if first != "cpu" or len(counts) < 8 or len(own) < 2:
        return None
    idle = counts[3] + counts[4]
    return Ticks(sum(counts) - idle, idle, sum(map(int, own)))


def starved_pct(before: Ticks | None, after: Ticks | None) -> float | None:
    """The share of all processor time that others took in between, 0 while some was left; None where nobody knows."""
    if before is None or after is None or (whole := sum(after[:2]) - sum(before[:2])) <= 0:
        return None
    if 100.0 * (after.idle - before.idle) / whole >= LEFT_PCT:
        return 0.0
    return round(100.0 * max(after.busy - before.busy - (after.own - before.own), 0) / whole, 1)


async def starving(files: KernelFiles | None = None) -> float | None:
    """The same, of the next two seconds."""
    files = files or KernelFiles(Path("/"))
    before = ticks(files)
    await asyncio.sleep(LOOK_S)
    return starved_pct(before, ticks(files))
