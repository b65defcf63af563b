"""What is foretold: the metrics whose trends lead to failure, their thresholds, and what is done about each; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from agent.health.readings import METRICS, Bad, Metric

PICTURE: dict[str, Metric] = {
    "lens_detail": Metric("", "detail of the picture's dullest parts (logarithm)", "low"),
    "focus_detail": Metric("", "sharpness of the picture (logarithm of a variance)", "low"),
    "brightness": Metric("%", "brightness of the picture", "low"),
    "ir_light": Metric("", "signal over noise under infrared light (logarithm)", "low"),
}
"""What the picture itself tells about light, lens, focus and infrared lamp."""
KNOWN: dict[str, Metric] = {**METRICS, **PICTURE}
"""All metrics of which a history is kept."""

GUESS_WRITTEN = "a guess: counted from what was written, an assumed amplification and the maker's usual endurance"
GUESS_STEPS = "a guess: the storage tells its wear in steps of 10 %"
GUESS_LAMP = "a guess: judged by the picture, which also depends on what stands before the camera"


@dataclass(frozen=True, slots=True)
class Watched:
    """One way to fail. A `relative` threshold is a distance from what was usual after the last service.

    A trend matters from `least_month` in 30 days on; `healthy` is about what a new one shows. `quantum` is the step in
    which a figure is told; a `folded` one may stray to both sides of 0. `parts` are the parts whose service restores
    it, that of those it is `touched_by` may change it; `guess` says why a remaining life is only a guess, where it is.
    """

    metric: str
    threshold: float
    least_month: float
    what: str
    action: str
    parts: tuple[str, ...]
    touched_by: tuple[str, ...] = ()
    healthy: float = 0.0
    relative: bool = False
    quantum: float = 0.0
    folded: bool = False
    guess: str = ""

    @property
    def way(self) -> float:
        """About how far a healthy one is from its threshold, towards it."""
        return self.threshold if self.relative else self.threshold - self.healthy

    @property
    def bad(self) -> Bad:
        """The direction in which it fails."""
        return KNOWN[self.metric].bad


_ALL = (
    Watched(
        "storage_wear_pct", 90.0, 0.5, "storage wear", "replace the memory card", ("storage",), healthy=5.0,
        guess=GUESS_WRITTEN,
    ),
    Watched(
        "storage_life_used_pct", 90.0, 0.5, "storage wear", "replace the storage", ("storage",),
        quantum=10.0, guess=GUESS_STEPS,
    ),
    Watched(
        "disk_free_pct", 5.0, 2.0, "free space", "free the data disk: shorten retention or end legal holds",
        ("storage", "space"), healthy=45.0,
    ),
    Watched("lens_detail", -0.5, 0.05, "lens dirt", "clean the lens", ("lens",), relative=True),
    Watched(
        "focus_detail", -0.7, 0.07, "focus drift", "refocus the lens and fix it", ("focus",), ("lens",), relative=True
    ),
    Watched(
        "ir_light", -0.36, 0.03, "infrared lamp ageing", "replace the infrared lamp", ("lamp",), ("lens",),
        relative=True, guess=GUESS_LAMP,
    ),
    Watched(
        "soc_temp_c", 80.0, 1.0, "heat", "clear the air's way: clean fan, heat sink and housing", ("cooling",),
        healthy=55.0,
    ),
    Watched(
        "accelerator_temp_c", 85.0, 1.0, "heat of the accelerator",
        "clear the air's way: clean fan, heat sink and housing", ("cooling", "accelerator"), healthy=60.0,
    ),
    Watched(
        "mem_available_pct", 5.0, 1.5, "memory running out", "restart the agent, and report the leak", ("program",),
        healthy=65.0,
    ),
    Watched(
        "clock_frequency_ppm", 100.0, 3.0, "clock drift", "replace the board: its clock's crystal ages", ("board",),
        healthy=15.0, folded=True,
    ),
    Watched(
        "wifi_signal_dbm", -80.0, 1.5, "weak signal", "turn or replace the antenna, or move the access point",
        ("network",), healthy=-56.0,
    ),
)  # fmt: skip
WATCHED: dict[str, Watched] = {one.metric: one for one in _ALL}
"""By metric. 90 % of the storage's life leaves time to order; a lamp is spent at 70 % of its light (L70)."""

PARTS: dict[str, tuple[str, ...]] = {
    "lens": ("lens", "glass", "window", "dome", "web"),
    "focus": ("focus", "refocused"),
    "lamp": ("lamp", "led", "infrared", "ir"),
    "storage": ("card", "sd", "emmc", "ssd", "storage"),
    "space": ("space", "freed", "deleted", "erased"),
    "cooling": ("fan", "heat", "heatsink", "dust", "housing", "vent", "cooling"),
    "accelerator": ("accelerator", "coral", "tpu"),
    "program": ("restarted", "restart", "updated", "update", "rebooted", "reboot", "memory"),
    "board": ("board", "clock", "crystal"),
    "network": ("antenna", "router", "wifi", "network", "access", "signal"),
}
"""Parts that can be served, and the words by which a service log names them."""


def parts_named(words: str) -> tuple[str, ...]:
    """The parts that somebody's words name."""
    said = set(re.findall("[a-z]+", words.lower()))
    return tuple(part for part, names in PARTS.items() if said & {part, *names})


def concerned(parts: Iterable[str]) -> tuple[str, ...]:
    """The metrics whose course begins anew by a service of these parts."""
    served = set(parts)
    return tuple(metric for metric, one in WATCHED.items() if served & {*one.parts, *one.touched_by})
