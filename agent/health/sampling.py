"""Turns what the board's sources and the walk's counters tell into readings; pure."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from agent.health.readings import Reading, reading
from agent.health.trends import theil_sen
from hal.ports import BoardSample

AMPLIFICATION = 3.0
"""Bytes that a card programs for each byte written to it: an assumption for small writes on cards without a cache."""
CYCLES = 1000.0
"""How often a card can be written through, where nobody says better: usual for three bits a cell."""
FAN_ASKED_PCT = 25.0
"""Below this a fan may stand still."""
SLOPE_EVERY_S, SLOPE_OVER_S, SLOPE_LEAST_S = 300.0, 6 * 3600.0, 2 * 3600.0
_GIB = 1024.0
_TERABYTE_MB = 1e12 / 2**20


class Figures(NamedTuple):
    """The walk since the last look: what came and went, and how it is now; None where there is nothing to tell.

    `room_c` is the warmth of the walls that a thermal array sees, which stands in for a sensor of the air.
    """

    fps: float | None = None
    fps_share: float | None = None
    drop_pct: float | None = None
    frame_ms: float | None = None
    invoke_ms: float | None = None
    on_fallback: bool | None = None
    camera_reopened: int | None = None
    restarts_per_day: int | None = None
    journal_pending: int | None = None
    journal_in_memory: bool | None = None
    outputs_faulted: int | None = None
    clock_unsynchronised: bool | None = None
    room_c: float | None = None
    people_taller_pct: float | None = None
    people_smaller_pct: float | None = None


class Sampling:
    """Remembers what a reading needs of the past: errors at the start, and memory over hours.

    `endurance_tb` is what can be written to the storage in its life, None for the usual.
    """

    def __init__(self, endurance_tb: float | None = None) -> None:
        self._endurance_tb = endurance_tb
        self._first_errors: int | None = None
        self._memory: deque[tuple[float, float]] = deque(maxlen=round(SLOPE_OVER_S / SLOPE_EVERY_S))

    def readings(self, t_s: float, sample: BoardSample, figures: Figures) -> list[Reading]:
        """Every metric that has a source."""
        values = {**_plain(sample), **figures._asdict(), **self._derived(t_s, sample)}
        room_c = values.pop("room_c")
        values["ambient_c"] = room_c if sample.ambient_c is None else sample.ambient_c
        return [reading(metric, t_s, value) for metric, value in values.items() if value is not None]

    def _derived(self, t_s: float, sample: BoardSample) -> dict[str, float | None]:
        return {
            "mem_available_pct": _percent(sample.mem_available_mb, sample.mem_total_mb),
            "rss_slope_mb_h": self._slope(t_s, sample.process_rss_mb),
            "disk_free_pct": _percent(sample.disk_free_mb, sample.disk_total_mb),
            "storage_wear_pct": self._wear_pct(sample),
            "storage_errors": self._new_errors(sample.storage_errors),
            "fan_stopped": _fan_stopped(sample),
        }

    def _wear_pct(self, sample: BoardSample) -> float | None:
        """An estimate for storage that does not tell its wear itself."""
        written, size = sample.disk_written_life_mb, sample.disk_size_mb
        if sample.storage_life_used_pct is not None or sample.storage_kind not in ("sd", "emmc"):
            return None
        if written is None or (size is None and self._endurance_tb is None):
            return None
        endurance_mb = self._endurance_tb * _TERABYTE_MB if self._endurance_tb else CYCLES * (size or 0.0)
        return 100.0 * written * AMPLIFICATION / endurance_mb if endurance_mb else None

    def _new_errors(self, count: int | None) -> float | None:
        if count is None:
            return None
        if self._first_errors is None or count < self._first_errors:
            self._first_errors = count
        return float(count - self._first_errors)

    def _slope(self, t_s: float, rss_mb: float | None) -> float | None:
        """How the memory of the program rises, over hours; None before there are some."""
        if rss_mb is not None and (not self._memory or t_s - self._memory[-1][0] >= SLOPE_EVERY_S):
            self._memory.append((t_s, rss_mb))
        if not self._memory or self._memory[-1][0] - self._memory[0][0] < SLOPE_LEAST_S:
            return None
        times, held = np.array(self._memory).T
        return 60.0 * theil_sen(np.rint(times / 60.0).astype(np.int64), held)


def _plain(sample: BoardSample) -> dict[str, float | None]:
    """The readings that are a field of the sample."""
    slowed = [flag for flag in (sample.throttled_now, sample.capped_now, sample.hot_now) if flag is not None]
    before = [flag for flag in (sample.throttled_since_boot, sample.capped_since_boot) if flag is not None]
    written = sample.disk_written_life_mb
    return {
        "soc_temp_c": sample.soc_temp_c,
        "accelerator_temp_c": sample.accelerator_temp_c,
        "fan_rpm": sample.fan_rpm,
        "fan_level_pct": sample.fan_level_pct,
        "throttled": any(slowed) if slowed else None,
        "throttled_since_boot": any(before) if before else None,
        "under_voltage": sample.under_voltage_now,
        "under_voltage_since_boot": sample.under_voltage_since_boot,
        "load_1min": sample.load_1min,
        "mem_available_mb": sample.mem_available_mb,
        "process_rss_mb": sample.process_rss_mb,
        "disk_free_mb": sample.disk_free_mb,
        "storage_written_gb": None if written is None else written / _GIB,
        "storage_life_used_pct": sample.storage_life_used_pct,
        "storage_reserve": sample.storage_reserve,
        "read_only": sample.read_only,
        "clock_error_s": sample.clock_error_s,
        "clock_frequency_ppm": sample.clock_frequency_ppm,
        "wifi_signal_dbm": sample.wifi_signal_dbm,
        "link_up": sample.link_up,
        "gateway_reached": sample.gateway_reached,
    }


def _percent(part: float | None, whole: float | None) -> float | None:
    return None if part is None or not whole else 100.0 * part / whole


def _fan_stopped(sample: BoardSample) -> bool | None:
    """Whether a fan that is asked for stands still."""
    if sample.fan_rpm is None or sample.fan_level_pct is None:
        return None
    return sample.fan_level_pct >= FAN_ASKED_PCT and sample.fan_rpm == 0
