"""Feeds systemd's watchdog, but only while everything that matters is alive. An absent hub never counts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from hal.ports import Clock
from hal.system import ServiceManager

log = logging.getLogger(__name__)

FRESH_S = 8.0
Heartbeat = Callable[[], float | None]


def stale(heartbeats: Mapping[str, Heartbeat], now_s: float) -> list[str]:
    """The parts that have not shown life for too long. A heartbeat of None is a part that rightly waits."""
    beats = {name: heartbeat() for name, heartbeat in heartbeats.items()}
    return [name for name, beat_s in beats.items() if beat_s is not None and now_s - beat_s > FRESH_S]


async def feed_watchdog(manager: ServiceManager, heartbeats: Mapping[str, Heartbeat], clock: Clock) -> None:
    """Feed until cancelled; returns at once where nobody watches."""
    interval_s = manager.watchdog_interval_s
    if interval_s is None:
        return
    silent: list[str] = []
    while True:
        before, silent = silent, stale(heartbeats, clock.monotonic())
        if not silent:
            manager.watchdog()
        elif silent != before:
            log.critical("no sign of life from %s: the watchdog is not fed", ", ".join(silent))
            manager.status(f"no sign of life from {', '.join(silent)}")
        await asyncio.sleep(interval_s)
