"""What is counted about customers: crossings, occupancy, dwell and waits, told only about enough people at once. Pure.

A series is told when it covers a whole period and each number that it tells counts nobody or at least `least` people;
until then it goes on. So what is rare is told over a longer time, and nothing is lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import inf

from agent.domain import Json

EDGES_S = (0.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Where the classes of times begin; the last one is open."""


class Series:
    """One thing that is counted at one place since `begun_s` (monotonic). Telling it forgets the track numbers."""

    what = ""

    def __init__(self, key: str, place: str | None, begun_s: float) -> None:
        self.key = key
        self.place = place
        self.begun_s = begun_s
        self.people = 0
        self._tracks: set[int] = set()

    @property
    def name(self) -> str:
        """What tells it from the others."""
        return f"{self.what}-{self.place or ''}"

    @property
    def is_empty(self) -> bool:
        """Whether nobody was counted."""
        return self.people == 0

    def ready(self, least: int) -> bool:
        """Whether each of its counts is 0 or large enough to be told."""
        return self.people >= least

    def figures(self, least: int) -> dict[str, Json]:
        """What is told, besides place, time and the number of people."""
        raise NotImplementedError

    def begin(self, begun_s: float) -> None:
        """Begin anew."""
        self.begun_s, self.people = begun_s, 0
        self._tracks.clear()

    def snapshot(self, now_s: float) -> dict[str, Json]:
        """Its numbers, without any track; times relative to now."""
        return {"begun_s": self.begun_s - now_s, "people": self.people}

    def restore(self, state: Mapping[str, Json], now_s: float) -> None:
        """Go on from a snapshot. Raises ValueError."""
        self.begun_s, self.people = now_s + _number(state, "begun_s"), int(_number(state, "people"))

    def _meet(self, track: int) -> None:
        if track not in self._tracks:
            self._tracks.add(track)
            self.people += 1


class Crossings(Series):
    """How many people came in and went out through a line."""

    what = "crossings"

    def __init__(self, place: str, begun_s: float) -> None:
        super().__init__("line", place, begun_s)
        self.counts = {"in": 0, "out": 0}

    def count(self, track: int, direction: str) -> None:
        """Somebody crossed."""
        self._meet(track)
        self.counts[direction] += 1

    def ready(self, least: int) -> bool:
        return super().ready(least) and all(count == 0 or count >= least for count in self.counts.values())

    def figures(self, least: int) -> dict[str, Json]:
        return {**self.counts}

    def begin(self, begun_s: float) -> None:
        super().begin(begun_s)
        self.counts = {"in": 0, "out": 0}

    def snapshot(self, now_s: float) -> dict[str, Json]:
        return super().snapshot(now_s) | self.counts

    def restore(self, state: Mapping[str, Json], now_s: float) -> None:
        super().restore(state, now_s)
        self.counts = {key: int(_number(state, key)) for key in ("in", "out")}


class Occupancy(Series):
    """How many people were there, on average and at most, while it was watched; place None is the whole picture."""

    what = "occupancy"

    def __init__(self, place: str | None, begun_s: float) -> None:
        super().__init__("zone", place, begun_s)
        self.person_s = self.watched_s = 0.0
        self.peak = 0

    def watch(self, tracks: set[int], span_s: float) -> None:
        """These were there for so long."""
        for track in tracks:
            self._meet(track)
        self.person_s += len(tracks) * span_s
        self.watched_s += span_s
        self.peak = max(self.peak, len(tracks))

    def figures(self, least: int) -> dict[str, Json]:
        mean = self.person_s / self.watched_s if self.watched_s else 0.0
        return {"mean": round(mean, 2), "peak": self.peak, "watched_s": round(self.watched_s)}

    def begin(self, begun_s: float) -> None:
        super().begin(begun_s)
        self.person_s, self.watched_s, self.peak = 0.0, 0.0, 0

    def snapshot(self, now_s: float) -> dict[str, Json]:
        state: dict[str, Json] = {"person_s": self.person_s, "watched_s": self.watched_s, "peak": self.peak}
        return super().snapshot(now_s) | state

    def restore(self, state: Mapping[str, Json], now_s: float) -> None:
        super().restore(state, now_s)
        self.person_s, self.watched_s = _number(state, "person_s"), _number(state, "watched_s")
        self.peak = int(_number(state, "peak"))


class Dwell(Series):
    """How long people stayed in a zone: how many in each class of time."""

    what = "dwell"

    def __init__(self, place: str, begun_s: float) -> None:
        super().__init__("zone", place, begun_s)
        self.counts = [0] * len(EDGES_S)
        self.total_s = 0.0

    def count(self, track: int, dwell_s: float) -> None:
        """Somebody left after so long."""
        self._meet(track)
        self.counts[sum(dwell_s >= edge for edge in EDGES_S[1:])] += 1
        self.total_s += dwell_s

    def figures(self, least: int) -> dict[str, Json]:
        visits = sum(self.counts)
        classes = list(coarsened(self.counts, least))
        return {
            "visits": visits,
            "mean_s": round(self.total_s / visits, 1),
            "from_s": [low for low, _, _ in classes],
            "to_s": [None if high == inf else high for _, high, _ in classes],
            "counts": [count for _, _, count in classes],
        }

    def begin(self, begun_s: float) -> None:
        super().begin(begun_s)
        self.counts, self.total_s = [0] * len(EDGES_S), 0.0

    def snapshot(self, now_s: float) -> dict[str, Json]:
        return super().snapshot(now_s) | {"counts": [*self.counts], "total_s": self.total_s}

    def restore(self, state: Mapping[str, Json], now_s: float) -> None:
        super().restore(state, now_s)
        counts = state.get("counts")
        if not isinstance(counts, list) or len(counts) != len(EDGES_S) or not all(isinstance(n, int) for n in counts):
            raise ValueError("not the classes of times")
        self.counts = [n for n in counts if isinstance(n, int)]
        self.total_s = _number(state, "total_s")


class Wait(Dwell):
    """How long people waited in a queue."""

    what = "queue_wait"


def coarsened(counts: list[int], least: int) -> Iterator[tuple[float, float, int]]:
    """Classes (from, to, count), neighbours joined until each counts nobody or at least `least`."""
    classes: list[tuple[float, float, int]] = []
    for (low, high), count in zip(pairwise((*EDGES_S, inf)), counts, strict=True):
        if classes and 0 < classes[-1][2] < least:
            first, _, before = classes.pop()
            classes.append((first, high, before + count))
        else:
            classes.append((low, high, count))
    while len(classes) > 1 and 0 < classes[-1][2] < least:
        _, high, last = classes.pop()
        low, _, count = classes.pop()
        classes.append((low, high, count + last))
    return iter(classes)


def _number(state: Mapping[str, Json], key: str) -> float:
    value = state.get(key)
    if not isinstance(value, int | float):
        raise ValueError(f"{key} is missing")
    return float(value)
