"""Shares a pose model's time among people: each at most so often, all together at most so often, nobody forgotten."""

from __future__ import annotations

from collections.abc import Mapping

URGENT_WEIGHT = 3.0
"""Somebody urgent gets a turn as if they had waited so many times as long."""
BURST = 2.0
"""So many invokes may be saved up for one frame, so that no frame waits for long."""
SLACK_S = 1e-6


class PoseBudget:
    """At most `people * rate_hz` turns a second, at most `rate_hz` of one person.

    Frames seldom come just when a turn is due: what it was late by is taken off the next wait, one turn at most, so
    that a camera of 6 frames a second gives 5 looks a second and not 3. Who has waited longest comes first; urgent
    people sooner, but never so that others get no turn.
    """

    def __init__(self, people: int, rate_hz: float) -> None:
        self._per_s = people * rate_hz
        self._apart_s = 1.0 / rate_hz
        self._most = max(BURST, float(people))
        self._saved = self._most
        self._t_s: float | None = None
        self._due_s: dict[int, float] = {}

    def choose(self, t_s: float, wanted: Mapping[int, bool]) -> list[int]:
        """Whose turn it is at `t_s`, of those wanted (each with whether it is urgent); `t_s` does not run backwards."""
        if self._t_s is not None:
            self._saved = min(self._saved + (t_s - self._t_s) * self._per_s, self._most)
        self._t_s = t_s
        self._due_s = {track: due_s for track, due_s in self._due_s.items() if track in wanted}
        late_s = {track: t_s - self._due_s.get(track, t_s) for track in wanted}
        due = [track for track in wanted if late_s[track] >= -SLACK_S]
        due.sort(key=lambda track: (-self._weight(track, late_s[track], wanted[track]), not wanted[track], track))
        chosen = due[: int(self._saved + SLACK_S)]
        self._saved -= len(chosen)
        self._due_s |= {track: t_s + self._apart_s - min(late_s[track], self._apart_s) for track in chosen}
        return chosen

    def _weight(self, track: int, late_s: float, urgent: bool) -> float:
        """How long somebody has waited, the urgent longer; whoever had no turn yet, for ever."""
        if track not in self._due_s:
            return float("inf")
        return (self._apart_s + late_s) * (URGENT_WEIGHT if urgent else 1.0)
