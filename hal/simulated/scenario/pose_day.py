"""A camera-day of people who do things with their hands, fall or crouch: who comes when, what they do, what is true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hal.simulated.itinerary import Planner
from hal.simulated.optics import hull
from hal.simulated.scenario.actor import SHARES, Act, Actor, ActScript, act_of, bear
from hal.simulated.scenario.acts import AT_SHELF
from hal.simulated.scenario.idle_acts import ANYWHERE, browse, sit
from hal.simulated.scenario.pose_noise import PoseNoise, noticed
from hal.simulated.scenario.posed import Sighting, Visit, sighting_of
from hal.simulated.scenario.rare_acts import FALLING, HIDING, tamper
from hal.simulated.scenario.skeleton import JOINT
from hal.simulated.scripts import Stage
from hal.simulated.shop import Layout, Xy
from hal.simulated.sight import Occluders

F64 = NDArray[np.float64]

HOUR_S = 3600.0
OPENS_H, CLOSES_H = 8.0, 20.0
AT_SHELF_SHARE = 0.6
PAUSE_SHARE = 0.6
"""How often people look along the shelf for a moment between two things they do."""
CHILD_SHARE, CHILD_M = 0.07, (1.15, 1.5)
SEEN_SHARE = 0.5
SHELVES = ("shelf", "island", "gondola", "spirits shelf", "cooler")
"""Blocks with goods on them, in the shipped shop and in random ones."""


@dataclass(frozen=True, slots=True)
class PosePlan:
    """How many of whom come on a day: every one of them also does some of the ordinary things."""

    shoppers: int = 60
    hiders: int = 3
    fallers: int = 0
    sitters: int = 2
    tamperers: int = 0


class Performed(NamedTuple):
    """Something that truly happened: `kind` is the rule that must notice it. Not `sure`: hardly in sight."""

    kind: str
    person: int
    start_s: float
    end_s: float
    what: str
    sure: bool


class Keypoints(NamedTuple):
    """One person as a pose model sees them at `t_s`: `box`, `xy` (17, 2) in 0..1 of the picture, `confidence` (17,)."""

    person: int
    t_s: float
    box: tuple[float, float, float, float]
    height: float
    xy: F64
    confidence: F64


class PoseDay:
    """The people of one day; a pure function of layout, plan and seed. Times in seconds since midnight."""

    def __init__(self, layout: Layout, plan: PosePlan, seed: int) -> None:
        self.layout, self.plan, self.seed = layout, plan, seed
        self._walls = Occluders(layout)

    @cached_property
    def visits(self) -> tuple[Visit, ...]:
        """Everybody, in the order of the plan."""
        rng = np.random.default_rng((self.seed, 11))
        stage = Stage(self.layout, 0, rng)
        plan = self.plan
        cast: list[Sequence[ActScript]] = [()] * plan.shoppers
        for extra, count in (
            (HIDING, plan.hiders),
            (FALLING, plan.fallers),
            ((sit,), plan.sitters),
            ((tamper,), plan.tamperers),
        ):
            cast += [(extra[int(rng.integers(len(extra)))],) for _ in range(count)]
        return tuple(_visit(stage, number + 1, extras) for number, extras in enumerate(cast))

    def performed(self, kinds: Sequence[str] = ("concealment", "fall", "tag_tampering")) -> Iterator[Performed]:
        """What truly happened."""
        tags = {"concealment": "hide", "fall": "lie", "tag_tampering": "tamper"}
        for visit in self.visits:
            for kind in kinds:
                for start_s, end_s in visit.spans(tags[kind]):
                    sure = self._in_sight(visit, tags[kind], start_s, end_s)
                    yield Performed(kind, visit.id, start_s, end_s, _name_at(visit, start_s), sure)

    def sightings(self, fps: float) -> Iterator[tuple[Visit, Sighting]]:
        """Everybody's ideal keypoints at so many frames a second."""
        for visit in self.visits:
            first, last = np.ceil(visit.itinerary.start_s * fps), np.floor(visit.itinerary.end_s * fps)
            yield visit, sighting_of(visit, self.layout, self._walls, np.arange(first, last + 1) / fps)

    def frames(self, noise: PoseNoise) -> Iterator[tuple[float, list[Keypoints]]]:
        """The frames in which somebody is there, in time order, as a pose model sees them."""
        seen: dict[int, list[Keypoints]] = {}
        for visit, sighting in self.sightings(noise.fps):
            rng = np.random.default_rng((self.seed, 13, visit.id))
            xy, confidence = noticed(sighting, noise, self.layout.optics.aspect, rng)
            for row in np.flatnonzero(sighting.share > 0.0):
                t_s = float(sighting.times[row])
                box = tuple(sighting.boxes[row].tolist())
                one = Keypoints(visit.id, t_s, box, float(sighting.height[row]), xy[row], confidence[row])
                seen.setdefault(round(t_s * noise.fps), []).append(one)
        for index in sorted(seen):
            yield index / noise.fps, seen[index]

    def _in_sight(self, visit: Visit, tag: str, start_s: float, end_s: float) -> bool:
        """Whether trunk and arms were in sight most of that time, and of goods that vanish the hand that holds them."""
        sighting = sighting_of(visit, self.layout, self._walls, np.linspace(start_s, end_s, 8))
        trunk = bool(sighting.hidden[:, 5:13].mean() < 1.0 - SEEN_SHARE)
        if tag != "hide":
            return trunk
        move = next(move for at_s, move in visit.moves if move.tag == tag and at_s + move.seconds > start_s)
        wrist = JOINT["l_wrist"] if "left_hand" in list(move.to)[:1] else JOINT["r_wrist"]
        unseen = (sighting.hidden | sighting.covered)[:, wrist]
        return trunk and bool(unseen.mean() < 1.0 - SEEN_SHARE)


