"""Measuring two things in turn, so that whatever else the machine does falls on both alike."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Contest:
    """Times of ours and of the floor or peer, milliseconds, taken in turn."""

    ours_ms: Sequence[float]
    floor_ms: Sequence[float]

    @property
    def ratio(self) -> float:
        """Median of ours over median of the floor's."""
        return median(self.ours_ms) / median(self.floor_ms)

    def ratio_at(self, share: float) -> float:
        """The same for a percentile."""
        return percentile(self.ours_ms, share) / percentile(self.floor_ms, share)

    def words(self, floor: str) -> str:
        """Both medians."""
        return f"{median(self.ours_ms):.4g} ms against {median(self.floor_ms):.4g} ms for {floor}"


class Sample(NamedTuple):
    """One time, and whether the kernel gave the core to another program meanwhile."""

    ms: float
    disturbed: bool


LEAST_CALM = 10


def calm_contest(ours: Sequence[Sample], floor: Sequence[Sample]) -> tuple[Contest, str]:
    """The contest of the undisturbed samples, and in words how many do not count; all count where too few are left."""
    calm = [[sample.ms for sample in samples if not sample.disturbed] for samples in (ours, floor)]
    every = len(ours) + len(floor)
    if min(map(len, calm)) < LEAST_CALM:
        return Contest([sample.ms for sample in ours], [sample.ms for sample in floor]), f"all {every} times count"
    out = every - sum(map(len, calm))
    return Contest(*calm), f"{out} of {every} times left out, as another program had the core meanwhile"


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0..1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def preemptions() -> int:
    """How often the kernel took the core away from this thread for another program, so far."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nivcsw


def time_ms(work: Work, repeats: int = 1) -> float:
    """Milliseconds of one call, averaged over `repeats` calls on end."""
    start = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - start) * 1e3 / repeats


def in_turn(ours: Work, floor: Work, rounds: int, repeats: int = 1) -> Contest:
    """Call both `rounds` times in turn, the one that begins changing from round to round; one round is not counted."""
    time_ms(ours, repeats)
    time_ms(floor, repeats)
    pairs = []
    for number in range(rounds):
        if number % 2:
            theirs = time_ms(floor, repeats)
            pairs.append((time_ms(ours, repeats), theirs))
        else:
            mine = time_ms(ours, repeats)
            pairs.append((mine, time_ms(floor, repeats)))
    return Contest([mine for mine, _ in pairs], [theirs for _, theirs in pairs])


class Beat:
    """A steady beat of `per_s` ticks a second; late ticks are not made up for."""

    def __init__(self, per_s: float) -> None:
        self._interval_s = 1.0 / per_s
        self._next_s = time.monotonic() + self._interval_s

    def wait(self) -> float:
        """Sleep until the next tick; returns when it was due, on the monotonic clock."""
        now_s = time.monotonic()
        if self._next_s < now_s:
            self._next_s = now_s
        else:
            time.sleep(self._next_s - now_s)
        due_s, self._next_s = self._next_s, self._next_s + self._interval_s
        return due_s
