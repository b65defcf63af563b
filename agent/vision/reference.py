"""Whether a detector sees: a picture on which people are known, and what this model gave them when it was well.

A model whose numbers are wrong runs like any other and finds nobody, or somebody everywhere. So does an accelerator
that answers with garbage. Neither raises anything; only a picture whose truth is known tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agent.domain import Box, Detection, iou
from agent.vision.spec import Operating
from hal.ports import Yuv420

SAME_IOU = 0.5
ASTRAY_IOU = 0.3
"""A box that touches nobody by more than this is of nobody."""
SCORE_SLACK = 0.15
"""Kernels and accelerators round differently: 0.03 at most between those of a CPU (docs/models.md)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The picture, and where its people are.

    `scores` is what the model gave each of them where it was made, as far as that is known.
    """

    picture: Yuv420
    people: tuple[Box, ...]
    scores: tuple[float, ...] = ()

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
