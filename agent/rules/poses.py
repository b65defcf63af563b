"""What a pose says about a body: where its torso is and how it leans, how tall it is, what its arms do.

Places are complex numbers x + iy in frame heights (x is stretched by the picture's aspect, y points down), so that
lengths and angles are true. A joint that the model is not sure of counts as not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees
from typing import NamedTuple

from agent.domain import Joint, Pose

MIN_CONFIDENCE = 0.25
"""From here on a joint counts as seen; MoveNet gives what it only guesses 0.1 to 0.3."""
FOREARM_TO_HAND = 0.42
"""The hand reaches so many forearms past the wrist."""
TORSO_OF_HEIGHT = 0.285
"""Hips to shoulders in body heights (Winter, Biomechanics of Human Movement: 0.288)."""
LEFT, RIGHT = 0, 1
_ARMS = (
    (Joint.L_SHOULDER, Joint.L_ELBOW, Joint.L_WRIST, Joint.L_HIP),
    (Joint.R_SHOULDER, Joint.R_ELBOW, Joint.R_WRIST, Joint.R_HIP),
)


class Torso(NamedTuple):
    """The line from the middle of the hips to the middle of the shoulders, and half of the body's width there."""

    hips: complex
    shoulders: complex
    half_width: float

    @property
    def length(self) -> float:
        """Frame heights."""
        return abs(self.shoulders - self.hips)

    @property
    def tilt_deg(self) -> float:
        """Degrees off vertical: 0 upright, 90 lying, 180 upside down."""
        return tilt_deg(self.hips, self.shoulders)

    def place(self, point: complex) -> complex:
        """A point in the torso's own measure: imaginary part up (0 the hips, 1 the shoulders), real part across."""
        up = self.shoulders - self.hips
        return (point - self.hips) / up * 1j if up else 0j


class Arm(NamedTuple):
    """One arm as far as it is seen; `hip` is the hip on its side, else the middle of the hips."""

    shoulder: complex | None
    elbow: complex | None
    wrist: complex | None
    hip: complex | None

    @property
    def hand(self) -> complex | None:
        """Where the fingers are: past the wrist, in the direction of the forearm."""
        if self.wrist is None or self.elbow is None:
            return self.wrist
        return self.wrist + FOREARM_TO_HAND * (self.wrist - self.elbow)

    @property
    def elbow_deg(self) -> float | None:
        """The angle at the elbow: 180 straight; None where it is not seen."""
        if self.shoulder is None or self.elbow is None or self.wrist is None:
            return None
        return angle_deg(self.shoulder - self.elbow, self.wrist - self.elbow)


@dataclass(frozen=True, slots=True)
class Body:
    """One pose in frame heights at `t_s`: a place for every Joint, None for those not seen.

    `seen` is how sure the pose is of each, 0..1.
    """

    t_s: float
    points: tuple[complex | None, ...]
    seen: tuple[float, ...] = (1.0,) * len(Joint)

    @property
    def torso(self) -> Torso | None:
        """None while no hip or no shoulder is seen."""
        hips = middle(self.points[Joint.L_HIP], self.points[Joint.R_HIP])
        shoulders = middle(self.points[Joint.L_SHOULDER], self.points[Joint.R_SHOULDER])
        if hips is None or shoulders is None:
            return None
        return Torso(hips, shoulders, max(self._half(Joint.L_HIP), self._half(Joint.L_SHOULDER)))

    @property
    def hips(self) -> complex | None:
        """The middle of the hips."""
        return middle(self.points[Joint.L_HIP], self.points[Joint.R_HIP])

    @property
    def feet(self) -> complex | None:
        """The middle of the ankles."""
        return middle(self.points[Joint.L_ANKLE], self.points[Joint.R_ANKLE])

    def arm(self, side: int) -> Arm:
        """The arm on the LEFT or RIGHT."""
        shoulder, elbow, wrist, hip = (self.points[joint] for joint in _ARMS[side])
        return Arm(shoulder, elbow, wrist, hip if hip is not None else self.hips)

    def head(self) -> complex | None:
        """The mean of what is seen of the face and the ears."""
        seen = [point for point in self.points[: Joint.L_SHOULDER] if point is not None]
        return sum(seen) / len(seen) if seen else None

    def face_turn(self) -> float | None:
        """How far the nose is to the right of the middle of the ears, in widths between the shoulders; None unseen.

        0 is ahead or right away; where one ear is hidden the head is turned to the other side.
        """
        nose, left, right = self.points[Joint.NOSE], self.points[Joint.L_EAR], self.points[Joint.R_EAR]
        torso = self.torso
        ears = middle(left, right)
        if nose is None or ears is None or torso is None:
            return None
        return (nose - ears).real / max(TORSO_OF_HEIGHT * torso.length, torso.half_width, 1e-6)

    def _half(self, left: Joint) -> float:
        a, b = self.points[left], self.points[left + 1]
        return abs(a - b) / 2 if a is not None and b is not None else 0.0


def body_of(pose: Pose, aspect: float, min_confidence: float = MIN_CONFIDENCE) -> Body:
    """A pose in true proportions; `aspect` is the picture's width / height."""
    places = (complex(p.x * aspect, p.y) if p.confidence >= min_confidence else None for p in pose.points)
    return Body(pose.t_s, tuple(places), tuple(p.confidence for p in pose.points))


def middle(a: complex | None, b: complex | None) -> complex | None:
    """Halfway between two places, or the one that is known."""
    if a is None or b is None:
        return b if a is None else a
    return (a + b) / 2


def tilt_deg(low: complex, high: complex) -> float:
    """Degrees by which the way from `low` to `high` is off straight up, 0..180."""
    way = high - low
    return degrees(atan2(abs(way.real), -way.imag)) if way else 0.0


def angle_deg(a: complex, b: complex) -> float:
    """The angle between two directions, 0..180 degrees; 180 where one has no length."""
    if not a or not b:
        return 180.0
    turned = b * a.conjugate()
    return degrees(atan2(abs(turned.imag), turned.real))
