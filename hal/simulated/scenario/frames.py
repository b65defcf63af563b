"""What an ideal detector would see of a camera-day, frame by frame, while somebody is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from hal.simulated.scenario.bodies import Views, views_of
from hal.simulated.scenario.day import CameraDay, Person
from hal.simulated.sight import Occluders

TAIL_S = 4.0
"""Empty frames after the last person went: everything that a person left behind ends in them."""
LEAST_SHARE = 0.08
_BODY_IN_BOX = 0.8
"""How much of a box the body in it fills, when it hides somebody behind."""

BoxXyxy = tuple[float, float, float, float]


class SeenPerson(NamedTuple):
    """One person in one frame: `box` round the seen part (0..1), the seen `share` of the body, `depth` in metres."""

    id: int
    box: BoxXyxy
    share: float
    depth: float


class Frame(NamedTuple):
    """Who is seen at `t_s`, from near to far."""

    t_s: float
    people: tuple[SeenPerson, ...]


def views(day: CameraDay, fps: float) -> Iterator[tuple[Person, Views]]:
    """Everybody of a day at the frames' times, each as if alone in the shop."""
    walls = Occluders(day.layout)
    for person in day.people:
        first, last = np.ceil(person.itinerary.start_s * fps), np.floor(person.itinerary.end_s * fps)
        times = np.arange(first, last + 1) / fps
        yield person, views_of(person.itinerary, person.look, day.layout, walls, times)


def frames(day: CameraDay, fps: float) -> Iterator[Frame]:
    """The frames of a day in which somebody is there, has just left, or something else stirs; in time order."""
    seen: dict[int, list[SeenPerson]] = {
        index: [] for start_s, end_s in day.stirs for index in range(round(start_s * fps), round(end_s * fps))
    }
    for person, view in views(day, fps):
        rows = zip(view.times, view.boxes.tolist(), view.share.tolist(), view.depths.tolist(), strict=True)
        for t_s, box, share, depth in rows:
            people = seen.setdefault(round(float(t_s) * fps), [])
            if share >= LEAST_SHARE:
                people.append(SeenPerson(person.id, tuple(box), share, depth))
    for index in _with_tails(sorted(seen), round(TAIL_S * fps)):
        yield Frame(index / fps, _behind_each_other(seen.get(index, ())))


def _with_tails(indices: Sequence[int], tail: int) -> Iterator[int]:
    """The indices, and after each gap's beginning `tail` more that are not among them."""
    for here, following in zip(indices, [*indices[1:], None], strict=True):
        yield here
        gap_end = here + 1 + tail if following is None else min(here + 1 + tail, following)
        yield from range(here + 1, gap_end)


def _behind_each_other(people: Sequence[SeenPerson]) -> tuple[SeenPerson, ...]:
    """The people from near to far, each with what those before leave of them."""
    if len(people) < 2:
        return tuple(people)
    ordered = sorted(people, key=lambda person: person.depth)
    return tuple(
        person._replace(share=person.share * (1 - min(1.0, _BODY_IN_BOX * _covered(person.box, ordered[:k]))))
        for k, person in enumerate(ordered)
    )


def _covered(box: BoxXyxy, nearer: Sequence[SeenPerson]) -> float:
    """The largest share of a box that one of the nearer boxes covers."""
    x1, y1, x2, y2 = box
    area = max((x2 - x1) * (y2 - y1), 1e-9)
    shares = (
        max(0.0, min(x2, other.box[2]) - max(x1, other.box[0]))
        * max(0.0, min(y2, other.box[3]) - max(y1, other.box[1]))
        / area
        for other in nearer
    )
    return max(shares, default=0.0)
