"""Whether a detector sees: a picture on which people are known, and what this model gave them when it was well.

A model whose numbers are wrong runs like any other and finds nobody, or somebody everywhere. So does an accelerator
that answers with garbage. Neither raises anything; only a picture whose truth is known tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import fmean

from agent.domain import Box, Detection, Keypoint, Pose, iou
from agent.vision.spec import Operating
from hal.ports import Yuv420

SAME_IOU = 0.5
ASTRAY_IOU = 0.3
"""A box that touches nobody by more than this is of nobody."""
SCORE_SLACK = 0.15
"""Kernels and accelerators round differently: 0.03 at most between those of a CPU (docs/models.md)."""
JOINT_SEEN, JOINT_SLACK = 0.3, 0.15
"""Of the joints with such a score; they lie 0.35 body heights off and more where weights are wrong."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The picture, and where its people are.

    `scores` is what the model gave each of them where it was made, `joints` where one of poses saw those of the largest
    person, as far as that is known.
    """

    picture: Yuv420
    people: tuple[Box, ...]
    scores: tuple[float, ...] = ()
    joints: tuple[Keypoint, ...] = ()

    @property
    def largest(self) -> Box:
        """The person that is seen best."""
        return max(self.people, key=lambda person: person.area)

    def mistakes(self, found: Sequence[Detection], point: Operating) -> str:
        """What a model got wrong on the picture, given its thresholds; "" where it sees."""
        given = [score_of(person, found) for person in self.people]
        seen = sum(score >= point.min_score for score in given)
        if seen < len(given):
            return f"it finds {seen} of the {len(given)} people on its reference picture"
        astray = sum(_is_astray(one, self.people) for one in found if one.score >= point.confirm_score)
        if astray:
            return f"it finds {astray} people more than there are on its reference picture"
        return self._drifted(given)

    def pose_mistakes(self, pose: Pose | None) -> str:
        """What a model of poses got wrong on the largest person; "" where it sees, or nothing is known."""
        known = [number for number, joint in enumerate(self.joints) if joint.confidence >= JOINT_SEEN]
        if not known:
            return ""
        if pose is None:
            return "it finds no pose on its reference picture"
        apart = fmean(self._apart(self.joints[number], pose.points[number]) for number in known)
        if apart <= JOINT_SLACK:
            return ""
        return f"the joints that it finds on its reference picture are {apart:.2f} body heights from where they were"

    def _apart(self, one: Keypoint, other: Keypoint) -> float:
        """How far two joints lie apart, in heights of the largest person."""
        aspect = self.picture.width / self.picture.height
        return hypot((one.x - other.x) * aspect, one.y - other.y) / self.largest.height

    def _drifted(self, given: Sequence[float]) -> str:
        """How a score differs from what it was; "" where none does by much, or it is not known."""
        apart = ((abs(now - was), now, was) for now, was in zip(given, self.scores, strict=False))
        most, now, was = max(apart, default=(0.0, 0.0, 0.0))
        if most <= SCORE_SLACK:
            return ""
        return f"it gives a person on its reference picture {now:.2f}, and gave {was:.2f} where it was made"


def score_of(person: Box, found: Sequence[Detection]) -> float:
    """The best score of a box that is of this person; 0 where there is none."""
    return max((one.score for one in found if iou(one.box, person) >= SAME_IOU), default=0.0)


def _is_astray(one: Detection, people: Sequence[Box]) -> bool:
    return all(iou(one.box, person) < ASTRAY_IOU for person in people)
