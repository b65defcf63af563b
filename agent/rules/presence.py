"""Rules about being somewhere: `restricted`, `loitering`, `after_hours` and `assistance`."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from agent.domain import FactKind, Json, Severity, Track
from agent.rule_config import AfterHoursRule, AssistanceRule, LoiteringRule, RestrictedRule
from agent.rules.base import Hit, Subject, View
from agent.rules.continuity import reassign
from agent.rules.facts import Grants
from agent.rules.fusion import Fusion, Weighed
from agent.rules.spans import Spans
from agent.rules.zones import BRIDGE_S, HIDDEN_S, Stay

PATH_STEP_S = 0.5
APPEARED_S = 0.5
NOTE_S = 0.5
"""So often it is noted who is in a zone."""
FORGET_S = 30.0
"""So long a track may need to be known again by the clothes of who has it."""
MOST_UNSEEN_S = 0.4
"""What one observation adds at most to the time for which somebody was seen."""


class Restricted:
    """A person without an access grant stands in a restricted zone."""

    def __init__(self, config: RestrictedRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._exempt: dict[int, Stay] = {}
        self._handed_on: set[int] = set()
        self._used = Grants()

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person inside who has no leave to be."""
        for stay in view.stays_in(self._zone):
            if self._is_exempt(view, stay.track, stay):
                self._exempt[stay.track] = stay
            else:
                factors: dict[str, Json] = {"entered_s": round(stay.entered_s, 3)}
                yield Hit.about(self.config, stay.track, zone=self.config.zone, factors=factors)
        self._exempt = {t: stay for t, stay in self._exempt.items() if self._is_kept(view, t, stay)}
        self._handed_on &= self._exempt.keys()
        self._used.forget(view.t_s)

    def _is_kept(self, view: View, track: int, stay: Stay) -> bool:
        return (track, self._zone) in view.stays or view.t_s - stay.seen_s <= BRIDGE_S

    def _is_exempt(self, view: View, track: int, stay: Stay) -> bool:
        known = self._exempt.get(track)
        if known and known.entered_s == stay.entered_s:
            return True
        if view.facts.active((FactKind.STAFF,), stay.entered_s, view.t_s, self.config.inputs):
            return True
        return self._goes_on(view, track, stay) or self._use_grant(view, stay)

    def _goes_on(self, view: View, track: int, stay: Stay) -> bool:
        """Whether an exempt person has only got a new track: it began inside, where one of theirs has just ended."""
        person = view.people.get(track)
        if person is None or stay.entered_s - person.born_s > APPEARED_S:
            return False
        lost = self._exempt.keys() - self._handed_on - view.people.keys()
        self._handed_on |= set(sorted(lost)[:1])
        return bool(lost)

    def _use_grant(self, view: View, stay: Stay) -> bool:
        """Each grant lets one person in."""
        start_s = stay.entered_s - self.config.grant_s
        return self._used.use(view.facts.moments((FactKind.GRANT,), start_s, view.t_s, self.config.inputs))


class Dwelling:
    """For how long people have been in a zone, whichever tracks show them; gaps of up to `gap_s` do not count.

    Whoever gets another track meanwhile, or exchanges theirs with somebody, and is known by their clothes, stays on.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s
        self._spans: dict[int, Spans] = {}
        self._next_s = -math.inf

    def update(self, view: View, stays: Sequence[Stay]) -> None:
        """Note who is there since when; who has been away for longer than somebody may be hidden is forgotten."""
        reassign(self._spans, view.swapped, view.joined, Spans)
        if view.t_s < self._next_s:
            return
        self._next_s = view.t_s + NOTE_S
        for stay in stays:
            spans = self._spans.setdefault(view.who(stay.track), Spans())
            spans.add(max(stay.entered_s, view.since_s(stay.track)), stay.seen_s)
        if len(self._spans) > len(stays):
            oldest_s = view.t_s - FORGET_S
            self._spans = {who: spans for who, spans in self._spans.items() if spans.touch(oldest_s, math.inf)}

    def lasted_s(self, view: View, stay: Stay) -> float:
        """How long the person of this stay has been there."""
        spans = self._spans.get(view.who(stay.track))
        last = spans.latest(self._gap_s) if spans else None
        if last and stay.entered_s - last[1] <= self._gap_s:
            return stay.seen_s - last[0]
        return stay.seen_s - max(stay.entered_s, view.since_s(stay.track))


@dataclass(slots=True)
class _Path:
    """Where a person stood during one stay and how tall, in frame heights, sampled for the radius of gyration."""

    entered_s: float
    places: deque[tuple[float, float, float, float]] = field(default_factory=deque)
    stage: int = 0
    spread_h: float | None = None

    def add(self, t_s: float, track: Track, aspect: float, keep_s: float) -> None:
        """Remember a seen foot, at most every half second."""
        if track.foot_seen and (not self.places or t_s - self.places[-1][0] >= PATH_STEP_S):
            self.places.append((t_s, track.foot.x * aspect, track.foot.y, track.height))
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
        mean_h = sum(place[3] for place in self.places) / count
        return math.sqrt(sum((x - mean_x) ** 2 + (y - mean_y) ** 2 for _, x, y, _ in self.places) / count) / mean_h


class Loitering:
    """A person dwells in a zone without moving about; once begun it lasts until they leave."""

    def __init__(self, config: LoiteringRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._paths: dict[int, _Path] = {}
        self._dwelling = Dwelling(BRIDGE_S)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each person who has stayed too long."""
        stays = {stay.track: stay for stay in view.stays_in(self._zone)}
        self._paths = {track: path for track, path in self._paths.items() if track in stays}
        self._dwelling.update(view, view.stays_in(self._zone))
        for track, stay in stays.items():
            path, dwell_s = self._path(track, stay), self._dwelling.lasted_s(view, stay)
            if track in view.people:
                path.add(view.t_s, view.people[track], view.aspect, self.config.after_s)
            self._advance(path, dwell_s)
            if path.stage:
                yield self._hit(track, dwell_s, path)

    def _path(self, track: int, stay: Stay) -> _Path:
        path = self._paths.get(track)
        if path is None or path.entered_s != stay.entered_s:
            path = self._paths[track] = _Path(stay.entered_s)
        return path

    def _advance(self, path: _Path, dwell_s: float) -> None:
        reached = sum(dwell_s >= stage_s for stage_s in self.config.stages_s)
        if path.stage or (dwell_s >= self.config.after_s and path.gyration_h() <= self.config.max_gyration_h):
            path.stage = max(path.stage, reached, 1)

    def _hit(self, track: int, dwell_s: float, path: _Path) -> Hit:
        severity = Severity(min(self.config.severity + path.stage - 1, Severity.CRITICAL))
        factors = {
            "dwell_s": round(dwell_s, 1),
            "after_s": self.config.after_s,
            "gyration_h": round(path.gyration_h(), 2),
            "stage": path.stage,
        }
        subject = Subject(self.config.name, track)
        return Hit(subject, severity, path.stage, zone=self.config.zone, factors=factors)


