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

    Who has waited longest comes first; urgent people sooner, but never so that others get no turn.
    """

    def __init__(self, people: int, rate_hz: float) -> None:
        self._per_s = people * rate_hz
        self._apart_s = 1.0 / rate_hz
        self._most = max(BURST, float(people))
        self._saved = self._most
        self._t_s: float | None = None
        self._turns: dict[int, float] = {}

    def choose(self, t_s: float, wanted: Mapping[int, bool]) -> list[int]:
        """Whose turn it is at `t_s`, of those wanted (each with whether it is urgent); `t_s` does not run backwards."""
        if self._t_s is not None:
            self._saved = min(self._saved + (t_s - self._t_s) * self._per_s, self._most)
        self._t_s = t_s
        self._turns = {track: at_s for track, at_s in self._turns.items() if track in wanted}
        waits = {track: t_s - self._turns.get(track, float("-inf")) for track in wanted}
        due = [track for track, wait_s in waits.items() if wait_s >= self._apart_s - SLACK_S]
        due.sort(
            key=lambda track: (-waits[track] * (URGENT_WEIGHT if wanted[track] else 1.0), not wanted[track], track)
        )
        chosen = due[: int(self._saved + SLACK_S)]
        self._saved -= len(chosen)
        self._turns |= dict.fromkeys(chosen, t_s)
        return chosen
