"""What a camera's own scene usually looks like in one light: learned from the first probes, then followed slowly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from agent.health.features import CELLS, Features, Probe, Reference, Sharpness, compare, reference_of, sharpness
from agent.health.judge import Normal, Usual
from hal.ports import F32

LEARN_MOST = 60
"""Probes from which a reference is made; more are thinned out evenly."""
FOLLOW_S = 1800.0
REBUILD_S = 60.0
DRIFT_S = 7 * 86_400.0
FLOORS = {
    "dark": 0.01,
    "mean": 4.0,
    "gain": 0.02,
    "coarse": 0.01,
    "edges": 0.01,
    "sharp": 0.03,
    "agreement": 0.01,
    "banding": 0.15,
    "colour": 0.05,
}


class Learner:
    """Takes probes until there are enough for `learn_s` seconds, thinning them out where there are many."""

    def __init__(self, learn_s: float) -> None:
        self._learn_s = learn_s
        self._probes: list[Probe] = []
        self._every = 1
        self._count = 0

    def add(self, probe: Probe) -> Scene | None:
        """Take one more; the scene once it is known."""
        if self._count % self._every == 0:
            self._probes.append(probe)
        self._count += 1
        if len(self._probes) > LEARN_MOST:
            self._probes, self._every = self._probes[::2], self._every * 2
        first = self._probes[0].t_s
        return Scene.of(self._probes) if probe.t_s - first >= self._learn_s and len(self._probes) >= 3 else None


class Scene:
    """One scene in one light: its reference picture, what is normal beside it, how sharp each cell was (`clean`)."""

    def __init__(self, luma: F32, sharp: Sharpness, normal: Normal, t_s: float) -> None:
        self.normal = normal
        self.clean = sharp.cells
        self._luma = luma
        self._sharp = sharp.whole
        self._followed_s = self._rebuilt_s = t_s
        self.reference: Reference = reference_of(luma, sharp.whole)

    @classmethod
    def of(cls, probes: Sequence[Probe]) -> Scene:
        """From the probes of a while: the median picture, and how each probe stood beside it."""
        stack = np.stack([np.where(probe.hidden, np.nan, probe.luma) for probe in probes])
        never = np.isnan(stack).all(0)
        stack[0, never] = probes[0].luma[never]
        luma = np.asarray(np.nanmedian(stack, 0), np.float32)
        sharp = _usually([sharpness(probe) for probe in probes])
        reference = reference_of(luma, sharp.whole)
        seen = [compare(probe, reference) for probe in probes]
        normal = Normal(**{name: _usual([getattr(one, name) for one in seen], floor) for name, floor in FLOORS.items()})
        return cls(luma, sharp, normal, probes[-1].t_s)

    def follow(self, probe: Probe, seen: Features) -> None:
        """A healthy probe: let the reference follow the slow changes of the scene, and the normal those of a week."""
        passed_s = min(probe.t_s - self._followed_s, 10.0)
        self._followed_s = probe.t_s
        share = passed_s / FOLLOW_S
        lit = (self._luma - self._luma.mean()) * np.float32(seen.gain) + np.float32(seen.mean)
        self._luma += np.where(probe.hidden, np.float32(0), np.float32(share) * (probe.luma - lit))
        self.normal = _drifted(self.normal, seen, passed_s / DRIFT_S)
        if probe.t_s - self._rebuilt_s >= REBUILD_S:
            self._rebuilt_s = probe.t_s
            self.reference = reference_of(self._luma, self._sharp)

    def snapshot(self) -> dict[str, Any]:
        """What must survive a restart, as plain values."""
        luma = np.clip(np.rint(self._luma), 0, 255).astype(np.uint8).tobytes()
        normal = {name: list(getattr(self.normal, name)) for name in FLOORS}
        clean = np.asarray(self.clean, np.float16).tobytes()
        return {"luma": luma, "sharp": self._sharp, "clean": clean, "normal": normal}

    @classmethod
    def restored(cls, state: dict[str, Any], t_s: float) -> Scene:
        """The scene of a snapshot. Raises ValueError, KeyError or TypeError when it is none."""
        luma = np.frombuffer(state["luma"], np.uint8).reshape(120, 160).astype(np.float32)
        normal = Normal(**{name: Usual(*map(float, state["normal"][name])) for name in FLOORS})
        clean = np.frombuffer(state["clean"], np.float16).reshape(CELLS[::-1]).astype(np.float32)
        return cls(luma, Sharpness(float(state["sharp"]), clean), normal, t_s)


def _usually(seen: Sequence[Sharpness]) -> Sharpness:
    """The medians; a cell before which somebody always stood is unknown."""
    cells = np.stack([one.cells for one in seen])
    never = np.isnan(cells).all(0)
    clean = np.nanmedian(np.where(never, 0.0, cells), 0)
    clean[never] = np.nan
    return Sharpness(float(np.median([one.whole for one in seen])), np.asarray(clean, np.float32))


def _usual(values: Sequence[float], floor: float) -> Usual:
    median = float(np.median(values))
    return Usual(median, max(float(np.median(np.abs(np.asarray(values) - median))), floor))


def _drifted(normal: Normal, seen: Features, share: float) -> Normal:
    """Median and MAD moved towards a new value by small steps: the running quantile of Frugal streaming."""
    moved = {}
    for name, floor in FLOORS.items():
        usual, value = getattr(normal, name), getattr(seen, name)
        step = share * 30 * usual.mad
        median = usual.median + min(max(value - usual.median, -step), step)
        mad = usual.mad + min(max(abs(value - median) - usual.mad, -step), step)
        moved[name] = Usual(median, max(mad, floor))
    return Normal(**moved)
