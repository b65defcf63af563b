"""What the camera's own figures were: hour by hour for two weeks, day by day for two years; pure.

Readings are gathered into medians of hours (shares of time for what is 0 or 1), hours into the median of their day.
Hours that were labelled by a clock nobody vouched for wait for one that is, and go on where the history ends if none
comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from statistics import mean, median

import msgspec
import numpy as np

from agent.health.forecast import Series
from agent.health.watched import KNOWN

HOUR_S, DAY_S = 3600, 86_400
HOURS_KEPT_DAYS, DAYS_KEPT = 14, 730
MOST_AN_HOUR = 120
"""Readings of one metric; where there are more, each takes the place of an older one."""
UNSURE_HOURS = 12
"""So long it is waited for a clock that somebody vouches for."""
FLAGS = frozenset(metric for metric, one in KNOWN.items() if one.words.startswith("1 "))
LOAD, WARMTH, STAND_IN = "load_1min", "ambient_c", "soc_temp_c"
HEAT = ("soc_temp_c", "accelerator_temp_c")

Hour = dict[str, float]


class DayRecord(msgspec.Struct):
    """One day as it is kept: each metric's median, and those of the hours of the day while they are kept."""

    medians: dict[str, float]
    hours: dict[str, list[float | None]] = {}


class History:
    """One camera's. `changed` are the days that differ from what was last kept."""

    def __init__(self) -> None:
        self.days: dict[int, Hour] = {}
        self.hours: dict[int, Hour] = {}
        self.changed: set[int] = set()
        self._unsure: dict[int, Hour] = {}
        self._open: dict[str, list[float]] = {}
        self._count: dict[str, int] = {}
        self._hour: int | None = None
        self._sure = True

    def take(self, metric: str, value: float, utc_s: float, sure: bool) -> None:
        """Take a reading, unless unknown or no number; `sure` is whether somebody vouches for the clock."""
        if metric not in KNOWN or not np.isfinite(value):
            return
        self.turn(utc_s, sure)
        kept, count = self._open.setdefault(metric, []), self._count.get(metric, 0)
        self._count[metric] = count + 1
        if len(kept) < MOST_AN_HOUR:
            kept.append(value)
        else:
            kept[count % MOST_AN_HOUR] = value

    def turn(self, utc_s: float, sure: bool) -> None:
        """The time is this: an hour that is over is closed."""
        hour = int(utc_s // HOUR_S)
        if hour != self._hour and self._hour is not None:
            self.close_hour()
        self._hour, self._sure = hour, sure

    def close_hour(self) -> None:
        """The medians of what was read since the last hour."""
        if self._open and self._hour is not None:
            middle = {name: (mean if name in FLAGS else median)(values) for name, values in self._open.items()}
            self._open, self._count = {}, {}
            (self._put if self._sure else self._wait)(self._hour, middle)

    def moved(self, by_s: float, sure: bool) -> None:
        """The wall clock was set by so much. Once it is sure, what waited for that gets its place."""
        by = round(by_s / HOUR_S)
        self._unsure = {hour + by: medians for hour, medians in self._unsure.items()}
        self._hour = None if self._hour is None else self._hour + by
        self._sure = sure
        if sure:
            self._settle()

    def forget_after(self, utc_s: float) -> None:
        """What lies in the future was labelled by a clock that was wrong."""
        last = int(utc_s // HOUR_S)
        for hour in [one for one in self.hours if one > last]:
            del self.hours[hour]
            self.changed.add(hour // 24)
        for day in [one for one in self.days if one > last // 24]:
            del self.days[day]
            self.changed.add(day)

    def trim(self, utc_s: float) -> None:
        """Let go of what is old."""
        today = int(utc_s // DAY_S)
        old = [hour for hour in self.hours if hour // 24 < today - HOURS_KEPT_DAYS]
        self.changed |= {hour // 24 for hour in old}
        for hour in old:
            del self.hours[hour]
        for day in [day for day in self.days if day < today - DAYS_KEPT]:
            del self.days[day]
            self.changed.discard(day)

    def record(self, day: int) -> DayRecord:
        """A day as it is to be kept."""
        hours = [self.hours.get(day * 24 + index, {}) for index in range(24)]
        names = sorted({name for hour in hours for name in hour})
        return DayRecord(self.days.get(day, {}), {name: [hour.get(name) for hour in hours] for name in names})

    def restore(self, day: int, record: DayRecord) -> None:
        """Take back a day that was kept; metrics that are no longer known are left out."""
        self.days[day] = {name: value for name, value in record.medians.items() if name in KNOWN}
        for name, values in record.hours.items():
            for index, value in enumerate(values[:24]):
                if value is not None and name in KNOWN:
                    self.hours.setdefault(day * 24 + index, {})[name] = value

    def metrics(self) -> list[str]:
        """Those of which anything is known."""
        return sorted({name for day in self.days.values() for name in day})

    def daily(self, metric: str, before_day: int | None = None) -> Iterator[tuple[int, float]]:
        """(day since 1970, median) of every day on which there was one, oldest first."""
        for day in sorted(self.days):
            if metric in self.days[day] and (before_day is None or day < before_day):
                yield day, self.days[day][metric]

    def hourly(self, metric: str) -> Iterator[tuple[int, float]]:
        """(second since 1970 at which the hour began, median), oldest first."""
        return ((hour * HOUR_S, self.hours[hour][metric]) for hour in sorted(self.hours) if metric in self.hours[hour])

    def series(self, metric: str, before_day: int) -> Series:
        """The whole days before this one, with load and warmth beside them.

        Where nothing measures the warmth around, the processor's stands in for it, except for heat itself.
        """
        known = dict(self.daily(metric, before_day))
        warmth = WARMTH if any(WARMTH in self.days[day] for day in known) else STAND_IN
        beside = [LOAD, "" if warmth == STAND_IN and metric in HEAT else warmth]
        load, warm = (self._column(name if name != metric else "", known) for name in beside)
        return Series(np.array([*known], np.int64), np.array([*known.values()], np.float64), load, warm)

    def _column(self, name: str, days: Iterable[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return np.array([self.days[day].get(name, np.nan) for day in days], np.float64)

    def _put(self, hour: int, medians: Mapping[str, float]) -> None:
        """Give an hour its place; one that is there already (the clock went back a little) takes the newer values."""
        self.hours[hour] = {**self.hours.get(hour, {}), **medians}
        day = hour // 24
        of_day = [self.hours[one] for one in range(day * 24, day * 24 + 24) if one in self.hours]
        told = self.days.setdefault(day, {})
        for name in medians:
            told[name] = median(one[name] for one in of_day if name in one)
        self.changed.add(day)

    def _wait(self, hour: int, medians: Hour) -> None:
        self._unsure[hour] = {**self._unsure.get(hour, {}), **medians}
        if len(self._unsure) >= UNSURE_HOURS:
            newest = max(self.hours, default=-1)
            behind = max(newest + 1 - min(self._unsure), 0)
            self._unsure = {one + behind: values for one, values in self._unsure.items()}
            self._settle()

    def _settle(self) -> None:
        for hour in sorted(self._unsure):
            self._put(hour, self._unsure[hour])
        self._unsure = {}
