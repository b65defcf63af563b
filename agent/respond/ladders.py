"""Which outputs an incident wants now: those that its rule names, and the rungs of ladders that it has reached."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agent.domain import Incident
from agent.tables.wiring import LadderConfig


@dataclass(frozen=True, slots=True)
class Want:
    """An open incident as the outputs see it; `since_s` is when it was first told, monotonic."""

    incident: Incident
    since_s: float


class Ladders:
    """The configured ladders by name."""

    def __init__(self, configs: Iterable[LadderConfig]) -> None:
        self._ladders = {config.name: config for config in configs}

    def outputs(self, want: Want, now_s: float) -> Iterator[str]:
        """The outputs wanted at `now_s`, lowest rung first."""
        for action in want.incident.actions:
            ladder = self._ladders.get(action)
            if ladder is None:
                yield action
            else:
                for rung in ladder.rungs[: self._reached(ladder, want, now_s) + 1]:
                    yield from rung

    def next_change_s(self, wants: Iterable[Want], now_s: float) -> float:
        """When the next incident climbs by itself; infinite when none does."""
        climbing = (
            want.since_s + (math.floor((now_s - want.since_s) / ladder.step_s) + 1) * ladder.step_s
            for want in wants
            for action in want.incident.actions
            if (ladder := self._ladders.get(action)) and ladder.step_s
            if self._reached(ladder, want, now_s) < len(ladder.rungs) - 1
        )
        return min(climbing, default=math.inf)

    def _reached(self, ladder: LadderConfig, want: Want, now_s: float) -> int:
        climbed = math.floor((now_s - want.since_s) / ladder.step_s) if ladder.step_s else 0
        return min(int(want.incident.severity) + climbed, len(ladder.rungs) - 1)
