"""Every detector sees the people on its reference picture, and one whose numbers are wrong is found out."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

import models
from agent.build import Detectors
from agent.domain import Box, Detection, Keypoint, Pose
from agent.errors import ModelError
from agent.models import Catalogue
from agent.models.proof import blindness, golden_of
from agent.models.references import MOST_BYTES, People, read_reference, reference_of
from agent.models.stills import read_picture
from agent.tables.camera import ModelConfig
from agent.vision.detector import Detector
from agent.vision.reference import SCORE_SLACK, Reference
from agent.vision.spec import ModelSpec, Operating
from hal.ports import Yuv420
from hal.simulated.clock import ManualClock
from hal.tflite import open_accelerator
from models.golden import PEOPLE, PICTURE, Golden
from tests.data import DATA
from tests.models.spoilt import SPOILT, Spoil, zeroed
from tools import make_reference

CARRIED = ("person-m", "person-s")
EVERY = [spec.name for spec in Catalogue.load().specs if spec.task == "person"]
POINT = Operating(min_score=0.3, confirm_score=0.5)
ANN, BEN = Box(0.1, 0.2, 0.2, 0.6), Box(0.5, 0.2, 0.6, 0.7)
GREY = Yuv420(*(np.full(shape, 128, np.uint8) for shape in ((90, 160), (45, 80), (45, 80))))
"""A picture without anything."""


def known() -> Catalogue:
    return Catalogue.load(places=[DATA / "models"])


def found_in(name: str) -> tuple[ModelSpec, bytes, Reference]:
    """A model; skipped where its file is not here."""
    catalogue = known()
    spec = catalogue.spec(name)
    if catalogue.find(spec) is None:
        pytest.skip(f"{name} is not in {DATA} (set AISLEWATCH_DATA)")
    return spec, catalogue.read(spec), catalogue.reference(spec)


def mistakes(*found: Detection, scores: tuple[float, ...] = ()) -> str:
    return Reference(GREY, (ANN, BEN), scores).mistakes(found, POINT)


def test_who_finds_everybody_and_nobody_else_sees() -> None:
    assert mistakes(Detection(ANN, 0.9), Detection(BEN, 0.3), Detection(Box(0.7, 0, 0.8, 0.4), 0.49)) == ""


def test_what_is_wrong_is_told_in_numbers() -> None:
    assert mistakes() == "it finds 0 of the 2 people on its reference picture"
    assert mistakes(Detection(ANN, 0.9), Detection(BEN, 0.29)).startswith("it finds 1 of the 2")
    both = (Detection(ANN, 0.9), Detection(BEN, 0.8))
    assert mistakes(*both, Detection(Box(0.7, 0, 0.8, 0.4), 0.5)).startswith("it finds 1 people more")
    assert mistakes(*both, scores=(0.9, 0.8 + SCORE_SLACK / 2)) == ""
    assert "gives a person on its reference picture 0.90, and gave 0.40" in mistakes(*both, scores=(0.4, 0.8))


@pytest.mark.parametrize("name", EVERY)
def test_every_model_sees_with_room_to_spare(name: str) -> None:
    spec, content, reference = found_in(name)
    assert spec.scores
    assert min(reference.scores) >= spec.scores.day.min_score + 0.04
    assert blindness(spec, content, reference) == ""
    assert golden_of(spec, content, reference).scores == pytest.approx(reference.scores, abs=0.05)


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("name", EVERY)
def test_wrong_weights_are_found_out_without_knowing_any_scores(name: str, spoil: Spoil) -> None:
    spec, content, reference = found_in(name)
    wrong = blindness(spec, spoil(content), replace(reference, scores=()))
    assert "on its reference picture" in wrong


@pytest.mark.parametrize("name", EVERY)
def test_red_and_blue_exchanged_are_found_out_by_the_scores(name: str) -> None:
    spec, content, reference = found_in(name)
    other = "bgr" if spec.input.colour == "rgb" else "rgb"
    wrong = msgspec.structs.replace(spec, input=msgspec.structs.replace(spec.input, colour=other))
    assert "on its reference picture" in blindness(wrong, content, reference)


@pytest.mark.parametrize("name", CARRIED)
def test_the_portable_kernels_and_more_threads_see_the_same(name: str) -> None:
    spec, content, reference = found_in(name)
    for kernels, threads in ((True, 1), (False, 4)):
        accelerator = open_accelerator(content, device="cpu", threads=threads, reference_kernels=kernels)
        assert Detector(accelerator, spec, reference=reference).prove() == ""
        accelerator.close()


@pytest.mark.parametrize("spoil", SPOILT)
def test_wrong_weights_of_a_model_of_poses_are_found_out(spoil: Spoil) -> None:
    spec, content, reference = found_in("movenet-lightning")
    assert blindness(spec, content, reference) == ""
    assert "body heights from where they were" in blindness(spec, spoil(content), reference)
    assert np.abs(np.array(golden_of(spec, content, reference).joints) - reference.joints).max() < 0.02


def test_joints_are_compared_in_body_heights_where_they_were_seen() -> None:
    joints = (Keypoint(0.5, 0.5, 0.9), Keypoint(0.1, 0.1, 0.1))
    reference = Reference(GREY, (ANN, BEN), joints=joints)
    assert reference.largest == BEN
    assert reference.pose_mistakes(Pose(0.0, (Keypoint(0.5, 0.55, 0.9), Keypoint(0.9, 0.9, 0.9)))) == ""
    moved = Pose(0.0, (Keypoint(0.5 + 0.25 * 9 / 16, 0.5, 0.9), Keypoint(0.1, 0.1, 0.1)))
    assert "are 0.50 body heights from" in reference.pose_mistakes(moved)
    assert "no pose" in reference.pose_mistakes(None)
    assert Reference(GREY, (ANN,)).pose_mistakes(None) == ""


def test_a_model_that_does_not_see_gets_no_golden() -> None:
    spec, content, reference = found_in("person-s")
    with pytest.raises(ModelError, match="person-s does not see: it finds 0 of the"):
        golden_of(spec, zeroed(content), reference)


def test_scores_count_for_the_file_they_were_taken_of_alone() -> None:
    spec = known().spec("person-s")
    assert known().reference(spec).scores
    assert not known().reference(msgspec.structs.replace(spec, sha256="0" * 64)).scores


def test_the_picture_is_made_by_its_recipe_and_small(tmp_path: Path) -> None:
    make_reference.main(tmp_path)
    assert (tmp_path / PEOPLE).read_bytes() == (models.DIRECTORY / PEOPLE).read_bytes()
    mine, carried = (read_picture(folder / PICTURE).astype(int) for folder in (tmp_path, models.DIRECTORY))
    assert np.abs(mine - carried).mean() < 1.0
    assert (models.DIRECTORY / PICTURE).stat().st_size <= MOST_BYTES


def jpeg(height: int = 90, width: int = 160) -> bytes:
    return cv2.imencode(".jpg", np.full((height, width, 3), 90, np.uint8))[1].tobytes()


def people(*boxes: tuple[float, float, float, float]) -> bytes:
    return msgspec.json.encode(People(boxes))


@pytest.mark.parametrize(
    ("picture", "told", "words"),
    [
        (b"", people((0, 0, 1, 1)), "no picture"),
        (jpeg(1, 9), people((0, 0, 1, 1)), "2 x 2"),
        (jpeg(), b"{}", "cannot be used"),
        (jpeg(), people(), "name people"),
        (jpeg(), people((0.5, 0, 0.4, 1)), "x1 < x2"),
        (jpeg(), people((0, 0, 1.5, 1)), "0..1"),
    ],
)
def test_a_reference_that_makes_no_sense_is_refused(picture: bytes, told: bytes, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        reference_of(picture, told)


def test_as_many_scores_as_people() -> None:
    with pytest.raises(ModelError, match="1 people, and 2 scores"):
        reference_of(jpeg(), people((0, 0, 1, 1)), Golden("a", "", (), (0.5, 0.6)))


def test_an_odd_picture_loses_a_row_and_a_column_and_a_missing_one_is_told(tmp_path: Path) -> None:
    shown = reference_of(jpeg(91, 161), people((0, 0, 1, 1))).picture
    assert (shown.y.shape, shown.u.shape) == ((90, 160), (45, 80))
    with pytest.raises(ModelError, match=r"cannot read .*reference\.jpg"):
        read_reference(tmp_path)


def test_a_camera_starts_with_a_blind_model_and_knows_it(tmp_path: Path) -> None:
    catalogue = spoilt_catalogue(tmp_path, zeroed)
    detector = Detectors(ModelConfig(name="person-s"), ManualClock(), catalogue).open()
    assert detector.blind.startswith("it finds 0 of the")
    detector.close()


def spoilt_catalogue(folder: Path, spoil: Spoil) -> Catalogue:
    """Our small model with other weights, and a manifest in which that is right."""
    spec, content, _ = found_in("person-s")
    spoilt = spoil(content)
    (folder / "person-s.tflite").write_bytes(spoilt)
    digest = hashlib.sha256(spoilt).hexdigest()
    return Catalogue((msgspec.structs.replace(spec, sha256=digest),), folder, (folder,))
