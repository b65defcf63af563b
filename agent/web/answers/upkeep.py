"""Health, forecasts, the service log, the program's log; fitting and configuration."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType

from agent.trial import Trial
from agent.web.answers.camera import Number, Seconds, Shade, Share, Utc


class Finding(Struct, kw_only=True):
    """One thing that is watched; `advice` where it is not well, `onvif` where ONVIF has a name for it."""

    what: str
    state: Shade
    for_s: float
    confidence: Share
    detail: str
    onvif: str | UnsetType = UNSET
    advice: str | UnsetType = UNSET


class Reading(Struct):
    """The newest value of a metric."""

    value: float
    unit: str
    words: str


class Forecast(Struct):
    """When a metric is going to reach its threshold, in days from `as_of_day`, with an interval of 80 %."""

    metric: str
    what: str
    state: Literal["due", "foreseen"]
    threshold: float
    level: float
    unit: str
    lead_days: float
    low_days: float
    high_days: float
    chance: Share
    as_of_day: int
    slope_per_day: float
    p: Share
    evidence_days: float
    since_day: int
    action: str
    check_again_days: float
    text: str


class Health(Struct):
    """What is wrong, since when, how sure, and what to do."""

    state: Shade
    findings: list[Finding]
    readings: dict[str, Reading]
    missing: list[str]
    forecasts: list[Forecast]


class Learning(Struct):
    """The scene is learned anew."""

    learning: bool


class Resuming(Struct):
    """The camera leaves safe mode."""

    resuming: bool


class ServiceEntry(Struct, kw_only=True):
    """What somebody did to the camera."""

    utc_s: float
    words: str
    parts: list[str]
    by: str


class ServiceLog(Struct):
    """Oldest first."""

    services: list[ServiceEntry]


class Served(ServiceEntry, kw_only=True):
    """The entry, and the metrics whose history begins anew by it."""

    begins_anew: list[str]


class MetricNames(Struct):
    """The metrics that have a history."""

    metrics: list[str]


class Step(Struct):
    """When a metric jumped, and by how much."""

    utc_s: float
    size: float


class MetricHistory(Struct):
    """One metric by days and hours: pairs of UTC seconds and value."""

    metric: str
    unit: str
    words: str
    bad: str
    threshold: float | None
    daily: list[tuple[float, float | None]]
    hourly: list[tuple[float, float | None]]
    forecast: Forecast | None
    step: Step | None
    services: list[ServiceEntry]


class CheckStep(Struct):
    """One answer of a check, and what to do."""

    name: str
    state: Literal["ok", "warning", "fault", "unknown", "skipped"]
    detail: str
    advice: str


class Checked(Struct):
    """What a check found, and how many seconds ago."""

    steps: list[CheckStep]
    age_s: float


class Model(Struct, kw_only=True):
    """A model: what it is and where its file lies, or only why it was refused."""

    type: Literal["model", "refused model"]
    name: str
    why: str | UnsetType = UNSET
    task: str | UnsetType = UNSET
    width: Number | UnsetType = UNSET
    height: Number | UnsetType = UNSET
    size_bytes: Number | UnsetType = UNSET
    licence: str | UnsetType = UNSET
    carried: bool | UnsetType = UNSET
    path: str | UnsetType | None = UNSET
    accuracy: dict[str, Any] | UnsetType = UNSET
    latency: dict[str, Any] | UnsetType = UNSET
    signer: str | UnsetType = UNSET
    used: bool | UnsetType = UNSET


class Models(Struct):
    """All that are known."""

    models: list[Model]


class Benched(Struct):
    """How fast a model found people, in milliseconds a picture, and where it ran."""

    name: str
    runs: Number
    median_ms: float
    p90_ms: float
    per_s: float
    device: str
    runtime: str
    degraded: str


class AimFacts(Struct):
    """How sharp, exposed and level a picture is; `tiles` are 3 x 3, by rows from the top left."""

    sharpness: float | None
    tiles: list[float | None]
    mean: float
    spread: float
    dark: Share
    bright: Share
    exposure: Literal["ok", "dark", "bright", "flat"]
    tilt_deg: float | None
    advice: str
    n: Number
    size: tuple[int, int]


class WalkPlace(Struct):
    """A zone or line, and how it was triggered."""

    what: str
    name: str
    triggered: bool
    times: Number
    after_s: float | None
    ways: list[str]
    rules: dict[str, int]


class WalkTest(Struct, kw_only=True):
    """How the walk test stands; all but the first two while one is going on."""

    running: bool
    record: bool
    by: str | UnsetType = UNSET
    for_s: float | UnsetType = UNSET
    passed: bool | UnsetType = UNSET
    missing: list[str] | UnsetType = UNSET
    places: list[WalkPlace] | UnsetType = UNSET
    frames: Number | UnsetType = UNSET
    people: Number | UnsetType = UNSET
    incidents: list[Any] | UnsetType = UNSET
    looks: Number | UnsetType = UNSET
    """How often somebody was seen whole and alone: that measures how the camera hangs."""
    measurable: bool | UnsetType = UNSET
    """Whether they are likely enough for that."""


class WalkEnded(Struct):
    """The record, its hash, and whether it is signed."""

    record: dict[str, Any]
    sha256: str
    signed: bool


class Mounted(Struct):
    """How the camera hangs by the configuration's file, and how much the picture shows from side to side.

    The latter is said by the `mount` itself, by the camera that knows its `lens`, or `assumed`.
    """

    sha256: str
    trial: Trial | None
    mount: dict[str, float]
    view_deg: float
    view_said_by: Literal["mount", "lens", "assumed"]


class ConfigShown(Struct):
    """The configuration's file, its hash, and the newest trial since the camera's start, on or ended."""

    text: str
    sha256: str
    trial: Trial | None


class Drawn(Struct):
    """What is drawn into the picture, as it stands in the configuration's file."""

    sha256: str
    trial: Trial | None
    zone: list[dict[str, Any]] | UnsetType = UNSET
    line: list[dict[str, Any]] | UnsetType = UNSET
    privacy_mask: list[dict[str, Any]] | UnsetType = UNSET
    motion_mask: list[dict[str, Any]] | UnsetType = UNSET
    object_mask: list[dict[str, Any]] | UnsetType = UNSET
    rule: list[dict[str, Any]] | UnsetType = UNSET


class Tried(Struct):
    """A configuration on trial: within `trial_s` the camera shows that it does well, or goes back to `before`."""

    sha256: str
    before: str
    trial_s: Seconds
    restarts: bool


class Restarts(Struct):
    """The camera begins anew."""

    restarts: bool


class Mistake(Struct):
    """What is wrong with a configuration, where, and what to do."""

    path: str
    message: str
    hint: str


class Mistakes(Struct):
    """All that is wrong with it."""

    problems: list[Mistake]


class LogLine(Struct):
    """A line of the log; `n` counts them."""

    n: Number
    utc: Utc
    level: Literal["debug", "info", "warning", "error", "critical"]
    name: str
    text: str


class Logs(Struct):
    """Oldest first."""

    lines: list[LogLine]


class DoctorRecord(Struct):
    """The files of a record by name: what was found, and the signatures."""

    files: dict[str, str]
