"""From a model's raw outputs to candidate boxes: one decoder per output layout, all in numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from agent.errors import ModelError
from agent.vision.calibration import Calibration
from agent.vision.spec import LevelSpec, ModelSpec
from hal.ports import F32, TensorSpec

Read = Callable[[int], NDArray[Any]]
"""Gives an output tensor as stored, by its number."""

MOST_CANDIDATES = 256
YOLOX_STRIDES = (8, 16, 32)
_YX_TO_XY = np.array([1, 0, 3, 2])
# Rows are chosen by `take`: an index array does the same in a third more time on a processor that has just slept.


class Candidates(NamedTuple):
    """Boxes (n, 4) as x1 y1 x2 y2, 0..1 of the model's input, and scores (n,), in no order, overlaps included."""

    boxes: F32
    scores: F32


NOBODY = Candidates(np.empty((0, 4), np.float32), np.empty(0, np.float32))


class Decoder(Protocol):
    """Built once for a model and its outputs; raises ModelError where they are not what the manifest says."""

    def candidates(self, read: Read) -> Candidates:
        """Every candidate with at least the smallest score, at most the best `MOST_CANDIDATES`."""


def decoder_for(spec: ModelSpec, outputs: Sequence[TensorSpec], min_score: float) -> Decoder:
    """The decoder that the manifest names. Raises ModelError when the outputs do not fit it."""
    match spec.decoder:
        case "ssd_post":
            return SsdPost(spec, outputs, min_score)
        case "ssd_raw":
            return SsdRaw(spec, outputs, min_score)
        case "yolox_grid":
            return YoloxGrid(spec, outputs, min_score)
        case other:
            raise ModelError(f"model {spec.name}: {other} finds no boxes", hint="choose a model whose task is person")


class SsdPost:
    """TFLite_Detection_PostProcess: boxes (y1 x1 y2 x2), classes, scores, count, all float32."""

    def __init__(self, spec: ModelSpec, outputs: Sequence[TensorSpec], min_score: float) -> None:
        shapes = [output.shape for output in outputs]
        most = shapes[0][1] if shapes and len(shapes[0]) == 3 else 0
        _require(spec, shapes == [(1, most, 4), (1, most), (1, most), (1,)], outputs, "boxes, classes, scores, count")
        self._person = spec.labels.index("person")
        self._min_score = min_score

    def candidates(self, read: Read) -> Candidates:
        count = int(read(3)[0])
        classes, scores = read(1)[0, :count].tolist(), read(2)[0]
        found = [
            n for n, s in enumerate(scores[:count].tolist()) if classes[n] == self._person and s >= self._min_score
        ]
        if not found:
            return NOBODY
        return Candidates(read(0)[0].take(found, axis=0).take(_YX_TO_XY, axis=1), scores.take(found))


