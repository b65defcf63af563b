"""What happens often is told one by one while it is little, and counted where it is much. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")
MOST, PERIOD_S = 20, 60.0
"""So many of a kind are told within a period."""
MOST_KINDS = 64


class Counted(NamedTuple, Generic[T]):
    """How many of a kind were not told, and the last of them."""

    times: int
    last: T


class Tally(Generic[T]):
    """What happens within one period, by kind; those that come once there are too many kinds are one kind together."""

    def __init__(self, most: int = MOST, kinds: int = MOST_KINDS) -> None:
        self._most = most
        self._kinds = kinds
        self._times: dict[Hashable, int] = {}
        self._last: dict[Hashable, T] = {}

    def tells(self, kind: Hashable, what: T) -> bool:
        """Whether to tell this one; where not, it is counted."""
        if kind not in self._times and len(self._times) >= self._kinds:
            kind = None
        times = self._times[kind] = self._times.get(kind, 0) + 1
        if times > self._most:
            self._last[kind] = what
        return times <= self._most

    def turn(self) -> list[Counted[T]]:
        """The period is over: what was only counted in it."""
        counted = [Counted(self._times[kind] - self._most, last) for kind, last in self._last.items()]
        self._times.clear()
        self._last.clear()
        return counted
