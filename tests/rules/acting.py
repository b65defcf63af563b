"""Plays simulated acts through the rules: one person at a shelf, their true keypoints as poses, no pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from agent.config import parse_config
from agent.domain import Box, Incident, IncidentState, Keypoint, Pose, Track
from agent.rules.changes import Changes
from agent.rules.engine import Findings, RuleEngine
from agent.rules.incidents import IncidentBook
from agent.rules.senses import Senses
from agent.vision.pose_steady import SteadyPose
from hal.simulated.itinerary import Planner
from hal.simulated.scenario.actor import Act, Actor, ActScript, Move, act_of
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.pose_day import shelf_polygons
from hal.simulated.scenario.pose_noise import CLEAN, PoseNoise, noticed
from hal.simulated.scenario.posed import Visit, sighting_of
from hal.simulated.sight import Occluders

LAYOUT = shop_layout(1001)
WALLS = Occluders(LAYOUT)
ASPECT = LAYOUT.optics.aspect
STAND_S = 4.0
PERSON = 7


def visit_of(scripts: Iterable[ActScript], seed: int = 1, *, turned_deg: float = 0.0, height_m: float = 1.75) -> Visit:
    """Somebody who stands at the first shelf, does these things one after another, and stands on."""
    actor = Actor(np.random.default_rng(seed))
    place = LAYOUT.of_kind("browse")[0]
    plan = Planner(place.at, 100.0).stay(STAND_S, place.facing_deg + turned_deg, "browse")
    acts: list[tuple[float, Act]] = [(100.0, Act("stand", [Move(STAND_S, {})]))]
    for script in scripts:
        act = act_of(script, actor)
        acts.append((plan.time_s, act))
        plan.stay(act.seconds, place.facing_deg + turned_deg, "browse")
    plan.stay(STAND_S, place.facing_deg + turned_deg, "browse")
    return Visit(PERSON, plan.done(), height_m, tuple(acts))


def poses_of(visit: Visit, fps: float = 8.0, noise: PoseNoise = CLEAN, seed: int = 1) -> Iterator[tuple[Track, Pose]]:
    """The person's track and steadied pose, frame by frame."""
    times = np.arange(visit.itinerary.start_s, visit.itinerary.end_s, 1 / fps)
    sighting = sighting_of(visit, LAYOUT, WALLS, times)
    xy, confidence = noticed(sighting, noise, ASPECT, np.random.default_rng(seed))
    steady = SteadyPose(ASPECT)
    for row, t_s in enumerate(times.tolist()):
        points = tuple(Keypoint(x, y, c) for (x, y), c in zip(xy[row].tolist(), confidence[row].tolist(), strict=True))
        box = Box(*sighting.boxes[row].tolist())
        track = Track(PERSON, t_s, box, 0.9, True, True, True, box.height, times[0], t_s)
        yield track, steady.update(Pose(t_s, points))


def shelf_tables() -> str:
    """The shelves of the shop as zones."""
    return "\n".join(
        f'[[zone]]\nname = "{name}"\nkind = "shelf"\npolygon = {[list(corner) for corner in corners]}'
        for name, corners in shelf_polygons(LAYOUT).items()
    )


class PoseStage:
    """An engine and a book that see tracks with poses."""

    def __init__(self, rules: str, senses: tuple[str, ...] = ("pose",)) -> None:
        config = parse_config(f"{shelf_tables()}\n{rules}")
        self.engine = RuleEngine(config, ASPECT, senses)
        self.incidents: list[Incident] = []
        self.found: list[Findings] = []
        self._book = IncidentBook(config.rules, "t")

    def play(self, frames: Iterable[tuple[Track, Pose | None]], changes: Changes | None = None) -> PoseStage:
        """Show every frame; a pose that is None was not looked for."""
        for track, pose in frames:
            senses = Senses(pose={} if pose is None else {track.id: pose}, changes=changes)
            found = self.engine.update(track.t_s, [track], None, senses)
            self.found.append(found)
            self.incidents += self._book.update(track.t_s, found.hits)
        return self

    def opened(self) -> list[Incident]:
        """The incidents as they were opened."""
        return [incident for incident in self.incidents if incident.state is IncidentState.OPEN]


def renumbered(frames: Iterable[tuple[Track, Pose]], from_s: float, number: int) -> Iterator[tuple[Track, Pose]]:
    """The same with another track from a moment on, as when a tracker loses somebody."""
    for track, pose in frames:
        yield (track._replace(id=number, born_s=from_s) if track.t_s >= from_s else track), pose
