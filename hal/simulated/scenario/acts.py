"""What hands and bodies ordinarily do at a shelf, move by move."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hal.simulated.scenario.actor import Actor, ActScript, Burden, Move, back_to_rest, hand_of, inside_of
from hal.simulated.scenario.skeleton import Hand


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
    both = actor.rng.random() < 0.5 and not actor.bears_with(-side)
    to: dict[str, float | Hand] = {hand_of(side): actor.at(0.17, 0.03 * side, actor.between(0.14, 0.24))}
    if both:
        to[hand_of(-side)] = actor.at(0.17, -0.03 * side, actor.between(0.13, 0.22))
    yield actor.move(0.6, {**to, "nod": 0.45, "crouch": 0.0, "lean": 0.05})
    yield actor.hold(0.8, 5.0)
    if both:
        yield actor.move(0.5, actor.rest(-side))


def take(actor: Actor) -> Iterator[Move]:
    """Take something, often look at it, and put it where one's goods are: basket, trolley or hand."""
    yield from reach(actor, actor.side)
    if actor.rng.random() < 0.5:
        yield from look_at_it(actor, actor.side)
    yield from _stow(actor)


def _stow(actor: Actor) -> Iterator[Move]:
    places = {Burden.NOTHING: _keep, Burden.TROLLEY: _into_trolley}
    yield from places.get(actor.burden, _into_basket)(actor)
    yield from back_to_rest(actor)


def _into_basket(actor: Actor) -> Iterator[Move]:
    """Lay it into the basket on the other arm, which comes forward for it, or which is set down first."""
    side = actor.side
    if actor.burden is Burden.IN_HAND and actor.rng.random() < 0.3:
        low: dict[str, float | Hand] = {"lean": 0.6, "crouch": 0.3, "nod": 0.4}
        down = {hand_of(-side): actor.at(0.12, -0.12 * side, -0.22), hand_of(side): actor.at(0.14, -0.05 * side, -0.2)}
        yield actor.move(0.9, {**down, **low})
    else:
        up = 0.0 if actor.burden is Burden.IN_HAND else actor.between(0.06, 0.12)
        held = actor.at(0.10, -0.16 * side, up)
        into = actor.at(0.17, -0.13 * side, up - actor.between(0.05, 0.12))
        aside = {"nod": 0.4, "crouch": 0.0, "bend": -0.1 * side}
        yield actor.move(0.7, {hand_of(-side): held, hand_of(side): into, **aside})
    yield actor.hold(0.3, 0.9)


def _into_trolley(actor: Actor) -> Iterator[Move]:
    """Lay it into the trolley before one."""
    into = actor.at(0.30, actor.between(-0.08, 0.08), actor.between(-0.02, 0.06))
    yield actor.move(0.8, {hand_of(actor.side): into, "lean": 0.3, "nod": 0.4, "crouch": 0.0})
    yield actor.hold(0.2, 0.8)


def _keep(actor: Actor) -> Iterator[Move]:
    """Keep it in the hand, openly: the first thing goes over to the other hand and stays there, more come to it."""
    side = actor.side
    over = {hand_of(side): actor.at(0.16, -0.06 * side, 0.1), hand_of(-side): actor.at(0.15, -0.09 * side, 0.09)}
    yield actor.move(0.6, {**over, "crouch": 0.0, "nod": 0.3, "lean": 0.05})
    yield actor.hold(0.2, 0.6)
    actor.holds = True


def take_and_carry(actor: Actor) -> Iterator[Move]:
    """Take something and stand with it in that hand for a while before it goes where one's goods are."""
    side = actor.side
    yield from reach(actor, side)
    yield from look_at_it(actor, side)
    yield actor.move(
        0.6, {hand_of(side): actor.at(0.14, 0.12 * side, actor.between(0.03, 0.12)), "crouch": 0.0, "nod": 0.1}
    )
    yield actor.hold(1.0, 5.0)
    yield from _stow(actor)


def put_back(actor: Actor) -> Iterator[Move]:
    """Take something, look at it, put it back."""
    yield from reach(actor, actor.side)
    yield from look_at_it(actor, actor.side)
    yield from reach(actor, actor.side)
    yield from back_to_rest(actor)


def touch_and_leave(actor: Actor) -> Iterator[Move]:
    """Touch something on the shelf; the hand comes back empty."""
    yield from reach(actor, actor.side)
    yield from back_to_rest(actor)


def low_shelf(actor: Actor) -> Iterator[Move]:
    """Crouch down and look for something on the lowest board."""
    side = actor.side
    yield actor.move(
        0.9, {"crouch": actor.between(0.8, 1.0), "nod": 0.4, hand_of(side): actor.at(0.28, 0.05 * side, 0.1)}, "reach"
    )
    yield actor.hold(1.5, 8.0)
    yield from back_to_rest(actor)


def compare_on_phone(actor: Actor) -> Iterator[Move]:
    """Look things up at the shelf: something in one hand, the phone in the other, and both away again."""
    side = actor.side
    yield from reach(actor, side)
    yield actor.move(0.6, {hand_of(side): actor.at(0.15, 0.06 * side, 0.12), "crouch": 0.0, "lean": 0.05, "nod": 0.3})
    if not actor.bears_with(-side):
        yield from into_pocket(actor, -side)
        yield actor.move(0.6, {hand_of(-side): actor.at(0.16, -0.05 * side, 0.18), inside_of(-side): 0.0, "nod": 0.5})
        yield actor.hold(2.0, 8.0)
        yield from into_pocket(actor, -side)
        yield actor.move(0.5, actor.rest(-side))
    yield from reach(actor, side)
    yield from back_to_rest(actor)


def into_pocket(actor: Actor, side: float, tag: str = "") -> Iterator[Move]:
    """A hand goes into the trouser pocket before or behind, and a little deeper."""
    place = actor.at(-0.06, 0.09 * side, 0.01) if actor.rng.random() < 0.3 else actor.at(0.06, 0.10 * side, 0.03)
    yield actor.move(0.5, {hand_of(side): place, "crouch": 0.0, "lean": 0.05, "nod": actor.between(0.0, 0.4)}, tag)
    deeper: dict[str, float | Hand] = {hand_of(side): place._replace(up=place.up - 0.03)}
    yield actor.move(actor.between(0.5, 1.4), {**deeper, inside_of(side): 1.0}, tag)


AT_SHELF: Sequence[ActScript] = (
    take, take, take, take_and_carry, put_back, touch_and_leave, low_shelf, compare_on_phone,
)  # fmt: skip
"""What ordinary people do at shelves, about as often as they are named here."""
