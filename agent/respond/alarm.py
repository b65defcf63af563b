"""One alarm output as an explicit state machine; pure: times in, levels out.

    idle ──trigger──> active ──last incident cleared──> idle
                        │ max_on_s or the hour's budget used up
                        v
                      limited ──last incident cleared──> idle
                        └── a new incident, with budget left ──> active

A limited output stays off for the incidents it has already sounded for, so that a hard limit cannot be stretched by
the same cause.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from agent.respond.pattern import pattern_of
from agent.tables.wiring import OutputConfig

HOUR_S = 3600.0


class AlarmState(StrEnum):
    """What an output is doing."""

    IDLE = "idle"
    ACTIVE = "active"
    LIMITED = "limited"


class Ended(StrEnum):
    """Why an activation ended."""

    CLEARED = "cleared"
    LIMIT = "limit"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Activation:
    """One time an output was active, for whom and why it ended (None while it lasts)."""

    output: str
    pattern: str
    incident: str
    start_s: float
    end_s: float | None = None
    ended: Ended | None = None


class Alarm:
    """The state of one output. Every method takes the monotonic time and brings the state up to it first."""

    def __init__(self, config: OutputConfig) -> None:
        self.config = config
        self.state = AlarmState.IDLE
        self._pattern = pattern_of(config)
        self._incidents: set[str] = set()
        self._start_s = 0.0
        self._cause = ""
        self._hour: deque[tuple[float, float]] = deque()
        self._ended: list[Activation] = []

    def trigger(self, t_s: float, incident: str) -> None:
        """An open incident wants this output; asking twice for the same one changes nothing."""
        self.advance(t_s)
        if incident in self._incidents:
            return
        self._incidents.add(incident)
        if self.state != AlarmState.ACTIVE:
            self._begin(t_s, incident)

    def clear(self, t_s: float, incident: str) -> None:
        """An incident no longer wants this output."""
        self.advance(t_s)
        self._incidents.discard(incident)
        if self._incidents:
            return
        if self.state == AlarmState.ACTIVE:
            self._end(t_s, Ended.CLEARED)
        self.state = AlarmState.IDLE

    def stop(self, t_s: float) -> None:
        """The agent ends: off, whatever is open."""
        self.advance(t_s)
        self._incidents.clear()
        if self.state == AlarmState.ACTIVE:
            self._end(t_s, Ended.STOPPED)
        self.state = AlarmState.IDLE

    def advance(self, t_s: float) -> None:
        """Let time pass: an activation that has reached a limit ends at that moment."""
        if self.state == AlarmState.ACTIVE and t_s >= self._limit_s():
            self._end(self._limit_s(), Ended.LIMIT)
            self.state = AlarmState.LIMITED

    def level(self, t_s: float) -> bool:
        """Whether the line is to be on at `t_s`."""
        self.advance(t_s)
        return self.state == AlarmState.ACTIVE and self._pattern.at(t_s - self._start_s)[0]

    def next_change_s(self, t_s: float) -> float:
        """The time at which `level` may next change by itself; infinite when only a call can change it."""
        if self.state != AlarmState.ACTIVE:
            return math.inf
        return min(self._limit_s(), t_s + self._pattern.at(t_s - self._start_s)[1])

    def take_ended(self) -> list[Activation]:
        """The activations that ended since the last call."""
        ended, self._ended = self._ended, []
        return ended

    def current(self) -> Activation | None:
        """The activation that lasts."""
        if self.state != AlarmState.ACTIVE:
            return None
        return Activation(self.config.name, self.config.pattern, self._cause, self._start_s)

    def used_in_hour_s(self, t_s: float) -> float:
        """Seconds of activation within the hour before `t_s`."""
        since_s = t_s - HOUR_S
        return sum(end_s - max(start_s, since_s) for start_s, end_s in self._hour if end_s > since_s)

    def _begin(self, t_s: float, incident: str) -> None:
        while self._hour and self._hour[0][1] <= t_s - HOUR_S:
            self._hour.popleft()
        if self.used_in_hour_s(t_s) >= self.config.max_per_hour_s - 1e-9:
            self.state = AlarmState.LIMITED
            return
        self.state, self._start_s, self._cause = AlarmState.ACTIVE, t_s, incident

    def _limit_s(self) -> float:
        budget_s = self.config.max_per_hour_s - self.used_in_hour_s(self._start_s)
        return self._start_s + min(self.config.max_on_s, budget_s)

    def _end(self, t_s: float, why: Ended) -> None:
        self._hour.append((self._start_s, t_s))
        activation = Activation(self.config.name, self.config.pattern, self._cause, self._start_s, t_s, why)
        self._ended.append(activation)
