"""Rules about being somewhere: `restricted` and `loitering`."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.domain import Severity, Track
from agent.rule_config import LoiteringRule, RestrictedRule
from agent.rules.base import Hit, Subject, View
from agent.rules.zones import Stay

PATH_STEP_S = 0.5


class Restricted:
    """A confirmed person stands in a restricted zone."""

    def __init__(self, config: RestrictedRule, zone: int) -> None:
        self.config = config
        self._zone = zone

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person inside."""
        for (track, zone), stay in view.stays.items():
            if zone == self._zone:
                factors = {"entered_s": round(stay.entered_s, 3)}
                subject = Subject(self.config.name, track)
                yield Hit(subject, self.config.severity, zone=self.config.zone, factors=factors)


@dataclass(slots=True)
class _Path:
    """Where a person stood during one stay, sampled, for the radius of gyration."""

    entered_s: float
    places: deque[tuple[float, float, float]] = field(default_factory=deque)
    stage: int = 0
    spread_h: float | None = None

    def add(self, t_s: float, track: Track, aspect: float, keep_s: float) -> None:
        """Remember a seen foot, at most every half second, in body heights."""
        if track.foot_seen and (not self.places or t_s - self.places[-1][0] >= PATH_STEP_S):
            self.places.append((t_s, track.foot.x * aspect / track.height, track.foot.y / track.height))
            self.spread_h = None
        while self.places and t_s - self.places[0][0] > keep_s:
            self.places.popleft()
            self.spread_h = None

    def gyration_h(self) -> float:
        """Root mean square distance from the mean place, body heights; 0 while no foot was seen."""
        if self.spread_h is None:
            self.spread_h = self._measured_h()
        return self.spread_h

    def _measured_h(self) -> float:
        if not self.places:
            return 0.0
        count = len(self.places)
        mean_x = sum(place[1] for place in self.places) / count
        mean_y = sum(place[2] for place in self.places) / count
        return math.sqrt(sum((x - mean_x) ** 2 + (y - mean_y) ** 2 for _, x, y in self.places) / count)


class Loitering:
    """A person dwells in a zone without moving about; once begun it lasts until they leave."""

    def __init__(self, config: LoiteringRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._paths: dict[int, _Path] = {}

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who has stayed too long."""
        stays = {track: stay for (track, zone), stay in view.stays.items() if zone == self._zone}
        self._paths = {track: path for track, path in self._paths.items() if track in stays}
        for track, stay in stays.items():
            path = self._path(track, stay)
            if track in view.people:
                path.add(view.t_s, view.people[track], view.aspect, self.config.after_s)
            self._advance(path, stay.dwell_s)
            if path.stage:
                yield self._hit(track, stay, path)

    def _path(self, track: int, stay: Stay) -> _Path:
        path = self._paths.get(track)
        if path is None or path.entered_s != stay.entered_s:
            path = self._paths[track] = _Path(stay.entered_s)
        return path

    def _advance(self, path: _Path, dwell_s: float) -> None:
        reached = sum(dwell_s >= stage_s for stage_s in self.config.stages_s)
        if path.stage or (dwell_s >= self.config.after_s and path.gyration_h() <= self.config.max_gyration_h):
            path.stage = max(path.stage, reached, 1)

    def _hit(self, track: int, stay: Stay, path: _Path) -> Hit:
        severity = Severity(min(self.config.severity + path.stage - 1, Severity.CRITICAL))
        factors = {
            "dwell_s": round(stay.dwell_s, 1),
            "after_s": self.config.after_s,
            "gyration_h": round(path.gyration_h(), 2),
            "stage": path.stage,
        }
        subject = Subject(self.config.name, track)
        return Hit(subject, severity, path.stage, zone=self.config.zone, factors=factors)
