"""A camera-day at a shelf, without its empty hours: goods, things on the floor and light change, with the truth of it;
the camera trembles and is nudged.

The day's visits follow one another closely; what an empty hour would show is a change of light, and those stay. A pure
function of layout, plan, seed and (even) size of the picture.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property

import numpy as np

from hal.simulated.figure import body_of
from hal.simulated.goods import Front, contrasts, front_of
from hal.simulated.render import Figure, figure_of
from hal.simulated.scenario.bodies import LOOKS, look_of
from hal.simulated.scenario.day import Person, SensorInput
from hal.simulated.scenario.lighting import Lighting
from hal.simulated.scenario.mount import Mount
from hal.simulated.scenario.shelf_acts import QUIET_S, acted
from hal.simulated.scenario.shelf_diary import Diary, ShelfPlan
from hal.simulated.scenario.ways import Happening
from hal.simulated.scenery import Furnishing, Scenery
from hal.simulated.shop import Layout

DETAIL = 2.0


class ShelfDay:
    """The people, the goods, the light and the truth of one day; times in seconds since its beginning."""

    stirs: tuple[tuple[float, float], ...] = ()

    def __init__(self, layout: Layout, plan: ShelfPlan, seed: int, size: tuple[int, int] = (320, 180)) -> None:
        self.layout, self.plan, self.seed = layout, plan, seed
        self._size = size
        self.front: Front = front_of(layout, size[0], DETAIL)

    @cached_property
    def diary(self) -> Diary:
        """All that was planned and done."""
        contrast = contrasts(self.layout, self.front, *self._size, DETAIL)
        return acted(self.layout, self.front, contrast, self.plan, np.random.default_rng((self.seed, 11)))

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody, by arrival."""
        rng = np.random.default_rng((self.seed, 12))
        cast = sorted(self.diary.cast, key=lambda entry: entry[1].start_s)
        return tuple(Person(k + 1, role, int(rng.integers(LOOKS)), way) for k, (role, way) in enumerate(cast))

    @property
    def inputs(self) -> tuple[SensorInput, ...]:
        """What the staff key tells, by time."""
        return tuple(sorted(self.diary.inputs, key=lambda one: one.t_s))

    @property
    def truth(self) -> tuple[Happening, ...]:
        """What the rules must notice, by time."""
        return tuple(sorted(self.diary.truth, key=lambda one: one.start_s))

    @cached_property
    def length_s(self) -> float:
        """When everything is over, and all that must be noticed could have been."""
        last = max((step.t_s for step in self.diary.steps), default=0.0)
        over = max([QUIET_S, last, *(way.end_s for _, way in self.diary.cast)]) + 60.0
        return max([over, *(one.end_s for one in self.diary.truth)])

    def scenery(self, t_s: float) -> Scenery:
        """How the shop looks at a moment."""
        times, states = self._states
        return self._mount.over(self._lighting.over(states[bisect_right(times, t_s)], t_s), t_s)

    def figures(self, t_s: float) -> tuple[Figure, ...]:
        """The people to draw at a moment."""
        return tuple(self._figure(person, t_s) for person in self.people if _is_here(person, t_s))

    def _figure(self, person: Person, t_s: float) -> Figure:
        stance, look = person.itinerary.at(t_s), look_of(person.look)
        return figure_of(person.id, look, body_of(stance, look), self.layout, (stance.x, stance.y))

    @cached_property
    def _lighting(self) -> Lighting:
        rng = np.random.default_rng((self.seed, 13))
        return Lighting(self.layout, self.front.polygon, self.plan.lights, self.length_s, rng)

    @cached_property
    def _mount(self) -> Mount:
        return Mount(self.plan.nudges, self.length_s, np.random.default_rng((self.seed, 14)))

    @cached_property
    def _states(self) -> tuple[list[float], list[Furnishing]]:
        steps = sorted(self.diary.steps, key=lambda step: step.t_s)
        states = [Furnishing()]
        for step in steps:
            states.append(step.change(states[-1]))
        return [step.t_s for step in steps], states


def _is_here(person: Person, t_s: float) -> bool:
    return person.itinerary.start_s <= t_s < person.itinerary.end_s
