"""What hands and bodies ordinarily do at a shelf and elsewhere, move by move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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


def hand_of(side: float) -> str:
    """The channel of a hand."""
    return "left_hand" if side > 0 else "right_hand"


def hanging(side: float) -> Hand:
    """A hand at rest at the person's side."""
    return Hand(0.03, 0.135 * side, -0.03)


UPRIGHT: dict[str, float | Hand] = {
    "lean": 0.04, "bend": 0.0, "crouch": 0.0, "turn": 0.0, "nod": 0.1,
    "left_hand": hanging(LEFT), "right_hand": hanging(RIGHT),
}  # fmt: skip
"""Standing at ease."""


class Actor:
    """One person's habits: which hand they use, how fast and how exactly they move."""

    def __init__(self, rng: Chance) -> None:
        self.rng = rng
        self.side = RIGHT if rng.random() < 0.8 else LEFT
        self.pace = float(rng.uniform(0.8, 1.3))

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

    def rest(self, side: float) -> dict[str, float | Hand]:
        return {hand_of(side): self.at(*hanging(side))}


def reach(actor: Actor, side: float) -> Iterator[Move]:
    """The hand goes to the shelf: to the upper, the middle or the lower boards."""
    level = actor.between(-0.15, 0.5)
    low = max(0.0, 0.12 - level)
    body: dict[str, float | Hand] = {"crouch": min(2.2 * low, 0.9) if actor.rng.random() < 0.6 else 0.0}
    body["lean"] = 0.08 + (0.9 * low if body["crouch"] == 0.0 else 0.2 * low)
    target = actor.at(actor.between(0.25, 0.32), 0.05 * side, level)
    yield actor.move(0.6, {hand_of(side): target, "nod": 0.1 + 0.5 * low, **body}, "reach")
    yield actor.move(actor.between(0.2, 0.9), {hand_of(side): target._replace(forward=target.forward + 0.02)}, "reach")


def look_at_it(actor: Actor, side: float) -> Iterator[Move]:
    """Bring what is in the hand before the chest and read it, often with both hands."""
    both = actor.rng.random() < 0.5
    to: dict[str, float | Hand] = {hand_of(side): actor.at(0.17, 0.03 * side, actor.between(0.14, 0.24))}
    if both:
        to[hand_of(-side)] = actor.at(0.17, -0.03 * side, actor.between(0.13, 0.22))
    yield actor.move(0.6, {**to, "nod": 0.45, "crouch": 0.0, "lean": 0.05})
    yield actor.hold(0.8, 5.0)
    if both:
        yield actor.move(0.5, actor.rest(-side))


def back_to_rest(actor: Actor, side: float) -> Iterator[Move]:
    """Both hands sink to the sides, the body straightens."""
    yield actor.move(0.6, {**actor.rest(side), **actor.rest(-side), "nod": 0.1, "crouch": 0.0, "lean": 0.05})


def browse(actor: Actor) -> Iterator[Move]:
    """Stand and look along the shelf."""
    yield actor.move(0.7, {"turn": actor.between(-0.7, 0.7), "nod": actor.between(0.0, 0.4)})
    yield actor.hold(0.5, 3.0)
    yield actor.move(0.7, {"turn": 0.0})


