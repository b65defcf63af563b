"""One alarm output as an explicit state machine; pure: times in, levels out.

    idle ──trigger──> active ──last incident cleared──> idle
     │                  ├── max_on_s or the hour's budget used up ──> limited
     │                  ├── silenced by a person ──> silenced
     │                  └── barred (disarmed, another siren sounds) ──> idle, and on again when it is lifted
     └──test──> test ──its time is over, or a real incident──> idle or active

    limited, silenced ──last incident cleared──> idle
                      └── a new incident, with budget left ──> active

A limited or silenced output stays off for the incidents that it has already sounded for, so that neither a hard limit
nor a person's word can be stretched by the same cause. A fault covers every state: the line
does not do as it is told.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection
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
    SILENCED = "silenced"
    TEST = "test"
    FAULTED = "faulted"


SOUNDING = (AlarmState.ACTIVE, AlarmState.TEST)


class Ended(StrEnum):
    """Why an activation ended."""

    CLEARED = "cleared"
    LIMIT = "limit"
    SILENCED = "silenced"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Activation:
    """One time an output was active, for whom and why it ended (None while it lasts).

    `test` marks one that a person asked for; `reason` is what was said when it was silenced or barred.
    """

    output: str
    pattern: str
    incident: str
    start_s: float
    end_s: float | None = None
    ended: Ended | None = None
    test: bool = False
    reason: str = ""


class Alarm:
    """The state of one output. Every method takes the monotonic time and brings the state up to it first."""

    def __init__(self, config: OutputConfig) -> None:
        self.config = config
        self.fault = ""
        self._state = AlarmState.IDLE
        self._pattern = pattern_of(config)
        self._incidents: dict[str, None] = {}
        self._spent: set[str] = set()
        self._barred = ""
        self._start_s = 0.0
        self._test_end_s = math.inf
        self._cause = ""
        self._hour: deque[tuple[float, float]] = deque()
        self._changes: list[Activation] = []

    @property
    def state(self) -> AlarmState:
        """What it is doing; a fault covers it."""
        return AlarmState.FAULTED if self.fault else self._state

    @property
    def sounding(self) -> bool:
        """Whether an activation lasts."""
        return self._state in SOUNDING

    @property
    def barred(self) -> str:
        """Why no activation may begin; empty when one may."""
        return self._barred

    def trigger(self, t_s: float, incident: str) -> None:
        """An open incident wants this output; asking twice for the same one changes nothing."""
        self.advance(t_s)
        self._incidents.setdefault(incident)
        self._settle(t_s)

    def clear(self, t_s: float, incident: str) -> None:
        """An incident no longer wants this output."""
        self.advance(t_s)
        self._incidents.pop(incident, None)
        self._spent.discard(incident)
        if self._state == AlarmState.ACTIVE and self._waiting() is None:
            self._end(t_s, Ended.CLEARED)
            self._state = AlarmState.LIMITED
        if not self._incidents and self._state != AlarmState.TEST:
            self._state = AlarmState.IDLE

    def silence(self, t_s: float, reason: str) -> None:
        """A person ends what sounds, for all incidents that are open now."""
        self.advance(t_s)
        if self.sounding:
            self._end(t_s, Ended.SILENCED, reason)
        self._spent |= self._incidents.keys()
        self._state = AlarmState.SILENCED if self._incidents else AlarmState.IDLE

    def test(self, t_s: float, for_s: float) -> bool:
        """A person tries it for some seconds, within its limits; false when it is busy, barred or used up."""
        self.advance(t_s)
        if self._state != AlarmState.IDLE or self._barred or not self._left_s(t_s):
            return False
        self._begin(t_s, AlarmState.TEST, "")
        self._test_end_s = t_s + for_s
        return True

    def bar(self, t_s: float, why: str) -> None:
        """Let no activation go on or begin, for this reason; an empty one lifts the bar."""
        self.advance(t_s)
        self._barred = why
        if why and self.sounding:
            self._end(t_s, Ended.SILENCED, why)
            self._state = AlarmState.IDLE
        self._settle(t_s)

    def forgo(self, incidents: Collection[str]) -> None:
        """These incidents have been sounded for elsewhere: they do not begin an activation here."""
        self._spent |= set(incidents)

    def stop(self, t_s: float) -> None:
        """The agent ends: off, whatever is open."""
        self.advance(t_s)
        self._incidents.clear()
        if self.sounding:
            self._end(t_s, Ended.STOPPED)
        self._state = AlarmState.IDLE

    def advance(self, t_s: float) -> None:
        """Let time pass: an activation that has reached a limit ends at that moment."""
        if not self.sounding:
            return
        if t_s >= self._test_end_s and self._test_end_s < self._limit_s():
            self._end(self._test_end_s, Ended.CLEARED)
            self._state = AlarmState.IDLE
        elif t_s >= self._limit_s():
            self._spent |= self._incidents.keys()
            self._end(self._limit_s(), Ended.LIMIT)
            self._state = AlarmState.LIMITED if self._incidents else AlarmState.IDLE

    def level(self, t_s: float) -> bool:
        """Whether the line is to be on at `t_s`."""
        self.advance(t_s)
        return self.sounding and self._pattern.at(t_s - self._start_s)[0]

    def next_change_s(self, t_s: float) -> float:
        """The time at which `level` may next change by itself; infinite when only a call can change it."""
        if not self.sounding:
            return math.inf
        return min(self._limit_s(), self._test_end_s, t_s + self._pattern.at(t_s - self._start_s)[1])

    def take_changes(self) -> list[Activation]:
        """The activations that began or ended since the last call, in order."""
        changes, self._changes = self._changes, []
        return changes

    def current(self) -> Activation | None:
        """The activation that lasts."""
        return self._activation() if self.sounding else None

    def used_in_hour_s(self, t_s: float) -> float:
        """Seconds of activation within the hour before `t_s`."""
        since_s = t_s - HOUR_S
        return sum(end_s - max(start_s, since_s) for start_s, end_s in self._hour if end_s > since_s)

    def spent(self) -> set[str]:
        """The open incidents that it has sounded for to the end, or may not sound for."""
        return set(self._spent)

    def _waiting(self) -> str | None:
        """The first open incident that has not been sounded for."""
        return next((incident for incident in self._incidents if incident not in self._spent), None)

    def _settle(self, t_s: float) -> None:
        """Begin for an incident that has not been sounded for, if that may be."""
        waiting = self._waiting()
        if waiting is None or self._barred or self._state == AlarmState.ACTIVE:
            return
        if self._state == AlarmState.TEST:
            self._end(t_s, Ended.STOPPED)
        if self._left_s(t_s):
            self._begin(t_s, AlarmState.ACTIVE, waiting)
        else:
            self._spent |= self._incidents.keys()
            self._state = AlarmState.LIMITED

    def _begin(self, t_s: float, state: AlarmState, cause: str) -> None:
        while self._hour and self._hour[0][1] <= t_s - HOUR_S:
            self._hour.popleft()
        self._state, self._start_s, self._cause = state, t_s, cause
        self._changes.append(self._activation())

    def _left_s(self, t_s: float) -> float:
        """Seconds of the hour's budget that are left; 0 when it is used up."""
        left_s = self.config.max_per_hour_s - self.used_in_hour_s(t_s)
        return left_s if left_s > 1e-9 else 0.0

    def _limit_s(self) -> float:
        return self._start_s + min(self.config.max_on_s, self._left_s(self._start_s))

    def _end(self, t_s: float, why: Ended, reason: str = "") -> None:
        self._hour.append((self._start_s, t_s))
        self._changes.append(self._activation(t_s, why, reason))
        self._test_end_s = math.inf

    def _activation(self, end_s: float | None = None, why: Ended | None = None, reason: str = "") -> Activation:
        test = self._state == AlarmState.TEST
        name, pattern = self.config.name, self.config.pattern
        return Activation(name, pattern, self._cause, self._start_s, end_s, why, test, reason)
