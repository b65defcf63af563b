"""Decoders against outputs written by hand and against slow, literal decoding."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from agent.errors import ModelError
from agent.vision.calibration import Calibration
from agent.vision.decode import MOST_CANDIDATES, decoder_for, level_anchors
from agent.vision.spec import InputSpec, LevelSpec, ModelSpec, Operating, Scores
from hal.ports import TensorSpec

POINT = Operating(min_score=0.3, confirm_score=0.5)
LEVELS = (
    LevelSpec(grid=(3, 4), centre=(8.0, 8.0), step=(16.0, 16.0), anchors=((20.0, 10.0), (30.0, 30.0))),
    LevelSpec(grid=(1, 2), centre=(24.0, 16.0), step=(32.0, 32.0), anchors=((40.0, 25.0),)),
)


def model(decoder: str, **changes: Any) -> ModelSpec:
    values: dict[str, Any] = {
        "name": "try",
        "task": "person",
        "file": "try.tflite",
        "sha256": "0" * 64,
        "size_bytes": 1,
        "licence": "Apache-2.0",
        "attribution": "us",
        "input": InputSpec(width=64, height=48, dtype="uint8"),
        "quantisation": "int8",
        "decoder": decoder,
        "scores": Scores(day=POINT, night=POINT),
    }
    return ModelSpec(**(values | changes))


def tensor(shape: tuple[int, ...], dtype: str = "float32", scale: float = 0.0, zero: int = 0) -> TensorSpec:
    return TensorSpec("", shape, dtype, scale, zero)


SSD_OUTPUTS = [tensor((1, 10, 4)), tensor((1, 10)), tensor((1, 10)), tensor((1,))]


def test_ssd_post_keeps_people_above_the_score_within_the_count() -> None:
    boxes = np.zeros((1, 10, 4), np.float32)
    boxes[0, 0] = [0.1, 0.2, 0.5, 0.6]
    classes = np.array([[0, 1, 0, 0, 0, 0, 0, 0, 0, 0]], np.float32)
    scores = np.array([[0.9, 0.8, 0.01, 0.7, 0, 0, 0, 0, 0, 0]], np.float32)
    outputs = [boxes, classes, scores, np.array([3], np.float32)]
    found = decoder_for(model("ssd_post"), SSD_OUTPUTS, 0.05).candidates(outputs.__getitem__)
    np.testing.assert_array_equal(found.boxes, np.array([[0.2, 0.1, 0.6, 0.5]], np.float32))
    np.testing.assert_array_equal(found.scores, np.array([0.9], np.float32))


def test_yolox_grid_places_a_cell_by_its_stride() -> None:
    spec = model("yolox_grid", input=InputSpec(width=64, height=32, layout="nchw", dtype="float32", colour="bgr"))
    rows = 4 * 8 + 2 * 4 + 1 * 2
    output = np.full((1, rows, 6), -9.0, np.float32)
    output[..., 4:] = 0.0
    number = 32 + 1 * 4 + 2  # stride 16: row 1, column 2
    output[0, number] = [0.25, -0.5, math.log(2.0), math.log(0.5), 0.9, 0.8]
    found = decoder_for(spec, [tensor((1, rows, 6))], 0.05).candidates([output].__getitem__)
    x, y, width, height = (2 + 0.25) * 16 / 64, (1 - 0.5) * 16 / 32, 2 * 16 / 64, 0.5 * 16 / 32
    expected = [[x - width / 2, y - height / 2, x + width / 2, y + height / 2]]
    np.testing.assert_allclose(found.boxes, expected, rtol=1e-6)
    np.testing.assert_allclose(found.scores, [0.72], rtol=1e-6)


def raw_outputs(spec: ModelSpec) -> list[TensorSpec]:
    """Scores before boxes and levels in reverse, as a converter may order them."""
    outputs = []
    for level in reversed(spec.levels):
        count = len(level.anchors)
        outputs.append(tensor((1, *level.grid, count), "int8", 0.1, 5))
        outputs.append(tensor((1, *level.grid, count * 4), "int8", 0.05, -3))
    return outputs


def literal_decoding(
    spec: ModelSpec, tensors: list[NDArray[np.int8]], min_score: float
) -> list[tuple[float, list[float]]]:
    """The same, one anchor at a time, in plain floats."""
    found = []
    for number, level in enumerate(reversed(spec.levels)):
        scores, boxes = tensors[2 * number], tensors[2 * number + 1]
        for i, j, a in np.ndindex(*level.grid, len(level.anchors)):
            logit = (float(scores[0, i, j, a]) - 5) * 0.1
            score = 1 / (1 + math.exp(-logit))
            ty, tx, th, tw = ((float(v) + 3) * 0.05 for v in boxes[0, i, j, 4 * a : 4 * a + 4])
            height, width = level.anchors[a]
            cy = ty / 10 * height + level.centre[0] + i * level.step[0]
            cx = tx / 10 * width + level.centre[1] + j * level.step[1]
            half_h, half_w = height * math.exp(th / 5) / 2, width * math.exp(tw / 5) / 2
            corners = [(cx - half_w) / 64, (cy - half_h) / 48, (cx + half_w) / 64, (cy + half_h) / 48]
            if score >= min_score - 1e-9:
                found.append((score, corners))
    return sorted(found)


@given(st.data(), st.sampled_from([0.05, 0.3, 0.6]))
def test_ssd_raw_agrees_with_literal_decoding(data: st.DataObject, min_score: float) -> None:
    spec = model("ssd_raw", levels=LEVELS)
    outputs = raw_outputs(spec)
    tensors = [data.draw(arrays(np.int8, output.shape)) for output in outputs]
    found = decoder_for(spec, outputs, min_score).candidates(tensors.__getitem__)
    expected = literal_decoding(spec, tensors, min_score)
    rows = sorted(zip(found.scores.tolist(), found.boxes.tolist(), strict=True))
    assert len(rows) == len(expected)
    np.testing.assert_allclose([row[0] for row in rows], [row[0] for row in expected], rtol=1e-4)
    np.testing.assert_allclose(
        sorted(row[1] for row in rows) or np.empty((0, 4)),
        sorted(row[1] for row in expected) or np.empty((0, 4)),
        rtol=1e-3,
        atol=1e-3,
    )


def test_calibration_moves_the_score_and_the_threshold() -> None:
    spec = model("ssd_raw", levels=LEVELS[1:], calibration=(2.0, -1.0))
    outputs = raw_outputs(spec)
    scores, boxes = np.full((1, 1, 2, 1), 5, np.int8), np.full((1, 1, 2, 4), -3, np.int8)
    scores[0, 0, 0, 0] = 15  # logit 1
    found = decoder_for(spec, outputs, 0.5).candidates([scores, boxes].__getitem__)
    np.testing.assert_allclose(found.scores, [1 / (1 + math.exp(-1.0))], rtol=1e-5)


def test_noise_costs_no_more_than_a_crowd() -> None:
    level = LevelSpec(grid=(24, 32), centre=(1.0, 1.0), step=(2.0, 2.0), anchors=((9.0, 9.0), (5.0, 5.0)))
    spec = model("ssd_raw", levels=(level,))
    outputs = raw_outputs(spec)
    scores = np.random.default_rng(1).integers(20, 120, outputs[0].shape).astype(np.int8)
    boxes = np.zeros(outputs[1].shape, np.int8)
    found = decoder_for(spec, outputs, 0.05).candidates([scores, boxes].__getitem__)
    assert len(found.scores) == MOST_CANDIDATES
    worst_kept = np.sort(scores.reshape(-1))[-MOST_CANDIDATES]
    assert found.scores.min() == pytest.approx(1 / (1 + math.exp(-(float(worst_kept) - 5) * 0.1)), rel=1e-5)


def test_extreme_logits_and_sizes_stay_finite() -> None:
    spec = model("ssd_raw", levels=LEVELS[1:])
    outputs = [tensor((1, 1, 2, 1)), tensor((1, 1, 2, 4))]
    scores, boxes = np.full((1, 1, 2, 1), 1e6, np.float32), np.full((1, 1, 2, 4), 1e6, np.float32)
    found = decoder_for(spec, outputs, 0.5).candidates([scores, boxes].__getitem__)
    assert np.isfinite(found.boxes).all()
    assert np.isfinite(found.scores).all()


def test_anchors_stand_at_the_centres_in_reading_order() -> None:
    anchors = level_anchors(LEVELS[0], model("ssd_raw", levels=LEVELS))
    assert anchors.shape == (3 * 4 * 2, 4)
    np.testing.assert_allclose(anchors[0], [8 / 48, 8 / 64, 20 / 48, 10 / 64], rtol=1e-6)
    np.testing.assert_allclose(anchors[3], [8 / 48, 24 / 64, 30 / 48, 30 / 64], rtol=1e-6)
    np.testing.assert_allclose(anchors[-1], [40 / 48, 56 / 64, 30 / 48, 30 / 64], rtol=1e-6)


@pytest.mark.parametrize(
    ("spec", "outputs"),
    [
        (model("ssd_post"), SSD_OUTPUTS[:3]),
        (model("ssd_post"), [tensor((1, 10))]),
        (model("ssd_post"), []),
        (model("yolox_grid"), [tensor((1, 99, 6))]),
        (model("ssd_raw", levels=LEVELS), raw_outputs(model("ssd_raw", levels=LEVELS[:1]))),
        (model("ssd_raw", levels=LEVELS[:1]), raw_outputs(model("ssd_raw", levels=LEVELS))),
    ],
)
def test_outputs_that_do_not_fit_the_manifest_are_refused_with_both_told(
    spec: ModelSpec, outputs: list[TensorSpec]
) -> None:
    with pytest.raises(ModelError, match=r"try \(try.tflite\): its outputs are .* needs") as caught:
        decoder_for(spec, outputs, 0.05)
    assert "manifest" in caught.value.hint


def test_a_pose_model_finds_no_boxes() -> None:
    with pytest.raises(ModelError, match="finds no boxes"):
        decoder_for(model("movenet", task="pose"), [], 0.05)


@given(st.floats(0.3, 3.0), st.floats(-2.0, 2.0), st.floats(0.1, 0.6), st.floats(0.2, 1.0), st.floats(0.02, 0.98))
def test_calibration_and_its_inverse_agree(slope: float, shift: float, knee: float, tail: float, score: float) -> None:
    calibration = Calibration(model("ssd_raw", levels=LEVELS, calibration=(slope, shift), tail=(knee, tail)))
    found = calibration.scores(np.array([calibration.logit(score)], np.float32))
    assert found[0] == pytest.approx(score, rel=2e-3)


def test_weak_scores_are_drawn_out_below_the_knee_and_keep_their_order() -> None:
    logits = np.linspace(-5.0, 3.0, 50, dtype=np.float32)
    plain, drawn = (
        Calibration(model("ssd_raw", levels=LEVELS, calibration=(2.0, 0.0), tail=tail)).scores(logits)
        for tail in ((0.3, 1.0), (0.3, 0.4))
    )
    assert (np.diff(drawn) > 0).all()
    np.testing.assert_array_equal(drawn[plain >= 0.3], plain[plain >= 0.3])
    assert (drawn[plain < 0.29] > plain[plain < 0.29]).all()