def take_into_basket(actor: Actor) -> Iterator[Move]:
    """Take something and lay it into the basket on the other arm, beside the feet or into the trolley."""
    side = actor.side
    yield from reach(actor, side)
    if actor.rng.random() < 0.5:
        yield from look_at_it(actor, side)
    which = actor.rng.random()
    if which < 0.5:
        held = actor.at(0.06, -0.16 * side, actor.between(-0.03, 0.1))
        into = actor.at(0.17, -0.13 * side, actor.between(-0.10, 0.0))
        yield actor.move(
            0.7, {hand_of(-side): held, hand_of(side): into, "nod": 0.4, "crouch": 0.0, "bend": -0.1 * side}
        )
        yield actor.hold(0.3, 0.9)
        yield actor.move(0.5, {"bend": 0.0})
    elif which < 0.8:
        yield actor.move(0.8, {hand_of(side): actor.at(0.30, 0.0, 0.03), "lean": 0.3, "nod": 0.4, "crouch": 0.0})
        yield actor.hold(0.2, 0.8)
    else:
        yield actor.move(
            0.9, {hand_of(side): actor.at(0.12, 0.16 * side, -0.2), "lean": 0.6, "crouch": 0.3, "nod": 0.4}
        )
        yield actor.hold(0.2, 0.8)
    yield from back_to_rest(actor, side)


def take_and_carry(actor: Actor) -> Iterator[Move]:
    """Take something and keep it in the hand, openly."""
    side = actor.side
    yield from reach(actor, side)
    yield from look_at_it(actor, side)
    yield actor.move(
        0.6, {hand_of(side): actor.at(0.14, 0.12 * side, actor.between(0.03, 0.12)), "crouch": 0.0, "nod": 0.1}
    )
    yield actor.hold(1.0, 5.0)


def put_back(actor: Actor) -> Iterator[Move]:
    """Take something, look at it, put it back."""
    yield from reach(actor, actor.side)
    yield from look_at_it(actor, actor.side)
    yield from reach(actor, actor.side)
    yield from back_to_rest(actor, actor.side)


def touch_and_leave(actor: Actor) -> Iterator[Move]:
    """Touch something on the shelf; the hand comes back empty."""
    yield from reach(actor, actor.side)
    yield from back_to_rest(actor, actor.side)


def low_shelf(actor: Actor) -> Iterator[Move]:
    """Crouch down and look for something on the lowest board."""
    side = actor.side
    yield actor.move(
        0.9, {"crouch": actor.between(0.8, 1.0), "nod": 0.4, hand_of(side): actor.at(0.28, 0.05 * side, 0.1)}, "reach"
    )
    yield actor.hold(1.5, 8.0)
    yield from back_to_rest(actor, side)


def phone(actor: Actor) -> Iterator[Move]:
    """Look at the phone and put it into the pocket."""
    side = actor.side
    yield actor.move(0.7, {hand_of(side): actor.at(0.15, 0.03 * side, 0.2), "nod": 0.5})
    yield actor.hold(2.0, 8.0)
    yield from into_pocket(actor, side, "")
    yield from back_to_rest(actor, side)


def into_pocket(actor: Actor, side: float, tag: str) -> Iterator[Move]:
    """A hand goes into the trouser pocket before or behind, and a little deeper."""
    place = actor.at(-0.06, 0.09 * side, 0.01) if actor.rng.random() < 0.3 else actor.at(0.06, 0.10 * side, 0.03)
    yield actor.move(0.5, {hand_of(side): place, "crouch": 0.0, "lean": 0.05, "nod": actor.between(0.0, 0.4)}, tag)
    yield actor.move(actor.between(0.5, 1.4), {hand_of(side): place._replace(up=place.up - 0.03)}, tag)


def hands_in_pockets(actor: Actor) -> Iterator[Move]:
    """Stand with one or both hands in the pockets."""
    sides = (actor.side,) if actor.rng.random() < 0.5 else (LEFT, RIGHT)
    yield actor.move(0.6, {hand_of(s): actor.at(0.06, 0.10 * s, 0.0) for s in sides})
    yield actor.hold(2.0, 10.0)
    yield from back_to_rest(actor, actor.side)


def arms_crossed(actor: Actor) -> Iterator[Move]:
    """Cross the arms before the chest for a while."""
    yield actor.move(0.8, {hand_of(s): actor.at(0.11, -0.06 * s, 0.14 + 0.02 * s) for s in (LEFT, RIGHT)})
    yield actor.hold(2.0, 10.0)
    yield from back_to_rest(actor, actor.side)


