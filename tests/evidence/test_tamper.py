"""Who covers the camera is kept: a picture from before, one from after, and the video in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from agent.domain import HealthSample, HealthState, Severity
from agent.evidence.manifest import MANIFEST, decode_manifest
from agent.evidence.tamper import AFTER, AGAIN_S, BEFORE, TamperWatch
from agent.evidence.thread import EvidenceThread
from agent.vision.pipeline import Outcome, StageMs
from hal.ports import Frame
from tests.evidence.rig import FPS, Rig
from tests.pictures import grey_planes


class Scene:
    """A tamper watch over a rig whose keeper is turned by its thread, as on a camera."""

    def __init__(self, folder: Path) -> None:
        self.rig = Rig(folder)
        self.thread = EvidenceThread(self.rig.keeper, self.rig.clock.monotonic)
        self.watch = TamperWatch(self.thread, 5.0, 5.0)

    def run(self, seconds: float, luma: int, *, video: bool = True) -> None:
        """Pictures of that grey come, once a second."""
        for _ in range(round(seconds)):
            picture = grey_planes(luma, (64, 48))
            frame = Frame(0, self.rig.clock.monotonic(), picture, picture)
            self.watch.frame(Outcome(frame, False, (), (), (), (), StageMs()))
            for _ in range(FPS):
                if video:
                    self.thread.packet(self.rig.packet())
                self.rig.clock.sleep(1 / FPS)
            self.thread.call(lambda _: None).result(5.0)

    def found(self, what: str, held_s: float, state: HealthState = HealthState.FAULT) -> None:
        now_s = self.rig.clock.monotonic()
        self.watch.finding(HealthSample(what, state, now_s, now_s - held_s, 0.9))
        self.thread.call(lambda _: None).result(5.0)


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    made = Scene(tmp_path)
    made.thread.start()
    yield made
    made.thread.stop()


def grey(jpeg: Path) -> float:
    picture = cv2.imdecode(np.fromfile(jpeg, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return float(picture.mean())


def test_a_covered_camera_keeps_the_pictures_of_before_and_after_and_the_video(scene: Scene) -> None:
    scene.run(60, 200)
    scene.run(10, 20)
    scene.found("covered", 9.0)
    scene.run(8, 20)
    (told,) = scene.rig.told("clip")
    assert (told["reason"], told["stills"], told["incidents"]) == ("tamper: covered", [BEFORE, AFTER], [])
    folder = scene.rig.path(told["clip"])
    assert grey(folder / BEFORE) > 180
    assert grey(folder / AFTER) < 40
    assert told["duration_s"] >= 9.0 + 5.0 + 4.0
    assert decode_manifest((folder / MANIFEST).read_bytes()).level == Severity.WARNING
    assert scene.rig.verified(told["clip"]).sound


def test_a_camera_that_is_gone_keeps_what_it_saw_last(scene: Scene) -> None:
    scene.run(30, 200)
    scene.run(3, 200, video=False)
    scene.found("signal_loss", 0.0)
    scene.run(15, 200, video=False)
    (told,) = scene.rig.told("clip")
    assert told["stills"] == [BEFORE]
    assert told["ended"] in ("complete", "camera_lost")


@pytest.mark.parametrize(
    ("what", "state"), [("noisy", HealthState.FAULT), ("covered", HealthState.WARNING), ("moved", HealthState.OK)]
)
def test_what_nobody_did_makes_no_clip(scene: Scene, what: str, state: HealthState) -> None:
    scene.run(10, 200)
    scene.found(what, 1.0, state)
    scene.run(10, 200)
    assert scene.rig.told("clip") == []


def test_one_that_comes_and_goes_makes_one_clip_in_a_while(scene: Scene) -> None:
    scene.run(20, 200)
    for _ in range(3):
        scene.found("moved", 5.0)
        scene.run(20, 200)
    assert len(scene.rig.told("clip")) == 1
    scene.rig.clock.sleep(AGAIN_S)
    scene.run(20, 200)
    scene.found("moved", 5.0)
    scene.run(20, 200)
    assert len(scene.rig.told("clip")) == 2
