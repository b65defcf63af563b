"""Runs the real tracker, background, rules and incident book over rendered camera-days at a shelf."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2

from agent.build import make_watchers
from agent.config import Config, parse_config
from agent.domain import Box, Detection, Incident, IncidentState
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact, FactKind
from agent.rules.incidents import IncidentBook
from agent.rules.senses import NOTHING
from agent.vision.tracker import Tracker, TrackerSettings
from hal.ports import Frame
from hal.simulated.render import Renderer
from hal.simulated.scenario.frames import frames
from hal.simulated.scenario.noise import Found, Noise, perturbed
from hal.simulated.scenario.shelf_acts import STAFF_KEY
from hal.simulated.scenario.shelf_day import ShelfDay
from hal.simulated.scenario.shelf_diary import ShelfPlan
from hal.simulated.scenario.shelf_layouts import shelf_layout
from hal.simulated.scenario.ways import Happening
from tools.rule_scores.runs import Said

WIDTH, HEIGHT = 320, 180
FPS, EVERY = 6, 3
"""Boxes a second, and how many of them come with a picture: a background looks twice a second."""
RULES = ("shelf_sweep", "left_object", "removed_object")


@dataclass(frozen=True, slots=True)
class ShelfJob:
    """One camera-day to render and watch."""

    layout: int
    seed: int
    plan: ShelfPlan
    noise: Noise


@dataclass(frozen=True, slots=True)
class ShelfOutcome:
    """A day's truth and what was said; `rendered_s` is how much was rendered, `spent_s` the whole time on one core."""

    job: ShelfJob
    truth: tuple[Happening, ...]
    said: tuple[Said, ...]
    rendered_s: float
    spent_s: float


def run_shelf(job: ShelfJob) -> ShelfOutcome:
    """Render a day and let the agent's own parts watch it."""
    cv2.setNumThreads(1)
    start_s = time.process_time()
    day = ShelfDay(shelf_layout(job.layout), job.plan, job.seed, (WIDTH, HEIGHT))
    watch = ShelfWatch(day)
    facts = [Fact(FactKind(one.kind), one.source, one.t_s, one.active) for one in day.inputs]
    for index, found in boxes(day, job):
        while facts and facts[0].t_s <= index / FPS:
            watch.engine.feed(facts.pop(0))
        watch.look(index, found)
    return ShelfOutcome(job, day.truth, tuple(watch.said), day.length_s, time.process_time() - start_s)


def boxes(day: ShelfDay, job: ShelfJob) -> Iterator[tuple[int, tuple[Found, ...]]]:
    """What the detector finds in every frame of the day, empty ones included: number and detections."""
    found = {round(one.t_s * FPS): one.found for one in perturbed(frames(day, FPS), job.noise, job.seed)}
    return ((index, found.get(index, ())) for index in range(int(day.length_s * FPS)))


def config_of(day: ShelfDay) -> Config:
    """A camera with the three rules; the installer has drawn the shelf's front and said how large an item is."""
    (zone,) = day.layout.zones
    parts = [
        f'[[zone]]\nname = "{zone.name}"\nkind = "shelf"\npolygon = {_points(zone.polygon)}',
        f"front = {_points(day.front.polygon)}",
        f'[[input]]\nname = "{STAFF_KEY}"\nkind = "staff"',
        f'[[rule]]\nkind = "shelf_sweep"\nzone = "{zone.name}"\nitem_size = {day.front.item_share:.4f}',
        '[[rule]]\nkind = "left_object"\n[[rule]]\nkind = "removed_object"',
    ]
    return parse_config("\n".join(parts), source=day.layout.name)


def _points(polygon: Iterable[tuple[float, float]]) -> list[list[float]]:
    return [[round(x, 4), round(y, 4)] for x, y in polygon]


class ShelfWatch:
    """The agent from the detections on, with pictures for its background."""

    def __init__(self, day: ShelfDay) -> None:
        config, aspect = config_of(day), day.layout.optics.aspect
        self._day = day
        self._renderer = Renderer(day.layout, WIDTH, HEIGHT)
        self._watchers = make_watchers(config, aspect)
        self.engine = RuleEngine(config, aspect, [watcher.sense for watcher in self._watchers])
        self._tracker = Tracker(TrackerSettings(aspect=aspect))
        self._book = IncidentBook(config.rules, "score")
        self._senses = NOTHING
        self.said: list[Said] = []

    def look(self, index: int, found: Iterable[Found]) -> None:
        """Take one frame's detections, and every third frame its picture."""
        t_s = index / FPS
        tracks = self._tracker.update(t_s, [Detection(Box(*one.box), one.score) for one in found])
        if index % EVERY == 0:
            frame = self._frame(index, t_s)
            for watcher in self._watchers:
                self._senses = watcher.look(frame, tracks, self._senses)
        findings = self.engine.update(t_s, tracks, None, self._senses)
        self._note(self._book.update(t_s, findings.hits))

    def _frame(self, index: int, t_s: float) -> Frame:
        picture = self._renderer.render(self._day.figures(t_s), index, self._day.scenery(t_s))
        return Frame(index, t_s, picture, picture)

    def _note(self, incidents: Iterable[Incident]) -> None:
        for incident in incidents:
            if incident.state is IncidentState.OPEN:
                self.said.append(Said(incident.kind, incident.t_s, incident.zone or ""))
