"""Steadies one person's poses: left and right put straight again, jitter smoothed, short dropouts bridged."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, hypot, pi

from agent.domain import Joint, Keypoint, Pose
from agent.rules.poses import MIN_CONFIDENCE

MIN_CUTOFF_HZ, SPEED_GAIN, SPEED_CUTOFF_HZ = 1.6, 5.0, 1.5
"""The One Euro filter (Casiez, Roussel and Vogel, 2012), speeds in body sizes a second."""
LEAST_SPAN_S, GAP_S = 1e-3, 1.0
"""After a longer gap it begins anew; a shorter one than the least says nothing about speed."""
FADE_S = 0.25
"""A joint that is lost keeps its place while its confidence fades, e-fold in this time."""
SWAP_GAIN = 0.55
"""Left and right are exchanged when that makes the joints' way so much shorter."""
SWAP_LEAST = 0.15
"""... and saves at least so many body sizes in all."""
ARMS = (Joint.L_SHOULDER, Joint.L_ELBOW, Joint.L_WRIST)
LEGS = (Joint.L_HIP, Joint.L_KNEE, Joint.L_ANKLE)
"""The left joints of what may be exchanged; each one's right joint comes next."""


class _Joint:
    """The filter of one joint: place, speed and confidence at the last pose."""

    __slots__ = ("confidence", "dx", "dy", "x", "y")

    def __init__(self, seen: Keypoint) -> None:
        self.x, self.y, self.confidence = seen
        self.dx = self.dy = 0.0

    def take(self, seen: Keypoint, span_s: float, size: float) -> None:
        """Move towards what is seen: nearly all the way where it is fast, part of it where it only jitters."""
        if seen.confidence < MIN_CONFIDENCE:
            self._fade(seen, span_s)
            return
        if self.confidence < MIN_CONFIDENCE:
            self.x, self.y, self.confidence = seen
            self.dx = self.dy = 0.0
            return
        speed_share = _share(SPEED_CUTOFF_HZ, span_s)
        self.dx += speed_share * ((seen.x - self.x) / span_s - self.dx)
        self.dy += speed_share * ((seen.y - self.y) / span_s - self.dy)
        share = _share(MIN_CUTOFF_HZ + SPEED_GAIN * hypot(self.dx, self.dy) / size, span_s)
        self.x += share * (seen.x - self.x)
        self.y += share * (seen.y - self.y)
        self.confidence = seen.confidence

    def _fade(self, seen: Keypoint, span_s: float) -> None:
        self.confidence *= exp(-span_s / FADE_S)
        if self.confidence < MIN_CONFIDENCE:
            self.x, self.y, self.confidence = seen
        self.dx = self.dy = 0.0

    def keypoint(self) -> Keypoint:
        return Keypoint(self.x, self.y, self.confidence)


def _share(cutoff_hz: float, span_s: float) -> float:
    return 1.0 / (1.0 + 1.0 / (2 * pi * cutoff_hz * span_s))


class SteadyPose:
    """One person's poses, in time order. `aspect` is the picture's width / height."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._joints: list[_Joint] = []
        self._t_s = 0.0

    def update(self, pose: Pose) -> Pose:
        """The pose as it most likely is."""
        points = [Keypoint(point.x * self._aspect, point.y, point.confidence) for point in pose.points]
        span_s = pose.t_s - self._t_s
        if not self._joints or not 0.0 < span_s <= GAP_S:
            self._joints = [_Joint(point) for point in points]
        else:
            size = _size(points)
            for joint, point in zip(self._joints, self._straight(points, size), strict=True):
                joint.take(point, max(span_s, LEAST_SPAN_S), size)
        self._t_s = pose.t_s
        steady = (joint.keypoint() for joint in self._joints)
        return Pose(pose.t_s, tuple(Keypoint(x / self._aspect, y, confidence) for x, y, confidence in steady))

    def _straight(self, points: list[Keypoint], size: float) -> list[Keypoint]:
        """The points, left and right of the arms or the legs exchanged where they plainly are the wrong way round."""
        for group in (ARMS, LEGS):
            plain, crossed = self._way(points, group, 0), self._way(points, group, 1)
            if crossed < SWAP_GAIN * plain and plain - crossed > SWAP_LEAST * size:
                for left in group:
                    points[left], points[left + 1] = points[left + 1], points[left]
        return points

    def _way(self, points: Sequence[Keypoint], group: Sequence[Joint], crossed: int) -> float:
        """How far the joints of both sides would have come, where all four ends are sure."""
        total = 0.0
        for left in group:
            pairs = [(self._joints[left + side], points[left + (side ^ crossed)]) for side in (0, 1)]
            if all(min(a.confidence, b.confidence) >= MIN_CONFIDENCE for a, b in pairs):
                total += sum(hypot(a.x - b.x, a.y - b.y) for a, b in pairs)
        return total


def _size(points: Sequence[Keypoint]) -> float:
    """The height of what is seen of a body, frame heights; never 0."""
    seen = [point.y for point in points if point.confidence >= MIN_CONFIDENCE]
    across = [point.x for point in points if point.confidence >= MIN_CONFIDENCE]
    return max(max(seen) - min(seen), max(across) - min(across), 1e-3) if len(seen) > 1 else 1.0
