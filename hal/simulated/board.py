"""A board whose readings a scenario sets: it warms up, fills up and throttles on request."""

from __future__ import annotations

import dataclasses
from typing import Any

from hal.ports import BoardSample

HEALTHY = BoardSample(
    soc_temp_c=48.0,
    throttled_now=False,
    throttled_since_boot=False,
    capped_now=False,
    capped_since_boot=False,
    hot_now=False,
    hot_since_boot=False,
    under_voltage_now=False,
    under_voltage_since_boot=False,
    fan_rpm=2_400.0,
    fan_level_pct=30.0,
    load_1min=0.8,
    mem_total_mb=3_790.0,
    mem_available_mb=2_900.0,
    process_rss_mb=180.0,
    disk_free_mb=24_000.0,
    disk_total_mb=29_000.0,
    disk_written_mb=1_200.0,
    disk_written_life_mb=250_000.0,
    disk_size_mb=29_800.0,
    storage_kind="emmc",
    storage_life_used_pct=10.0,
    storage_reserve=1,
    storage_errors=0,
    read_only=False,
    clock_error_s=0.02,
    clock_frequency_ppm=-6.0,
    wifi_signal_dbm=-55.0,
    link_up=True,
    gateway_reached=True,
    accelerator_temp_c=52.0,
    ambient_c=21.0,
    uptime_s=3_600.0,
)


class SimulatedBoard:
    """Answers with one sample, healthy at first, changed by `update(soc_temp_c=81.0, ...)`."""

    def __init__(self, *, model: str = "Simulated camera", serial: str = "simulated0001") -> None:
        self._model = model
        self._serial = serial
        self._sample = HEALTHY

    @property
    def model(self) -> str:
        return self._model

    @property
    def serial(self) -> str:
        return self._serial

    def sample(self) -> BoardSample:
        return self._sample

    def update(self, **readings: Any) -> None:
        """Replace readings by name; raises TypeError for a name that BoardSample lacks."""
        self._sample = dataclasses.replace(self._sample, **readings)
