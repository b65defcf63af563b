"""What is told of real clips: nothing as they are, and each fault that is laid over them from a given second on.

Nobody is masked in them, as if no person were found.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agent.domain import HealthSample
from agent.health.image import HOLDS_S, ImageHealth
from agent.health.picture import probe_of
from hal.ports import Frame, HalSettings, Yuv420
from hal.simulated.degrade import FAULTS, Held, noisy
from hal.system import SystemClock
from hal.video import open_video
from tests.data import DATA
from tools.health_scores.picture import wrong
from tools.rule_scores import table
from tools.rule_scores.table import Row

NAME = "real clips"
LATE_S = 3.0
HOLDS = HOLDS_S | {"frozen": 5.0}
FROZEN = "frozen"


class Clip(NamedTuple):
    """A clip, how long its scene is learned, and when the fault begins (as late as leaves 33 s of it)."""

    name: str
    learn_s: float
    struck_s: float


CLIPS = (
    Clip("intel_one-by-one-person-detection.mp4", 15.0, 20.0),
    Clip("intel_bottle-detection.mp4", 5.0, 6.0),
)


def rows() -> Iterator[Row]:
    """The rows of real clips."""
    if not DATA.is_dir():
        yield Row(NAME, "alarms on untouched clips", None, 0.0, note="the shared data is not here")
        return
    told = [f"{one.what} in {clip.name}" for clip in CLIPS for one in replayed(clip, None)]
    yield Row(NAME, "alarms on untouched clips", float(len(told)), 0.0, most=True, note="; ".join(told))
    jobs = [(clip, name) for clip in CLIPS for name in (*FAULTS, FROZEN)]
    late = [f"{name} in {clip.name}" for clip, name in jobs if not in_time(clip, name)]
    hits, figure = len(jobs) - len(late), "found by their names within the hold + 3 s"
    yield table.share(NAME, figure, hits, len(jobs), 1.0, f"{len(jobs)} faults", "; ".join(late))


def in_time(clip: Clip, name: str) -> bool:
    """Whether a fault is told by its own name within its hold and 3 s."""
    truth = FAULTS[name][0] if name in FAULTS else FROZEN
    return any(one.what == truth and one.t_s <= clip.struck_s + HOLDS[truth] + LATE_S for one in replayed(clip, name))


def replayed(clip: Clip, fault: str | None) -> list[HealthSample]:
    """What is told of a clip, with a fault from `struck_s` on."""
    health, rng, held = ImageHealth(clip.learn_s), np.random.default_rng(1), Held()
    told: list[HealthSample] = []
    for frame in frames(DATA / "video" / clip.name):
        if not health.due(frame.t_s):
            continue
        luma = frame.lores.y
        if fault is None or frame.t_s < clip.struck_s:
            luma = held.watch(luma)
        elif fault == FROZEN:
            luma = held.show(luma)
        else:
            luma = noisy(FAULTS[fault][1](luma, rng), 0.5, rng)
        picture = Yuv420(luma, frame.lores.u, frame.lores.v)
        told += wrong(health.update(probe_of(Frame(frame.index, frame.t_s, picture, picture), [])))
    return told


def frames(video: Path) -> Iterator[Frame]:
    """The frames of a file, flat out."""
    camera = open_video(HalSettings(source=str(video), width=1280, height=720, fps=15, paced=False), SystemClock())
    camera.open()
    while (frame := camera.read(10.0)) is not None:
        yield frame
    camera.close()
