"""Who acts: one person's habits, what they bear through the shop, and the moves that their acts are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

import numpy as np

from hal.simulated.scenario.skeleton import Hand

Chance = np.random.Generator
LEFT, RIGHT = 1.0, -1.0


class Move(NamedTuple):
    """Bring these channels to these values within `seconds`; all others stay. `tag` says what goes on meanwhile."""

    seconds: float
    to: dict[str, float | Hand]
    tag: str = ""


@dataclass
class Act:
    """Moves one after another. Tags are `reach`, `hide` (goods go out of sight), `fall` and `lie`."""

    name: str
    moves: list[Move] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(move.seconds for move in self.moves)


class Burden(Enum):
    """What somebody bears through the shop: a basket on the bent forearm or in the hanging hand, a trolley, nothing."""

    NOTHING = "nothing"
    ON_ARM = "basket on the arm"
    IN_HAND = "basket in the hand"
    TROLLEY = "trolley"


SHARES = {Burden.NOTHING: 0.52, Burden.ON_ARM: 0.14, Burden.IN_HAND: 0.14, Burden.TROLLEY: 0.20}
"""How many bear what: 20 % a trolley, 28 % a basket, the others nothing (3540 shoppers in 15 shops: Larsen et al.,
Journal of Business Research 106, 2020). How baskets are borne is our guess: half and half."""


def hand_of(side: float) -> str:
    """The channel of a hand."""
    return "left_hand" if side > 0 else "right_hand"


def inside_of(side: float) -> str:
    """The channel that is 1 while a hand is inside a pocket, a bag or clothes."""
    return "left_inside" if side > 0 else "right_inside"


def hanging(side: float) -> Hand:
    """A hand at rest at the person's side."""
    return Hand(0.03, 0.135 * side, -0.03)


UPRIGHT: dict[str, float | Hand] = {
    "lean": 0.04, "bend": 0.0, "crouch": 0.0, "turn": 0.0, "nod": 0.1,
    "left_hand": hanging(LEFT), "right_hand": hanging(RIGHT), "left_inside": 0.0, "right_inside": 0.0,
}  # fmt: skip
"""Standing at ease."""


class Actor:
    """One person's habits: which hand they use, how fast and how exactly they move, what they bear and hold."""

    def __init__(self, rng: Chance, burden: Burden = Burden.NOTHING) -> None:
        self.rng = rng
        self.side = RIGHT if rng.random() < 0.8 else LEFT
        self.pace = float(rng.uniform(0.8, 1.3))
        self.burden = burden
        self.holds = False
        """Whether the hand on their other side has goods in it."""
        self._bent_up = float(rng.uniform(0.05, 0.12))

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def at(self, forward: float, left: float, up: float) -> Hand:
        """About this place: nobody hits it exactly."""
        return Hand(*(value + float(self.rng.normal(0.0, 0.012)) for value in (forward, left, up)))

    def move(self, seconds: float, to: dict[str, float | Hand], tag: str = "") -> Move:
        """A move at this person's pace."""
        return Move(max(seconds * self.pace * self.between(0.85, 1.2), 0.1), to, tag)

    def hold(self, low: float, high: float, tag: str = "") -> Move:
        """Stay as one is, but for a little sway."""
        return Move(self.between(low, high), {"lean": self.between(0.02, 0.1)}, tag)

    def bears_with(self, side: float) -> bool:
        """Whether that hand is taken: it has the basket, or goods."""
        return side != self.side and (self.holds or self.burden in (Burden.ON_ARM, Burden.IN_HAND))

    def rest(self, side: float) -> dict[str, float | Hand]:
        """Where that hand goes when it does nothing else: down, to the handle, or it bears what it bears."""
        return {hand_of(side): self.at(*self._resting(side)), inside_of(side): 0.0}

    def _resting(self, side: float) -> Hand:
        if self.burden is Burden.TROLLEY:
            return Hand(0.22, 0.09 * side, 0.03)
        if self.bears_with(side):
            if self.burden is Burden.IN_HAND:
                return Hand(0.0, 0.15 * side, -0.035)
            return Hand(0.14, 0.12 * side, self._bent_up)
        return hanging(side)


ActScript = Callable[[Actor], Iterator[Move]]


def back_to_rest(actor: Actor) -> Iterator[Move]:
    """Both hands go where they rest, the body straightens."""
    yield actor.move(
        0.6, {**actor.rest(LEFT), **actor.rest(RIGHT), "nod": 0.1, "crouch": 0.0, "bend": 0.0, "lean": 0.05}
    )


def bear(actor: Actor) -> Iterator[Move]:
    """Take up what one bears through the shop."""
    yield Move(0.1, {**actor.rest(LEFT), **actor.rest(RIGHT)})


def act_of(script: ActScript, actor: Actor) -> Act:
    """An act as this person does it now."""
    return Act(script.__name__, list(script(actor)))
