"""Stretches of time, kept apart and in order: when something was so."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Self

Span = tuple[float, float]


class Spans:
    """Closed stretches [start, end] in seconds, rising; those that touch are one."""

    def __init__(self) -> None:
        self._spans: list[Span] = []

    def add(self, start_s: float, end_s: float) -> None:
        """It was so from `start_s` to `end_s`. Cheap when that is near the latest."""
        later: list[Span] = []
        while self._spans and self._spans[-1][1] >= start_s:
            span = self._spans.pop()
            if span[0] > end_s:
                later.append(span)
            else:
                start_s, end_s = min(start_s, span[0]), max(end_s, span[1])
        self._spans += [(start_s, end_s), *reversed(later)]

    def join(self, later: Iterable[Span]) -> None:
        """It was so in all of these, too."""
        for start_s, end_s in later:
            self.add(start_s, end_s)

    def then(self, other: Spans, since_s: float) -> Self:
        """These up to a moment, the other ones from then on."""
        both = type(self)()
        both.join(self.within(-math.inf, since_s))
        both.join(other.within(since_s, math.inf))
        return both

    def forget(self, before_s: float) -> None:
        """Drop all before a moment; a stretch that reaches over it is cut."""
        while self._spans and self._spans[0][1] < before_s:
            del self._spans[0]
        if self._spans and self._spans[0][0] < before_s:
            self._spans[0] = before_s, self._spans[0][1]

    def within(self, start_s: float, end_s: float) -> Iterator[Span]:
        """The stretches that touch [start, end], cut to it."""
        for first, last in self._spans:
            if first <= end_s and last >= start_s:
                yield max(first, start_s), min(last, end_s)

    def touch(self, start_s: float, end_s: float) -> bool:
        """Whether it was so at any moment of [start, end]."""
        return any(True for _ in self.within(start_s, end_s))

    def cover(self, start_s: float, end_s: float) -> bool:
        """Whether it was so all through [start, end]."""
        return any(first <= start_s and last >= end_s for first, last in self._spans)

    def length_s(self, start_s: float, end_s: float) -> float:
        """For how long it was so within [start, end]."""
        return sum(last - first for first, last in self.within(start_s, end_s))

    def latest(self, gap_s: float) -> Span | None:
        """The last stretch, with those before it that gaps of at most so long lie between."""
        last: Span | None = None
        for start_s, end_s in self._spans:
            last = (last[0], end_s) if last and start_s - last[1] <= gap_s else (start_s, end_s)
        return last

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)
