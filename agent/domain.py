"""The words of the domain as plain frozen values; exact meanings are in docs/design/semantics.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import NamedTuple

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


class Point(NamedTuple):
    """A place in the frame, 0..1, origin top left."""

    x: float
    y: float


class Box(NamedTuple):
    """A rectangle in the frame, 0..1, origin top left; x1 <= x2 and y1 <= y2. It may reach past the frame."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def width(self) -> float:
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        return (self.x2 - self.x1) * (self.y2 - self.y1)

    @property
    def foot(self) -> Point:
        """The bottom centre: where the person stands."""
        return Point((self.x1 + self.x2) / 2, self.y2)


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(a.x2, b.x2) - max(a.x1, b.x1)
    height = min(a.y2, b.y2) - max(a.y1, b.y1)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (a.area + b.area - shared)


class Detection(NamedTuple):
    """One model output box in one frame."""

    box: Box
    score: float


class Track(NamedTuple):
    """One person over time, as known at `t_s`.

    `box` is the filtered box; `seen` is false while the person is only predicted. `foot_seen` is false where the
    frame's edge cuts the feet off. `height` is the body height h in frame heights, steadied against cut boxes.
    `gap_s` is the length of the last identity gap that was bridged (0 when none): continuity, a fact to report.
    `sure` is true once scores and observations leave no doubt that this is a person, `still` while they stand.
    """

    id: int
    t_s: float
    box: Box
    score: float
    confirmed: bool
    seen: bool
    foot_seen: bool
    height: float
    born_s: float
    last_seen_s: float
    gap_s: float = 0.0
    sure: bool = True
    still: bool = False

    @property
    def foot(self) -> Point:
        return self.box.foot


class Joint(IntEnum):
    """The joints of a pose in the order of the COCO keypoint data set; left and right are the person's own."""

    NOSE = 0
    L_EYE = 1
    R_EYE = 2
    L_EAR = 3
    R_EAR = 4
    L_SHOULDER = 5
    R_SHOULDER = 6
    L_ELBOW = 7
    R_ELBOW = 8
    L_WRIST = 9
    R_WRIST = 10
    L_HIP = 11
    R_HIP = 12
    L_KNEE = 13
    R_KNEE = 14
    L_ANKLE = 15
    R_ANKLE = 16


class Keypoint(NamedTuple):
    """One joint as seen: a place in the frame (0..1; it may lie past the edge) and how sure that is, 0..1."""

    x: float
    y: float
    confidence: float


class Pose(NamedTuple):
    """How one person holds their body at `t_s`: a keypoint for every Joint, in its order."""

    t_s: float
    points: tuple[Keypoint, ...]


class Severity(IntEnum):
    """How much an event or incident matters; it may only rise within an incident."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2

    def __str__(self) -> str:
        return self.name.lower()

    @classmethod
    def parse(cls, word: str) -> Severity:
        """Raises ValueError for an unknown word."""
        try:
            return cls[word.upper()]
        except KeyError:
            raise ValueError(f"unknown severity {word!r}") from None


class ZoneKind(StrEnum):
    """What a zone is for."""

    HIGH_VALUE = "high_value"
    CHECKOUT = "checkout"
    EXIT = "exit"
    ENTRANCE = "entrance"
    RESTRICTED = "restricted"
    SHELF = "shelf"
    QUEUE = "queue"
    GENERIC = "generic"


class FactKind(StrEnum):
    """What an input tells. PIR, door and staff are levels: they last until a fact says they are inactive again."""

    PIR = "pir"
    DOOR = "door"
    GRANT = "grant"
    STAFF = "staff"
    PANIC = "panic"


class TillKind(StrEnum):
    """What a till books."""

    SALE = "sale"
    REFUND = "refund"
    VOID = "void"
    NO_SALE = "no_sale"
    DISCOUNT = "discount"


@dataclass(frozen=True, slots=True)
class Event:
    """A machine fact: a rule fired, an input changed, a part failed.

    `t_s` is on the frame's clock. `data` holds the kind's own fields (track, zone, line, dwell_s ...).
    """

    kind: str
    t_s: float
    severity: Severity = Severity.INFO
    data: Mapping[str, Json] = field(default_factory=dict)


class IncidentState(StrEnum):
    """The life cycle of an incident before a human decides."""

    OPEN = "open"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Incident:
    """What a human reviews, as it stands at `t_s`: one per (person or zone, rule).

    `rule` names the configured rule; `kind` its family in docs/design/semantics.md.
    """

    id: str
    kind: str
    rule: str
    state: IncidentState
    severity: Severity
    t_s: float
    opened_s: float
    tracks: tuple[int, ...] = ()
    zone: str | None = None
    line: str | None = None
    factors: Mapping[str, Json] = field(default_factory=dict)
    actions: tuple[str, ...] = ()


class HealthState(StrEnum):
    """How a part of the camera is."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class HealthSample:
    """One finding about the camera itself."""

    what: str
    state: HealthState
    t_s: float
    since_s: float
    confidence: float
    detail: str = ""
