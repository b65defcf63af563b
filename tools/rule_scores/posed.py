"""Runs the real tracker, pose sense, rules and incident book over a simulated day of poses, and notes what they say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, replace

import numpy as np

from agent.config import Config, parse_config
from agent.domain import Box, Detection, IncidentState, Json, Keypoint, Pose, iou
from agent.poses import pose_need
from agent.rules.engine import RuleEngine
from agent.rules.incidents import IncidentBook
from agent.rules.senses import NOTHING
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_watch import PoseWatcher
from agent.vision.tracker import Tracker, TrackerSettings
from hal.ports import Frame, Yuv420
from hal.simulated.scenario import frames as seen
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import Hidings, is_hidden, perturbed, random_noise
from hal.simulated.scenario.pose_day import Keypoints, Performed, PoseDay, PosePlan, shelf_polygons
from hal.simulated.scenario.pose_noise import PoseNoise, random_pose_noise
from hal.simulated.shop import Layout

SAME_IOU = 0.2
DARK = Yuv420(*(np.zeros((2, 2), np.uint8),) * 3)
"""No picture is looked at: the poses are known."""


@dataclass(frozen=True, slots=True)
class PoseJob:
    """One day to run: the shop, who comes, the errors and the tables of the rules that watch."""

    layout: int
    seed: int
    plan: PosePlan
    noise: PoseNoise
    rules: str


@dataclass(frozen=True, slots=True)
class Told:
    """One incident: when it opened, about whom of the truth (0: nobody), its highest score where it has one."""

    kind: str
    t_s: float
    person: int
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class PoseOutcome:
    """A day's truth and what was said: incidents that opened, and every moment at which a rule with a score held.

    `poses` is how many were looked at.
    """

    job: PoseJob
    truth: tuple[Performed, ...]
    said: tuple[Told, ...]
    moments: tuple[Told, ...]
    poses: int


def job(layout: int, seed: int, plan: PosePlan, rules: str) -> PoseJob:
    """A day with errors drawn for its seed."""
    return PoseJob(layout, seed, plan, random_pose_noise(seed), rules)


def run_poses(job: PoseJob) -> PoseOutcome:
    """Simulate the day and let the agent's own parts watch it."""
    layout = shop_layout(job.layout)
    day = PoseDay(layout, job.plan, job.seed)
    watch = _Watch(config_of(layout, job.rules), layout.optics.aspect)
    people = list(day.frames(job.noise))
    errors = replace(random_noise(job.seed), fps=job.noise.fps)
    hidings: Hidings = {}
    for (t_s, keypoints), noisy in zip(people, perturbed(_ideal(people), errors, job.seed, hidings), strict=True):
        hidden = frozenset(one.person for one in keypoints if is_hidden(hidings, one.person, t_s))
        watch.look(t_s, keypoints, [Detection(Box(*one.box), one.score) for one in noisy.found], hidden)
    return PoseOutcome(job, tuple(day.performed()), tuple(watch.said), tuple(watch.moments), watch.estimator.count)


def config_of(layout: Layout, rules: str) -> Config:
    """A camera in this shop, its shelves as zones, with these tables of rules."""
    zones = [
        f'[[zone]]\nname = "{name.replace(" ", "-")}"\nkind = "shelf"\npolygon = {[list(corner) for corner in corners]}'
        for name, corners in shelf_polygons(layout).items()
    ]
    return parse_config("\n".join(['[camera]\nname = "scored"', *zones, rules]), source=layout.name)


def _ideal(people: Iterable[tuple[float, list[Keypoints]]]) -> Iterator[seen.Frame]:
    """The boxes that an ideal detector would find, for the errors to be put on."""
    for t_s, keypoints in people:
        rows = (seen.SeenPerson(one.person, one.box, 1.0, 1.0 / one.height) for one in keypoints)
        yield seen.Frame(t_s, tuple(sorted(rows, key=lambda person: person.depth)))


class _Known:
    """Gives the simulated keypoints of whoever is in a box: a pose model without a picture."""

    def __init__(self) -> None:
        self.people: list[Keypoints] = []
        self.count = 0

    def estimate(self, frame: Frame, box: Box) -> Pose | None:
        """The pose of the person whose own box fits best."""
        self.count += 1
        best = max(self.people, key=lambda one: iou(box, Box(*one.box)), default=None)
        if best is None or iou(box, Box(*best.box)) < SAME_IOU:
            return None
        rows = zip(best.xy.tolist(), best.confidence.tolist(), strict=True)
        return Pose(frame.t_s, tuple(Keypoint(x, y, confidence) for (x, y), confidence in rows))


class _Watch:
    """The agent from the detections on, as it runs on a camera."""

    def __init__(self, config: Config, aspect: float) -> None:
        self.estimator = _Known()
        self.said: list[Told] = []
        self.moments: list[Told] = []
        self._engine = RuleEngine(config, aspect, [PoseWatcher.sense])
        self._tracker = Tracker(TrackerSettings(aspect=aspect))
        self._book = IncidentBook(config.rules, "score")
        budget = PoseBudget(config.pose.people, config.pose.rate_hz)
        self._poses = PoseWatcher(self.estimator, pose_need(config), budget, aspect, min_score=config.pose.min_score)
        self._poses.urgent = lambda: self._engine.concealing

    def look(self, t_s: float, people: list[Keypoints], found: list[Detection], hidden: Set[int]) -> None:
        """Take one frame; nobody has a pose of those who are hidden."""
        self.estimator.people = [one for one in people if one.person not in hidden]
        tracks = self._tracker.update(t_s, found)
        senses = self._poses.look(Frame(0, t_s, DARK, DARK), tracks, NOTHING)
        hits = self._engine.update(t_s, tracks, None, senses).hits
        boxes = {track.id: track.box for track in tracks}

        def told(kind: str, numbers: Iterable[int], factors: Mapping[str, Json]) -> Told:
            score = factors.get("score", 0.0)
            who = _whose([boxes[track] for track in numbers if track in boxes], people)
            return Told(kind, t_s, who, float(score) if isinstance(score, float) else 0.0)

        for hit in hits:
            if hit.subject.track is not None and "score" in hit.factors:
                self.moments.append(told(hit.subject.rule, [hit.subject.track], hit.factors))
        for incident in self._book.update(t_s, hits):
            if incident.state is IncidentState.OPEN:
                self.said.append(told(incident.kind, incident.tracks, incident.factors))


def _whose(boxes: list[Box], people: list[Keypoints]) -> int:
    """The person in one of the boxes; 0 where nobody fits."""
    fits = [(iou(box, Box(*one.box)), one.person) for box in boxes for one in people]
    best = max(fits, default=(0.0, 0))
    return best[1] if best[0] >= SAME_IOU else 0
