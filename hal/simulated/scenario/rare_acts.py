"""What few people do: hide goods, work on a tag, fall. Each is an act as in `acts`, with tags for what is true."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from hal.simulated.scenario.actor import LEFT, RIGHT, Actor, ActScript, Move, back_to_rest, hand_of, inside_of
from hal.simulated.scenario.acts import into_pocket, look_at_it, reach
from hal.simulated.scenario.skeleton import Hand


def _glance(actor: Actor) -> Iterator[Move]:
    """Look round, as some do before and after hiding something, and many do anyway."""
    for sign in (1.0, -1.0)[: int(actor.rng.integers(0, 3))]:
        yield actor.move(0.4, {"turn": sign * actor.between(0.5, 1.1), "nod": 0.0})
        yield actor.move(0.4, {"turn": 0.0})


def hide_in_pocket(actor: Actor) -> Iterator[Move]:
    """Take something and put it into a pocket."""
    side = actor.side
    yield from _taken(actor, side)
    yield from into_pocket(actor, side, "hide")
    yield from _afterwards(actor)


def hide_under_jacket(actor: Actor) -> Iterator[Move]:
    """Take something and push it under the jacket, into the waistband or an inner pocket; the other hand helps."""
    side = actor.side
    yield from _taken(actor, side)
    up = actor.between(0.04, 0.17)
    place = actor.at(0.09, -0.03 * side, up)
    helps: dict[str, float | Hand] = {}
    if actor.rng.random() < 0.7 and not actor.bears_with(-side):
        helps = {hand_of(-side): actor.at(0.10, -0.06 * side, up + 0.02)}
    yield actor.move(
        0.5, {hand_of(side): place, **helps, "nod": actor.between(0.1, 0.6), "crouch": 0.0, "lean": 0.1}, "hide"
    )
    for _ in range(int(actor.rng.integers(1, 4))):
        yield actor.move(0.35, {hand_of(side): actor.at(0.08, -0.04 * side, up - 0.03), inside_of(side): 1.0}, "hide")
    yield from _afterwards(actor)


def hide_in_bag(actor: Actor) -> Iterator[Move]:
    """Take something and put it into a bag at the hip or on the shoulder, held open by the other hand."""
    side = actor.side
    yield from _taken(actor, side)
    bag = -side if actor.rng.random() < 0.7 else side
    place = actor.at(0.06, 0.135 * bag, actor.between(-0.02, 0.06))
    opening = actor.at(0.07, 0.12 * bag, 0.06)
    yield actor.move(
        0.6, {hand_of(side): place, hand_of(-side): opening, "nod": 0.5, "crouch": 0.0, "lean": 0.08}, "hide"
    )
    for _ in range(int(actor.rng.integers(1, 4))):
        yield actor.move(0.45, {hand_of(side): actor.at(0.05, 0.13 * bag, -0.02), inside_of(side): 1.0}, "hide")
    yield from _afterwards(actor)


def _taken(actor: Actor, side: float) -> Iterator[Move]:
    yield from _glance(actor)
    yield from reach(actor, side)
    if actor.rng.random() < 0.35:
        yield from look_at_it(actor, side)
    if actor.rng.random() < 0.5:
        close = actor.at(0.13, 0.04 * side, actor.between(0.02, 0.12))
        yield actor.move(0.5, {hand_of(side): close, "crouch": 0.0, "lean": 0.05})
        yield from _glance(actor)


def _afterwards(actor: Actor) -> Iterator[Move]:
    yield from back_to_rest(actor)
    yield from _glance(actor)


def tamper(actor: Actor) -> Iterator[Move]:
    """Work with both hands on the tag of an item held before the body, for long."""
    side = actor.side
    yield from reach(actor, side)
    up = actor.between(0.08, 0.18)
    yield actor.move(0.6, {hand_of(s): actor.at(0.16, 0.025 * s, up) for s in (LEFT, RIGHT)} | {"nod": 0.6}, "tamper")
    for _ in range(int(actor.rng.integers(18, 36))):
        yield actor.move(0.5, {hand_of(s): actor.at(0.16, 0.025 * s, up) for s in (LEFT, RIGHT)}, "tamper")
    yield from back_to_rest(actor)


def fall_over(actor: Actor) -> Iterator[Move]:
    """Trip or faint: forwards, backwards or to a side, down within a second, and stay lying."""
    towards = (0.0, math.pi, math.pi / 2, -math.pi / 2)[int(actor.rng.integers(4))]
    yield Move(0.01, {"tip_to": towards})
    arms: dict[str, float | Hand] = {
        hand_of(s): actor.at(0.2, 0.14 * s, actor.between(0.1, 0.4)) for s in (LEFT, RIGHT)
    }
    yield Move(
        actor.between(0.5, 1.1), {"tip": actor.between(1.4, 1.57), "crouch": actor.between(0.0, 0.5), **arms}, "fall"
    )
    yield Move(actor.between(8.0, 25.0), {"lean": 0.1}, "lie")


def slide_down(actor: Actor) -> Iterator[Move]:
    """Sink to the knees and then over to a side: a slow fall."""
    side = LEFT if actor.rng.random() < 0.5 else RIGHT
    yield Move(0.01, {"tip_to": side * math.pi / 2})
    yield Move(actor.between(0.5, 0.9), {"crouch": 0.95, "nod": 0.5}, "fall")
    yield Move(actor.between(0.5, 1.2), {"tip": actor.between(1.35, 1.57), "crouch": actor.between(0.4, 0.8)}, "fall")
    yield Move(actor.between(8.0, 25.0), {"lean": 0.1}, "lie")


HIDING: Sequence[ActScript] = (hide_in_pocket, hide_under_jacket, hide_in_bag)
FALLING: Sequence[ActScript] = (fall_over, fall_over, slide_down)
