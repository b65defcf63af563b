"""What is doubtful about the zones, lines and masks of a configuration, though it has no mistake; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from agent.domain import Point
from agent.geometry import signed_area
from agent.rules.zones import ZoneMap

LEAST_AREA = 0.005
LEAST_LENGTH = 0.08
COVERED = 0.5
CELLS = 60
Tables = Sequence[Mapping[str, Any]]


class Doubt(NamedTuple):
    """One thing to look at: where, what, what to do."""

    place: str
    what: str
    advice: str


def doubts(drawn: Mapping[str, Tables]) -> Iterator[Doubt]:
    """What a person should look at, of the tables of `GET /v1/zones`."""
    zones, lines = drawn.get("zone", ()), drawn.get("line", ())
    if not zones and not lines:
        yield Doubt("", "there is no zone and no line", "draw one: aislewatch zones set")
    for zone in zones:
        yield from _zone(zone, drawn)
    for line in lines:
        if _length(line["points"]) < LEAST_LENGTH:
            yield Doubt(f"line {line['name']}", "is very short", "people may pass beside it: make it longer")
    for name, others in _twins(zones):
        yield Doubt(f"zone {name}", f"covers the same floor as {others}", "is one of them meant for another place?")
    yield from _rules(drawn)


def _zone(zone: Mapping[str, Any], drawn: Mapping[str, Tables]) -> Iterator[Doubt]:
    where, polygon = f"zone {zone['name']}", zone["polygon"]
    if abs(signed_area([Point(x, y) for x, y in polygon])) < LEAST_AREA:
        yield Doubt(where, "is very small", "people stand in it by their feet: draw it on the floor, and larger")
    for key, words in (("privacy_mask", "a privacy mask"), ("object_mask", "an object mask")):
        masks = [mask["polygon"] for mask in drawn.get(key, ())]
        if masks and _share(polygon, masks) > COVERED:
            yield Doubt(where, f"lies mostly behind {words}", "nobody is seen there: move one of them")


def _rules(drawn: Mapping[str, Tables]) -> Iterator[Doubt]:
    """Places that no rule goes by; counting zones do without one."""
    rules = drawn.get("rule", ())
    named = {word for rule in rules for key in ("zone", "line", "exit", "checkout") if (word := rule.get(key))}
    named |= {word for rule in rules for word in rule.get("zones", ()) if isinstance(word, str)}
    for zone in drawn.get("zone", ()):
        if zone["name"] not in named and zone.get("kind") in ("restricted", "high_value"):
            yield Doubt(f"zone {zone['name']}", "has no rule", "nothing happens there: add a [[rule]] that names it")


def _share(polygon: Sequence[Sequence[float]], others: Sequence[Sequence[Sequence[float]]]) -> float:
    """How much of a polygon lies in the others."""
    inside, among = _cells(polygon), np.zeros((CELLS, CELLS), np.bool_)
    for other in others:
        among |= _cells(other)
    return float((inside & among).sum() / max(int(inside.sum()), 1))


def _cells(polygon: Sequence[Sequence[float]]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """The cells of a coarse grid whose centres a polygon holds."""
    held = ZoneMap([[Point(x, y) for x, y in polygon]])
    centres = [(index + 0.5) / CELLS for index in range(CELLS)]
    return np.array([[bool(held.at((x, y))) for x in centres] for y in centres])


def _twins(zones: Tables) -> Iterator[tuple[str, str]]:
    for index, zone in enumerate(zones):
        same = [other["name"] for other in zones[index + 1 :] if other["polygon"] == zone["polygon"]]
        if same:
            yield zone["name"], ", ".join(same)


def _length(points: Sequence[Sequence[float]]) -> float:
    return float(sum(np.hypot(bx - ax, by - ay) for (ax, ay), (bx, by) in pairwise(points)))
