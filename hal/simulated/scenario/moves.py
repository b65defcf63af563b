"""How people truly move: who runs, goes the wrong way or to and fro; judged on the floor, not in the picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from hal.simulated.scenario.gateway import floor_way, gateway_floor
from hal.simulated.scenario.ways import F64, Happening, Way, bridged, depth_inside, spans
from hal.simulated.shop import Layout

BODY_M = 1.7
RUN_MPS, RUN_S = 1.6 * BODY_M, 1.0
AGAINST_COSINE, AGAINST_S, AGAINST_M = -0.5, 1.5, 1.0 * BODY_M
MOVING_MPS = 0.25
ERRATIC_S, ERRATIC_RATIO, ERRATIC_TURNS, TURN_COSINE = 20.0, 4.0, 4, 0.5
LEG_M = 0.5 * BODY_M
_CLEARLY = 1.25
_CLEARLY_FAST = 1.1
"""By how much a condition must be exceeded to count as sure; a speed is known better than a way."""


def moves(way: Way, layout: Layout) -> Iterator[Happening]:
    """All that one person's way is remarkable for."""
    yield from _running(way)
    yield from _wrong_way(way, layout)
    yield from _erratic(way)


def _running(way: Way) -> Iterator[Happening]:
    """Getting on fast enough for a second, in sight; it begins when it was enough for the first time."""
    times = way.view.times
    span = max(round(RUN_S / float(times[1] - times[0])), 1)
    gone = np.zeros(len(times))
    gone[span:] = np.hypot(*(way.floor[span:] - way.floor[:-span]).T) / RUN_S
    unseen = np.convolve(~way.in_sight, np.ones(span + 1))[: len(times)] > 0
    for start_s, end_s in bridged(spans(times, (gone >= RUN_MPS / _CLEARLY_FAST) & way.in_sight), RUN_S):
        surely = (gone >= RUN_MPS * _CLEARLY_FAST) & ~unseen & (times >= start_s) & (times <= end_s)
        yield Happening("running", way.person.id, start_s, end_s, sure=bool(surely.any()))


def _wrong_way(way: Way, layout: Layout) -> Iterator[Happening]:
    """Walking out through the gateway, which is an entrance only."""
    times = way.view.times
    along = np.gradient(way.floor, axis=0) @ np.array(floor_way(layout)) / np.gradient(times)
    speed = np.hypot(*np.gradient(way.floor, axis=0).T) / np.gradient(times)
    inside = depth_inside(np.array(gateway_floor(layout)), way.floor) > 0
    against = inside & (way.view.share > 0) & (speed > MOVING_MPS) & (along < AGAINST_COSINE * speed)
    for start_s, end_s in bridged(spans(times, against), AGAINST_S):
        during = (times >= start_s) & (times <= end_s)
        gone_m = -np.cumsum(np.where(during, along * np.gradient(times), 0.0))
        enough = during & (gone_m >= AGAINST_M / _CLEARLY) & (times - start_s >= AGAINST_S / _CLEARLY)
        if enough.any():
            seen_s = float((during & way.in_sight).sum()) * float(times[1] - times[0])
            sure = gone_m[during][-1] >= AGAINST_M * _CLEARLY and seen_s >= AGAINST_S * _CLEARLY
            yield Happening("wrong_way", way.person.id, float(times[enough][0]), end_s, "gateway", sure=bool(sure))


def _erratic(way: Way) -> Iterator[Happening]:
    """Spans in which somebody went to and fro; they begin when it was enough for the first time."""
    found = list(_excesses(np.column_stack([way.view.times, way.floor])[way.in_view]))
    times = [t_s for t_s, excess in found if excess >= 1 / _CLEARLY]
    for start_s, end_s in bridged([(t_s, t_s) for t_s in times], ERRATIC_S / 2):
        most = max(excess for t_s, excess in found if start_s <= t_s <= end_s)
        seen = way.in_sight[(way.view.times >= start_s - ERRATIC_S / 2) & (way.view.times <= end_s)]
        sure = most >= _CLEARLY and bool(seen.mean() > 0.9)
        yield Happening("erratic", way.person.id, start_s, end_s, sure=sure)


def _excesses(steps: F64) -> Iterator[tuple[float, float]]:
    """When, and by how much the way until then exceeds what counts as erratic; `steps` are seconds, metres east and
    north (n, 3).

    Somebody turns where they leave their way by more than 60 degrees and go on so for a leg: the end of the leg before
    moves on with them until then.
    """
    corners = list(steps[:1])
    end = corners[-1] if corners else None
    for step in steps:
        leg, on = (end - corners[-1])[1:], (step - end)[1:]
        if leg @ on > TURN_COSINE * np.hypot(*leg) * np.hypot(*on):
            end = step
        elif np.hypot(*on) >= LEG_M:
            corners += [end] if end is not corners[-1] else []
            end = step
        else:
            continue
        yield float(step[0]), _excess([*(one for one in corners if step[0] - one[0] <= ERRATIC_S), end])


def _excess(corners: list[F64]) -> float:
    """By how much legs exceed what counts as erratic, from whichever corner on it is the most: 1 is just enough."""
    if len(corners) < 3:
        return 0.0
    places = np.array(corners)[:, 1:]
    legs = np.diff(places, axis=0)
    paths = np.cumsum(np.hypot(*legs.T)[::-1])[::-1]
    made = np.maximum(np.hypot(*(places[-1] - places[:-1]).T), LEG_M)
    sharp = [float(a @ b) < TURN_COSINE * float(np.hypot(*a) * np.hypot(*b)) for a, b in pairwise(legs)]
    turns = np.append(np.cumsum(sharp[::-1])[::-1], 0)
    return float(np.minimum(paths / made / ERRATIC_RATIO, turns / ERRATIC_TURNS).max())
