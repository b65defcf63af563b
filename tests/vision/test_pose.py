"""Crops for the pose model, and the real model on real and on simulated people where it is at hand."""

import csv
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.build import Detectors
from agent.config import parse_config
from agent.domain import Box, Joint, Keypoint, Pose
from agent.errors import ModelError
from agent.models import Catalogue
from agent.models.stills import read_picture
from agent.poses import open_pose_model, open_poses
from agent.vision.pose import MARGIN, PoseModel, cut, sharpest, square_round
from hal.ports import Frame, HalSettings, Yuv420
from hal.simulated.camera import SimulatedCamera
from hal.simulated.clock import ManualClock
from hal.video import open_video
from tests.data import DATA, needs_data

CLIP = DATA / "video" / "intel_one-by-one-person-detection.mp4"
MODELS = DATA / "models"
REFERENCE_ERROR = 0.035
"""The reference was made with another resizing; its places are steps of 1/126."""


def picture(width: int, height: int) -> Yuv420:
    """Luma counts the columns, chroma the rows."""
    y = np.tile(np.arange(width) % 200, (height, 1)).astype(np.uint8)
    u = np.tile((np.arange(height // 2) % 100)[:, None], (1, width // 2)).astype(np.uint8)
    return Yuv420(y, u, u)


@given(
    x=st.floats(-0.2, 1.0), y=st.floats(-0.2, 1.0), width=st.floats(0.01, 0.6), height=st.floats(0.01, 0.9),
    size=st.sampled_from([(640, 360), (320, 240), (1280, 720)]),
)  # fmt: skip
def test_the_square_holds_the_box_and_its_margin(
    x: float, y: float, width: float, height: float, size: tuple[int, int]
) -> None:
    box = Box(x, y, x + width, y + height)
    left, top, side = square_round(box, *size)
    assert left % 2 == top % 2 == side % 2 == 0, "4:2:0 planes are halved"
    assert side == pytest.approx(MARGIN * max(width * size[0], height * size[1]), abs=2.1)
    assert left + side / 2 == pytest.approx((box.x1 + box.x2) / 2 * size[0], abs=2)
    assert top + side / 2 == pytest.approx((box.y1 + box.y2) / 2 * size[1], abs=2)
    part = cut(picture(*size), (square := square_round(box, *size)))
    assert part.y.shape == (square.side, square.side)
    assert part.u.shape == part.v.shape == (square.side // 2, square.side // 2)


def test_what_lies_past_the_edge_is_black() -> None:
    part = cut(picture(64, 48), square_round(Box(-0.25, 0.0, 0.25, 1.0), 64, 48))
    left, _, side = square_round(Box(-0.25, 0.0, 0.25, 1.0), 64, 48)
    assert left < 0 < left + side
    assert (part.y[:, :-left] == 16).all()
    assert part.y[side // 2, -left + 5] == 5, "the sixth column of the picture"
    assert (part.u[:, : -left // 2] == 128).all()


def test_the_small_picture_is_enough_for_people_who_are_large_in_it() -> None:
    main, lores = picture(1280, 720), picture(640, 360)
    frame = Frame(0, 0.0, main, lores)
    assert sharpest(frame, Box(0.4, 0.1, 0.6, 0.9), 192) is lores
    assert sharpest(frame, Box(0.4, 0.4, 0.5, 0.7), 192) is main
    assert sharpest(Frame(0, 0.0, lores, lores), Box(0.4, 0.4, 0.5, 0.7), 192) is lores


def test_a_model_for_people_is_no_pose_model() -> None:
    with pytest.raises(ModelError, match="is for person"):
        open_pose_model(parse_config('[pose]\nmodel = "person-m"\n'), Catalogue.load())


def test_without_the_file_there_is_no_sense(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = parse_config('[[rule]]\nkind = "fall"\n')
    assert open_poses(config, 16 / 9, Catalogue.load(places=[tmp_path])) is None
    assert "aislewatch model fetch movenet-lightning" in caplog.text
    assert open_poses(parse_config('[pose]\nmodel = ""\n[[rule]]\nkind = "fall"\n'), 16 / 9) is None


@pytest.fixture(scope="module")
def model() -> PoseModel:
    return open_pose_model(parse_config(""), Catalogue.load(places=[MODELS]))("cpu")


def places(pose: Pose) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.array([(point.x, point.y) for point in pose.points])


@needs_data
def test_the_reference_picture_gives_the_reference_places(model: PoseModel) -> None:
    rows = csv.DictReader((MODELS / "movenet_single_pose_lightning_ptq_reference.csv").read_text().splitlines())
    wanted = np.array([(float(row["keypoint_x"]), float(row["keypoint_y"])) for row in rows])
    found = places(model.estimate_rgb(read_picture(MODELS / "squat.bmp")))
    assert np.abs(found - wanted).max() <= REFERENCE_ERROR
    assert np.abs(found - wanted).mean() <= REFERENCE_ERROR / 2


def stops() -> Iterator[float]:
    """The middle of each of the six people's time in view, seconds."""
    rows = csv.DictReader(CLIP.with_suffix(".events.csv").read_text().splitlines())
    return ((int(row["first_frame"]) + int(row["last_frame"])) / 20 for row in rows)


@needs_data
def test_the_six_people_of_the_clip_stand_as_people_do(model: PoseModel) -> None:
    config = parse_config(f'[camera]\nsource = "{CLIP}"\n')
    detector = Detectors(config.model, ManualClock()).open()
    camera = open_video(HalSettings(str(CLIP), paced=False), ManualClock())
    camera.open()
    wanted = [round(10 * at_s) + step for at_s in stops() for step in range(-4, 6, 2)]
    upright: dict[int, list[bool]] = {}
    while (frame := camera.read(10.0)) is not None and frame.index <= max(wanted):
        if frame.index in wanted and (found := detector.detect(frame.lores)):
            pose = model.estimate(frame, found[0].box)
            assert pose is not None
            upright.setdefault(wanted.index(frame.index) // 5, []).append(_ordered(pose, found[0].box))
    camera.close()
    assert len(upright) == 6
    for number, found_upright in upright.items():
        assert sum(found_upright) >= len(found_upright) - 1, f"person {number + 1}"


def _ordered(pose: Pose, box: Box) -> bool:
    """Head over shoulders over hips over ankles, all about inside the box."""
    heights = [_height(pose, joint) for joint in (Joint.L_EAR, Joint.L_SHOULDER, Joint.L_HIP, Joint.L_ANKLE)]
    inside = [box.x1 - 0.05 <= point.x <= box.x2 + 0.05 for point in pose.points if point.confidence > 0.4]
    return heights == sorted(heights) and all(inside)


def _height(pose: Pose, left: Joint) -> float:
    return (pose.points[left].y + pose.points[left + 1].y) / 2


@needs_data
def test_it_sees_the_people_of_the_simulated_shop(model: PoseModel) -> None:
    camera = SimulatedCamera(HalSettings("simulated", fps=2.0, paced=False), ManualClock())
    camera.open()
    errors: list[float] = []
    for _ in range(25):
        frame = camera.read(5.0)
        assert frame is not None
        for person in camera.truth(frame.index).people:
            if person.seen_box is not None and person.seen >= 0.9 and person.seen_box[3] - person.seen_box[1] > 0.2:
                pose = model.estimate(frame, Box(*person.seen_box))
                assert pose is not None
                errors += _errors(pose.points, person.keypoints, person.seen_box[3] - person.seen_box[1])
    assert len(errors) > 200
    assert median(errors) < 0.035, "body heights"
    assert sum(error < 0.1 for error in errors) / len(errors) > 0.85


def _errors(found: tuple[Keypoint, ...], true: tuple[tuple[float, float, int], ...], height: float) -> Iterator[float]:
    """How far each seen joint is from where it is, body heights."""
    for point, (x, y, seen) in zip(found, true, strict=True):
        if seen == 2:
            yield float(np.hypot((point.x - x) * 16 / 9, point.y - y)) / height