class YoloxGrid:
    """YOLOX before decoding (Ge et al. 2021): rows of x y w h objectness class..., strides 8, 16, 32."""

    def __init__(self, spec: ModelSpec, outputs: Sequence[TensorSpec], min_score: float) -> None:
        width, height = spec.input.width, spec.input.height
        cells = [(height // stride, width // stride) for stride in YOLOX_STRIDES]
        shape = (1, sum(rows * columns for rows, columns in cells), 5 + len(spec.labels))
        fits = [output.shape for output in outputs] == [shape] and outputs[0].dtype == "float32"
        _require(spec, fits, outputs, f"one float32 output {shape}")
        places = [np.mgrid[:rows, :columns].reshape(2, -1)[::-1].T for rows, columns in cells]
        self._cell: F32 = np.concatenate(places).astype(np.float32)
        strides = np.repeat(np.asarray(YOLOX_STRIDES), [len(place) for place in places])
        self._unit: F32 = (strides[:, None] / np.array([width, height], dtype=np.float64)).astype(np.float32)
        self._class = 5 + spec.labels.index("person")
        self._min_score = min_score

    def candidates(self, read: Read) -> Candidates:
        rows = read(0)[0]
        scores = rows[:, 4] * rows[:, self._class]
        found = _best(np.flatnonzero(scores >= self._min_score), scores)
        unit = self._unit[found]
        centre = (rows[found, :2] + self._cell[found]) * unit
        half = np.exp(np.minimum(rows[found, 2:4], 10.0)) * unit * np.float32(0.5)
        return Candidates(np.concatenate([centre - half, centre + half], axis=1), scores[found])


@dataclass(frozen=True, slots=True)
class _Level:
    """One feature map as it is read: output numbers, score threshold as stored, and anchors (n, 4) cy cx h w, 0..1."""

    boxes: int
    scores: int
    box_quant: TensorSpec
    score_quant: TensorSpec
    threshold: float
    anchors: F32


class SsdRaw:
    """Our own heads: per feature map box offsets (1, h, w, A*4) as ty tx th tw, and logits (1, h, w, A).

    The threshold is applied to the scores as stored, so that only candidates are dequantised and decoded. Offsets are
    those of Faster R-CNN (Ren et al. 2015), divided by `box_scale`.
    """

    def __init__(self, spec: ModelSpec, outputs: Sequence[TensorSpec], min_score: float) -> None:
        self._calibration = Calibration(spec)
        logit = self._calibration.logit(min_score)
        self._levels = [_level(spec, level, outputs, logit) for level in spec.levels]
        _require(spec, len(outputs) == 2 * len(spec.levels), outputs, f"{2 * len(spec.levels)} outputs")
        self._divisor = np.array(spec.box_scale, dtype=np.float32)

    def candidates(self, read: Read) -> Candidates:
        logits: list[F32] = []
        offsets: list[F32] = []
        anchors: list[F32] = []
        for level in self._levels:
            stored = read(level.scores).reshape(-1)
            found = np.flatnonzero(stored >= level.threshold)
            if not found.size:
                continue
            found = _best(found, stored)
            logits.append(_real(stored.take(found), level.score_quant))
            offsets.append(_real(read(level.boxes).reshape(-1, 4).take(found, axis=0), level.box_quant))
            anchors.append(level.anchors.take(found, axis=0))
        if not logits:
            return NOBODY
        scores = self._calibration.scores(np.concatenate(logits))
        boxes = _boxes(np.concatenate(offsets) / self._divisor, np.concatenate(anchors))
        if len(scores) <= MOST_CANDIDATES:
            return Candidates(boxes, scores)
        best = _best(np.arange(len(scores)), scores)
        return Candidates(boxes.take(best, axis=0), scores.take(best))


def _level(spec: ModelSpec, level: LevelSpec, outputs: Sequence[TensorSpec], logit: float) -> _Level:
    count = len(level.anchors)
    boxes = _numbered(spec, outputs, (1, *level.grid, count * 4))
    scores = _numbered(spec, outputs, (1, *level.grid, count))
    quant = outputs[scores]
    threshold = logit / quant.scale + quant.zero_point if quant.scale else logit
    return _Level(boxes, scores, outputs[boxes], quant, threshold, level_anchors(level, spec))


def _numbered(spec: ModelSpec, outputs: Sequence[TensorSpec], shape: tuple[int, ...]) -> int:
    numbers = [number for number, output in enumerate(outputs) if output.shape == shape]
    _require(spec, len(numbers) == 1, outputs, f"one output of shape {shape}")
    return numbers[0]


def level_anchors(level: LevelSpec, spec: ModelSpec) -> F32:
    """The anchors of a feature map as (rows * columns * A, 4) cy cx h w, 0..1 of the model's input."""
    rows, columns = np.mgrid[: level.grid[0], : level.grid[1]]
    sides = np.asarray(level.anchors, dtype=np.float64)
    anchors = np.empty((*level.grid, len(sides), 4))
    anchors[..., 0] = (level.centre[0] + rows * level.step[0])[..., None]
    anchors[..., 1] = (level.centre[1] + columns * level.step[1])[..., None]
    anchors[..., 2:] = sides
    anchors /= (spec.input.height, spec.input.width) * 2
    return anchors.reshape(-1, 4).astype(np.float32)


def _boxes(offsets: F32, anchors: F32) -> F32:
    centre = offsets[:, :2] * anchors[:, 2:] + anchors[:, :2]
    half = np.exp(np.minimum(offsets[:, 2:], 10.0)) * anchors[:, 2:] * np.float32(0.5)
    return np.concatenate([centre - half, centre + half], axis=1).take(_YX_TO_XY, axis=1)


def _real(stored: NDArray[Any], quant: TensorSpec) -> F32:
    if not quant.scale:
        return stored.astype(np.float32)
    return (stored.astype(np.float32) - np.float32(quant.zero_point)) * np.float32(quant.scale)


def _best(found: NDArray[np.intp], scores: NDArray[Any]) -> NDArray[np.intp]:
    """The best `MOST_CANDIDATES` of the numbers in `found`, so that noise never costs more than a crowd."""
    if len(found) <= MOST_CANDIDATES:
        return found
    return found[np.argpartition(scores[found], -MOST_CANDIDATES)[-MOST_CANDIDATES:]]


def _require(spec: ModelSpec, fits: bool, outputs: Sequence[TensorSpec], wanted: str) -> None:
    if fits:
        return
    found = ", ".join(f"{output.dtype} {list(output.shape)}" for output in outputs)
    raise ModelError(
        f"model {spec.name} ({spec.filename}): its outputs are {found}, but {spec.decoder} needs {wanted}",
        hint="the file or its entry in models/manifest.toml is the wrong one",
    )
