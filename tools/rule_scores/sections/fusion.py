"""Nights with all sensors: how many false alarms fusion saves against the camera alone, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from agent.config import Config
from agent.domain import Box, Detection, IncidentState, Track
from agent.rule_config import AfterHoursRule
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact, FactKind
from agent.rules.incidents import IncidentBook
from agent.rules.senses import NOTHING, Senses
from agent.vision.handover import Handover
from agent.vision.thermal import Warmth
from agent.vision.tracker import Tracker, TrackerSettings
from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import perturbed, random_noise
from hal.simulated.scenario.sensors import SensorNight, haunted
from hal.simulated.scenario.truth import happenings
from hal.simulated.scenario.ways import Happening
from tools.rule_scores import table
from tools.rule_scores.match import Tally, match
from tools.rule_scores.runs import Said
from tools.rule_scores.section import Run, Section
from tools.rule_scores.site import CROWD, LONG_QUEUE, config_of
from tools.rule_scores.table import Row


@dataclass(frozen=True, slots=True)
class Job:
    """One night in a shop."""

    layout: int
    seed: int
    burglar: bool


@dataclass(frozen=True, slots=True)
class Night:
    """What the camera alone and all sensors together made of one night."""

    alone: Tally
    fused: Tally


def run_night(job: Job) -> Night:
    """Let two agents watch the same night, one by its camera, the other by everything."""
    layout = shop_layout(job.layout)
    night, noise = SensorNight(layout, job.seed, burglar=job.burglar), random_noise(job.seed)
    config = config_of(layout, night.plan, ("after_hours",))
    alone, fused = _Agent(config, layout.optics.aspect), _Agent(_fusing(config), layout.optics.aspect)
    tracker, handover = Tracker(TrackerSettings(aspect=layout.optics.aspect)), Handover(layout.optics.aspect)
    facts = [Fact(FactKind(told.kind), told.source, told.t_s + noise.skew_s, told.active) for told in night.inputs]
    people = frames(night, noise.fps) if night.people else ()
    seen = list(perturbed(people, replace(noise, false_per_frame=0.0), job.seed))
    for frame in haunted(seen, night.ghosts(noise.fps)):
        found = [Detection(Box(*one.box), one.score) for one in frame.found]
        tracks = handover.update(frame.t_s, tracker.update(frame.t_s, found))
        due = 0
        while due < len(facts) and facts[due].t_s <= frame.t_s:
            due += 1
        for agent in (alone, fused):
            agent.look(frame.t_s, tracks, facts[:due], _senses(night, frame.t_s))
        del facts[:due]
    truth = _whole([one for one in happenings(night, CROWD, LONG_QUEUE) if one.kind == "after_hours"])
    return Night(match(truth, alone.said), match(truth, fused.said))


def _whole(truth: Sequence[Happening]) -> list[Happening]:
    """A burglar who is out of sight for a while is still the same one: one incident is enough."""
    if not truth:
        return []
    start_s, end_s = min(one.start_s for one in truth), max(one.end_s for one in truth)
    return [replace(truth[0], start_s=start_s, end_s=end_s, sure=any(one.sure for one in truth))]


def _fusing(config: Config) -> Config:
    rules = (replace(rule, fuse=True) if isinstance(rule, AfterHoursRule) else rule for rule in config.rules)
    return replace(config, rules=tuple(rules))


def _senses(night: SensorNight, t_s: float) -> Senses:
    warm = night.warm(t_s)
    return NOTHING if warm is None else Senses(warm=Warmth(t_s, warm[0], 3.0, warm[1]))


class _Agent:
    """The rules and their incidents."""

    def __init__(self, config: Config, aspect: float) -> None:
        self._engine = RuleEngine(config, aspect)
        self._book = IncidentBook(config.rules, "score")
        self.said: list[Said] = []

    def look(self, t_s: float, tracks: Sequence[Track], facts: Sequence[Fact], senses: Senses) -> None:
        """Take one frame's tracks and what was told since the one before."""
        for fact in facts:
            self._engine.feed(fact)
        minute = int(t_s // 60) % (7 * 24 * 60)
        for incident in self._book.update(t_s, self._engine.update(t_s, tracks, minute, senses).hits):
            if incident.state is IncidentState.OPEN:
                self.said.append(Said(incident.kind, incident.t_s, incident.zone or ""))


def judged(nights: Sequence[Night]) -> Iterator[Row]:
    """The rows for some nights."""
    alone, fused = Tally(), Tally()
    for night in nights:
        alone.add(night.alone)
        fused.add(night.fused)
    prevalence = f"{alone.happened} burglars in {len(nights)} nights"
    note = f"{alone.false} by the camera alone, {fused.false} fused"
    saved = alone.false - fused.false
    yield table.share("fusion", "false alarms saved", saved, alone.false, 0.90, prevalence, note)
    yield table.share("fusion", "detection of the camera alone", alone.found, alone.happened, prevalence=prevalence)
    yield table.share("fusion", "detection, fused", fused.found, fused.happened, prevalence=prevalence)
    lost = sum(max(night.alone.found - night.fused.found, 0) for night in nights)
    yield table.share("fusion", "detections lost", lost, alone.happened, 0.01, prevalence, most=True)
    later_s = sorted(fused.onset_s)[len(fused.onset_s) // 2] if fused.onset_s else None
    yield Row("fusion", "onset, fused", later_s, note="median, seconds after somebody came into sight")


def rows(run: Run) -> Iterator[Row]:
    """Run the nights and judge them."""
    seeds = run.seeds(run.amount(600, 30), 2000)
    yield from judged(run.map(run_night, [Job(run.layout(seed), seed, seed % 2 == 0) for seed in seeds]))


SECTION = Section(
    "fusion",
    "Fusion: 600 nights, a burglar in every other one; moths, headlights, reflections and coats that look like people,"
    " a PIR that fires falsely 5 times a night, sensors missing, dead, stuck or dying (20 to 41 % of the nights each),"
    " their clocks up to 3 s off; the same `after_hours` rule with and without `fuse`.",
    rows,
)
