"""Which tracks may be one person: links given from outside, and people who stood in view when the camera restarted.

A link says "possible same", never who it is. After a restart the tracker counts from one again, so the tracks from
before get negative numbers, and somebody new who is where somebody old stood a moment ago goes on as that one.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import hypot

from agent.domain import Json, Track

LATELY_S = 5.0
AWAY_S = 60.0
REUNION_S = 10.0
REACH_H = 1.0
SIZE_RATIO = 1.3
MOST = 500


class Continuity:
    """Links from tracks to the earlier ones that they may continue."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._seen: dict[int, Track] = {}
        self._links: dict[int, int] = {}
        self._former: dict[int, tuple[float, float, float]] = {}
        self._taken_s = 0.0
        self._first_s: float | None = None
        self._last_track = 0

    def link(self, track: int, earlier: int) -> None:
        """From now on `track`, and who may be `track`, may be `earlier`; the oldest of very many links is dropped."""
        first = self.who(earlier)
        if first == track:
            return
        self._links = {number: first if who == track else who for number, who in self._links.items()}
        self._links[track] = first
        if len(self._links) > MOST:
            del self._links[next(iter(self._links))]

    def who(self, track: int) -> int:
        """The earliest track that this one may continue; itself when there is none."""
        return self._links.get(track, track)

    def update(self, t_s: float, people: Mapping[int, Track]) -> None:
        """Take the confirmed people seen now."""
        if self._former:
            self._reunite(t_s, people)
        self._seen.update(people)
        self._last_track = max(self._last_track, *people, 0)
        if len(self._seen) > MOST:
            self._seen = self._lately(t_s)

    def snapshot(self, t_s: float) -> dict[str, Json]:
        """The last track's number and where everybody stands."""
        people: list[Json] = [
            [self.who(number), *_place(track, self._aspect)] for number, track in self._lately(t_s).items()
        ]
        return {"last_track": self._last_track, "people": people}

    def restore(self, state: Mapping[str, Json], taken_s: float) -> int:
        """Go on from a snapshot; returns by how much to lower the numbers of its tracks. Raises ValueError."""
        last, people = state.get("last_track"), state.get("people")
        if not isinstance(last, int):
            raise ValueError("not a snapshot")
        shift = last + 1
        self._former = {int(number) - shift: (float(x), float(y), float(h)) for number, x, y, h in rows(people, 4)}
        self._taken_s = taken_s
        return shift

    def _reunite(self, t_s: float, people: Mapping[int, Track]) -> None:
        if self._first_s is None:
            self._first_s = t_s
        if t_s - self._first_s > REUNION_S or self._first_s - self._taken_s > AWAY_S:
            self._former = {}
        for number, track in people.items():
            if number not in self._links and number not in self._seen:
                self._match(number, _place(track, self._aspect))

    def _match(self, number: int, place: tuple[float, float, float]) -> None:
        near = [former for former, there in self._former.items() if _could_be(place, there)]
        if near:
            former = min(near, key=lambda former: _apart(place, self._former[former]))
            del self._former[former]
            self.link(number, former)

    def _lately(self, t_s: float) -> dict[int, Track]:
        return {number: track for number, track in self._seen.items() if t_s - track.t_s <= LATELY_S}


def rows(raw: Json, width: int) -> list[list[float]]:
    """A table of numbers as a snapshot holds it. Raises ValueError when it is not one of that width."""
    if not isinstance(raw, list):
        raise ValueError("expected a list of rows")
    return [_numbers(row, width) for row in raw]


def _numbers(raw: Json, width: int) -> list[float]:
    numbers = [value for value in raw if isinstance(value, int | float)] if isinstance(raw, list) else []
    if not isinstance(raw, list) or not len(numbers) == len(raw) == width:
        raise ValueError(f"expected rows of {width} numbers")
    return numbers


def _place(track: Track, aspect: float) -> tuple[float, float, float]:
    return round(track.foot.x * aspect, 4), round(track.foot.y, 4), round(track.height, 4)


def _apart(a: tuple[float, float, float], b: tuple[float, float, float]) -> float:
    return hypot(a[0] - b[0], a[1] - b[1])


def _could_be(a: tuple[float, float, float], b: tuple[float, float, float]) -> bool:
    return _apart(a, b) <= REACH_H * b[2] and 1 / SIZE_RATIO < a[2] / b[2] < SIZE_RATIO
