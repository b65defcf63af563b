"""How well looks tell people apart who are rendered: true pictures, true boxes, nothing of a detector's errors."""

from __future__ import annotations

from itertools import permutations
from typing import NamedTuple

from agent.domain import Box
from agent.vision.appearance import KEPT_LOOKS
from agent.vision.looks import F32, averaged, body_samples, cast_of, hellinger, look_of
from hal.simulated.render import Renderer
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scene import Scene

WIDTH, HEIGHT = 640, 360
STEP_S = 2
SEEN, EDGE = 0.75, 0.01
Looks = dict[int, list[F32]]


class Watched(NamedTuple):
    """A shop to render and watch for so long."""

    layout: int
    seed: int
    seconds: int


def rendered_looks(shop: Watched) -> Looks:
    """The looks of everybody well in view, by person, in the order of time."""
    scene = Scene(shop_layout(shop.layout), seed=shop.seed)
    renderer = Renderer(scene.layout, WIDTH, HEIGHT)
    looks: Looks = {}
    for t_s in range(0, shop.seconds, STEP_S):
        shot = scene.at(float(t_s))
        picture = renderer.render(shot.figures, t_s)
        cast = cast_of(picture, [Box(*person.box) for person in shot.people])
        for person in shot.people:
            x1, y1, x2, y2 = person.box
            if person.seen > SEEN and min(x1, y1, 1 - x2, 1 - y2) > EDGE:
                looks.setdefault(person.id, []).append(look_of(body_samples(picture, Box(*person.box)), cast))
    return {number: found for number, found in looks.items() if len(found) >= KEPT_LOOKS}


def distances(looks: Looks) -> tuple[list[float], list[float]]:
    """Between the first looks of a person and the last of the same one, and of every other."""
    first = {number: averaged(found[: len(found) // 2][:KEPT_LOOKS]) for number, found in looks.items()}
    last = {number: averaged(found[len(found) // 2 :][-KEPT_LOOKS:]) for number, found in looks.items()}
    same = [hellinger(first[number], last[number]) for number in looks]
    return same, [hellinger(first[a], last[b]) for a, b in permutations(looks, 2)]


def nearer(same: list[float], others: list[float]) -> int:
    """In how many pairs of the two lists the same person is the nearer: over all of them, the area under the curve."""
    return sum(own < other for own in same for other in others)
