"""Years of a camera's own figures as it wears, fills, leaks, drifts, grows dirty and is looked after; daily medians.

A unit is made from its seed alone. Every metric has a level of its own, moves with load and with warmth (a week's and a
year's cycle), carries noise that persists (AR(1)) and days without a figure, and now and then changes for no reason
that matters. Some fail gradually, some suddenly; people repair, and clean before it is too late, and mostly note it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
Rng = np.random.Generator

DAYS = 420
HORIZON = 3000
"""Days up to which it is looked when a course would have reached its threshold."""
YEAR = 365.25
GRADUAL_A_YEAR, SUDDEN_A_YEAR = 0.15, 0.06
PREVENTED, NOTED = 0.2, 0.8
LOST_DAYS, OUTAGES_A_YEAR, OUTLIERS = 0.03, 0.7, 0.01
LEAST_LIFE = 28.0
"""What takes less days from its beginning to its threshold is no gradual failure here."""


class Kind(NamedTuple):
    """How one metric behaves. `life` is in days, log-uniform; `wander` the size of harmless lasting changes and how
    many there are a year; `slow` what a healthy one loses of the way to its threshold in a year.
    """

    start: tuple[float, float]
    threshold: float
    noise: float
    persists: tuple[float, float]
    by_load: float
    by_warmth: float
    life: tuple[float, float]
    bend: tuple[float, float]
    wander: tuple[float, float]
    slow: float
    repair: str
    relative: bool = False
    wears: bool = False
    quantum: float = 0.0


KINDS: dict[str, Kind] = {
    "soc_temp_c": Kind((50, 61), 80, 0.7, (0.3, 0.7), 3.0, 1.0, (40, 200), (0.9, 1.4), (1.0, 0.5), 0.05, "cleaned fan"),
    "disk_free_pct": Kind((30, 65), 5, 0.6, (0.3, 0.8), -1.0, 0.0, (30, 150), (0.9, 1.2), (3, 1), 0.05, "freed space"),
    "storage_wear_pct": Kind(
        (5, 60), 90, 0.05, (0.2, 0.5), 0.0, 0.0, (100, 400), (0.95, 1.1), (0, 0), 0.15, "new card", wears=True
    ),
    "storage_life_used_pct": Kind(
        (5, 60), 90, 0.0, (0.2, 0.5), 0.0, 0.0, (120, 400), (0.95, 1.1), (0, 0), 0.1, "new card", wears=True, quantum=10
    ),
    "mem_available_pct": Kind((45, 80), 5, 0.9, (0.2, 0.6), -2, 0.0, (28, 120), (0.95, 1.1), (3, 1), 0.03, "restarted"),
    "clock_frequency_ppm": Kind(
        (5, 30), 100, 0.4, (0.3, 0.7), 0.0, 0.15, (60, 300), (0.8, 1.3), (1, 0.3), 0.03, "new board"
    ),
    "wifi_signal_dbm": Kind(
        (-64, -48), -80, 0.9, (0.3, 0.7), -0.8, 0.0, (35, 200), (0.9, 1.3), (4, 1.2), 0.05, "turned antenna"
    ),
    "lens_detail": Kind(
        (0.8, 1.6), -0.5, 0.025, (0.3, 0.7), -0.02, 0.0, (35, 200), (0.8, 1.2), (0.06, 1.5), 0.1, "cleaned lens", True
    ),
    "focus_detail": Kind(
        (3.0, 5.0), -0.7, 0.035, (0.3, 0.7), -0.02, -0.004, (40, 250), (0.8, 1.3), (0.08, 1), 0.08, "refocused", True
    ),
    "ir_light": Kind(
        (3.0, 4.5),
        -0.36,
        0.02,
        (0.3, 0.7),
        0.0,
        -0.003,
        (70, 400),
        (0.8, 1.1),
        (0.02, 0.5),
        0.12,
        "new infrared lamp",
        True,
    ),
}
"""By the metric's name; the threshold of a relative one is a distance from its start."""


class Episode(NamedTuple):
    """One way towards failure: it begins, would reach its threshold, and is over by a repair (or the end of days)."""

    metric: str
    begins: float
    fails: float
    ends: float
    sudden: bool

    @property
    def failed(self) -> bool:
        """Whether the threshold was reached before anybody did anything."""
        return self.fails < self.ends


class Service(NamedTuple):
    """Somebody did something to the camera. What is not `noted` stands in no service log."""

    day: int
    metric: str
    words: str
    noted: bool


