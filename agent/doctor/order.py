"""The checks in the order of the way from sensor to siren to hub, and what explains what; pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agent.doctor import checks
from agent.doctor.checks import measured, told, worst
from agent.doctor.facts import Facts
from agent.doctor.finding import Seen


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its id, the part of the camera, and what it looks at; None where it cannot tell."""

    id: str
    part: str
    look: Callable[[Facts], Seen | None]


def _both(part: str, *names: str) -> list[Check]:
    """Checks of the board: by the newest reading, and by what the camera has told of it."""
    return [Check(name, part, worst(measured(name), told(name))) for name in names]


def _told(part: str, *names: str) -> list[Check]:
    return [Check(name, part, told(name)) for name in names]


CHECKS: Sequence[Check] = (
    Check("config", "program", checks.config),
    *_told("program", "safe_mode", "healing"),
    Check("program", "program", checks.program),
    Check("version", "program", checks.version),
    Check("update", "program", checks.update),
    *_both("program", "restarts", "memory_leak"),
    *_both("supply", "PowerSupplyFailure", "TemperatureCritical", "FanFailure", "throttled", "memory"),
    *_told("supply", "board"),
    Check("processor", "supply", checks.processor),
    Check("camera", "sensor", worst(checks.camera, told("signal_loss"))),
    Check("black", "sensor", worst(checks.black, told("covered"))),
    Check("defocused", "sensor", worst(checks.focus, told("defocused"))),
    Check("light", "sensor", worst(checks.light, told("too_dark"), told("too_bright"))),
    *_told("sensor", "moved", "frozen", "noisy", "banding", "dirt", "ir_cut", "thermal", "mount"),
    Check("model", "eye", worst(checks.model, told("model"))),
    *_both("eye", "accelerator_temperature"),
    Check("accelerator", "eye", worst(checks.accelerator, told("accelerator"))),
    *_both("eye", "frame_rate", "frame_drops"),
    Check("pin_busy", "siren", checks.pin_busy),
    Check("lines", "siren", checks.lines),
    Check("outputs", "siren", worst(checks.outputs, measured("outputs"), told("outputs"))),
    *_both("disk", "storage_wear", "storage_errors", "storage_read_only", "disk_space"),
    Check("write", "disk", checks.write),
    Check("journal", "disk", checks.journal),
    *_both("disk", "StorageFailure", "evidence_storage"),
    Check("clock", "clock", checks.clock),
    Check("ntp", "clock", worst(checks.ntp, told("clock"))),
    *_both("network", "network", "radio"),
    Check("loss", "network", checks.loss),
    Check("mdns", "network", checks.mdns),
    Check("identity", "hub", worst(checks.identity, told("identity"))),
    Check("certificates", "hub", checks.certificates),
    Check("authority", "hub", checks.authority),
    Check("hub", "hub", checks.hub),
)
"""All of them; what stands first is told first where nothing explains anything else."""

EXPLAINS: Mapping[str, Sequence[str]] = {
    "config": ("program", "safe_mode"),
    "safe_mode": ("camera",),
    "program": ("mdns", "hub", "restarts"),
    "PowerSupplyFailure": ("throttled", "restarts", "camera", "accelerator", "frame_rate", "storage_errors", "loss"),
    "FanFailure": ("TemperatureCritical",),
    "TemperatureCritical": ("throttled", "frame_rate", "frame_drops", "noisy", "accelerator_temperature"),
    "throttled": ("frame_rate", "frame_drops"),
    "processor": ("frame_rate", "frame_drops", "loss", "mdns"),
    "memory_leak": ("memory",),
    "memory": ("restarts", "frame_rate", "frame_drops", "program"),
    "camera": ("black", "defocused", "light", "frame_rate", "frame_drops", "frozen", "healing", "restarts"),
    "black": ("defocused", "light", "moved", "dirt"),
    "light": ("defocused", "noisy"),
    "moved": ("mount",),
    "dirt": ("defocused",),
    "model": ("program", "accelerator", "frame_rate", "healing", "restarts"),
    "accelerator_temperature": ("accelerator", "frame_rate", "frame_drops"),
    "accelerator": ("frame_rate", "frame_drops", "healing"),
    "frame_drops": ("frame_rate",),
    "pin_busy": ("program", "lines", "outputs", "safe_mode"),
    "lines": ("program", "outputs", "safe_mode"),
    "storage_wear": ("storage_errors", "storage_read_only", "journal"),
    "storage_errors": ("storage_read_only", "journal", "StorageFailure", "evidence_storage"),
    "storage_read_only": ("write", "lines", "StorageFailure", "evidence_storage", "program", "identity"),
    "disk_space": ("write", "lines", "StorageFailure", "evidence_storage", "journal", "program", "update"),
    "write": ("lines", "StorageFailure", "evidence_storage", "program", "identity"),
    "journal": ("StorageFailure", "program"),
    "clock": ("ntp", "certificates"),
    "network": ("loss", "mdns", "ntp", "hub"),
    "radio": ("loss", "mdns", "network", "hub"),
    "loss": ("ntp", "mdns", "hub"),
    "mdns": ("hub",),
    "identity": ("mdns", "hub", "authority", "program"),
    "certificates": ("authority", "hub"),
    "authority": ("hub",),
}
"""What a finding explains: a cause, and what comes of it."""