def hands_on_hips(actor: Actor) -> Iterator[Move]:
    """Stand with the hands on the hips."""
    yield actor.move(0.7, {hand_of(s): actor.at(0.01, 0.10 * s, 0.04) for s in (LEFT, RIGHT)})
    yield actor.hold(1.5, 6.0)
    yield from back_to_rest(actor, actor.side)


def scratch(actor: Actor) -> Iterator[Move]:
    """Scratch the head, the neck or the belly."""
    place = ((0.05, 0.06, 0.42), (0.0, 0.05, 0.34), (0.10, 0.02, 0.1))[int(actor.rng.integers(3))]
    side = actor.side
    yield actor.move(0.5, {hand_of(side): actor.at(place[0], place[1] * side, place[2])})
    yield actor.hold(0.5, 2.0)
    yield from back_to_rest(actor, side)


def own_bag(actor: Actor) -> Iterator[Move]:
    """Look for something in one's own bag, take it out, put it back."""
    side = actor.side
    yield actor.move(
        0.7,
        {
            hand_of(-side): actor.at(0.06, -0.14 * side, 0.07),
            hand_of(side): actor.at(0.08, -0.12 * side, 0.05),
            "nod": 0.5,
        },
    )
    for _ in range(int(actor.rng.integers(1, 4))):
        yield actor.move(0.4, {hand_of(side): actor.at(0.07, -0.13 * side, 0.0)})
        yield actor.hold(0.3, 1.2)
    yield actor.move(0.6, {hand_of(side): actor.at(0.16, 0.03 * side, 0.2), "nod": 0.4})
    yield actor.hold(0.5, 4.0)
    yield from back_to_rest(actor, side)


def trolley(actor: Actor) -> Iterator[Move]:
    """Both hands on the handle of a trolley."""
    yield actor.move(0.8, {hand_of(s): actor.at(0.22, 0.09 * s, 0.03) for s in (LEFT, RIGHT)})
    yield actor.hold(2.0, 8.0)


def sit(actor: Actor) -> Iterator[Move]:
    """Sit down on something low for a while."""
    yield actor.move(1.3, {"crouch": 0.75, "lean": -0.1})
    yield actor.hold(8.0, 20.0)
    yield actor.move(1.3, {"crouch": 0.0})


def tie_shoe(actor: Actor) -> Iterator[Move]:
    """Bend far down to the shoes."""
    both: dict[str, float | Hand] = {hand_of(s): actor.at(0.28, 0.05 * s, 0.02) for s in (LEFT, RIGHT)}
    yield actor.move(1.0, {"crouch": 0.85, "lean": actor.between(0.3, 0.55), "nod": 0.5, **both})
    yield actor.hold(4.0, 12.0)
    yield from back_to_rest(actor, actor.side)


def bend_down(actor: Actor) -> Iterator[Move]:
    """Pick something up with straight legs, the torso nearly level for a moment."""
    yield actor.move(
        0.8, {"lean": actor.between(1.1, 1.5), "nod": 0.6, hand_of(actor.side): actor.at(0.3, 0.05 * actor.side, 0.25)}
    )
    yield actor.hold(0.5, 2.5)
    yield from back_to_rest(actor, actor.side)


ActScript = Callable[[Actor], Iterator[Move]]
AT_SHELF: Sequence[ActScript] = (
    take_into_basket,
    take_into_basket,
    take_and_carry,
    put_back,
    touch_and_leave,
    low_shelf,
)
ANYWHERE: Sequence[ActScript] = (
    browse, browse, phone, hands_in_pockets, arms_crossed, hands_on_hips, scratch, own_bag, trolley, tie_shoe,
    bend_down,
)  # fmt: skip
"""What ordinary people do, about as often as they are named here."""


def act_of(script: ActScript, actor: Actor) -> Act:
    """An act as this person does it now."""
    return Act(script.__name__, list(script(actor)))
