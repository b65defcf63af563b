"""Tells the day's digest once a day, over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent.domain import Event, HealthSample
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.health.desk import HealthDesk
from agent.health.digest import Day, day_of, decode, encode
from agent.health.readings import Reading
from hal.ports import Clock

KEY = "health_day"
EVERY_S = 60.0
KEEP_EVERY_S = 3600.0
LEAST_MINUTES = 10
"""A day shorter than that is none: the clock was set."""


class DayBook:
    """Belongs to the loop. A day ends at `hour` o'clock in the shop's `zone`."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        desk: HealthDesk,
        report: Callable[[Item], None],
        zone: str,
        hour: int,
        kept: bytes | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._desk = desk
        self._report = report
        self._zone = ZoneInfo(zone)
        self._hour = hour
        self._day = decode(kept)
        self._started_s = clock.monotonic()
        self._kept_s = self._started_s

    def look(self, readings: Sequence[Reading]) -> None:
        """See a minute's readings."""
        self._day.look(readings)

    def take(self, item: Item) -> None:
        """See an item go by."""
        if isinstance(item, HealthSample):
            self._day.finding(item)
        elif isinstance(item, Event) and item.kind == "healing":
            self._day.healing(str(item.data["step"]))

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(EVERY_S)

    async def turn(self) -> None:
        """Tell the digest where a day has ended."""
        now_s, today = self._clock.monotonic(), self._today()
        ended = today != self._day.day
        if ended:
            if self._day.day >= 0 and self._day.minutes >= LEAST_MINUTES:
                uptime_s = now_s - self._started_s
                self._report(self._day.event(now_s, uptime_s, self._desk.standing(), self._desk.forecasts()))
                self._day = Day()
            self._day.day = today
            self._kept_s = now_s
            await self._journal.keep(KEY, encode(self._day))

    def unkept(self) -> dict[str, bytes]:
        """The day so far, now and then, for whoever writes next."""
        now_s = self._clock.monotonic()
        if now_s - self._kept_s < KEEP_EVERY_S:
            return {}
        self._kept_s = now_s
        return {KEY: encode(self._day)}

    def _today(self) -> int:
        utc_s = self._clock.wall().utc_s
        offset = datetime.fromtimestamp(utc_s, UTC).astimezone(self._zone).utcoffset()
        return day_of(utc_s, offset.total_seconds() if offset else 0.0, self._hour)
