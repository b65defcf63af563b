"""Timed ways of one person: legs of walking and standing, read at any moment as a stance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hal.simulated.figure import Stance
from hal.simulated.shop import Xy

F64 = NDArray[np.float64]

WALK_MPS = 1.15
RUN_MPS = 3.0
_WALK_STRIDE_M, _RUN_STRIDE_M = 1.32, 2.3
_SMOOTH_S = np.linspace(-0.36, 0.36, 7)
"""Positions and headings are averaged over this window: round corners, soft starts and stops."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One stretch of a person's time. `action` is walk, run, browse, reach, linger, queue or work.

    `points` is the way in metres (one point: standing); `facing_rad` is where a standing person looks.
    """

    action: str
    start_s: float
    end_s: float
    points: tuple[Xy, ...]
    facing_rad: float = 0.0
    reach_m: float = 1.3


@dataclass(frozen=True)
class Itinerary:
    """Legs that follow one another without a gap."""

    legs: tuple[Leg, ...]

    @property
    def start_s(self) -> float:
        return self.legs[0].start_s

    @property
    def end_s(self) -> float:
        return self.legs[-1].end_s

    def shifted(self, by_s: float) -> Itinerary:
        """The same way at another time."""
        return Itinerary(
            tuple(Leg(g.action, g.start_s + by_s, g.end_s + by_s, g.points, g.facing_rad, g.reach_m) for g in self.legs)
        )

    @cached_property
    def _knots(self) -> tuple[F64, F64, F64, F64, F64]:
        """Times, xs, ys, stride phases and unwrapped headings (of the stretch that begins at a knot)."""
        rows: list[tuple[float, float, float, float, float]] = []
        phase = 0.0
        for leg in self.legs:
            stride = _RUN_STRIDE_M if leg.action == "run" else _WALK_STRIDE_M
            gaps = [math.dist(a, b) for a, b in pairwise(leg.points)]
            total, t = sum(gaps), leg.start_s
            for a, b, gap in zip(leg.points[:-1], leg.points[1:], gaps, strict=True):
                rows.append((t, *a, phase, math.atan2(b[1] - a[1], b[0] - a[0])))
                t += (leg.end_s - leg.start_s) * gap / max(total, 1e-9)
                phase += 2 * math.pi * gap / stride
            if not gaps:
                rows.append((leg.start_s, *leg.points[0], phase, leg.facing_rad))
        rows.append((self.end_s, *self.legs[-1].points[-1], phase, rows[-1][4]))
        times, xs, ys, phases, headings = np.array(rows).T
        return times, xs, ys, phases, np.unwrap(headings)

    def positions(self, times_s: F64) -> F64:
        """Smoothed floor points (n, 2) at the times (n,)."""
        times, xs, ys, _, _ = self._knots
        window = np.asarray(times_s)[:, None] + _SMOOTH_S
        return np.stack([np.interp(window, times, xs).mean(1), np.interp(window, times, ys).mean(1)], axis=1)

    def leg_at(self, t_s: float) -> Leg:
        """The leg that holds a moment."""
        return next((leg for leg in self.legs if t_s < leg.end_s), self.legs[-1])

    def at(self, t_s: float) -> Stance:
        """The stance at a moment."""
        times, xs, ys, phases, headings = self._knots
        window = t_s + _SMOOTH_S
        stretch = np.clip(np.searchsorted(times, window, side="right") - 1, 0, len(times) - 1)
        phase = np.interp(window, times, phases)
        leg = self.leg_at(t_s)
        stride = _RUN_STRIDE_M if leg.action == "run" else _WALK_STRIDE_M
        speed = float(phase[-1] - phase[0]) / (2 * math.pi) * stride / float(_SMOOTH_S[-1] - _SMOOTH_S[0])
        still = max(0.0, 1.0 - speed / 0.5)
        return Stance(
            x=float(np.interp(window, times, xs).mean()),
            y=float(np.interp(window, times, ys).mean()),
            heading_rad=float(headings[stretch].mean()) + 0.10 * still * math.sin(0.5 * t_s + self.start_s),
            phase_rad=float(phase.mean()),
            effort=min(speed / 1.25, 1.6),
            reach=_reach(leg, t_s),
            reach_m=leg.reach_m,
            look_rad=0.45 * still * math.sin(0.83 * t_s + 1.7 * self.start_s),
        )


def _reach(leg: Leg, t_s: float) -> float:
    """How far the arm is out: a soft move of 2 s every 5 s while reaching."""
    if leg.action != "reach":
        return 0.0
    into = (t_s - leg.start_s - 0.6) % 5.0
    return math.sin(math.pi * into / 2.0) ** 2 if 0 <= into <= 2.0 and t_s - leg.start_s > 0.6 else 0.0


class Planner:
    """Builds an itinerary leg by leg, from a place and a time."""

    def __init__(self, at: Xy, start_s: float) -> None:
        self._at, self._t = at, start_s
        self._legs: list[Leg] = []

    def go(self, points: Sequence[Xy], speed_mps: float = WALK_MPS, action: str = "walk") -> Planner:
        """Follow a way that begins where the person is."""
        length = sum(math.dist(a, b) for a, b in pairwise(points))
        if length > 1e-6:
            self._add(action, length / speed_mps, tuple(points), 0.0, 0.0)
        return self

    def stay(self, seconds: float, facing_deg: float, action: str, reach_m: float = 1.3) -> Planner:
        """Stand here."""
        self._add(action, seconds, (self._at,), math.radians(facing_deg), reach_m)
        return self

    def _add(self, action: str, seconds: float, points: tuple[Xy, ...], facing_rad: float, reach_m: float) -> None:
        self._legs.append(Leg(action, self._t, self._t + seconds, points, facing_rad, reach_m))
        self._t += seconds
        self._at = points[-1]

    @property
    def at(self) -> Xy:
        return self._at

    @property
    def time_s(self) -> float:
        """When the next leg begins."""
        return self._t

    def done(self) -> Itinerary:
        """The finished itinerary. Raises ValueError when nothing was planned."""
        if not self._legs:
            raise ValueError("an itinerary needs at least one leg")
        return Itinerary(tuple(self._legs))
