"""What happens on a day at a shelf, written down: who comes, what is taken and put where, and the truth for rules."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hal.simulated.itinerary import Itinerary
from hal.simulated.scenario.day import SensorInput
from hal.simulated.scenario.ways import Happening
from hal.simulated.scenery import Furnishing
from hal.simulated.shop import Block


@dataclass(frozen=True, slots=True)
class ShelfPlan:
    """How many of what happen on a day: `shoppers` take none to three items, `sweeps` six and more, `refills` (with the
    staff key or without) put all back, `tidies` take some and put them back; things are `left`, `removed` for good,
    `parked` with their owner near, or `fetched` again within half a minute. `lights` is how often the light changes,
    `nudges` how often the camera is turned by a pixel or so.
    """

    shoppers: int = 30
    sweeps: int = 3
    refills: int = 3
    tidies: int = 2
    left: int = 2
    removed: int = 1
    parked: int = 5
    fetched: int = 2
    lights: int = 30
    nudges: int = 1


@dataclass(frozen=True, slots=True)
class Step:
    """At `t_s` the furnishing becomes `change` of what it was."""

    t_s: float
    change: Callable[[Furnishing], Furnishing]


@dataclass
class Diary:
    """What the acts of a day write down."""

    cast: list[tuple[str, Itinerary]] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    truth: list[Happening] = field(default_factory=list)
    inputs: list[SensorInput] = field(default_factory=list)

    def take(self, t_s: float, item: int) -> None:
        """An item leaves the shelf."""
        self.steps.append(Step(t_s, lambda was: replace(was, gone=was.gone | {item})))

    def put(self, t_s: float, item: int) -> None:
        """An item is in its place again."""
        self.steps.append(Step(t_s, lambda was: replace(was, gone=was.gone - {item})))

    def set_down(self, t_s: float, thing: tuple[Block, ...]) -> None:
        """A thing stands on the floor."""
        self.steps.append(Step(t_s, lambda was: replace(was, things=was.things + thing)))

    def pick_up(self, t_s: float, thing: tuple[Block, ...]) -> None:
        """A thing is gone from the floor."""
        self.steps.append(Step(t_s, lambda was: replace(was, things=tuple(b for b in was.things if b not in thing))))
