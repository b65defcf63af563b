"""Collects what is counted from the walk of the frames, and closes it at the end of each period. Pure but for a lock.

The vision thread gives what it has seen, the event loop closes periods. Of people only track numbers are held, in
memory, until the period they belong to is told.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.config import Config
from agent.domain import Event, Json, Track, ZoneKind
from agent.insight.heat import HeatMap
from agent.insight.series import Crossings, Dwell, Occupancy, Series, Wait
from agent.rules.zones import BRIDGE_S, Stay

log = logging.getLogger(__name__)

SAMPLE_S = 0.2
SLACK_S = 1.0
"""A period ends by the wall clock, and the loop wakes a little late for it: one may be this much too short."""


class Collector:
    """All series of one camera, and its heat map."""

    def __init__(self, config: Config, now_s: float) -> None:
        self._settings = config.insight
        self._lock = threading.Lock()
        self._lines = {line.name: Crossings(line.name, now_s) for line in config.lines}
        self._everywhere = Occupancy(None, now_s)
        self._inside = [Occupancy(zone.name, now_s) for zone in config.zones]
        self._stays = [(Wait if zone.kind == ZoneKind.QUEUE else Dwell)(zone.name, now_s) for zone in config.zones]
        self.heat = HeatMap(config.insight.heat_half_life_h * 3600)
        self._closed_s = now_s
        self._sampled_s: float | None = None

    def take(self, t_s: float, tracks: Sequence[Track], stays: Mapping[tuple[int, int], Stay]) -> None:
        """Take who is there now, on the vision thread; sampled a few times a second."""
        span_s = 0.0 if self._sampled_s is None else t_s - self._sampled_s
        if self._sampled_s is not None and span_s < SAMPLE_S:
            return
        self._sampled_s = t_s
        with self._lock:
            self._sample(tracks, stays, min(span_s, BRIDGE_S))

    def note(self, events: Sequence[Event], ended: Sequence[Stay]) -> None:
        """Take who crossed a line and who left a zone, on the vision thread."""
        if not events and not ended:
            return
        with self._lock:
            for event in events:
                if event.kind == "line_crossing":
                    self._cross(event)
            for stay in ended:
                self._stays[stay.zone].count(stay.track, stay.dwell_s)

    def close(self, now_s: float, now_utc_s: float) -> list[dict[str, Json]]:
        """The period is over: what can be told, each with the time it covers. The rest goes on."""
        with self._lock:
            self.heat.close(now_s - self._closed_s)
            self._closed_s = now_s
            return [row for series in self._series() if (row := self._told(series, now_s, now_utc_s)) is not None]

    def snapshot(self, now_s: float) -> dict[str, Any]:
        """All numbers that are not told yet."""
        with self._lock:
            return {series.name: series.snapshot(now_s) for series in self._series() if not series.is_empty}

    def restore(self, state: Mapping[str, Any], now_s: float, passed_s: float) -> None:
        """Go on from a snapshot of so long ago; what does not fit begins anew."""
        for series in self._series():
            kept = state.get(series.name)
            if isinstance(kept, Mapping):
                try:
                    series.restore(kept, now_s - passed_s)
                except ValueError as error:
                    log.warning("%s of the last run cannot be read, it begins anew: %s", series.name, error)
                    series.begin(now_s)

    def _series(self) -> Iterator[Series]:
        yield from self._lines.values()
        yield self._everywhere
        yield from self._inside
        yield from self._stays

    def _sample(self, tracks: Sequence[Track], stays: Mapping[tuple[int, int], Stay], span_s: float) -> None:
        here = [track for track in tracks if track.confirmed]
        self._everywhere.watch({track.id for track in here}, span_s)
        inside: list[set[int]] = [set() for _ in self._inside]
        for track, zone in stays:
            inside[zone].add(track)
        for occupancy, there in zip(self._inside, inside, strict=True):
            occupancy.watch(there, span_s)
        self.heat.stand(((track.id, track.foot) for track in here if track.seen and track.foot_seen), span_s)

    def _cross(self, event: Event) -> None:
        line, direction, track = (event.data.get(key) for key in ("line", "direction", "track"))
        if isinstance(line, str) and line in self._lines and direction in ("in", "out") and isinstance(track, int):
            self._lines[line].count(track, str(direction))

    def _told(self, series: Series, now_s: float, now_utc_s: float) -> dict[str, Json] | None:
        span_s = now_s - series.begun_s
        if series.is_empty:
            series.begin(now_s)
            return None
        least = self._settings.least_people
        if span_s < self._settings.period_s - SLACK_S or not series.ready(least):
            return None
        row: dict[str, Json] = {"what": series.what}
        row |= {series.key: series.place} if series.place is not None else {}
        row |= {"from_utc_s": round(now_utc_s - span_s, 1), "to_utc_s": round(now_utc_s, 1), "people": series.people}
        row |= series.figures(least)
        series.begin(now_s)
        return row
