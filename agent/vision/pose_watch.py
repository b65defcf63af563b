"""The sense of poses: looks at the people a rule needs, as often as the budget allows, and steadies what it sees."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import Protocol

from agent.domain import Box, Point, Pose, Track, iou
from agent.rules.senses import Senses
from agent.vision.pose_budget import PoseBudget
from agent.vision.pose_steady import SteadyPose
from hal.errors import AcceleratorLost, HalError
from hal.ports import Frame

log = logging.getLogger(__name__)

NEAR_H = 0.5
"""Whoever is within so many body heights of a shelf may reach into it."""
FOLLOW_S = 6.0
"""... and is looked at for so long after, to see where the hand goes."""
FORGET_S = 3.0
UNSEEN_S = 0.6
"""Whom the detector misses is looked at for so long where the tracker expects them: the pose tells whether they are."""
BEHIND_IOU = 0.3
"""... unless the box of somebody seen overlaps theirs so much: the pose would be that one's."""


class Estimator(Protocol):
    """What finds the pose of one person, such as `agent.vision.pose.PoseModel`."""

    def estimate(self, frame: Frame, box: Box) -> Pose | None:
        """The pose of the person in that box, None where none can be told. Raises AcceleratorLost."""


@dataclass(frozen=True, slots=True)
class PoseNeed:
    """Whom the rules need: `everybody`, or those near the `shelves` (polygons) and those who have just been there."""

    everybody: bool
    shelves: tuple[tuple[Point, ...], ...] = ()


class PoseWatcher:
    """Fills `Senses.pose`. `urgent` names the tracks to look at first (open candidates).

    When the accelerator is lost it goes on with the model that `reopen` gives (the CPU); when that fails too there are
    no poses any more (None), and `reason` says why.
    """

    sense = "pose"

    def __init__(
        self,
        model: Estimator,
        need: PoseNeed,
        budget: PoseBudget,
        aspect: float,
        *,
        min_score: float,
        reopen: Callable[[], Estimator] | None = None,
        urgent: Callable[[], frozenset[int]] = frozenset,
    ) -> None:
        self.reason = ""
        self.urgent = urgent
        self._model: Estimator | None = model
        self._reopen = reopen
        self._need = need
        self._budget = budget
        self._aspect = aspect
        self._min_score = min_score
        self._steady: dict[int, SteadyPose] = {}
        self._seen_s: dict[int, float] = {}
        self._near_s: dict[int, float] = {}

    def look(self, frame: Frame, tracks: Sequence[Track], senses: Senses) -> Senses:
        """The poses of those whose turn it is in this frame."""
        people = {track.id: track for track in _in_sight(frame.t_s, tracks)}
        self._forget(frame.t_s)
        urgent = self.urgent()
        wanted = {number: number in urgent for number, track in people.items() if self._wants(frame.t_s, track, urgent)}
        poses: dict[int, Pose] = {}
        for number in self._budget.choose(frame.t_s, wanted):
            pose = self._estimate(frame, people[number].box)
            if pose is not None and _mean_score(pose) >= self._min_score:
                self._seen_s[number] = frame.t_s
                poses[number] = self._steady.setdefault(number, SteadyPose(self._aspect)).update(pose)
        return replace(senses, pose=poses if self._model else None)

    def _wants(self, t_s: float, track: Track, urgent: frozenset[int]) -> bool:
        if self._model is None:
            return False
        if self._need.everybody or track.id in urgent:
            return True
        if any(_gap(track.box, shelf, self._aspect) <= NEAR_H * track.height for shelf in self._need.shelves):
            self._near_s[track.id] = t_s
        return track.id in self._near_s

    def _estimate(self, frame: Frame, box: Box) -> Pose | None:
        while self._model:
            try:
                return self._model.estimate(frame, box)
            except AcceleratorLost as error:
                self._fall_back(error)
        return None

    def _fall_back(self, error: AcceleratorLost) -> None:
        log.warning("pose model lost its accelerator: %s", error)
        reopen, self._reopen, self._model = self._reopen, None, None
        self.reason = str(error)
        if reopen is None:
            return
        try:
            self._model = reopen()
        except HalError as failed:
            self.reason = f"{error}; and on the CPU: {failed}"
            log.error("no poses any more: %s", self.reason)

    def _forget(self, t_s: float) -> None:
        self._near_s = {track: at_s for track, at_s in self._near_s.items() if t_s - at_s <= FOLLOW_S}
        self._seen_s = {track: at_s for track, at_s in self._seen_s.items() if t_s - at_s <= FORGET_S}
        self._steady = {track: steady for track, steady in self._steady.items() if track in self._seen_s}


def _in_sight(t_s: float, tracks: Sequence[Track]) -> Iterator[Track]:
    """Those seen now and those missed for a moment who are not behind one of them."""
    people = [track for track in tracks if track.confirmed]
    seen = [track.box for track in people if track.seen]
    for track in people:
        missed = t_s - track.last_seen_s <= UNSEEN_S and not any(iou(track.box, box) > BEHIND_IOU for box in seen)
        if track.seen or missed:
            yield track


def _mean_score(pose: Pose) -> float:
    return sum(point.confidence for point in pose.points) / len(pose.points)


def _gap(box: Box, polygon: Sequence[Point], aspect: float) -> float:
    """From a box to the rectangle round a polygon, frame heights; 0 where they touch."""
    xs, ys = [point.x for point in polygon], [point.y for point in polygon]
    across = max(min(xs) - box.x2, box.x1 - max(xs), 0.0) * aspect
    return hypot(across, max(min(ys) - box.y2, box.y1 - max(ys), 0.0))
