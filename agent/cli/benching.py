"""`aislewatch model bench`: how fast a model finds people on this computer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from agent.build import Detectors
from agent.cli.looks import Waiting
from agent.cli.printing import say
from agent.models import Catalogue
from agent.tables.camera import ModelConfig
from agent.vision.detector import MIN_SCORE, Detector
from hal.ports import Clock
from hal.system import SystemClock

WARM_UP = 3
PICTURE = (360, 640, 3)
SEED = 20260101


def bench(name: str | None, runs: int, *, as_json: bool) -> None:
    """Time one model, or every one whose file is here."""
    catalogue, clock = Catalogue.load(), SystemClock()
    people = [spec.name for spec in catalogue.specs if spec.task == "person" and catalogue.find(spec) is not None]
    for one in people if name is None else [name]:
        waiting = Waiting(f"timing {one}")
        detector = Detectors(ModelConfig(name=one), clock).open(MIN_SCORE)
        facts = timed(detector, clock, runs, waiting)
        waiting.end()
        say({"type": "bench", "name": one, **facts}, _line(one, facts), as_json=as_json)


def timed(detector: Detector, clock: Clock, runs: int, waiting: Waiting) -> dict[str, Any]:
    """Median and 90th percentile of so many pictures of noise, in milliseconds, after a few that do not count."""
    pictures = np.random.default_rng(SEED).integers(0, 256, (4, *PICTURE), np.uint8)
    begun_s, took_ms = clock.monotonic(), []
    for run in range(-WARM_UP, runs):
        start_s = clock.monotonic()
        detector.detect_rgb(pictures[run % len(pictures)])
        if run >= 0:
            took_ms.append(1e3 * (clock.monotonic() - start_s))
        waiting.tick(clock.monotonic() - begun_s)
    info = detector.accelerator_info
    where = {"device": info.device, "runtime": info.runtime, "degraded": info.degraded}
    return {"runs": runs, **_percentiles(took_ms), **where}


def _percentiles(took_ms: Sequence[float]) -> dict[str, float]:
    median, late = (float(value) for value in np.percentile(took_ms, (50, 90)))
    return {"median_ms": round(median, 2), "p90_ms": round(late, 2), "per_s": round(1e3 / max(median, 1e-3), 1)}


def _line(name: str, facts: Mapping[str, Any]) -> str:
    speed = f"{facts['median_ms']:7.1f} ms (9 of 10 within {facts['p90_ms']:.1f} ms), {facts['per_s']:.1f} a second"
    return f"{name:18} {speed}  on {facts['device']} {facts['degraded']}".rstrip()
