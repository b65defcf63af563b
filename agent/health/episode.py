"""From findings probe by probe to states that last: holds, votes between causes, and what clears them; pure."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping

from agent.domain import HealthSample, HealthState
from agent.health.judge import Finding

CLEAR_S = 5.0
"""Seconds without a finding that end it."""
MAYBE_OLDER_S = 1.1
"""What is found first may have begun right after the look before: looks come every second, give or take a frame."""
VOTES = 9
"""The newest findings that decide on the cause."""


class Episode:
    """One trouble of the picture, from its first finding until it has cleared; `holds_s` by cause.

    The cause is what most of the newest findings say. It may change as evidence arrives: the old one is then over and
    the new one has lasted as long. Holds count from the last look at which all was well. A lesser finding (`partly`)
    warns, after three times the hold.
    """

    def __init__(self, holds_s: Mapping[str, float]) -> None:
        self._holds_s = holds_s
        self._votes: deque[Finding] = deque(maxlen=VOTES)
        self._since_s: float | None = None
        self._last_s = 0.0
        self._told: tuple[str, HealthState] | None = None

    @property
    def cause(self) -> str | None:
        """What was told to be wrong, while it lasts."""
        return self._told[0] if self._told else None

    def update(self, t_s: float, finding: Finding | None) -> list[HealthSample]:
        """Take what one probe gave; what has changed."""
        if finding is None:
            return self._quiet(t_s)
        if self._since_s is None:
            self._since_s = t_s
        self._last_s = t_s
        self._votes.append(finding)
        return self._weigh(t_s, self._since_s)

    def end(self, t_s: float) -> list[HealthSample]:
        """It is over, whatever the probes show: what was told is taken back."""
        told, self._told = self._told, None
        return [HealthSample(told[0], HealthState.OK, t_s, t_s, 1.0)] if told else []

    def _quiet(self, t_s: float) -> list[HealthSample]:
        if self._since_s is None or t_s - self._last_s < CLEAR_S:
            return []
        self._since_s = None
        self._votes.clear()
        return self.end(t_s)

    def _weigh(self, t_s: float, since_s: float) -> list[HealthSample]:
        what, count = Counter(vote.what for vote in self._votes).most_common(1)[0]
        agreed = [vote for vote in self._votes if vote.what == what]
        partly = sum(vote.partly for vote in agreed) * 2 > count
        if t_s - since_s + MAYBE_OLDER_S < self._holds_s[what] * (3 if partly else 1):
            return []
        now = (what, HealthState.WARNING if partly else HealthState.FAULT)
        if now == self._told:
            return []
        over = self.end(t_s) if self._told and self._told[0] != what else []
        self._told = now
        confidence = sum(vote.confidence for vote in agreed) / len(self._votes)
        return [*over, HealthSample(what, now[1], t_s, since_s, round(confidence, 2), agreed[-1].detail)]
