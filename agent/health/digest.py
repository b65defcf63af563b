"""What a day was like for the camera, told once a day: the worst of everything, temperatures, drops, restarts; pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import msgspec

from agent.domain import Event, HealthSample, HealthState, Json, Severity
from agent.health.readings import Reading

ORDER = (HealthState.OK, HealthState.UNKNOWN, HealthState.WARNING, HealthState.FAULT)
MOST_WRONG = 32


@dataclass(slots=True)
class Day:
    """One day so far, small enough to be kept; `temps` counts minutes by whole degrees."""

    day: int = -1
    minutes: int = 0
    temps: dict[int, int] = field(default_factory=dict)
    accelerator_max_c: float | None = None
    drop_pct_sum: float = 0.0
    drop_minutes: int = 0
    worst: dict[str, str] = field(default_factory=dict)
    healed: dict[str, int] = field(default_factory=dict)
    restarts: int = 0

    def look(self, readings: Sequence[Reading]) -> None:
        """A minute's readings."""
        self.minutes += 1
        for reading in readings:
            if reading.metric == "soc_temp_c":
                degrees = round(reading.value)
                self.temps[degrees] = self.temps.get(degrees, 0) + 1
            elif reading.metric == "accelerator_temp_c":
                self.accelerator_max_c = max(reading.value, self.accelerator_max_c or reading.value)
            elif reading.metric == "restarts_per_day":
                self.restarts = max(self.restarts, round(reading.value))
            elif reading.metric == "drop_pct":
                self.drop_pct_sum += reading.value
                self.drop_minutes += 1

    def finding(self, sample: HealthSample) -> None:
        """What was told about the camera."""
        known = HealthState(self.worst.get(sample.what, HealthState.OK))
        if ORDER.index(sample.state) > ORDER.index(known) and (sample.what in self.worst or self._room):
            self.worst[sample.what] = str(sample.state)

    def event(self, t_s: float, uptime_s: float, standing: Sequence[str], forecasts: Sequence[Json]) -> Event:
        """The day as one event; `standing` is what is still wrong."""
        spread = [degrees for degrees, count in sorted(self.temps.items()) for _ in range(count)]
        data: dict[str, Json] = {
            "minutes": self.minutes,
            "uptime_s": round(uptime_s),
            "restarts": self.restarts,
            "worst": {**self.worst},
            "standing": [*standing],
            "temp_max_c": max(spread, default=None),
            "temp_median_c": median(spread) if spread else None,
            "accelerator_max_c": self.accelerator_max_c,
            "drop_pct": round(self.drop_pct_sum / self.drop_minutes, 2) if self.drop_minutes else None,
            "healed": {**self.healed},
            "forecasts": [*forecasts],
        }
        return Event("health_digest", t_s, Severity.WARNING if standing else Severity.INFO, data)

    @property
    def _room(self) -> bool:
        return len(self.worst) < MOST_WRONG

    def healing(self, step: str) -> None:
        """A step of self-healing was taken."""
        self.healed[step] = self.healed.get(step, 0) + 1


def day_of(utc_s: float, offset_s: float, hour: int) -> int:
    """The number of the day that ends at `hour` o'clock local time, where that is `offset_s` ahead of UTC."""
    return int((utc_s + offset_s - hour * 3600) // 86_400)


def encode(day: Day) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(day)


def decode(kept: bytes | None) -> Day:
    """As it was kept; one that cannot be read begins anew."""
    try:
        return msgspec.json.decode(kept, type=Day) if kept else Day()
    except msgspec.DecodeError:
        return Day()