@dataclass(frozen=True, slots=True)
class Unit:
    """One camera over `days`: the median of each day (nan where there is none), what was done, what truly happened."""

    seed: int
    days: int
    load: F64
    ambient: F64
    senses_ambient: bool
    values: dict[str, F64]
    services: list[Service] = field(default_factory=list)
    episodes: list[Episode] = field(default_factory=list)


def unit(seed: int, days: int = DAYS, gradual_a_year: float = GRADUAL_A_YEAR) -> Unit:
    """The unit of a seed; each of its metrics begins to fail so often a year."""
    rng = np.random.default_rng([seed, 7])
    load, ambient = _load(rng, days), _ambient(rng, days)
    storage = "storage_life_used_pct" if rng.random() < 0.4 else "storage_wear_pct"
    left_out = {"storage_life_used_pct", "storage_wear_pct"} - {storage}
    made = Unit(seed, days, load.seen, ambient.seen, bool(rng.random() < 0.5), {})
    for number, metric in enumerate(KINDS):
        if metric not in left_out:
            _live(made, metric, gradual_a_year, load, ambient, np.random.default_rng([seed, 11, number]))
    return made


class Cycle(NamedTuple):
    """Load or warmth: as seen day by day, and its slow part alone, as a function of the day."""

    seen: F64
    usual: float
    swing: float
    phase: float

    def slow(self, day: F64) -> F64:
        """The season's part, beside the usual."""
        return np.asarray(self.swing * np.sin(2 * np.pi * (day / YEAR + self.phase)))


def _load(rng: Rng, days: int) -> Cycle:
    """Runnable processes: busy weekends, days that differ."""
    day = np.arange(days)
    week = np.array([0.0, -0.05, 0.0, 0.05, 0.25, 0.4, -0.3])[(day + rng.integers(7)) % 7]
    return Cycle(np.maximum(0.9 + week + persistent(rng, days, 0.12, 0.4), 0.05), 0.9, 0.0, 0.0)


def _ambient(rng: Rng, days: int) -> Cycle:
    """Degrees Celsius around the camera, indoors: a season and weather."""
    swing, phase = rng.uniform(0.5, 3.5), rng.random()
    cycle = Cycle(np.zeros(days), 21.0, float(swing), float(phase))
    weather = persistent(rng, days, 1.2, 0.7)
    return cycle._replace(seen=cycle.usual + cycle.slow(np.arange(days, dtype=float)) + weather)


def persistent(rng: Rng, count: int, deviation: float, phi: float) -> F64:
    """AR(1) noise of this deviation."""
    shocks = rng.normal(0, deviation * math.sqrt(1 - phi * phi), count)
    noise = np.empty(count)
    noise[0] = rng.normal(0, deviation)
    for index in range(1, count):
        noise[index] = phi * noise[index - 1] + shocks[index]
    return noise


class Body(NamedTuple):
    """One metric of one unit: where it starts, how far its threshold is, and what moves it without any failure.

    `aside` is what drift, lasting changes and the season add on each day, held after the last.
    """

    metric: str
    kind: Kind
    start: float
    way: float
    aside: F64

    def reached(self, course: Loss, since: float) -> float:
        """The first day on which the level without noise, at usual load and weather, has gone all the way.

        For a relative threshold that is the way from where it stood after the last repair, on the day `since`.
        """
        day = np.arange(0.0, HORIZON, 0.25)
        last = len(self.aside) - 1
        aside = self.aside[np.minimum(day.astype(int), last)]
        before = self.aside[min(int(since), last)] if self.kind.relative else 0.0
        past = np.flatnonzero((day > since) & ((course(day) + aside - before) / self.way >= 1.0))
        return float(day[past[0]]) if len(past) else float(HORIZON)


class Loss(NamedTuple):
    """What a course takes from the level: `way` times ((day - begins) / life) ** bend, until it is repaired."""

    begins: float
    ends: float
    way: float
    life: float
    bend: float

    def __call__(self, day: F64) -> F64:
        gone = np.maximum(day - self.begins, 0.0) / self.life
        return np.asarray(np.where(day < self.ends, self.way * gone**self.bend, 0.0))


