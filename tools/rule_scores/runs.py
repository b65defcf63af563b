"""Runs the real tracker, rules and incident book over a simulated camera-day, and notes what they say."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.config import Config
from agent.domain import Box, Detection, Event, Incident, IncidentState
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact, FactKind
from agent.rules.incidents import IncidentBook
from agent.rules.senses import NOTHING
from agent.vision.appearance_watch import AppearanceWatcher
from agent.vision.handover import Handover
from agent.vision.tracker import Tracker, TrackerSettings
from hal.simulated.scenario.day import CameraDay, DayPlan, SensorInput
from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import Hidings, Noise, NoisyFrame, perturbed, random_noise, skewed
from hal.simulated.scenario.switches import Switches
from hal.simulated.scenario.truth import Happening, happenings
from tools.rule_scores.clothed import Clothed
from tools.rule_scores.site import CROWD, LONG_QUEUE, config_of
from tools.rule_scores.walked import fitted_mount


@dataclass(frozen=True, slots=True)
class Job:
    """One camera-day to run: the shop, what is planned, the errors, and the kinds of rules that watch.

    Without `appearance` clothes are not looked at, although a rule would use it; without `measured` nobody has told the
    camera how it hangs.
    """

    layout: int
    seed: int
    plan: DayPlan
    noise: Noise
    rules: tuple[str, ...]
    appearance: bool = True
    measured: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """One thing the rules said: an incident opened, or (for a crossing) an event."""

    kind: str
    t_s: float
    place: str
    direction: str = ""
    tracks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """A job's truth and what was said; `spent_s` is the whole time on one core, `frames` how many were looked at."""

    job: Job
    truth: tuple[Happening, ...]
    said: tuple[Said, ...]
    spent_s: float
    frames: int


def unhidden(seed: int, misses: float) -> Noise:
    """The errors of a seed with a given share of misses: people hide people, and the tracker mixes up ids by itself."""
    noise = random_noise(seed, misses=misses)
    return replace(noise, hidden_every_s=math.inf, new_id_every_s=math.inf, swaps=0.0)


def run_day(job: Job) -> Outcome:
    """Simulate the day and let the agent's own parts watch it."""
    start_s = time.process_time()
    layout = shop_layout(job.layout)
    day = CameraDay(layout, job.plan, job.seed)
    mount = fitted_mount(layout, job.noise, job.seed) if job.measured else None
    config = config_of(layout, job.plan, job.rules, mount)
    clothed = Clothed(day, config, layout.optics.aspect) if job.appearance and uses_appearance(config) else None
    watcher = Watcher(config, layout.optics.aspect, Switches(job.noise, job.seed), clothed)
    seen = frames(day, job.noise.fps)
    count = 0
    facts = sorted(map(_fact, skewed(day.inputs, job.noise)), key=lambda fact: fact.t_s)
    hidings: Hidings = {}
    for frame in perturbed(clothed.noting(seen) if clothed else seen, job.noise, job.seed, hidings):
        while facts and facts[0].t_s <= frame.t_s:
            watcher.engine.feed(facts.pop(0))
        watcher.look(frame)
        count += 1
    truth = tuple(one for one in happenings(day, CROWD, LONG_QUEUE, hidings) if one.kind in job.rules)
    return Outcome(job, truth, tuple(watcher.said), time.process_time() - start_s, count)


def uses_appearance(config: Config) -> bool:
    """Whether a rule makes a camera look at clothes."""
    return any(AppearanceWatcher.sense in rule.uses for rule in config.rules)


def _fact(told: SensorInput) -> Fact:
    return Fact(FactKind(told.kind), told.source, told.t_s, told.active)


class Watcher:
    """The agent from the detections on, as it runs on a camera; `switches` make its tracker a poor one.

    `clothed` lets it see what people wear.
    """

    def __init__(
        self, config: Config, aspect: float, switches: Switches | None = None, clothed: Clothed | None = None
    ) -> None:
        self.engine = RuleEngine(config, aspect)
        self._tracker = Tracker(TrackerSettings(aspect=aspect))
        self._handover = Handover(aspect)
        self._switches = switches
        self._clothed = clothed
        self._book = IncidentBook(config.rules, "score")
        self.said: list[Said] = []

    def look(self, frame: NoisyFrame) -> None:
        """Take one frame's detections."""
        detections = [Detection(Box(*found.box), found.score) for found in frame.found]
        tracks = self._tracker.update(frame.t_s, detections)
        if self._switches:
            names = self._switches.rename(frame.t_s, {track.id: track.box for track in tracks})
            tracks = [track._replace(id=names[track.id]) for track in tracks]
        tracks = self._handover.update(frame.t_s, tracks)
        senses = self._clothed.senses(frame.t_s, tracks) if self._clothed else NOTHING
        findings = self.engine.update(frame.t_s, tracks, int(frame.t_s // 60) % (7 * 24 * 60), senses)
        self._note_events(findings.events)
        self._note_incidents(self._book.update(frame.t_s, findings.hits))

    def _note_events(self, events: Iterable[Event]) -> None:
        for event in events:
            if event.kind == "line_crossing":
                data = event.data
                self.said.append(Said(event.kind, event.t_s, str(data["line"]), str(data["direction"])))

    def _note_incidents(self, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            if incident.state is IncidentState.OPEN and incident.kind != "line_crossing":
                place = incident.zone or incident.line or ""
                self.said.append(Said(incident.kind, incident.t_s, place, tracks=incident.tracks))
