"""What people do with their hands anywhere in a shop: phones, pockets, purses, bags, clothes, and standing about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hal.simulated.scenario.actor import (
    LEFT,
    RIGHT,
    Actor,
    ActScript,
    Burden,
    Move,
    back_to_rest,
    hand_of,
    inside_of,
)
from hal.simulated.scenario.acts import into_pocket
from hal.simulated.scenario.skeleton import Hand


def browse(actor: Actor) -> Iterator[Move]:
    """Stand and look along the shelf."""
    yield actor.move(0.7, {"turn": actor.between(-0.7, 0.7), "nod": actor.between(0.0, 0.4)})
    yield actor.hold(0.5, 3.0)
    yield actor.move(0.7, {"turn": 0.0})


def free_hands(actor: Actor) -> tuple[float, ...]:
    """The hands that bear nothing."""
    return tuple(side for side in (LEFT, RIGHT) if not actor.bears_with(side))


def phone(actor: Actor) -> Iterator[Move]:
    """Take the phone out of the pocket or have it in the hand already, look at it, put it into the pocket."""
    side = actor.side
    if actor.rng.random() < 0.6:
        yield from into_pocket(actor, side)
    yield actor.move(0.7, {hand_of(side): actor.at(0.15, 0.03 * side, 0.2), inside_of(side): 0.0, "nod": 0.5})
    yield actor.hold(2.0, 8.0)
    yield from into_pocket(actor, side)
    yield from back_to_rest(actor)


def purse(actor: Actor) -> Iterator[Move]:
    """Take the purse out of a pocket, look into it with both hands, put it back."""
    side = actor.side
    yield from into_pocket(actor, side)
    both = {hand_of(s): actor.at(0.15, 0.03 * s, 0.1) for s in {side, *free_hands(actor)}}
    yield actor.move(0.6, {**both, inside_of(side): 0.0, "nod": 0.5})
    yield actor.hold(1.5, 5.0)
    yield from into_pocket(actor, side)
    yield from back_to_rest(actor)


def hands_in_pockets(actor: Actor) -> Iterator[Move]:
    """Stand with one or both hands in the pockets."""
    sides = (actor.side,) if actor.rng.random() < 0.5 else free_hands(actor)
    yield actor.move(0.6, {hand_of(s): actor.at(0.06, 0.10 * s, 0.0) for s in sides})
    yield actor.move(0.2, {inside_of(s): 1.0 for s in sides})
    yield actor.hold(2.0, 10.0)
    yield from back_to_rest(actor)


def arms_crossed(actor: Actor) -> Iterator[Move]:
    """Cross the arms before the chest for a while."""
    yield actor.move(0.8, {hand_of(s): actor.at(0.11, -0.06 * s, 0.14 + 0.02 * s) for s in free_hands(actor)})
    yield actor.hold(2.0, 10.0)
    yield from back_to_rest(actor)


def hands_clasped(actor: Actor) -> Iterator[Move]:
    """Stand with the hands together before the belly or behind the back."""
    forward = 0.11 if actor.rng.random() < 0.6 else -0.09
    up = actor.between(-0.02, 0.06)
    yield actor.move(0.7, {hand_of(s): actor.at(forward, 0.015 * s, up) for s in free_hands(actor)})
    yield actor.hold(2.0, 10.0)
    yield from back_to_rest(actor)


def hands_on_hips(actor: Actor) -> Iterator[Move]:
    """Stand with the hands on the hips."""
    yield actor.move(0.7, {hand_of(s): actor.at(0.01, 0.10 * s, 0.04) for s in free_hands(actor)})
    yield actor.hold(1.5, 6.0)
    yield from back_to_rest(actor)


def scratch(actor: Actor) -> Iterator[Move]:
    """Scratch the head, the neck or the belly."""
    place = ((0.05, 0.06, 0.42), (0.0, 0.05, 0.34), (0.10, 0.02, 0.1))[int(actor.rng.integers(3))]
    side = actor.side
    yield actor.move(0.5, {hand_of(side): actor.at(place[0], place[1] * side, place[2])})
    yield actor.hold(0.5, 2.0)
    yield from back_to_rest(actor)


def adjust_clothes(actor: Actor) -> Iterator[Move]:
    """Pull the jacket straight, the trousers up or the strap of a bag onto the shoulder."""
    sides = free_hands(actor)
    if actor.rng.random() < 0.3:
        to: dict[str, float | Hand] = {hand_of(actor.side): actor.at(0.08, -0.07 * actor.side, 0.24)}
    else:
        up = actor.between(-0.02, 0.10)
        to = {hand_of(s): actor.at(0.08, 0.07 * s, up) for s in sides}
    yield actor.move(0.5, {**to, "nod": actor.between(0.1, 0.5)})
    for _ in range(int(actor.rng.integers(1, 4))):
        yield actor.move(
            0.3, {name: Hand(*place[:2], place[2] - 0.03) for name, place in to.items() if isinstance(place, Hand)}
        )
    yield from back_to_rest(actor)


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
    yield from _rummage(actor)
    yield actor.move(0.6, {hand_of(side): actor.at(0.16, 0.03 * side, 0.2), inside_of(side): 0.0, "nod": 0.4})
    yield actor.hold(0.5, 4.0)
    yield from _rummage(actor)
    yield from back_to_rest(actor)


def _rummage(actor: Actor) -> Iterator[Move]:
    side = actor.side
    for _ in range(int(actor.rng.integers(1, 4))):
        yield actor.move(0.4, {hand_of(side): actor.at(0.07, -0.13 * side, 0.0), inside_of(side): 1.0})
        yield actor.hold(0.3, 1.2)


def trolley(actor: Actor) -> Iterator[Move]:
    """Stand with both hands on the handle of the trolley, or look round without one."""
    if actor.burden is not Burden.TROLLEY:
        yield from browse(actor)
        return
    yield actor.move(0.8, {**actor.rest(LEFT), **actor.rest(RIGHT)})
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
    yield from back_to_rest(actor)


def bend_down(actor: Actor) -> Iterator[Move]:
    """Pick something up with straight legs, the torso nearly level for a moment."""
    yield actor.move(
        0.8, {"lean": actor.between(1.1, 1.5), "nod": 0.6, hand_of(actor.side): actor.at(0.3, 0.05 * actor.side, 0.25)}
    )
    yield actor.hold(0.5, 2.5)
    yield from back_to_rest(actor)


ANYWHERE: Sequence[ActScript] = (
    browse, browse, browse, phone, phone, hands_in_pockets, hands_in_pockets, arms_crossed, hands_clasped,
    hands_on_hips, scratch, adjust_clothes, own_bag, purse, trolley, tie_shoe, bend_down,
)  # fmt: skip
"""What ordinary people do, about as often as they are named here."""
