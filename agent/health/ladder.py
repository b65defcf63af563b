"""The self-healing ladder: which step to take against a trouble that lasts, and how often; pure.

Lesser steps come first, and a step is passed over once its budget is spent. Between two steps against one trouble the
time doubles, so that a step can show its effect and a hopeless trouble costs little.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

HOUR_S, DAY_S, WEEK_S = 3600.0, 86_400.0, 604_800.0
SETTLE_S = 20.0
"""Time that the first step has before the next; it doubles from step to step."""
CALM_S = 600.0
"""Without a trouble for so long, its next appearance is a new one."""


class Trouble(StrEnum):
    """What can be healed."""

    CAMERA_LOST = "camera_lost"
    CAMERA_STUCK = "camera_stuck"
    FROZEN = "frozen"
    ACCELERATOR_LOST = "accelerator_lost"
    VISION_STUCK = "vision_stuck"
    BLIND = "blind"


class Step(StrEnum):
    """What can be done about it, lesser steps first."""

    REOPEN = "reopen_camera"
    ACCELERATOR = "restart_accelerator"
    RESTART = "restart_process"
    REBOOT = "reboot"


class Rung(NamedTuple):
    """A step, once the trouble has lasted for `after_s`."""

    step: Step
    after_s: float


class Budget(NamedTuple):
    """At most so many within so many seconds."""

    most: int
    within_s: float


LADDERS: Mapping[Trouble, Sequence[Rung]] = {
    # The capture thread opens a lost camera again by itself, again and again.
    Trouble.CAMERA_LOST: (Rung(Step.RESTART, 60.0), Rung(Step.REBOOT, 120.0)),
    Trouble.CAMERA_STUCK: (Rung(Step.RESTART, 0.0), Rung(Step.REBOOT, 60.0)),
    Trouble.FROZEN: (Rung(Step.REOPEN, 0.0), Rung(Step.RESTART, 20.0), Rung(Step.REBOOT, 120.0)),
    # The walk has gone on with the CPU by itself: nothing is at stake but speed.
    Trouble.ACCELERATOR_LOST: (Rung(Step.ACCELERATOR, 5.0),),
    Trouble.VISION_STUCK: (Rung(Step.RESTART, 0.0), Rung(Step.REBOOT, 60.0)),
    # The model was opened anew already; what is left is memory in which its file was damaged.
    Trouble.BLIND: (Rung(Step.RESTART, 300.0),),
}
BUDGETS: Mapping[Step, Sequence[Budget]] = {
    Step.REOPEN: (Budget(3, HOUR_S),),
    Step.ACCELERATOR: (Budget(24, DAY_S),),
    Step.RESTART: (Budget(3, HOUR_S), Budget(10, DAY_S)),
    Step.REBOOT: (Budget(1, DAY_S), Budget(3, WEEK_S)),
}


class Purse:
    """What is left of the budgets; `spent` holds the UTC seconds of past steps, and survives restarts.

    A clock that was set back does not bring a budget back: time here never runs backwards.
    """

    def __init__(self, spent: Mapping[str, Sequence[float]] | None = None) -> None:
        known = spent or {}
        self.spent: dict[str, list[float]] = {step: sorted(known.get(step, ())) for step in Step}

    def allows(self, step: Step, utc_s: float) -> bool:
        """Whether the step may be taken now."""
        past = self.spent[step]
        now_s = max([utc_s, *past])
        return all(sum(now_s - at_s < within_s for at_s in past) < most for most, within_s in BUDGETS[step])

    def spend(self, step: Step, utc_s: float) -> None:
        """The step is taken."""
        past = self.spent[step]
        past.append(max([utc_s, *past]))
        longest_s = max(within_s for _, within_s in BUDGETS[step])
        self.spent[step] = [at_s for at_s in past if past[-1] - at_s < longest_s]


class Act(NamedTuple):
    """A step to take now. `number` counts the steps against this trouble, from 1."""

    step: Step
    trouble: Trouble
    reason: str
    number: int


@dataclass(slots=True)
class _Case:
    """One trouble, from its first appearance."""

    since_s: float
    seen_s: float
    acts: int = 0
    next_s: float = 0.0
    given_up: bool = False


class Ladder:
    """Says what to do; keeping the purse and then taking the step is the caller's. Times are monotonic, budgets UTC."""

    def __init__(self, purse: Purse) -> None:
        self.purse = purse
        self._cases: dict[Trouble, _Case] = {}

    @property
    def given_up(self) -> list[Trouble]:
        """The troubles that last and against which nothing may be done any more, for now."""
        return [trouble for trouble, case in self._cases.items() if case.given_up]

    def update(
        self, now_s: float, utc_s: float, troubles: Mapping[Trouble, str], allowed: Collection[Step] = frozenset(Step)
    ) -> list[Act]:
        """The steps to take now, against the troubles there are now (each with its reason in words)."""
        self._follow(now_s, troubles)
        acts = []
        for trouble, reason in troubles.items():
            act = self._next(trouble, self._cases[trouble], now_s, utc_s, allowed)
            acts += [Act(act, trouble, reason, self._cases[trouble].acts)] if act else []
        return acts

    def _follow(self, now_s: float, troubles: Mapping[Trouble, str]) -> None:
        self._cases = {trouble: case for trouble, case in self._cases.items() if now_s - case.seen_s < CALM_S}
        for trouble in troubles:
            case = self._cases.setdefault(trouble, _Case(now_s, now_s))
            if now_s > case.seen_s + SETTLE_S:
                case.since_s = now_s
            case.seen_s = now_s
        for trouble, case in self._cases.items():
            case.given_up = case.given_up and trouble in troubles

    def _next(
        self, trouble: Trouble, case: _Case, now_s: float, utc_s: float, allowed: Collection[Step]
    ) -> Step | None:
        """The first step that its budget allows, once its time has come."""
        if now_s < case.next_s:
            return None
        open_rungs = [rung for rung in LADDERS[trouble] if rung.step in allowed and self.purse.allows(rung.step, utc_s)]
        case.given_up = not open_rungs
        if not open_rungs or now_s - case.since_s < open_rungs[0].after_s:
            return None
        case.next_s = now_s + min(SETTLE_S * 2**case.acts, HOUR_S)
        case.acts += 1
        self.purse.spend(open_rungs[0].step, utc_s)
        return open_rungs[0].step
