"""What an ideal detector would see of a camera-day, frame by frame, while somebody is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple, Protocol

import numpy as np

from hal.simulated.scenario.bodies import F64, Views, views_of
from hal.simulated.scenario.day import PRAM, Person
from hal.simulated.scenario.pram import pram_boxes
from hal.simulated.shop import Layout
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


class Peopled(Protocol):
    """A day with people in a shop; when nobody is there something `stirs` now and then (start and end)."""

    @property
    def layout(self) -> Layout: ...
    @property
    def people(self) -> tuple[Person, ...]: ...
    @property
    def stirs(self) -> tuple[tuple[float, float], ...]: ...


class Frame(NamedTuple):
    """Who is seen at `t_s`, from near to far; `things` are boxes of what may be taken for a person."""

    t_s: float
    people: tuple[SeenPerson, ...]
    things: tuple[BoxXyxy, ...] = ()


def views(day: Peopled, fps: float) -> Iterator[tuple[Person, Views]]:
    """Everybody of a day at the frames' times, each as if alone in the shop."""
    walls = Occluders(day.layout)
    for person in day.people:
        first, last = np.ceil(person.itinerary.start_s * fps), np.floor(person.itinerary.end_s * fps)
        times = np.arange(first, last + 1) / fps
        yield person, views_of(person.itinerary, person.look, day.layout, walls, times)


def covered(views: Sequence[Views]) -> list[Views]:
    """The same people, seen at the same rate, with what those before them leave of them."""
    shares = [view.share.copy() for view in views]
    order = sorted(range(len(views)), key=lambda number: views[number].times[0])
    for place, first in enumerate(order):
        for second in order[place + 1 :]:
            if views[second].times[0] > views[first].times[-1]:
                break
            for back, front in ((first, second), (second, first)):
                mine, theirs = _common(views[back], views[front])
                hidden = _hidden(views[back], mine, views[front], theirs)
                shares[back][mine] = np.minimum(shares[back][mine], views[back].share[mine] * (1 - hidden))
    return [replace(view, share=share) for view, share in zip(views, shares, strict=True)]


def _common(one: Views, other: Views) -> tuple[slice, slice]:
    """The moments that two views of the same rate share, as parts of each."""
    step_s = (one.times[-1] - one.times[0]) / max(len(one.times) - 1, 1)
    shift = round((other.times[0] - one.times[0]) / step_s) if step_s else 0
    start, end = max(0, shift), min(len(one.times), shift + len(other.times))
    return slice(start, end), slice(start - shift, end - shift)


def _hidden(one: Views, mine: slice, other: Views, theirs: slice) -> F64:
    """The share of one person that another hides."""
    a, b = one.boxes[mine], other.boxes[theirs]
    low, high = np.maximum(a[:, :2], b[:, :2]), np.minimum(a[:, 2:], b[:, 2:])
    shared = np.maximum(high - low, 0).prod(1) / np.maximum((a[:, 2:] - a[:, :2]).prod(1), 1e-9)
    nearer = (other.depths[theirs] < one.depths[mine]) & (other.share[theirs] > 0)
    return np.where(nearer, np.minimum(1.0, _BODY_IN_BOX * shared), 0.0)


def frames(day: Peopled, fps: float) -> Iterator[Frame]:
    """The frames of a day in which somebody is there, has just left, or something else stirs; in time order."""
    seen: dict[int, list[SeenPerson]] = {
        index: [] for start_s, end_s in day.stirs for index in range(round(start_s * fps), round(end_s * fps))
    }
    things: dict[int, list[BoxXyxy]] = {}
    for person, view in views(day, fps):
        rows = zip(view.times, view.boxes.tolist(), view.share.tolist(), view.depths.tolist(), strict=True)
        for t_s, box, share, depth in rows:
            people = seen.setdefault(round(float(t_s) * fps), [])
            if share >= LEAST_SHARE:
                people.append(SeenPerson(person.id, tuple(box), share, depth))
        if person.role == PRAM:
            for t_s, pushed in zip(view.times, pram_boxes(person.itinerary, day.layout, view.times), strict=True):
                things.setdefault(round(float(t_s) * fps), []).append(tuple(pushed.tolist()))
    for index in _with_tails(sorted(seen), round(TAIL_S * fps)):
        yield Frame(index / fps, _behind_each_other(seen.get(index, ())), tuple(things.get(index, ())))


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
