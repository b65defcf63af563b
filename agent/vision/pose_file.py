"""Poses from a file, scored one by one for what looks like concealing goods: the same parts as on the camera.

Arrays `person` (N,), `frame` (N,), `xy` (N, 17, 2) in pixels, `conf` (N, 17) in 0..1, COCO-17 order, `fps`. There are
no shelves in such a file: a reach is a hand stretched out from the body.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agent.domain import Joint, Keypoint, Pose
from agent.errors import OperatorError
from agent.rules.pose_memory import FORGET_S
from agent.rules.pose_score import chances, course_of
from agent.rules.poses import body_of
from agent.vision.pose_steady import SteadyPose

F64 = NDArray[np.float64]
ARRAYS = ("person", "frame", "xy", "conf", "fps")
JOINTS = len(Joint)
UNIT_PX = 1000.0
"""Pixels are divided by this, so that lengths are of the order of a frame's height; no result depends on it."""
MOST_FPS = 1000.0
MOST_PX = 1e6
"""Places further off are no pixels of a picture, and would make lengths that no number can hold."""
MOST_FRAME = 2.0**53


class PosesUnreadable(OperatorError):
    """The arrays are not poses as they should be."""


@dataclass(frozen=True, slots=True)
class PoseTable:
    """N poses: whose, in which frame, `xy` (N, 17, 2) px and `conf` (N, 17); `fps` frames a second."""

    person: NDArray[Any]
    frame: NDArray[np.int64]
    xy: F64
    conf: F64
    fps: float

    def tracks(self) -> Iterator[NDArray[np.int64]]:
        """The rows of each person, by frame."""
        order = np.lexsort((self.frame, np.unique(self.person, return_inverse=True)[1]))
        people = self.person[order]
        yield from np.split(order, np.flatnonzero(people[1:] != people[:-1]) + 1)


def read_table(arrays: Mapping[str, NDArray[Any]], *, source: str = "the file") -> PoseTable:
    """Check the arrays and take them. Raises PosesUnreadable with every mistake in them."""
    missing = [name for name in ARRAYS if name not in arrays]
    if missing:
        hint = "wanted are person (N), frame (N), xy (N,17,2) in pixels, conf (N,17) in 0..1, fps"
        raise PosesUnreadable(f"{source} has no array {', '.join(missing)}", hint=hint)
    problems = [*_shape_mistakes(arrays)] or [*_value_mistakes(arrays)]
    if problems:
        raise PosesUnreadable(f"{source}: " + "; ".join(problems), hint="correct the arrays")
    xy, conf = np.array(arrays["xy"], np.float64), np.array(arrays["conf"], np.float64)
    xy[conf == 0.0] = 0.0
    person, frame = arrays["person"], arrays["frame"].astype(np.int64)
    person = person.astype(np.int64) if person.dtype.kind == "f" else person
    return PoseTable(person, frame, xy, conf, float(arrays["fps"].item()))


def _shape_mistakes(arrays: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    count = arrays["frame"].shape[0] if arrays["frame"].ndim else 0
    shapes = {"person": (count,), "frame": (count,), "xy": (count, JOINTS, 2), "conf": (count, JOINTS)}
    if not count:
        yield "frame must hold at least one row"
        return
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            yield f"{name} has the shape {arrays[name].shape}, wanted is {shape}"
    if arrays["fps"].size != 1:
        yield f"fps has the shape {arrays['fps'].shape}, wanted is one number"
    for name in ("frame", "xy", "conf", "fps"):
        if arrays[name].dtype.kind not in "iuf":
            yield f"{name} holds {arrays[name].dtype}, wanted are numbers"
    if arrays["person"].dtype.kind not in "iufU":
        yield f"person holds {arrays['person'].dtype}, wanted are whole numbers or names"


def _value_mistakes(arrays: Mapping[str, NDArray[Any]]) -> Iterator[str]:
    person, frame, conf, fps = (arrays[name] for name in ("person", "frame", "conf", "fps"))
    if not 0.0 < fps.item() <= MOST_FPS:
        yield f"fps is {float(fps.item())}, wanted is more than 0 and at most {MOST_FPS:g}"
    strange = [name for name in ("person", "frame") if arrays[name].dtype.kind != "U" and not _are_whole(arrays[name])]
    if strange:
        yield from (f"{name} holds what is no whole number, or one beyond {MOST_FRAME:.0f}" for name in strange)
        return
    if not ((conf >= 0) & (conf <= 1)).all():
        yield f"conf holds values outside 0..1 (row {_first(~((conf >= 0) & (conf <= 1)))})"
    lost = ~(np.abs(arrays["xy"]) <= MOST_PX).all(2) & (conf > 0)
    if lost.any():
        yield f"xy is not finite, or beyond {MOST_PX:g} px, where conf is more than 0 (row {_first(lost)})"
    twice = _doubled(person, frame)
    if twice is not None:
        yield f"person {person[twice]} has two rows for frame {int(frame[twice])}"


def _are_whole(numbers: NDArray[Any]) -> bool:
    """Whether all of them are whole numbers that a float can hold."""
    return bool(((numbers == np.floor(numbers)) & (np.abs(numbers.astype(np.float64)) < MOST_FRAME)).all())


def _first(wrong: NDArray[np.bool_]) -> int:
    return int(np.flatnonzero(wrong.any(1))[0])


def _doubled(person: NDArray[Any], frame: NDArray[Any]) -> int | None:
    """A row whose person and frame another row has, too."""
    number = np.unique(person, return_inverse=True)[1]
    order = np.lexsort((frame, number))
    same = (number[order][1:] == number[order][:-1]) & (frame[order][1:] == frame[order][:-1])
    return int(order[1:][same][0]) if same.any() else None


def concealment_scores(table: PoseTable) -> F64:
    """A score 0..1 for every row (N,): what is known of its moment DELAY_S later, or when its person is last seen."""
    scores = np.zeros(len(table.frame))
    for rows in table.tracks():
        gaps = np.flatnonzero(np.diff(table.frame[rows]) / table.fps > FORGET_S) + 1
        for part in np.split(rows, gaps):
            scores[part] = _scores(table, part)
    return scores


def _scores(table: PoseTable, rows: NDArray[np.int64]) -> F64:
    """Of the rows of one person without a long gap."""
    steady = SteadyPose(1.0)
    course = course_of(body_of(steady.update(_pose(table, row)), 1.0) for row in rows)
    return chances(course.moment_logits().max(0))


def _pose(table: PoseTable, row: int) -> Pose:
    places = zip((table.xy[row] / UNIT_PX).tolist(), table.conf[row].tolist(), strict=True)
    return Pose(float(table.frame[row]) / table.fps, tuple(Keypoint(x, y, conf) for (x, y), conf in places))
