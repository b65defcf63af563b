"""The tables of the rules that look at poses: fall, concealment, tag_tampering."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from agent import schema
from agent.domain import Severity, ZoneKind
from agent.rule_config.base import (
    HOLD,
    HOLD_HELP,
    NAMES,
    AreaRule,
    Compare,
    Mistake,
    Reference,
    RuleConfig,
    Tuned,
    Want,
)
from agent.schema import setting

POSE = ("pose",)
GOODS = (ZoneKind.SHELF, ZoneKind.HIGH_VALUE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FallRule(AreaRule):
    """A person went down and stays lying, for longer if it was slow. A crouch, sitting or bending is no fall."""

    needs = POSE
    compares = (
        Compare("lying_s", ">=", "after_s"),
        Compare("slow_lying_s", ">=", "slow_after_s"),
        Compare("tilt_deg", ">=", "min_tilt_deg"),
        Compare("hip_speed_h_s", ">=", "min_hip_speed", decides=False),
    )

    severity: Severity = setting(schema.severity, Severity.CRITICAL, help="how much its incidents matter")
    min_hip_speed: float = setting(
        schema.number(0.2, 5), 0.6, help="speed of the hips on the way down, body heights a second"
    )
    min_tilt_deg: float = setting(schema.number(30, 90), 60.0, help="angle of the torso off vertical that is lying")
    after_s: float = setting(schema.number(1, 120), 5.0, help="seconds of lying after coming down that fast")
    slow_after_s: float = setting(schema.number(1, 120), 8.0, help="seconds of lying after coming down slower")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConcealmentRule(RuleConfig):
    """A hand reaches into a shelf and then goes to the pocket, under the clothes or into a bag: an invitation to look.

    It says nothing about a person. What the hand does next counts, too: it speaks about three seconds after the moment.
    Its score shows its factors; `threshold` is what the alert budget tunes.
    """

    needs = POSE
    uses = ("changes",)
    compares = (
        Compare("score", ">=", "threshold"),
        Compare("reach_frames", ">=", "reach_frames_least"),
        Compare("body_frames", ">=", "body_frames_least"),
    )
    tuned = Tuned("threshold", 1.9)

    shelves: tuple[str, ...] = setting(
        NAMES, (), help="the zones whose fronts hands reach into; all of kind shelf and high_value when left out"
    )
    threshold: float = setting(schema.number(0.01, 0.99), 0.5, help="score from which it is an incident, 0..1")
    reach_frames_least: int = setting(
        schema.integer(1, 30), 3, help="frames (15 a second) with the hand in the shelf, or half a torso length from it"
    )
    body_frames_least: int = setting(schema.integer(1, 30), 4, help="frames (15 a second) with the hand at the body")
    within_s: float = setting(schema.number(0.5, 30), 4.0, help="seconds from the shelf to the body")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    @property
    def place(self) -> str:
        return self.shelves[0] if len(self.shelves) == 1 else "shelves"

    def references(self) -> Iterator[Reference]:
        yield from RuleConfig.references(self)
        yield from (Reference("shelves", "zone", word, GOODS) for word in self.shelves)

    def wants(self) -> Iterator[Want]:
        yield Want("shelves", "zone", "kind", GOODS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagTamperingRule(AreaRule):
    """Both hands work on something held before the body for long. For review only: it switches nothing on."""

    needs = POSE
    compares = (Compare("working_s", ">=", "after_s"),)

    severity: Severity = setting(schema.severity, Severity.INFO, help="how much its incidents matter: only info")
    after_s: float = setting(schema.number(2, 120), 8.0, help="seconds of working with both hands")
    hold_s: float = setting(HOLD, 10.0, help=HOLD_HELP)

    def mistakes(self) -> Iterator[Mistake]:
        if self.severity != Severity.INFO:
            yield Mistake("severity", "is for review only, so it stays info", "leave it out")
        if self.actions:
            yield Mistake("actions", "is for review only and switches nothing on", "leave them out")
