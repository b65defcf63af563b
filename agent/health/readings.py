"""Readings of the camera's own state: what is measured, in which unit, and in which direction it is bad; pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

Bad = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One thing that is measured: its unit, what a person calls it, and the direction in which it is bad."""

    unit: str
    words: str
    bad: Bad


class Reading(NamedTuple):
    """One value of a metric at `t_s` (monotonic seconds); flags are 0 or 1."""

    metric: str
    t_s: float
    value: float
    unit: str


ReadingSink = Callable[[Reading], None]

METRICS: dict[str, Metric] = {
    "soc_temp_c": Metric("°C", "temperature of the processor", "high"),
    "ambient_c": Metric("°C", "temperature around the camera", "high"),
    "accelerator_temp_c": Metric("°C", "temperature of the accelerator", "high"),
    "fan_rpm": Metric("rpm", "speed of the fan", "low"),
    "fan_stopped": Metric("", "1 while the fan is asked for and stands still", "high"),
    "fan_level_pct": Metric("%", "what the fan is asked for", "high"),
    "throttled": Metric("", "1 while the processor is slowed down", "high"),
    "throttled_since_boot": Metric("", "1 once the processor was slowed down since it was switched on", "high"),
    "under_voltage": Metric("", "1 while the supply voltage is too low", "high"),
    "under_voltage_since_boot": Metric("", "1 once the supply voltage was too low since it was switched on", "high"),
    "load_1min": Metric("", "runnable processes over the last minute", "high"),
    "mem_available_mb": Metric("MiB", "memory that is free for use", "low"),
    "mem_available_pct": Metric("%", "share of the memory that is free for use", "low"),
    "process_rss_mb": Metric("MiB", "memory that the program holds", "high"),
    "rss_slope_mb_h": Metric("MiB/h", "rise of the program's memory over hours", "high"),
    "disk_free_mb": Metric("MiB", "free space of the data disk", "low"),
    "disk_free_pct": Metric("%", "free share of the data disk", "low"),
    "storage_written_gb": Metric("GiB", "written to the data disk in its life here", "high"),
    "storage_life_used_pct": Metric("%", "wear that the storage itself reports", "high"),
    "storage_wear_pct": Metric("%", "wear of the storage, estimated from what was written", "high"),
    "storage_reserve": Metric("", "the storage's word on its spare blocks: 1 normal, 2 warning, 3 urgent", "high"),
    "storage_errors": Metric("", "failures of the storage since the program started", "high"),
    "read_only": Metric("", "1 while the data disk cannot be written", "high"),
    "clock_error_s": Metric("s", "bound of the clock's error, as the kernel knows it", "high"),
    "clock_frequency_ppm": Metric("ppm", "correction of the clock's frequency", "high"),
    "clock_unsynchronised": Metric("", "1 while no time server vouches for the clock", "high"),
    "wifi_signal_dbm": Metric("dBm", "strength of the radio signal", "low"),
    "link_up": Metric("", "1 while the network link is up", "low"),
    "gateway_reached": Metric("", "1 while the way out of the network is reached", "low"),
    "fps": Metric("/s", "frames looked at a second", "low"),
    "fps_share": Metric("%", "frames looked at, of those that the camera should give", "low"),
    "drop_pct": Metric("%", "frames that came and were not looked at", "high"),
    "frame_ms": Metric("ms", "median time for one frame", "high"),
    "invoke_ms": Metric("ms", "median time of the model", "high"),
    "on_fallback": Metric("", "1 while the model runs on the CPU in place of its accelerator", "high"),
    "camera_reopened": Metric("", "times the camera was opened again since the start", "high"),
    "restarts_per_day": Metric("", "starts of the program within a day", "high"),
    "journal_pending": Metric("", "events that wait for the disk", "high"),
    "journal_in_memory": Metric("", "1 while events do not reach the disk", "high"),
    "people_taller_pct": Metric("%", "people look taller than [mount] says", "high"),
    "people_smaller_pct": Metric("%", "people look smaller than [mount] says", "high"),
    "outputs_faulted": Metric("", "outputs that do not follow", "high"),
}
"""Every metric that the board's watch gives, where the camera has a source for it."""


def reading(metric: str, t_s: float, value: float) -> Reading:
    """A reading with the unit of its metric. Raises KeyError for one that METRICS lacks."""
    return Reading(metric, t_s, float(value), METRICS[metric].unit)
