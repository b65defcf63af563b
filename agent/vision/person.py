"""One person who is followed: motion, confirmation, height and what is remembered when they are out of sight."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot
from statistics import median

from agent.domain import Box, Track
from agent.vision.motion import BoxFilter

Found = tuple[float, float, float, float, float]
"""A detection as x1, y1, x2, y2 in frame heights and its score."""

CONFIRM_LEAST, CONFIRM_MOST = 3, 10
EDGE = 0.01
TOP, BOTTOM = EDGE, 1 - EDGE
CUT_HEIGHT_PER_WIDTH = 2.2
STILL_SPEED, STILL_OVER_S = 0.25, 1.0
GAP_S = 1.0
DOUBT = 2.0
SURE_SEEN, SURE_GAIN = 10.0, 12.4


@dataclass(frozen=True, slots=True)
class TrackerSettings:
    """How to track. Scores are the model's (its manifest calibrates them); `aspect` is frame width / height.

    A person unseen for `bridge_s` is lost (`tentative_s` before confirmation); one who stood still is remembered for
    `memory_s` and gets the old id back. Detections below `low_score` are ignored; those below `min_score` only
    prolong tracks.
    """

    min_score: float = 0.6
    confirm_score: float = 0.63
    aspect: float = 16 / 9
    low_score: float = 0.1
    bridge_s: float = 2.0
    memory_s: float = 30.0
    tentative_s: float = 0.25


def is_confirmed(scores: Sequence[float], confirm_score: float) -> bool:
    """Whether the median of the last 3 to 10 scores (0 for a missed observation) reaches `confirm_score`."""
    return len(scores) >= CONFIRM_LEAST and median(scores) >= confirm_score


def is_sure(scores: Sequence[float], seen: int, confirm_score: float) -> bool:
    """Whether `seen` observations with these last scores can be nothing but a person: high scores need few of them.

    A false box rarely lasts, and rarely looks as much like a person as a person does: each further observation tells as
    much as a twelfth of the way from the score that confirms to the highest.
    """
    excess = (median(scores) - confirm_score) / (1 - confirm_score)
    return seen >= SURE_SEEN - SURE_GAIN * excess


class Person(BoxFilter):
    """One track and its motion; lengths are in frame heights.

    `missing_since_s` is the first of the latest observations in a row that did not show the person.
    """

    __slots__ = (
        "_anchor",
        "_scores",
        "_whole_seen",
        "born_s",
        "confirmed",
        "foot_seen",
        "gap_s",
        "height",
        "id",
        "last_found",
        "last_seen_s",
        "missing_since_s",
        "seen",
        "still",
        "sure",
    )

    def __init__(self, number: int, t_s: float, found: Found) -> None:
        x1, y1, x2, y2, score = found
        super().__init__((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        self.id = number
        self.born_s = self.last_seen_s = t_s
        self.last_found = found
        self.missing_since_s: float | None = None
        self.gap_s = 0.0
        self.confirmed = self.sure = False
        self.seen = 1
        self.still = False
        self._anchor = t_s, self.x, self.y
        self.height = y2 - y1
        self.foot_seen = True
        self._scores = deque((score,), maxlen=CONFIRM_MOST)
        self._whole_seen = y1 > TOP and y2 < BOTTOM
        if not self._whole_seen:
            self._measure_cut(y1, y2, x2 - x1)

    def see(self, t_s: float, found: Found, settings: TrackerSettings) -> None:
        """Take in the detection that was found to be this person."""
        x1, y1, x2, y2, score = found
        sure = settings.confirm_score
        doubt = 1.0 if score >= sure else 1 + DOUBT * (1 - score / sure)
        self.correct((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, doubt)
        if self.missing_since_s is not None:
            self.missing_since_s = None
            if t_s - self.last_seen_s >= GAP_S:
                self.gap_s = t_s - self.last_seen_s
        self.last_seen_s = t_s
        self.last_found = found
        if y1 > TOP and y2 < BOTTOM:
            self.height = self.h
            self.foot_seen = self._whole_seen = True
        else:
            self._measure_cut(y1, y2, x2 - x1)
        if t_s - self._anchor[0] >= STILL_OVER_S:
            self._look_back(t_s)
        if not self.sure:
            self.seen += 1
            self._scores.append(score if score >= settings.min_score else 0.0)
            self.confirmed = self.confirmed or is_confirmed(self._scores, sure)
            self.sure = self.confirmed and is_sure(self._scores, self.seen, sure)

    def miss(self, t_s: float) -> None:
        """Note that this observation did not show the person; who stood still is expected to stay."""
        self._scores.append(0.0)
        if self.missing_since_s is None:
            self.missing_since_s = t_s
            if self.still:
                self.vx = self.vy = 0.0

    def _look_back(self, t_s: float) -> None:
        """Whether the person has stood since the last look: displacement tells better than a jittery speed."""
        before_s, x, y = self._anchor
        self.still = hypot(self.x - x, self.y - y) < STILL_SPEED * self.h * (t_s - before_s)
        self._anchor = t_s, self.x, self.y

    def _measure_cut(self, top: float, bottom: float, width: float) -> None:
        """A box cut above or below shows only that the body is taller than thought; after a whole one, nothing."""
        self.foot_seen = bottom < BOTTOM
        if not self._whole_seen:
            self.height = max(self.height, bottom - top, CUT_HEIGHT_PER_WIDTH * width)

    def track(self, t_s: float, aspect: float) -> Track:
        """The person as the rest of the program sees it, in 0..1 of the frame."""
        x, y, w, h = self.x / aspect, self.y, self.w / 2 / aspect, self.h / 2
        return Track(
            self.id,
            t_s,
            Box(x - w, y - h, x + w, y + h),
            self.last_found[4],
            self.confirmed,
            self.missing_since_s is None,
            self.foot_seen,
            self.height,
            self.born_s,
            self.last_seen_s,
            self.gap_s,
            self.sure,
            self.still,
        )