@dataclass(slots=True)
class _Watched:
    """When a person was last seen, and for how long altogether."""

    last_s: float
    seen_s: float


class AfterHours:
    """Somebody is there when the shop is closed; over `hold_s` after the last one was seen."""

    def __init__(self, config: AfterHoursRule, zone: int | None) -> None:
        self.config = config
        self._zone = zone
        self._seen_s = -math.inf
        self._watched: dict[int, _Watched] = {}
        self._followed_s: list[float] = []
        self._fusion = Fusion(config.sensor_s, config.inputs) if config.fuse else None
        self._weighed = Weighed()

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the place, critical while a sensor agrees; its terms are those of when it was surest."""
        if self._fusion:
            self._fusion.watch(view)
        followed = self._followed(view)
        if followed and self._is_sure(view, followed):
            self._seen_s, self._followed_s = view.t_s, [self._watched[person.id].seen_s for person in followed]
        if view.t_s - self._seen_s <= self.config.hold_s:
            sensed = self._sensed(view)
            severity = Severity.CRITICAL if sensed else self.config.severity
            longest_s = round(max(self._followed_s), 1)
            factors: dict[str, Json] = {"people": len(self._followed_s), "followed_s": longest_s, "sensor": sensed}
            factors |= self._weighed.factors() if self._fusion else {}
            yield Hit(Subject(self.config.name, None), severity, int(sensed), zone=self.config.zone, factors=factors)

    def _followed(self, view: View) -> list[Track]:
        """Those there now who surely are people and have been seen for long enough; gaps do not count."""
        t_s, watched, followed = view.t_s, self._watched, []
        if len(watched) > 2 * len(view.people):
            self._watched = watched = {k: one for k, one in watched.items() if t_s - one.last_s <= BRIDGE_S}
        for person in self._there(view):
            one = watched.get(person.id)
            if one is None or t_s - one.last_s > BRIDGE_S:
                one = watched[person.id] = _Watched(t_s, min(t_s - person.born_s, MOST_UNSEEN_S))
            step_s, one.last_s = t_s - one.last_s, t_s
            one.seen_s += step_s if step_s < MOST_UNSEEN_S else MOST_UNSEEN_S
            if one.seen_s >= self.config.after_s and person.sure:
                followed.append(person)
        return followed

    def _is_sure(self, view: View, followed: Sequence[Track]) -> bool:
        """Whether all sensors together say that any of them is a person; the camera alone where they are not asked."""
        if self._fusion is None:
            return True
        weighed = max((self._fusion.weigh(view, person) for person in followed), key=lambda one: one.log_odds)
        sure = weighed.log_odds >= self.config.min_log_odds
        if sure and (weighed.log_odds > self._weighed.log_odds or view.t_s - self._seen_s > self.config.hold_s):
            self._weighed = weighed
        return sure

    def _there(self, view: View) -> Collection[Track]:
        if self._zone is None:
            return view.people.values()
        return [view.people[stay.track] for stay in view.stays_in(self._zone) if stay.track in view.people]

    def _sensed(self, view: View) -> bool:
        """A PIR that is active, or a door that opens: one left open since tells nothing."""
        start_s, end_s = self._seen_s - self.config.sensor_s, self._seen_s + self.config.sensor_s
        return view.facts.active((FactKind.PIR,), start_s, end_s, self.config.inputs) or bool(
            view.facts.moments((FactKind.DOOR,), start_s, end_s, self.config.inputs)
        )


class Assistance:
    """A customer has waited in a zone for long and no staff has been near."""

    def __init__(self, config: AssistanceRule, zone: int) -> None:
        self.config = config
        self._zone = zone
        self._waits = Dwelling(HIDDEN_S)

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for each who waits."""
        stays = view.stays_in(self._zone)
        self._waits.update(view, stays)
        waited = ((stay.track, self._waits.lasted_s(view, stay)) for stay in stays)
        waiting = [(track, wait_s) for track, wait_s in waited if wait_s >= self.config.after_s]
        start_s = view.t_s - self.config.staff_within_s
        if waiting and not view.facts.active((FactKind.STAFF,), start_s, view.t_s, self.config.inputs):
            for track, wait_s in waiting:
                factors: dict[str, Json] = {"dwell_s": round(wait_s, 1), "after_s": self.config.after_s}
                yield Hit.about(self.config, track, zone=self.config.zone, factors=factors)
