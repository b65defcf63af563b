"""Goal 6: planes of 720p to the model's input, against converting the whole picture and resizing that."""

from __future__ import annotations

import cv2
import numpy as np

from agent.vision.preprocess import Preparer
from hal.ports import U8, Yuv420
from tools.benchmarks.footage import Bench, shop_frames
from tools.benchmarks.report import Row
from tools.benchmarks.timing import in_turn

TARGET = 0.30


def rows(bench: Bench) -> list[Row]:
    """One row."""
    spec = bench.detectors.spec.input
    picture = shop_frames("empty", 1)[0].main
    planes = np.concatenate([picture.y.ravel(), picture.u.ravel(), picture.v.ravel()]).reshape(1080, 1280)
    own, other = np.zeros(spec.shape, spec.dtype), np.zeros((spec.height, spec.width, 3), np.uint8)
    preparer = Preparer(spec)
    contiguous = Yuv420(planes[:720], *(half.reshape(360, 640) for half in np.split(planes[720:].ravel(), 2)))
    contest = in_turn(
        lambda: preparer.fill(contiguous, own), lambda: convert_first(planes, other), bench.count(1000, 200)
    )
    detail = f"{contest.words('converting, then resizing')}; 1280x720 to {spec.width}x{spec.height} {spec.dtype}"
    return [Row("6", "YUV to model input / full conversion, 720p", contest.ratio, TARGET, detail)]


def convert_first(planes: U8, target: U8) -> None:
    """The usual way: all planes (1080, 1280) to RGB, then down to the input's size, in OpenCV both."""
    colour = cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420)
    cv2.resize(colour, target.shape[1::-1], dst=target, interpolation=cv2.INTER_LINEAR)
