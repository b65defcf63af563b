"""Judges what the board and the walk measure: limits, hysteresis, holds and what to do, in one table; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from agent.domain import HealthSample, HealthState
from agent.health.readings import METRICS, Reading

LATE_S = 200.0
"""A metric without a reading for so long has lost its source."""
OK, WARNING, FAULT = 0, 1, 2
STATES = (HealthState.OK, HealthState.WARNING, HealthState.FAULT)


@dataclass(frozen=True, slots=True)
class Limit:
    """What a metric says about `what`: beyond `warning` or `fault` for `hold_s` it does, and until it is better than
    that by `back` for as long. None: never so bad.
    """

    what: str
    metric: str
    warning: float | None
    fault: float | None
    back: float = 0.0
    hold_s: float = 0.0
    confidence: float = 1.0

    def level(self, value: float, slack: float = 0.0) -> int:
        """How bad a value is; with `slack` as if each limit came so much earlier."""
        sign = 1.0 if METRICS[self.metric].bad == "high" else -1.0
        reached = [
            level
            for level, limit in ((WARNING, self.warning), (FAULT, self.fault))
            if limit is not None and (value - limit) * sign >= -slack
        ]
        return max(reached, default=OK)


LIMITS: Sequence[Limit] = (
    Limit("TemperatureCritical", "soc_temp_c", 78.0, 84.0, back=4.0, hold_s=120.0),
    Limit("accelerator_temperature", "accelerator_temp_c", 85.0, 95.0, back=5.0, hold_s=60.0),
    Limit("throttled", "throttled", 1.0, None, hold_s=60.0),
    Limit("PowerSupplyFailure", "under_voltage", None, 1.0),
    Limit("PowerSupplyFailure", "under_voltage_since_boot", 1.0, None),
    Limit("FanFailure", "fan_stopped", None, 1.0, hold_s=120.0),
    Limit("storage_wear", "storage_life_used_pct", 80.0, 100.0),
    Limit("storage_wear", "storage_reserve", 2.0, 3.0),
    Limit("storage_wear", "storage_wear_pct", 80.0, None, confidence=0.3),
    Limit("storage_errors", "storage_errors", 1.0, 10.0),
    Limit("storage_read_only", "read_only", None, 1.0),
    Limit("StorageFailure", "journal_in_memory", None, 1.0),
    Limit("disk_space", "disk_free_pct", 5.0, 2.0, back=1.0, hold_s=60.0),
    Limit("disk_space", "disk_free_mb", 512.0, 128.0, back=64.0, hold_s=60.0),
    Limit("memory", "mem_available_pct", 10.0, 4.0, back=3.0, hold_s=300.0),
    Limit("memory_leak", "rss_slope_mb_h", 4.0, None, back=2.0, hold_s=3600.0, confidence=0.7),
    Limit("clock", "clock_unsynchronised", 1.0, None, hold_s=3600.0),
    Limit("clock", "clock_error_s", 1.0, None, back=0.5, hold_s=3600.0),
    Limit("radio", "wifi_signal_dbm", -75.0, -85.0, back=4.0, hold_s=600.0),
    Limit("network", "link_up", 0.0, None, hold_s=120.0),
    Limit("network", "gateway_reached", 0.0, None, hold_s=300.0, confidence=0.8),
    Limit("frame_rate", "fps_share", 70.0, 30.0, back=5.0, hold_s=300.0),
    Limit("frame_drops", "drop_pct", 25.0, 60.0, back=5.0, hold_s=300.0),
    Limit("restarts", "restarts_per_day", 4.0, 12.0),
    Limit("mount", "people_taller_pct", 12.0, None, back=4.0, hold_s=4 * 3600.0, confidence=0.7),
    Limit("mount", "people_smaller_pct", 12.0, None, back=4.0, hold_s=4 * 3600.0, confidence=0.7),
    Limit("outputs", "outputs_faulted", None, 1.0),
)
"""Everything that the board is judged by."""

ADVICE = {
    "board": "the board's own sources do not answer: if it stays so, switch the camera off and on",
    "TemperatureCritical": "shade the camera, clear its vents; it looks less often until it is cooler",
    "accelerator_temperature": "give the accelerator air: at 95 degrees and more it slows itself down",
    "throttled": "too hot or too weak a supply: see TemperatureCritical and PowerSupplyFailure",
    "PowerSupplyFailure": "use the power supply made for this board, and a short thick cable",
    "FanFailure": "clean or replace the fan",
    "storage_wear": "replace the memory card or the board; an estimate is a guess: plan it for the next visit",
    "storage_errors": "copy what matters and replace the memory card",
    "storage_read_only": "the file system gave up writing: switch off and on; if it comes again, replace the card",
    "StorageFailure": "events are safe only as long as the power is on: make room, or replace the memory card",
    "disk_space": "keep clips for a shorter time ([evidence]), or remove what else lies on the disk",
    "memory": "restart the camera; if it comes again, report it with the diagnostics",
    "memory_leak": "restart the camera at a quiet hour, and report it with the diagnostics",
    "clock": "let the camera reach a time server (UDP port 123); the times of events are marked until then",
    "radio": "move the access point or the camera, or use a cable",
    "network": "check cable, switch or access point; the camera goes on by itself meanwhile",
    "frame_rate": "the camera gives or the walk takes fewer frames than it should: see temperature and supply",
    "frame_drops": "the board is too slow for this: a smaller model, fewer frames a second, or an accelerator",
    "model": "go back to one that sees (`aislewatch model verify` says which do): `aislewatch model use NAME`",
    "accelerator": "the CPU does its work for now: check its plug and its temperature",
    "restarts": "report it with the diagnostics; `aislewatch status` says how the last run ended",
    "mount": "measure again how it hangs: walk test on the page, or `aislewatch walk-test --stature 1.78 --save`",
    "outputs": "check the wiring of the output that `aislewatch outputs` names",
    "healing": "nothing more can be tried by itself: a person must look",
    "safe_mode": "see why in the journal; correct it, then `aislewatch health resume`",
    "signal_loss": "check the camera's cable and plug; for a network camera, its power and address",
    "thermal": "check the thermal array's cable and address",
    "evidence_storage": "make room on the disk, or replace the memory card; alarms go on",
}
"""By what is wrong."""

ONVIF = {
    "covered": "GlobalSceneChange",
    "moved": "GlobalSceneChange",
    "defocused": "ImageTooBlurry",
    "too_dark": "ImageTooDark",
    "too_bright": "ImageTooBright",
    "signal_loss": "SignalLoss",
    "TemperatureCritical": "TemperatureCritical",
    "PowerSupplyFailure": "PowerSupplyFailure",
    "FanFailure": "FanFailure",
    "StorageFailure": "StorageFailure",
    "storage_wear": "StorageFailure",
    "storage_errors": "StorageFailure",
    "storage_read_only": "StorageFailure",
    "evidence_storage": "StorageFailure",
}
"""What ONVIF calls it, where it has a name for it."""


@dataclass(slots=True)
class _Course:
    """How one limit has gone."""

    told: int = OK
    coming: int = OK
    since_s: float = 0.0
    reading: Reading | None = None

    def take(self, limit: Limit, reading: Reading) -> None:
        """Take a reading; a level that lasts is told."""
        level = limit.level(reading.value)
        if level < self.told:
            level = max(level, min(self.told, limit.level(reading.value, limit.back)))
        if level != self.coming or self.reading is None:
            self.coming, self.since_s = level, reading.t_s
        self.reading = reading
        if reading.t_s - self.since_s >= limit.hold_s:
            self.told = level


@dataclass(slots=True)
class BoardJudge:
    """Takes the readings of one look after another and gives what has changed."""

    _courses: dict[Limit, _Course] = field(default_factory=lambda: {limit: _Course() for limit in LIMITS})
    _told: dict[str, HealthState] = field(default_factory=dict)

    def update(self, t_s: float, readings: Iterable[Reading]) -> list[HealthSample]:
        """The findings whose state has changed by these readings, all taken at about `t_s`."""
        known = {reading.metric: reading for reading in readings}
        for limit, course in self._courses.items():
            if limit.metric in known:
                course.take(limit, known[limit.metric])
        samples = [self._finding(what, t_s) for what in dict.fromkeys(limit.what for limit in LIMITS)]
        changed = [sample for sample in samples if sample.state != self._told.get(sample.what, HealthState.OK)]
        self._told |= {sample.what: sample.state for sample in changed}
        return changed

    def _finding(self, what: str, t_s: float) -> HealthSample:
        """The worst that any limit says; unknown where what was bad is not measured any more."""
        limit, course = max(
            ((limit, course) for limit, course in self._courses.items() if limit.what == what),
            key=lambda pair: pair[1].told,
        )
        if course.reading is None or course.told == OK:
            return HealthSample(what, HealthState.OK, t_s, t_s, limit.confidence)
        if t_s - course.reading.t_s > LATE_S:
            lost = f"{METRICS[limit.metric].words}: not measured any more"
            return HealthSample(what, HealthState.UNKNOWN, t_s, course.reading.t_s, limit.confidence, lost)
        detail = _detail(limit, course.told, course.reading)
        return HealthSample(what, STATES[course.told], t_s, course.since_s, limit.confidence, detail)


def _detail(limit: Limit, level: int, reading: Reading) -> str:
    """The reading in words, beside its limit."""
    metric, bound = METRICS[limit.metric], limit.fault if level == FAULT else limit.warning
    if metric.words.startswith(("1 while ", "1 once ")):
        words = metric.words.removeprefix("1 while ").removeprefix("1 once ")
        return words if metric.bad == "high" else words.replace(" is ", " is not ", 1)
    side = "from" if metric.bad == "high" else "down to"
    shown = f"{metric.words}: {reading.value:.4g} {metric.unit}".rstrip()
    return f"{shown} ({STATES[level]} {side} {bound:g})"