def _live(made: Unit, metric: str, gradual_a_year: float, load: Cycle, ambient: Cycle, rng: Rng) -> None:
    """One metric's whole course, written into the unit."""
    kind = KINDS[metric]
    day = np.arange(made.days, dtype=float)
    start = float(rng.uniform(*kind.start))
    way = kind.threshold if kind.relative else kind.threshold - start
    level = way * kind.slow * float(rng.random()) / YEAR * day + _wandered(rng, kind, made.days)
    body = Body(metric, kind, start, way, level + kind.by_warmth * ambient.slow(day))
    for episode, loss in _episodes(made, body, gradual_a_year, rng):
        made.episodes.append(episode)
        _serve(made, episode, kind, rng)
        level = level + loss(day)
    seen = start + level + kind.by_load * (load.seen - load.usual) + kind.by_warmth * (ambient.seen - ambient.usual)
    seen = seen + persistent(rng, made.days, kind.noise, float(rng.uniform(*kind.persists)))
    made.values[metric] = _with_holes(rng, _told(kind, _with_outliers(rng, seen, kind.noise)))


def _episodes(made: Unit, body: Body, gradual_a_year: float, rng: Rng) -> Iterator[tuple[Episode, Loss]]:
    """Failures one after another; what wears, wears from the first day on and once only."""
    now = since = 0.0
    if body.kind.wears:
        share, gradual_a_year = gradual_a_year * made.days / YEAR, 0.0
        if rng.random() < share:
            episode, loss = _gradual(body, 0.0, 0.0, rng)
            yield episode, loss
            now = since = episode.ends
    a_year = gradual_a_year + SUDDEN_A_YEAR
    while (now := now + rng.exponential(YEAR / a_year)) < made.days - 1:
        episode, loss = (_gradual if rng.random() < gradual_a_year / a_year else _sudden)(body, now, since, rng)
        yield episode, loss
        now = since = episode.ends


def _gradual(body: Body, begins: float, since: float, rng: Rng) -> tuple[Episode, Loss]:
    """A slow one; one in five is prevented by somebody who looks after the camera anyway."""
    low, high = body.kind.life
    life, bend = math.exp(rng.uniform(math.log(low), math.log(high))), float(rng.uniform(*body.kind.bend))
    course = Loss(begins, math.inf, body.way, life, bend)
    fails = body.reached(course, since)
    prevented = rng.random() < PREVENTED
    share, later = float(rng.uniform(0.3, 0.95)), float(rng.uniform(1, 6))
    ends = begins + share * (fails - begins) if prevented else fails + later
    return Episode(body.metric, begins, fails, ends, False), course._replace(ends=math.ceil(ends))


def _sudden(body: Body, begins: float, since: float, rng: Rng) -> tuple[Episode, Loss]:
    """Beyond its threshold within two days of `begins`, whenever it was repaired before: nothing foretells it."""
    del since
    life, ends = float(rng.uniform(0.05, 2.0)), begins + float(rng.uniform(3, 8))
    course = Loss(begins, math.ceil(ends), body.way * 1.1, life, 0.05)
    return Episode(body.metric, begins, begins + life, ends, True), course


def _serve(made: Unit, episode: Episode, kind: Kind, rng: Rng) -> None:
    noted = bool(rng.random() < NOTED)
    if episode.ends < made.days:
        made.services.append(Service(math.ceil(episode.ends), episode.metric, kind.repair, noted))


def _wandered(rng: Rng, kind: Kind, days: int) -> F64:
    """Lasting changes that mean nothing: other goods before the lens, a router moved, an update."""
    size, often = kind.wander
    level = np.zeros(days)
    for begins in rng.uniform(0, days, rng.poisson(often * days / YEAR)):
        level[int(begins) :] += rng.normal(0, size)
    return level


def _with_outliers(rng: Rng, seen: F64, noise: float) -> F64:
    odd = rng.random(len(seen)) < OUTLIERS
    return np.asarray(seen + odd * rng.normal(0, 8 * noise, len(seen)))


def _told(kind: Kind, seen: F64) -> F64:
    return np.asarray(np.ceil(seen / kind.quantum) * kind.quantum if kind.quantum else seen)


def _with_holes(rng: Rng, seen: F64) -> F64:
    """Days without a figure, one by one and for a while."""
    seen[rng.random(len(seen)) < LOST_DAYS] = np.nan
    for begins in rng.uniform(0, len(seen), rng.poisson(OUTAGES_A_YEAR * len(seen) / YEAR)):
        seen[int(begins) : int(begins) + int(rng.integers(2, 15))] = np.nan
    return seen
