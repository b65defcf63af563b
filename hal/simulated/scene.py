"""The scene at any moment, with the truth about it: who is where, how much is seen of them, what happens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from hal.simulated.figure import body_of
from hal.simulated.itinerary import Itinerary
from hal.simulated.optics import inside
from hal.simulated.people import Look
from hal.simulated.render import Figure, Light, figure_of
from hal.simulated.scenery import USUAL, Scenery
from hal.simulated.scripts import SCENARIOS, Role, Stage
from hal.simulated.shelf import emptied_shelf
from hal.simulated.shop import Layout, Xy, load_layout
from hal.simulated.sight import BoxXyxy, Sight, sights

F64 = NDArray[np.float64]

LOITERING_S = 30.0
_OVERLAP_S = 0.1


@dataclass(frozen=True, slots=True)
class PersonTruth:
    """One person in one frame. Picture coordinates are 0..1.

    `box` is the whole body, hidden or not, and may reach past the picture; `seen_box` is round what is seen of it
    (None when nothing is). `seen` is the seen share of the body. `foot` is the floor point under the body, `floor`
    the same in metres. `keypoints` are COCO-17 as (x, y, v): v 2 seen, 1 hidden, 0 outside the picture.
    """

    id: int
    box: BoxXyxy
    seen_box: BoxXyxy | None
    seen: float
    foot: Xy
    floor: Xy
    keypoints: tuple[tuple[float, float, int], ...]
    zones: tuple[str, ...]
    action: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something scripted: `name` is visit, restricted, loitering, line_crossing, running or reach.

    `place` is the zone or line; `direction` is in or out for a crossing, whose start and end are the same moment.
    """

    name: str
    person: int
    start_s: float
    end_s: float
    place: str = ""
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The scene at `t_s`: the truth, and the figures to draw."""

    t_s: float
    people: tuple[PersonTruth, ...]
    happenings: tuple[Happening, ...]
    figures: tuple[Figure, ...] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Actor:
    """A person with an id that is unique in the scene."""

    id: int
    look: Look
    itinerary: Itinerary


class Scene:
    """A layout brought to life. The same (layout, script, seed, time) always gives the same snapshot.

    Raises KeyError for an unknown script.
    """

    def __init__(self, layout: Layout | None = None, seed: int = 1, script: str = "shop") -> None:
        self.layout = layout or load_layout()
        self.seed, self.script = seed, script
        self._scenario = SCENARIOS[script]
        self._cast = lru_cache(maxsize=8)(self._cast_cycle)

    @property
    def light(self) -> Light:
        return Light.NIGHT if self._scenario.night else Light.DAY

    def at(self, t_s: float) -> Snapshot:
        """The scene at a moment, with the truth about it."""
        actors = [actor for actor, _ in self._on_stage(t_s, t_s)]
        figures = self.figures(t_s)
        seen = sights(self.layout, figures)
        people = tuple(
            self._truth(actor, figure, sight, t_s) for actor, figure, sight in zip(actors, figures, seen, strict=True)
        )
        return Snapshot(t_s, people, self.happenings(t_s, t_s), figures)

    def figures(self, t_s: float) -> tuple[Figure, ...]:
        """The people to draw at a moment, without the truth: a quarter of the cost of `at`."""
        return tuple(self._pose(actor, t_s) for actor, _ in self._on_stage(t_s, t_s))

    def _pose(self, actor: Actor, t_s: float) -> Figure:
        stance = actor.itinerary.at(t_s)
        return figure_of(actor.id, actor.look, body_of(stance, actor.look), self.layout, (stance.x, stance.y))

    def scenery(self, t_s: float, width: int) -> Scenery:
        """How the shop itself looks at a moment, in a picture so many pixels wide."""
        emptied = self._scenario.emptied
        return USUAL if emptied is None else emptied_shelf(self.layout, emptied, t_s % self._scenario.cycle_s, width)

    def happenings(self, start_s: float, end_s: float) -> tuple[Happening, ...]:
        """All that is scripted to be going on between two moments, by start."""
        scripted = (happening for _, all_of in self._on_stage(start_s, end_s) for happening in all_of)
        found = (h for h in scripted if h.start_s <= end_s and h.end_s >= start_s)

        return tuple(sorted(found, key=lambda h: (h.start_s, h.person, h.name)))

    def _truth(self, actor: Actor, figure: Figure, sight: Sight, t_s: float) -> PersonTruth:
        foot, _ = self.layout.optics.project(np.array([[*figure.floor, 0.0]]))
        zones = tuple(zone.name for zone in self.layout.zones if inside(zone.floor, *figure.floor))
        return PersonTruth(
            actor.id, figure.discs.extent(), sight.box, sight.share, (float(foot[0, 0]), float(foot[0, 1])),
            figure.floor, sight.keypoints, zones, actor.itinerary.leg_at(t_s).action,
        )  # fmt: skip

    def _on_stage(self, start_s: float, end_s: float) -> Iterator[tuple[Actor, tuple[Happening, ...]]]:
        cycle_s = self._scenario.cycle_s
        if cycle_s <= 0:
            return
        for cycle in range(max(0, int(start_s // cycle_s) - 1), max(0, int(end_s // cycle_s)) + 2):
            for actor, happenings in self._cast(cycle):
                if actor.itinerary.start_s <= end_s and actor.itinerary.end_s > start_s:
                    yield actor, happenings

    def _cast_cycle(self, cycle: int) -> tuple[tuple[Actor, tuple[Happening, ...]], ...]:
        stage = Stage(self.layout, cycle, np.random.default_rng((self.seed, cycle)))
        self._scenario.script(stage)
        return tuple(self._engage(role, cycle, number) for number, role in enumerate(stage.cast))

    def _engage(self, role: Role, cycle: int, number: int) -> tuple[Actor, tuple[Happening, ...]]:
        itinerary = role.itinerary.shifted(cycle * self._scenario.cycle_s)
        actor = Actor(cycle * 100 + number + 1, role.look, itinerary)
        return actor, tuple(_happenings(actor, self.layout))


def _happenings(actor: Actor, layout: Layout) -> Iterator[Happening]:
    """Everything one person does that a rule may care about, from the floor plan alone."""
    times = np.arange(actor.itinerary.start_s, actor.itinerary.end_s, _OVERLAP_S)
    points = actor.itinerary.positions(times)
    for leg in actor.itinerary.legs:
        name = {"run": "running", "reach": "reach"}.get(leg.action)
        if name:
            yield Happening(name, actor.id, leg.start_s, leg.end_s)
    for zone in layout.zones:
        for start, end in _stretches(times, [inside(zone.floor, x, y) for x, y in points]):
            yield Happening("visit", actor.id, start, end, zone.name)
            if zone.kind == "restricted":
                yield Happening("restricted", actor.id, start, end, zone.name)
            if zone.kind == "high_value" and end - start >= LOITERING_S:
                yield Happening("loitering", actor.id, start + LOITERING_S, end, zone.name)
    for line in layout.lines:
        for t, inward in _crossings(times, points, line.floor, line.inside_floor):
            yield Happening("line_crossing", actor.id, t, t, line.name, "in" if inward else "out")


def _stretches(times: F64, inside_at: list[bool]) -> Iterator[tuple[float, float]]:
    """Start and end of every unbroken run of True."""
    start: float | None = None
    for t, now in zip([*times, times[-1] + _OVERLAP_S], [*inside_at, False], strict=True):
        if now and start is None:
            start = float(t)
        elif not now and start is not None:
            yield start, float(t)
            start = None


def _crossings(times: F64, points: F64, line: tuple[Xy, ...], inner: Xy) -> Iterator[tuple[float, bool]]:
    """When a path crosses a straight line segment, and whether towards its inner side."""
    (ax, ay), (bx, by) = line[0], line[-1]
    along = np.array([bx - ax, by - ay])
    normal = np.array([-along[1], along[0]])
    inner_sign = np.sign((np.array(inner) - (ax, ay)) @ normal)
    side = np.sign((points - (ax, ay)) @ normal)
    share = (points - (ax, ay)) @ along / float(along @ along)
    for k in np.flatnonzero(side[1:] * side[:-1] < 0):
        if 0 <= share[k] <= 1:
            yield float(times[k + 1]), bool(side[k + 1] == inner_sign)
