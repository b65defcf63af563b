"""Which tracks may be one person: links given from outside, and people who stood in view when the camera restarted.

A link says "possible same", never who it is. After a restart the tracker counts from one again, so the tracks from
before get negative numbers, and somebody new who is where somebody old stood a moment ago goes on as that one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import hypot, inf
from typing import NamedTuple, Protocol, Self, TypeVar

from agent.domain import Json, Track

LATELY_S = 5.0
AWAY_S = 60.0
REUNION_S = 10.0
REACH_H = 1.0
SIZE_RATIO = 1.3
MOST = 500


class Swap(NamedTuple):
    """Two people whom the other's track was said to show from `since_s` on."""

    one: int
    other: int
    since_s: float


class Record(Protocol):
    """What is known of one person, by times."""

    def join(self, later: Self, /) -> None:
        """Take in what is known of somebody who is now said to be the same."""

    def then(self, other: Self, since_s: float, /) -> Self:
        """This record up to a moment, the other one from then on."""


R = TypeVar("R", bound=Record)


def reassign(records: dict[int, R], swapped: Sequence[Swap], joined: Mapping[int, int], blank: Callable[[], R]) -> None:
    """Who exchanged tracks has the other's record since then; those who are one have theirs together."""
    for one, other, since_s in swapped:
        a, b = records.pop(one, None), records.pop(other, None)
        if a is not None or b is not None:
            a, b = a or blank(), b or blank()
            records |= {one: a.then(b, since_s), other: b.then(a, since_s)}
    for person, earlier in joined.items():
        if (record := records.pop(person, None)) is not None:
            records.setdefault(earlier, blank()).join(record)


class Continuity:
    """Links from tracks to the earlier ones that they may continue.

    A person goes by their first track's number. What was found lately, until `forget_news`: `swapped` people, and those
    who `joined` an earlier one, in this order.
    """

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._seen: dict[int, Track] = {}
        self._links: dict[int, int] = {}
        self._since: dict[int, float] = {}
        self.swapped: list[Swap] = []
        self.joined: dict[int, int] = {}
        self._former: dict[int, tuple[float, float, float]] = {}
        self._taken_s = 0.0
        self._first_s: float | None = None
        self._last_track = 0

    def link(self, track: int, earlier: int) -> None:
        """From now on `track`, and who may be `track`, may be `earlier`; the oldest of very many links is dropped."""
        person, first = self.who(track), self.who(earlier)
        if first == person:
            return
        self._links.setdefault(person, person)
        self._links = {number: first if who == person else who for number, who in self._links.items()}
        self.joined[person] = first
        self._keep_few()

    def exchange(self, one: int, other: int, since_s: float) -> None:
        """From `since_s` on each of the two tracks is possibly whom the other was until then."""
        a, b = self.who(one), self.who(other)
        self._links |= {one: b, other: a}
        self._since |= {one: since_s, other: since_s}
        self.swapped.append(Swap(a, b, since_s))
        self._keep_few()

    def forget_news(self) -> None:
        """What was found up to now has been taken into account."""
        self.swapped, self.joined = [], {}

    def since_s(self, track: int) -> float:
        """Since when the track shows whom it shows now, as far as it was exchanged."""
        return self._since.get(track, -inf)

    def who(self, track: int) -> int:
        """The earliest track that this one may continue; itself when there is none."""
        return self._links.get(track, track)

    def _keep_few(self) -> None:
        """Drop the oldest of very many."""
        table: dict[int, int] | dict[int, float]
        for table in (self._links, self._since):
            while len(table) > MOST:
                del table[next(iter(table))]

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
