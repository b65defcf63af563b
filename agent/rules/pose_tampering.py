"""The rule `tag_tampering`: both hands work on something held before the body for long. For people to look at only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.domain import Json
from agent.rule_config import TagTamperingRule
from agent.rules.base import Held, Hit, View
from agent.rules.pose_hands import TorsoScale, hands_of
from agent.rules.poses import body_of

TOGETHER = 0.5
BREAK_S = 1.5
"""Hands apart, or no pose, for longer than this end it."""


@dataclass(slots=True)
class _Work:
    """Since when and until when somebody's hands have been together."""

    scale: TorsoScale = field(default_factory=TorsoScale)
    from_s: float | None = None
    until_s: float = 0.0


class TagTampering:
    """Watches both hands of everybody who is looked at."""

    def __init__(self, config: TagTamperingRule, zone: int | None) -> None:
        self.config = config
        self._zone = zone
        self._work: dict[int, _Work] = {}
        self._found: Held[float] = Held(config.hold_s)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each who works on something with both hands."""
        self._found.forget(view.t_s)
        for number, pose in (view.senses.pose or {}).items():
            body = body_of(pose, view.aspect)
            torso = body.torso
            if torso is None or torso.length == 0.0 or not self._inside(view, number):
                continue
            work = self._work.setdefault(number, _Work(until_s=view.t_s))
            hands = hands_of(body, torso, work.scale.update(view.t_s, torso))
            if hands.together >= TOGETHER:
                work.from_s = view.t_s if work.from_s is None else work.from_s
                work.until_s = view.t_s
                if view.t_s - work.from_s >= self.config.after_s:
                    self._found.note(number, view.t_s, view.t_s - work.from_s)
        self._end(view.t_s)
        for number, working_s in self._found:
            factors: dict[str, Json] = {"working_s": round(working_s, 1)}
            yield Hit.about(self.config, number, zone=self.config.zone, factors=factors)

    def _inside(self, view: View, number: int) -> bool:
        return self._zone is None or (number, self._zone) in view.stays

    def _end(self, t_s: float) -> None:
        for work in self._work.values():
            if t_s - work.until_s > BREAK_S:
                work.from_s = None
        self._work = {number: work for number, work in self._work.items() if t_s - work.until_s <= self.config.hold_s}