def shelf_polygons(layout: Layout) -> dict[str, tuple[Xy, ...]]:
    """The blocks with goods as the camera sees them: hulls of their corners, 0..1 of the picture."""
    found = {}
    for block in layout.blocks:
        if block.name in SHELVES:
            (x0, y0, x1, y1), (low, high) = block.rect, block.z
            corners = np.array([(x, y, z) for x in (x0, x1) for y in (y0, y1) for z in (low, high)])
            xy, _ = layout.optics.project(corners)
            found[block.name] = hull(np.clip(xy, 0.0, 1.0))
    return found


def _name_at(visit: Visit, t_s: float) -> str:
    return next(act.name for at_s, act in reversed(visit.acts) if at_s <= t_s + 1e-6)


def _visit(stage: Stage, number: int, extras: Sequence[ActScript]) -> Visit:
    """In through the door, some stops with ordinary acts and the extra ones among them, and out again."""
    rng = stage.rng
    actor = Actor(rng, list(SHARES)[int(rng.choice(len(SHARES), p=list(SHARES.values())))])
    start_s = stage.between(OPENS_H, CLOSES_H - 0.2) * HOUR_S
    plan = Planner(stage.pick("door").at, start_s)
    acts: list[tuple[float, Act]] = [(start_s, act_of(bear, actor))]
    stops = int(rng.integers(1, 4))
    special = int(rng.integers(stops))
    for stop in range(stops):
        place = stage.pick("linger" if rng.random() < 0.4 else "browse")
        stage.walk(plan, place)
        for script in _scripts(rng, extras if stop == special else ()):
            act = act_of(script, actor)
            acts.append((plan.time_s, act))
            plan.stay(act.seconds, place.facing_deg + stage.between(-25, 25), "browse")
        if any(act.name in ("fall_over", "slide_down") for _, act in acts):
            break
    else:
        stage.walk(plan, stage.pick("door"), spread_m=0.0)
    return Visit(number, plan.done(), _height_m(rng), tuple(acts))


def _height_m(rng: np.random.Generator) -> float:
    """A grown-up's or a child's."""
    if rng.random() < CHILD_SHARE:
        return float(rng.uniform(*CHILD_M))
    return float(np.clip(rng.normal(1.71, 0.09), 1.5, 1.95))


def _scripts(rng: np.random.Generator, extras: Sequence[ActScript]) -> list[ActScript]:
    """One to three ordinary acts and then what is special, often with a look along the shelf after each."""
    scripts: list[ActScript] = []
    for _ in range(int(rng.integers(1, 4))):
        pool = AT_SHELF if rng.random() < AT_SHELF_SHARE else ANYWHERE
        scripts.append(pool[int(rng.integers(len(pool)))])
        scripts += [browse] * (rng.random() < PAUSE_SHARE)
    return [*scripts, *extras]
