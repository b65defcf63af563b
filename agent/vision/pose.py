"""One person's pose: a square crop round them, the model, and its keypoints back in the frame."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from agent.domain import Box, Joint, Keypoint, Pose
from agent.errors import ModelError
from agent.vision.detector import require_input
from agent.vision.preprocess import Preparer
from agent.vision.reference import Reference
from agent.vision.spec import ModelSpec
from hal.ports import U8, Accelerator, AcceleratorInfo, Frame, Yuv420

MARGIN = 1.25
"""The crop's side in sides of the box: room for arms stretched out and for boxes that are a little off."""
LEAST_PX = 16
BLACK_Y, GREY_UV = 16, 128


class Square(NamedTuple):
    """A square of a picture in pixels of its luma; `left`, `top` and `side` are even. It may reach past the edges."""

    left: int
    top: int
    side: int


class PoseModel:
    """A single-pose model on an accelerator. Raises ModelError where it is not what the manifest says."""

    def __init__(self, accelerator: Accelerator, spec: ModelSpec, reference: Reference | None = None) -> None:
        require_input(accelerator, spec)
        shapes = [tensor.shape for tensor in accelerator.outputs]
        if shapes != [(1, 1, len(Joint), 3)]:
            wanted = [1, 1, len(Joint), 3]
            raise ModelError(f"model {spec.name} ({spec.filename}): its outputs are {shapes}, wanted is one {wanted}")
        self.spec = spec
        self._accelerator = accelerator
        self._output = accelerator.outputs[0]
        self._preparer = Preparer(spec.input)
        self._reference = reference

    @property
    def accelerator_info(self) -> AcceleratorInfo:
        """Where the model runs."""
        return self._accelerator.info

    def estimate(self, frame: Frame, box: Box) -> Pose | None:
        """The pose of the person in that box; None where it is too small to see anything. Raises AcceleratorLost."""
        picture = sharpest(frame, box, self.spec.input.height)
        square = square_round(box, picture.width, picture.height)
        if square.side < LEAST_PX:
            return None
        self._preparer.fill(cut(picture, square), self._accelerator.input())
        self._accelerator.invoke()
        return self._read(frame.t_s, square, picture)

    def prove(self) -> str:
        """Look at the reference picture: what is wrong with what it sees there, "" where nothing is.

        Costs one look. Raises AcceleratorLost.
        """
        if self._reference is None:
            return ""
        return self._reference.pose_mistakes(self.pose_of_largest(self._reference))

    def pose_of_largest(self, reference: Reference) -> Pose | None:
        """The pose of the largest person there. Raises AcceleratorLost."""
        return self.estimate(Frame(0, 0.0, reference.picture, reference.picture), reference.largest)

    def estimate_rgb(self, picture: U8) -> Pose:
        """The pose in an RGB picture (height, width, 3) of one person, at time 0. Raises AcceleratorLost."""
        self._preparer.fill_rgb(picture, self._accelerator.input())
        self._accelerator.invoke()
        return Pose(0.0, tuple(Keypoint(x, y, score) for y, x, score in self._rows()))

    def bare_invoke(self) -> None:
        """Run the model on what its input holds, and nothing else: the yardstick of a pose. Raises AcceleratorLost."""
        self._accelerator.invoke()

    def _read(self, t_s: float, square: Square, picture: Yuv420) -> Pose:
        left, top, side = square
        points = (
            Keypoint((left + x * side) / picture.width, (top + y * side) / picture.height, score)
            for y, x, score in self._rows()
        )
        return Pose(t_s, tuple(points))

    def _rows(self) -> list[list[float]]:
        """A row y, x, score for every joint, 0..1 of the model's input."""
        found = self._accelerator.output(0).reshape(len(Joint), 3)
        if self._output.scale:
            found = (found.astype(np.float32) - self._output.zero_point) * self._output.scale
        rows: list[list[float]] = found.tolist()
        return rows


def sharpest(frame: Frame, box: Box, wanted_px: int) -> Yuv420:
    """The picture to crop from: the small one where it shows the person large enough, else the full one."""
    in_lores = square_round(box, frame.lores.width, frame.lores.height).side
    return frame.lores if in_lores >= wanted_px or frame.main.height <= frame.lores.height else frame.main


def square_round(box: Box, width: int, height: int) -> Square:
    """The square with a margin round a box (0..1 of a picture of that size), centred on it."""
    side = max(2 * round(max(box.width * width, box.height * height) * MARGIN / 2), 2)
    x, y = (box.x1 + box.x2) / 2 * width, (box.y1 + box.y2) / 2 * height
    return Square(2 * round((x - side / 2) / 2), 2 * round((y - side / 2) / 2), side)


def cut(picture: Yuv420, square: Square) -> Yuv420:
    """That square of a picture; what lies past its edges is black."""
    left, top, side = square
    half = Square(left // 2, top // 2, side // 2)
    return Yuv420(
        _cut_plane(picture.y, square, BLACK_Y),
        _cut_plane(picture.u, half, GREY_UV),
        _cut_plane(picture.v, half, GREY_UV),
    )


def _cut_plane(plane: U8, square: Square, beyond: int) -> U8:
    left, top, side = square
    height, width = plane.shape
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + side, width), min(top + side, height)
    if x0 >= x1 or y0 >= y1:
        return np.full((side, side), beyond, np.uint8)
    inner = plane[y0:y1, x0:x1]
    if inner.shape == (side, side):
        return inner
    edges = (y0 - top, top + side - y1, x0 - left, left + side - x1)
    return np.asarray(cv2.copyMakeBorder(inner, *edges, cv2.BORDER_CONSTANT, value=(beyond,)), np.uint8)
