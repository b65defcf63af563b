"""Nights in a closed shop with other sensors beside the camera: what each tells, rightly or not, and what deceives it.

Moths before the lens, headlights, reflections of passers-by and coats that a car lights up look like people to a
detector; a PIR fires for a warm draught; sensors are missing, dead, stuck, or die. A pure function of layout and seed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hal.simulated.scenario.day import HOUR_S, NIGHT, CameraDay, SensorInput
from hal.simulated.scenario.noise import Found, NoisyFrame
from hal.simulated.scenario.ways import Span
from hal.simulated.shop import Layout

F64 = NDArray[np.float64]

NIGHT_S = 8 * HOUR_S
READ_S = 0.5


@dataclass(frozen=True, slots=True)
class Deceit:
    """Something that looks like a person: how often a night, for how long, how large (picture heights), how sure.

    `moves` is how far it goes in all, picture widths; `seen` the share of frames in which it is taken for one.
    """

    a_night: float
    lasts_s: Span
    height: Span
    score: tuple[float, float]
    seen: float
    moves: float


DECEITS: dict[str, Deceit] = {
    "moth": Deceit(10, (0.5, 6.0), (0.12, 0.35), (0.52, 0.08), 0.7, 0.8),
    "headlights": Deceit(6, (1.0, 4.0), (0.25, 0.5), (0.56, 0.08), 0.8, 0.6),
    "reflection": Deceit(1.0, (3.0, 20.0), (0.25, 0.5), (0.74, 0.07), 0.85, 0.4),
    "coat": Deceit(0.5, (10.0, 120.0), (0.3, 0.5), (0.70, 0.06), 0.8, 0.0),
}
"""A detector is less sure of these than of people (0.84), but sure enough to confirm the better ones."""
PIR_FALSE_A_NIGHT, WARM_FALSE_A_NIGHT = 5.0, 1.0
PIR_MISSES, WARM_MISSES, DOOR_USED = 0.05, 0.05, 0.7


class Fault(NamedTuple):
    """How likely a sensor is so on a night."""

    missing: float
    dead: float
    stuck: float
    dies: float


FAULTS = {
    "pir": Fault(0.15, 0.08, 0.05, 0.01),
    "door": Fault(0.15, 0.05, 0.0, 0.0),
    "thermal": Fault(0.30, 0.05, 0.05, 0.01),
}


class Ghost(NamedTuple):
    """One deceit of a night: boxes (n, 4) at `times` (n,) with scores (n,)."""

    kind: str
    times: F64
    boxes: F64
    scores: F64


class SensorNight(CameraDay):
    """From midnight to eight, with or without a burglar; times in seconds since midnight."""

    def __init__(self, layout: Layout, seed: int, *, burglar: bool) -> None:
        super().__init__(layout, replace(NIGHT, burglars=int(burglar), stirs=0), seed)

    @cached_property
    def states(self) -> dict[str, str]:
        """How each sensor is tonight: well, missing, dead, stuck, or dies (at some time of the night)."""
        rng = np.random.default_rng((self.seed, 80))
        return {
            name: str(rng.choice([*Fault._fields, "well"], p=[*chances, 1 - sum(chances)]))
            for name, chances in FAULTS.items()
        }

    @cached_property
    def _deaths(self) -> dict[str, float]:
        """From when on each sensor says nothing more."""
        rng = np.random.default_rng((self.seed, 81))
        at = {"missing": -np.inf, "dead": -np.inf, "dies": float(rng.uniform(0, NIGHT_S))}
        return {name: at.get(state, np.inf) for name, state in self.states.items()}

    def ghosts(self, fps: float) -> list[Ghost]:
        """What looks like a person and is none."""
        rng = np.random.default_rng((self.seed, 82))
        return [
            _ghost(kind, deceit, float(rng.uniform(0, NIGHT_S - 300)), fps, rng)
            for kind, deceit in DECEITS.items()
            for _ in range(int(rng.poisson(deceit.a_night)))
        ]

    @cached_property
    def inputs(self) -> tuple[SensorInput, ...]:
        """What PIR and door tell, from the evening on, by time."""
        told = [*self._evening(), *self._pir(), *self._door()]
        told = [one for one in told if one.t_s < self._deaths[one.kind]]
        return tuple(sorted(told, key=lambda one: one.t_s))

    def _evening(self) -> Iterator[SensorInput]:
        """The last people of the day; a stuck PIR has not let go since."""
        for kind in ("pir", "door"):
            yield SensorInput(kind, kind, -4 * HOUR_S)
            if self.states[kind] != "stuck":
                yield SensorInput(kind, kind, -4 * HOUR_S + 5.0, active=False)

    def _pir(self) -> Iterator[SensorInput]:
        rng = np.random.default_rng((self.seed, 83))
        if self.states["pir"] == "stuck":
            return
        for _ in range(int(rng.poisson(PIR_FALSE_A_NIGHT))):
            yield from _active("pir", float(rng.uniform(0, NIGHT_S)), float(rng.uniform(2, 10)))
        for person in self.people:
            t_s = person.itinerary.start_s + float(rng.uniform(2, 5))
            while t_s < person.itinerary.end_s:
                lasts_s = float(rng.uniform(3, 8))
                if rng.random() > PIR_MISSES:
                    yield from _active("pir", t_s, lasts_s)
                t_s += lasts_s + float(rng.uniform(1, 8))

    def _door(self) -> Iterator[SensorInput]:
        rng = np.random.default_rng((self.seed, 84))
        for person in self.people:
            if rng.random() < DOOR_USED:
                yield from _active("door", person.itinerary.start_s + 1.0, 2.5)

    @cached_property
    def _warm_spells(self) -> list[Span]:
        rng = np.random.default_rng((self.seed, 85))
        starts = rng.uniform(0, NIGHT_S, int(rng.poisson(WARM_FALSE_A_NIGHT)))
        return [(float(start_s), float(start_s + rng.uniform(5, 120))) for start_s in starts]

    def warm(self, t_s: float) -> tuple[int, str] | None:
        """What the thermal array says: how many bodies and its trouble; None where there is none or it is gone."""
        state = self.states["thermal"]
        if t_s >= self._deaths["thermal"]:
            return None
        if state == "stuck":
            return 1, "stuck"
        rng = np.random.default_rng((self.seed, 86, int(t_s / READ_S) + 1))
        bodies = sum(person.itinerary.start_s + 2 <= t_s <= person.itinerary.end_s for person in self.people)
        seen = sum(rng.random() > WARM_MISSES for _ in range(bodies))
        return seen + any(start_s <= t_s <= end_s for start_s, end_s in self._warm_spells), ""


def haunted(frames: Sequence[NoisyFrame], ghosts: Sequence[Ghost]) -> list[NoisyFrame]:
    """The frames of a night with the ghosts among the people, and those in which there are only ghosts."""
    found = {frame.t_s: list(frame.found) for frame in frames}
    for ghost in ghosts:
        for t_s, box, score in zip(ghost.times.tolist(), ghost.boxes.tolist(), ghost.scores.tolist(), strict=True):
            seen = found.setdefault(t_s, [])
            if score > 0:
                seen.append(Found((box[0], box[1], box[2], box[3]), score))
    return [NoisyFrame(t_s, tuple(found[t_s])) for t_s in sorted(found)]


def _active(kind: str, t_s: float, lasts_s: float) -> Iterator[SensorInput]:
    yield SensorInput(kind, kind, t_s)
    yield SensorInput(kind, kind, t_s + lasts_s, active=False)


def _ghost(kind: str, deceit: Deceit, start_s: float, fps: float, rng: np.random.Generator) -> Ghost:
    first, count = int(start_s * fps), max(int(rng.uniform(*deceit.lasts_s) * fps), 1)
    times = np.arange(first, first + count + int(3 * fps)) / fps
    angle, way = rng.uniform(0, 2 * np.pi), np.linspace(0, deceit.moves, len(times))
    height = rng.uniform(*deceit.height)
    x = np.clip(rng.uniform(0.15, 0.85) + way * np.cos(angle), 0.02, 0.98)
    y = np.clip(rng.uniform(0.5, 0.9) + 0.5 * way * np.sin(angle), 0.3, 0.98)
    shake = rng.normal(0, 0.03 * height, (len(times), 4)) * (0.3, 1, 0.3, 1)
    boxes = np.clip(np.column_stack([x - height / 8, y - height, x + height / 8, y]) + shake, 0, 1)
    sure = rng.normal(deceit.score[0], deceit.score[1] / 2)
    scores = np.clip(rng.normal(sure, deceit.score[1], len(times)), 0.05, 0.99)
    scores[rng.random(len(times)) > deceit.seen] = 0.0
    scores[count:] = 0.0
    return Ghost(kind, times, boxes, scores)
