"""Incidents, what people decided about them, clips and insight."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from agent.web.answers.camera import Number, Seconds, Severity, Utc, Verdict


class At(Struct, kw_only=True):
    """When, and whether the clock was set then."""

    utc: Utc
    utc_s: float
    clock_synchronised: bool


class Decided(At, kw_only=True):
    """What somebody decided."""

    decision: Verdict
    by: str
    reason: str
    note: str


class Noted(At, kw_only=True):
    """What somebody wrote."""

    text: str
    by: str


class Incident(Struct, kw_only=True):
    """One incident as people review it; `factors` are what was measured."""

    type: Literal["review", "explanation"]
    id: str
    kind: str
    rule: str
    state: Literal["open", "updated", "closed", "confirmed", "dismissed"]
    over: bool
    severity: Severity
    zone: str | UnsetType = UNSET
    line: str | UnsetType = UNSET
    opened: At
    changed: At
    lasted_s: Seconds
    tracks: list[int]
    factors: dict[str, Any]
    actions: list[str]
    decision: Decided | None
    decisions: list[Decided]
    notes: list[Noted]


class Incidents(Struct):
    """Incidents, newest first; `kept` is how many there are in all."""

    incidents: list[Incident]
    kept: Number


class Measured(Struct):
    """One comparison: the value at the worst moment and at the opening, and the limit that was in force."""

    factor: str
    value: float
    opening: float | None
    op: Literal[">=", "<="]
    setting: str
    configured: float
    limit: float


class Weighed(Struct):
    """What one factor contributed to a score."""

    factor: str
    log_odds: float
    weight: float


class Sentences(Struct):
    """The same for people."""

    measured: list[str]
    noted: list[str]
    weights: list[str]
    would_not_have_opened: list[str]
    severity: list[str]
    budget: list[str]
    camera: list[str]


class Explanation(Incident, kw_only=True):
    """Why an incident is what it is."""

    measures: list[Measured]
    weights: list[Weighed]
    bar: float | None
    health: dict[str, str]
    inputs: dict[str, bool]
    sentences: Sentences


class ClipFacts(Struct):
    """A stored clip; `incidents` are those that it shows."""

    id: str
    severity: Severity
    incidents: list[str]
    reason: str
    start_utc: Utc
    start_utc_s: float
    duration_s: Seconds
    ended: str
    bytes: Number
    held: bool
    stills: list[str]


class Clips(Struct):
    """Stored clips, newest first."""

    clips: list[ClipFacts]


class Brought(Struct):
    """What there is of a stretch of time; `making` is the id of a clip that is being made of it."""

    clips: list[ClipFacts]
    making: str | None
    said: Literal["recorded", "no recording"]


class Erased(Struct):
    """The ids of the clips that are gone, and of those that are held and stay."""

    erased: list[str]
    held: list[str]


class Insight(Struct):
    """Customers as a crowd; docs/insight.md names the figures of each row."""

    rows: list[dict[str, Any]]
    least_people: Number
    enabled: bool
    period_s: Seconds
