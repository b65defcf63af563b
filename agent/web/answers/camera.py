"""What a camera says of itself, its outputs and its inputs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from agent.respond.arming import ArmingMode
from agent.review.entry import Verdict

Utc = Annotated[str, Meta(description="UTC, ISO 8601")]
Seconds = Annotated[float, Meta(ge=0)]
Number = Annotated[int, Meta(ge=0)]
Share = Annotated[float, Meta(ge=0, le=1)]
Shade = Literal["ok", "warning", "fault", "unknown"]
RoleWord = Literal["stranger", "technician", "hub", "local"]
Severity = Literal["info", "warning", "critical"]
__all__ = ["Number", "RoleWord", "Seconds", "Severity", "Shade", "Share", "Utc", "Verdict"]


class IdentityFacts(Struct):
    """Public facts, the same as mDNS announces; `fp` begins the fingerprint of the camera's key."""

    id: str
    model: str
    fw: str
    state: Literal["unclaimed", "claimed"]
    fp: str
    tls: Literal["0", "1"]
    api: str


class ClockNow(Struct):
    """The camera's clock, and whether it was set by a trusted source."""

    utc_s: float
    synchronised: bool


class Capture(Struct):
    """The image source; counts since the start."""

    source: str | None
    open: bool
    captured: Number
    missed: Number
    stalls: Number
    reopened: Number
    walked: Number
    inferred: Number
    dropped: Number
    width: int | UnsetType = UNSET
    height: int | UnsetType = UNSET
    fps: float | UnsetType = UNSET
    view_deg: float | UnsetType | None = UNSET
    """How much the picture shows from side to side, where the camera knows its lens."""


class Model(Struct):
    """The model and where it runs; `degraded` says why it does not run where it should.

    `blind` says what it gets wrong on its reference picture, "" while it sees.
    """

    name: str
    runtime: str
    device: str
    threads: int
    degraded: str
    blind: str


class Output(Struct):
    """One output; `barred` says why it may not sound now, `fault` what is wrong with it."""

    name: str
    state: str
    on: bool
    faulted: bool
    incident: str | None
    role: str
    barred: str
    fault: str


class JournalFacts(Struct):
    """The journal; `cursors` tells how far each hub has acknowledged."""

    epoch: str
    last_seq: Number
    durable: bool
    pending: Number
    commits: Number
    appended: Number
    dropped: Number
    replaced: Number
    disk_failures: Number
    cursors: dict[str, int]


class EvidenceFacts(Struct):
    """The recording of clips; nothing where there is none."""

    method: str | UnsetType = UNSET
    ring_s: Seconds | UnsetType = UNSET
    ring_bytes: Number | UnsetType = UNSET
    recording: Number | UnsetType = UNSET
    clips: Number | UnsetType = UNSET
    clips_mb: Seconds | UnsetType = UNSET
    failing: bool | UnsetType = UNSET
    stored: Number | UnsetType = UNSET
    recovered: Number | UnsetType = UNSET
    erased: Number | UnsetType = UNSET


class BudgetRule(Struct):
    """What the alert budget has made of one rule's setting."""

    rule: str
    setting: str
    configured: float
    now: float
    most: float
    estimated_per_day: float | None
    as_configured_per_day: float | None
    reviewed: Number
    held_back: Number
    confirmed: Number
    confirmed_below: Number


class Budget(Struct):
    """The alert budget: false alarms a day that are allowed, and that are expected."""

    enabled: bool
    false_per_day: float
    estimated_per_day: float
    rules: list[BudgetRule]


class ReviewFacts(Struct):
    """How many incidents are kept, how many wait for people, and the budget."""

    incidents: Number
    undecided: Number
    budget: Budget


class HubLink(Struct):
    """A hub that is linked; `sent` and `acknowledged` are event numbers of the epoch."""

    hub: str
    epoch: str
    sent: Number
    acknowledged: Number
    in_flight: Number


class MqttFacts(Struct):
    """The broker; `told` and `behind` count what it has confirmed and what not yet."""

    broker: str
    connected: bool
    connections: Number
    told: Number
    behind: Number
    orders: Number
    trouble: str


class CallHome(Struct):
    """Where the camera calls its hub, by its settings and by the domain that lists hubs."""

    domain: str | None
    places: list[str]
    standing_by: str | None
    trouble: str


class Status(Struct):
    """Everything at a glance; the first are the public facts, with the camera's board for `model`."""

    id: str
    fw: str
    state: Literal["unclaimed", "claimed"]
    fp: str
    tls: Literal["0", "1"]
    api: str
    name: str
    board: str
    uptime_s: Seconds
    clock: ClockNow
    camera: Capture
    model: Model
    fps: float | None
    stages_ms: dict[str, float]
    rules_unavailable: dict[str, Any]
    outputs: list[Output]
    journal: JournalFacts
    evidence: EvidenceFacts
    review: ReviewFacts
    hubs: list[HubLink]
    call_home: CallHome | None
    mqtt: MqttFacts | None
    peak_rss_mb: float


class Wish(Struct):
    """What a person said last about arming; `until_utc_s` is when that ends by itself."""

    mode: ArmingMode
    by: str
    reason: str
    until_utc_s: float | None


class Outputs(Struct):
    """All outputs, and what holds for them."""

    outputs: list[Output]
    arming: Wish


class Silenced(Struct):
    """The outputs that were silenced."""

    silenced: list[str]


class Testing(Struct):
    """An output that is being tried."""

    testing: str
    seconds: float


class InputFacts(Struct):
    """One input; `source` is what told it last."""

    name: str
    kind: str
    source: str
    active: bool | None
    changed_age_s: float | None
    error_s: float | None


class TillFacts(Struct):
    """One till, and how many bookings it has told."""

    terminal: str
    zone: str
    accepted: Number
    duplicates: Number
    last_age_s: float | None


class Warmth(Struct):
    """What the thermal array made out last."""

    bodies: Any
    contrast_k: float | None
    trouble: Any
    age_s: float


class Inputs(Struct):
    """What other devices tell the camera."""

    inputs: list[InputFacts]
    tills: list[TillFacts]
    thermal: Warmth | None


class InputTold(Struct):
    """Whether that was news, and how the input is now."""

    name: str
    changed: bool
    active: bool | None


class Booked(Struct):
    """What became of one booking; `error` says why it was refused and what to do."""

    id: str
    result: Literal["accepted", "duplicate", "refused", "again"]
    error: str | UnsetType = UNSET
