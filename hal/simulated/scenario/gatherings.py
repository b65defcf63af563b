"""How many people truly are together: crowds and long queues, and who waits for help."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from hal.simulated.scenario.moves import BODY_M
from hal.simulated.scenario.ways import SURELY_S, Happening, Span, Stay, Way, bridged

GATHERED_S = 10.0
STANDING_MPS = 0.2 * BODY_M
HIDDEN_S = 2.0
"""So long somebody may be out of sight and still be counted."""
HELP_AFTER_S, STAFF_WITHIN_S = 120.0, 300.0


def gathered(kind: str, stays: Sequence[Stay], least: int) -> Iterator[Happening]:
    """When at least `least` people have been in a zone together for GATHERED_S; `stays` are of one zone."""
    surely = _together([span for stay in stays for span in bridged(stay.clear, HIDDEN_S)], least)
    for start_s, end_s in _together([stay.widest for stay in stays], least):
        if end_s - start_s >= GATHERED_S - SURELY_S:
            sure = any(b - a >= GATHERED_S + SURELY_S for a, b in surely if start_s <= a <= end_s)
            yield Happening(kind, 0, min(start_s + GATHERED_S, end_s), end_s, stays[0].zone, sure=sure)


def _together(stays: Sequence[Span], least: int) -> list[Span]:
    """When at least `least` of the spans overlap."""
    changes = sorted([(start_s, 1) for start_s, _ in stays] + [(end_s, -1) for _, end_s in stays])
    found, count, since_s = [], 0, 0.0
    for t_s, change in changes:
        if count == least - 1 and change == 1:
            since_s = t_s
        if count == least and change == -1:
            found.append((since_s, t_s))
        count += change
    return found


def queued(way: Way, stay: Stay) -> Iterator[Stay]:
    """The part of a stay in a queue zone that belongs to the queue: from when the person first stands."""
    times = way.view.times
    speed = np.hypot(*np.gradient(way.floor, axis=0).T) / np.gradient(times)
    standing = times[(speed < STANDING_MPS) & (times >= stay.widest[0]) & (times <= stay.widest[1])]
    if len(standing):
        since_s = float(standing[0])
        clear = tuple((max(start_s, since_s + SURELY_S), end_s) for start_s, end_s in stay.clear if end_s > since_s + 2)
        yield replace(stay, start_s=since_s, widest=(since_s, stay.widest[1]), clear=clear)


def waiting_for_help(stay: Stay, staff: Iterable[Span]) -> Iterator[Happening]:
    """A stay at a shelf becomes one when it has lasted and no staff has been near for long enough."""
    near = [(start_s, end_s) for start_s, end_s in staff if start_s <= stay.end_s]
    start_s = max([stay.start_s + HELP_AFTER_S, *(end_s + STAFF_WITHIN_S for _, end_s in near)])
    if stay.widest[1] - start_s >= -SURELY_S:
        sure = stay.sure_s >= HELP_AFTER_S + SURELY_S and stay.end_s - start_s > 5.0
        yield Happening("assistance", stay.person, min(start_s, stay.end_s), stay.end_s, stay.zone, sure=sure)
