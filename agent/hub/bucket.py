"""How often something may be done: token buckets, one alone or one for each name.

Pure: times are given, in seconds of a monotonic clock.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple


class Rate(NamedTuple):
    """So many a second for long, so many at once after a rest, and never two within the gap."""

    per_s: float
    at_once: int
    gap_s: float = 0.0


@dataclass(slots=True)
class Bucket:
    """A token bucket; what costs more than is there is a debt that the next ones wait for."""

    rate: Rate
    left: float = field(init=False)
    filled_s: float = field(default=0.0, init=False)
    taken_s: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self.left = float(self.rate.at_once)

    def wait_s(self, now_s: float) -> float:
        """How long until one may be taken."""
        self.left = min(self.left + (now_s - self.filled_s) * self.rate.per_s, self.rate.at_once)
        self.filled_s = now_s
        return max((1.0 - self.left) / self.rate.per_s, self.taken_s + self.rate.gap_s - now_s, 0.0)

    def take(self, now_s: float, tokens: float = 1.0) -> None:
        """Whoever takes what is not there yet waits for `wait_s` as it was before."""
        self.left, self.taken_s = self.left - tokens, now_s


class Buckets:
    """One for each name, whichever way it comes; of more than `most` names the longest unheard one is forgotten."""

    def __init__(self, rate: Rate, most: int = 64) -> None:
        self._rate = rate
        self._most = most
        self._of: OrderedDict[str, Bucket] = OrderedDict()

    def of(self, name: str) -> Bucket:
        """That of the name."""
        bucket = self._of.setdefault(name, Bucket(self._rate))
        self._of.move_to_end(name)
        if len(self._of) > self._most:
            self._of.popitem(last=False)
        return bucket
