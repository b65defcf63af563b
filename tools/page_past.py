"""Gives a camera that has just been made a past: weeks of its own figures, written by a camera's own history.

For pictures and tests of the health view. Temperature and free space lead to their limits; it was unplugged once.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

from agent.domain import Event
from agent.events.journal import Journal
from agent.health.foresight import Foresight
from agent.health.history import DAY_S, HOUR_S
from agent.health.readings import Reading
from agent.health.watched import KNOWN
from hal.simulated.clock import ManualClock

DAYS = 45
UNPLUGGED = range(24 * (DAYS - 6), 24 * (DAYS - 5) + 9)
"""The hours, counted from the beginning, in which nothing was measured."""


async def write_past(data: Path, days: int = DAYS) -> None:
    """Write so many days up to now into a camera's data folder, which is there, before it runs."""
    now_s = time.time() // HOUR_S * HOUR_S
    clock = ManualClock(1000.0, utc_s=now_s - days * DAY_S)
    told: list[Event] = []
    async with await Journal.open(data / "journal.db", clock) as journal:
        desk = await Foresight.open(journal, clock, told.append)
        for hour in range(24 * days):
            if hour not in UNPLUGGED:
                for metric, value in figures(hour).items():
                    desk.take(Reading(metric, clock.monotonic(), value, KNOWN[metric].unit))
            if hour == 24 * (days - 20):
                await desk.serve("cleaned the lens", [], "the fitter")
            clock.sleep(HOUR_S)
            await desk.turn()
        await desk.close()


def figures(hour: int) -> dict[str, float]:
    """What is measured in an hour, by metric: warmer by day, and the same each time."""
    day, by_day = hour / 24, math.sin((hour % 24 - 9) / 24 * 2 * math.pi)
    stray = math.sin(hour * 12.9898) * 43758.5453 % 1 - 0.5
    return {
        "soc_temp_c": 56 + 0.32 * day + 4 * by_day + 1.6 * stray,
        "focus_detail": -0.02 + 0.05 * stray,
        "lens_detail": -0.012 * (day % 25) + 0.03 * stray,
        "brightness": max(6.0, 38 + 30 * by_day + 6 * stray),
        "fps": 10 - 0.4 * abs(stray) - (2.5 if hour % 97 == 0 else 0.0),
        "disk_free_pct": 48 - 0.85 * day + 0.5 * stray,
        "wifi_signal_dbm": -58 - 4 * by_day + 5 * stray,
        "mem_available_pct": 66 + 3 * stray,
        "load_1min": 1.2 + 0.5 * by_day + stray,
        "link_up": 1.0,
    }
