"""The shelf rules on a real aisle: customers who only look and point are no alarm, and goods that go are a sweep.

The clip is a few seconds long; it is shown to and fro, so that the scene is learned and customers come and go. They
never leave the aisle, so who takes the bowls has been there too long for a thief by the default of `stay_s`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from agent.build import Detectors, make_watchers
from agent.config import Config, parse_config
from agent.domain import Detection, IncidentState
from agent.rules.engine import RuleEngine
from agent.rules.incidents import IncidentBook
from agent.rules.senses import NOTHING
from agent.tables.camera import ModelConfig
from agent.vision.tracker import Tracker, TrackerSettings
from hal.ports import Frame, HalSettings
from hal.simulated.clock import ManualClock
from hal.video import open_video
from tests.data import DATA, needs_data

CLIP = DATA / "video" / "intel_store-aisle-detection.gif"
FPS, EVERY = 10, 5
"""Boxes a second, and how many of them come with a look at the background."""
LENGTH_S, TAKEN_S = 250.0, 200.0
SWEPT = (slice(40, 130), slice(404, 476))
"""Rows and columns of three boards of bowls on the right-hand shelf, beside a customer who reaches up to them."""
CONFIG = """
[[zone]]
name = "right"
kind = "shelf"
polygon = [[0.60, 0.60], [1.0, 0.75], [1.0, 1.0], [0.60, 1.0]]
front = [[0.66, 0.0], [1.0, 0.0], [1.0, 0.95], [0.80, 0.66], [0.66, 0.35]]
[[zone]]
name = "left"
kind = "shelf"
polygon = [[0.05, 0.5], [0.35, 0.5], [0.30, 1.0], [0.0, 1.0]]
front = [[0.0, 0.0], [0.15, 0.0], [0.15, 0.6], [0.0, 0.9]]
[[zone]]
name = "table"
kind = "high_value"
polygon = [[0.20, 0.5], [0.75, 0.5], [0.75, 1.0], [0.20, 1.0]]
front = [[0.36, 0.20], [0.53, 0.20], [0.62, 1.0], [0.20, 1.0]]
[[rule]]
kind = "shelf_sweep"
zone = "right"
stay_s = 3600
[[rule]]
kind = "shelf_sweep"
zone = "left"
[[rule]]
kind = "shelf_sweep"
zone = "table"
[[rule]]
kind = "left_object"
[[rule]]
kind = "removed_object"
"""


@dataclass(frozen=True)
class Shot:
    """One picture of the clip and the people found in it."""

    frame: Frame
    people: list[Detection]


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    """The clip's pictures with the people in them."""
    camera = open_video(HalSettings(str(CLIP), 480, 270, paced=False), ManualClock())
    camera.open()
    read = iter(lambda: camera.read(10.0), None)
    detector = Detectors(ModelConfig(name="person-s"), ManualClock()).open()
    found = [Shot(frame, detector.detect(frame.main)) for frame in read if frame is not None]
    camera.close()
    detector.close()
    return found


def to_and_fro(shots: list[Shot]) -> Iterator[tuple[float, Shot]]:
    """The clip over and over, every second time backwards, with the time of each picture."""
    order = [*shots, *shots[::-1]]
    return ((number / FPS, order[number % len(order)]) for number in range(round(LENGTH_S * FPS)))


def swept(frame: Frame) -> Frame:
    """The picture with the bowls gone: the bare board behind them, in shadow."""
    luma = frame.lores.y.copy()
    luma[SWEPT] = 60 + (luma[SWEPT].astype(np.uint16) % 4).astype(np.uint8)
    picture = replace(frame.lores, y=luma)
    return replace(frame, lores=picture, main=picture)


def told(shots: list[Shot], *, sweep: bool) -> list[tuple[str, str | None, float]]:
    """The incidents that open: rule, zone, time."""
    config = parse_config(CONFIG, source="aisle")
    watch = Watch(config)
    for number, (t_s, shot) in enumerate(to_and_fro(shots)):
        frame = swept(shot.frame) if sweep and t_s >= TAKEN_S else shot.frame
        watch.look(replace(frame, t_s=t_s, index=number), shot.people, at_background=number % EVERY == 0)
    assert watch.ready, "the scene was never learned, so silence says nothing"
    return watch.told


class Watch:
    """The camera from the detections on."""

    def __init__(self, config: Config) -> None:
        aspect = 480 / 270
        self._watchers = make_watchers(config, aspect)
        self._engine = RuleEngine(config, aspect, [watcher.sense for watcher in self._watchers])
        self._tracker = Tracker(TrackerSettings(aspect=aspect))
        self._book = IncidentBook(config.rules, "aisle")
        self._senses = NOTHING
        self.told: list[tuple[str, str | None, float]] = []

    @property
    def ready(self) -> bool:
        return self._senses.changes is not None and self._senses.changes.ready

    def look(self, frame: Frame, people: list[Detection], *, at_background: bool) -> None:
        tracks = self._tracker.update(frame.t_s, people)
        if at_background:
            for watcher in self._watchers:
                self._senses = watcher.look(frame, tracks, self._senses)
        for incident in self._book.update(frame.t_s, self._engine.update(frame.t_s, tracks, None, self._senses).hits):
            if incident.state is IncidentState.OPEN:
                self.told.append((incident.kind, incident.zone, incident.t_s))


@needs_data
def test_customers_who_look_and_point_empty_no_shelf_and_leave_nothing(shots: list[Shot]) -> None:
    assert told(shots, sweep=False) == []


@needs_data
def test_bowls_that_go_from_the_real_shelf_are_a_sweep_of_that_shelf(shots: list[Shot]) -> None:
    ((kind, zone, t_s),) = told(shots, sweep=True)
    assert (kind, zone) == ("shelf_sweep", "right")
    assert TAKEN_S <= t_s <= TAKEN_S + 40
