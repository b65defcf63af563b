"""Runs every configured rule over the tracks of a frame; plain values and a time in, events and hits out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agent.config import Config
from agent.domain import Event, Json, Severity, Track
from agent.rule_config import RuleConfig
from agent.rules.base import Concealing, Counting, Hit, Lasting, View
from agent.rules.continuity import Continuity
from agent.rules.facts import Fact, FactBook, FactKind, TillEvent, Told
from agent.rules.footing import Footing
from agent.rules.ground import Ground
from agent.rules.learning import LearningNote
from agent.rules.lines import Crossing, LineWatch
from agent.rules.registry import WALKING, make_rules
from agent.rules.schedule import is_on
from agent.rules.senses import NOTHING, Senses
from agent.rules.trails import TrailWatch
from agent.rules.zones import Stay, ZoneWatch


@dataclass(frozen=True, slots=True)
class Findings:
    """What one frame gave: facts to journal, the conditions that hold now, and the stays that last and that ended."""

    events: tuple[Event, ...]
    hits: tuple[Hit, ...]
    stays: Mapping[tuple[int, int], Stay] = field(default_factory=dict)
    ended: tuple[Stay, ...] = ()


class RuleEngine:
    """Watches the zones and lines of a configuration and runs its rules.

    Used from one thread: `feed` what the sensors told, then `update` with the frame. `snapshot` and `restore` carry
    what the rules remember over a restart. `senses` names what this camera has besides tracks; a rule that
    needs another is not run but told of as unavailable.
    """

    def __init__(self, config: Config, aspect: float, senses: Collection[str] = ()) -> None:
        self._config = config
        self._aspect = aspect
        self._zones = ZoneWatch(config.zones, aspect)
        self._lines = LineWatch(config.lines, aspect)
        self._ground = Ground(config.mount, aspect)
        self._footing = Footing(self._ground, aspect)
        self._trails = TrailWatch(aspect, self._ground) if any(rule.kind in WALKING for rule in config.rules) else None
        self.unavailable = {rule.name: lacks for rule in config.rules if (lacks := _lacking(rule, senses))}
        self._rules = [rule for rule in make_rules(config, aspect) if rule.config.name not in self.unavailable]
        self._concealing = [rule for rule in self._rules if isinstance(rule, Concealing)]
        self._counting = [rule for rule in self._rules if isinstance(rule, Counting)]
        self._needy = [rule.config for rule in self._rules if rule.config.needs]
        self._schedules = {schedule.name: schedule for schedule in config.schedules}
        self._minute_of_week: int | None = None
        self._on: dict[str, bool] = {}
        self._continuity = Continuity(aspect)
        self._told_gaps: dict[int, float] = {}
        self._facts = FactBook()
        self._news: list[Fact] = []
        self._tills: list[TillEvent] = []
        self._started = False
        self._learning = LearningNote()

    def feed(self, told: Told) -> None:
        """Take what a sensor or till told, be it late and out of order; the rules see it with the next frame."""
        if isinstance(told, TillEvent):
            self._tills.append(told)
            return
        self._facts.add(told)
        self._news.append(told)

    @property
    def concealing(self) -> frozenset[int]:
        """The tracks that may be concealing something, as of the last frame."""
        return frozenset(track for rule in self._concealing for track in rule.candidates)

    @property
    def taller(self) -> float | None:
        """How many times as tall as the measured mount says people look; None while that is not known."""
        return self._ground.taller

    def link(self, track: int, earlier: int) -> None:
        """Say that `track` is possibly the same person as `earlier`, as an appearance memory finds."""
        self._continuity.link(track, earlier)

    def snapshot(self, t_s: float) -> dict[str, Json]:
        """What the rules remember at `t_s`, and where everybody stands: plain values that JSON can hold."""
        rules = {rule.config.name: rule.snapshot(t_s) for rule in self._rules if isinstance(rule, Lasting)}
        return {**self._continuity.snapshot(t_s), "rules": rules}

    def counted(self) -> list[Json]:
        """What the rules have counted that must outlive a power cut at once; to be compared with what it was."""
        return [rule.counted() for rule in self._counting]

    def restore(self, state: Mapping[str, Json], taken_s: float) -> None:
        """Go on from a snapshot, before the first `update`; rules that it does not know begin anew.

        `taken_s` is the snapshot's moment on the present frames' clock: now less the time that has passed since (it may
        be negative). Raises ValueError for a state that is no snapshot.
        """
        shift = self._continuity.restore(state, taken_s)
        kept = state.get("rules")
        if not isinstance(kept, Mapping):
            raise ValueError("not a snapshot of rules")
        for rule in self._rules:
            if isinstance(rule, Lasting) and rule.config.name in kept:
                rule.restore(kept[rule.config.name], taken_s, shift)

    def update(
        self, t_s: float, tracks: Sequence[Track], minute_of_week: int | None = None, senses: Senses = NOTHING
    ) -> Findings:
        """Take the tracks of one inferred frame. `minute_of_week` is local time, None where there is none."""
        crossings = self._lines.update(t_s, tracks)
        tracks = self._footing.update(t_s, tracks)
        ended = self._zones.update(t_s, tracks)
        people = {track.id: track for track in tracks if track.confirmed and track.seen}
        self._reconsider(senses)
        self._continuity.update(t_s, people)
        view = View(
            t_s,
            people,
            self._zones.stays,
            crossings,
            minute_of_week,
            self._aspect,
            ended,
            self._facts,
            self._trails.update(t_s, tracks, self._footing.guessed) if self._trails else {},
            self._ground,
            self._continuity,
            senses,
            self._tills,
            self.concealing,
            self._lines.appeared,
        )
        self._tills = []
        events = self._noted(view)
        hits: list[Hit] = []
        for rule in self._rules:
            found = list(rule.update(view))
            if found and self._applies(rule.config, minute_of_week):
                hits += found
        self._continuity.forget_news()
        return Findings(tuple(events), tuple(hits), view.stays, tuple(ended))

    def _reconsider(self, senses: Senses) -> None:
        """Take up what clothes tell of who is who."""
        for one, other, since_s in senses.exchanged:
            self._continuity.exchange(one, other, since_s)
        for track, earlier in (senses.appearance or {}).items():
            self.link(track, earlier)

    def _noted(self, view: View) -> list[Event]:
        """The facts to journal; most frames have none, and a call costs much on a processor that has just slept."""
        events: list[Event] = []
        if not self._started:
            events += self._beginning(view.t_s)
        if view.senses.changes is not None:
            events += self._learning.update(view.t_s, view.senses.changes)
        if self._needy:
            events += self._lost(view.t_s, view.senses)
        if self._news:
            events += self._told()
        events += self._gaps(view.people)
        events += [self._crossed(crossing, view.minute_of_week) for crossing in view.crossings]
        if view.ended:
            events += self._dwells(view.t_s, view.ended)
        return events

    def _applies(self, rule: RuleConfig, minute_of_week: int | None) -> bool:
        if rule.schedule is None or minute_of_week is None:
            return True
        if minute_of_week != self._minute_of_week:
            self._minute_of_week = minute_of_week
            self._on = {name: is_on(schedule, minute_of_week) for name, schedule in self._schedules.items()}
        return self._on[rule.schedule] != rule.outside

    def _beginning(self, t_s: float) -> list[Event]:
        """With the first frame: which rules are unavailable, and for want of what."""
        self._started = True
        return [_unavailable(t_s, name, lacks) for name, lacks in self.unavailable.items()]

    def _lost(self, t_s: float, senses: Senses) -> list[Event]:
        """The rules whose sense was there at the start and has failed since; each is told of once."""
        found = []
        for rule in self._needy:
            lacks = tuple(sense for sense in rule.needs if getattr(senses, sense) is None)
            if lacks and rule.name not in self.unavailable:
                self.unavailable[rule.name] = lacks
                found.append(_unavailable(t_s, rule.name, lacks))
        return found

    def _told(self) -> list[Event]:
        """The facts that came since the last frame; a PIR is left out, the camera sees the same."""
        news, self._news = self._news, []
        return [
            Event("input", fact.t_s, data={"input": fact.source, "what": str(fact.kind), "active": fact.active})
            for fact in news
            if fact.kind != FactKind.PIR
        ]

    def _gaps(self, people: Mapping[int, Track]) -> list[Event]:
        """Who was lost and is followed again, once for each gap."""
        told = self._told_gaps
        gone = {number: track.gap_s for number, track in people.items() if track.gap_s}
        news = {number: gap_s for number, gap_s in gone.items() if told.get(number) != gap_s}
        if news:
            self._told_gaps = {number: gap_s for number, gap_s in told.items() if number in people} | news
        return [
            Event("continuity", people[number].t_s, data={"track": number, "gap_s": round(gap_s, 2)})
            for number, gap_s in news.items()
        ]

    def _crossed(self, crossing: Crossing, minute_of_week: int | None) -> Event:
        """A crossing is as severe as the severest rule about it that applies now."""
        line = self._config.lines[crossing.line].name
        about = (rule for rule in self._config.rules if _counts(rule, line, crossing.direction))
        severities = (rule.severity for rule in about if self._applies(rule, minute_of_week))
        severity = max(severities, default=Severity.INFO)
        data: dict[str, Json] = {"track": crossing.track, "line": line, "direction": crossing.direction}
        return Event("line_crossing", crossing.t_s, severity, data)

    def _dwells(self, t_s: float, ended: Sequence[Stay]) -> list[Event]:
        return [
            Event("dwell", t_s, data={"track": stay.track, "zone": zone.name, "dwell_s": round(stay.untold_s, 2)})
            for stay in ended
            if (zone := self._config.zones[stay.zone]).report_dwell
        ]


def _unavailable(t_s: float, rule: str, lacks: Sequence[str]) -> Event:
    return Event("rule_unavailable", t_s, Severity.WARNING, {"rule": rule, "needs": [*lacks]})


def _lacking(rule: RuleConfig, senses: Collection[str]) -> tuple[str, ...]:
    return tuple(sense for sense in rule.needs if sense not in senses)


def _counts(rule: RuleConfig, line: str, direction: str) -> bool:
    return rule.kind == "line_crossing" and rule.place == line and getattr(rule, "direction", "") in ("any", direction)
