"""Insight as the app runs it: periods are closed, told, filed, and go on after a restart."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from math import inf
from typing import Any

import msgspec

from agent.config import Config
from agent.domain import Event, Json
from agent.events.journal import Filed, Journal
from agent.events.lines import utc_text
from agent.insight.collector import Collector
from agent.insight.picture import heat_png
from agent.vision.pipeline import Outcome
from hal.ports import Clock

log = logging.getLogger(__name__)

KIND, SHELF, KEY = "insight", "insight", "insight"
DAY_S = 86_400.0
MOST_ROWS = 20_000


class Kept(msgspec.Struct):
    """What outlives the process: numbers that were not told yet, the heat map, and when that was."""

    utc_s: float
    series: dict[str, Any]
    heat: bytes


class InsightDesk:
    """`frame` belongs to the vision thread, everything else to the running event loop."""

    def __init__(self, config: Config, journal: Journal, clock: Clock, report: Callable[[Event], None]) -> None:
        self._config = config
        self._settings = config.insight
        self._journal = journal
        self._clock = clock
        self._report = report
        self._collector = Collector(config, clock.monotonic())
        self._closed_utc_s: float | None = None

    @classmethod
    async def open(cls, config: Config, journal: Journal, clock: Clock, report: Callable[[Event], None]) -> InsightDesk:
        """Go on from the last run; what cannot be read is left behind with a warning."""
        desk = cls(config, journal, clock, report)
        raw = await journal.kept(KEY)
        if raw is not None and config.insight.enabled:
            try:
                desk._restore(msgspec.msgpack.decode(raw, type=Kept))
            except (msgspec.DecodeError, ValueError) as error:
                log.warning("what was counted about customers cannot be read, it begins anew: %s", error)
        return desk

    def frame(self, outcome: Outcome) -> None:
        """Take the outcome of a frame, in microseconds."""
        if self._settings.enabled:
            self._collector.note(outcome.events, outcome.ended)
            self._collector.take(outcome.frame.t_s, outcome.tracks, outcome.stays)

    async def run(self) -> None:
        """Close each period as it ends, until cancelled; periods end at round times of the wall clock."""
        while self._settings.enabled:
            wall = self._clock.wall()
            await asyncio.sleep(self._settings.period_s - wall.utc_s % self._settings.period_s)
            await self.close_period()

    async def close_period(self) -> None:
        """File and tell what the period has brought."""
        utc_s = self._clock.wall().utc_s
        rows = self._collector.close(self._clock.monotonic(), utc_s)
        self._closed_utc_s = utc_s
        filed = [Filed(_key(row), utc_s, msgspec.msgpack.encode(row)) for row in rows]
        await self._journal.file(SHELF, filed, {KEY: self._kept()})
        for row in rows:
            self._report(Event(KIND, self._clock.monotonic(), data=row))
        if self._clock.wall().synchronised:
            await self._journal.trim(SHELF, utc_s - self._settings.keep_days * DAY_S)

    async def close(self) -> None:
        """Keep what is not told yet, before the journal is closed."""
        if self._settings.enabled:
            await self._journal.keep(KEY, self._kept())

    async def rows(self, from_utc_s: float = -inf, to_utc_s: float = inf) -> list[dict[str, Json]]:
        """What was told within [from, to) by the end of its time, oldest first; the newest if there are very many."""
        filed = await self._journal.filed(SHELF, from_utc_s, to_utc_s, MOST_ROWS)
        return [msgspec.msgpack.decode(record.value, type=dict[str, Any]) for record in filed]

    def heat_png(self) -> bytes:
        """The heat map as of the end of the last period, as a picture; takes milliseconds, on any thread."""
        least, hours = self._settings.least_people, self._settings.heat_half_life_h
        seconds = self._collector.heat.shown(least)
        when = (
            "no period has ended yet" if self._closed_utc_s is None else f"as of {utc_text(self._closed_utc_s)[:16]}Z"
        )
        about = f"{self._config.camera.name}: where people stand, {when}; half-life {hours:g} h"
        return heat_png(seconds, self._config, about + f"; places of fewer than {least} people are left blank")

    def _kept(self) -> bytes:
        now_s, utc_s = self._clock.monotonic(), self._clock.wall().utc_s
        return msgspec.msgpack.encode(Kept(utc_s, self._collector.snapshot(now_s), self._collector.heat.snapshot()))

    def _restore(self, kept: Kept) -> None:
        passed_s = max(self._clock.wall().utc_s - kept.utc_s, 0.0)
        self._collector.restore(kept.series, self._clock.monotonic(), passed_s)
        self._collector.heat.restore(kept.heat, passed_s)
        self._closed_utc_s = kept.utc_s


def _key(row: dict[str, Json]) -> str:
    return f"{row['to_utc_s']}-{row['what']}-{row.get('zone') or row.get('line') or ''}"
