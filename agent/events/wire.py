"""The link protocol's messages (version 1) and their msgpack form; docs/protocol.md shows each with an example."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Annotated, Literal, TypeVar

import msgspec
import numpy as np
from msgspec import Meta

from agent.domain import Event, HealthSample, Incident
from agent.errors import WireError
from agent.events.kinds import Count, Epoch, Facts, Name, Real, SeverityWord, Token
from agent.events.orders import Command, Result
from agent.events.pieces import Done, Fetch, Leave, Part, Take, Undone
from agent.events.scan import Limits, scan

PROTOCOL = 1
BODY_LIMITS = Limits(size=64 * 1024, depth=5, items=1024)


class EventBody(msgspec.Struct, frozen=True, tag_field="type", tag="event", omit_defaults=True, gc=False):
    """A machine fact; see agent.domain.Event."""

    kind: str
    t_s: Real
    severity: SeverityWord = "info"
    data: Facts = {}


class IncidentBody(msgspec.Struct, frozen=True, tag_field="type", tag="incident", omit_defaults=True, gc=False):
    """An incident as it stands at `t_s`; see agent.domain.Incident."""

    id: str
    kind: str
    rule: str
    state: Literal["open", "updated", "closed"]
    severity: SeverityWord
    t_s: Real
    opened_s: Real
    tracks: list[int] = []
    zone: str | None = None
    line: str | None = None
    factors: Facts = {}
    actions: list[str] = []


class HealthBody(msgspec.Struct, frozen=True, tag_field="type", tag="health", omit_defaults=True, gc=False):
    """A finding about the camera itself; see agent.domain.HealthSample."""

    what: str
    state: Literal["ok", "warning", "fault", "unknown"]
    t_s: Real
    since_s: Real
    confidence: Real
    detail: str = ""


Item = Event | Incident | HealthSample
Body = EventBody | IncidentBody | HealthBody


class CloseCode(IntEnum):
    """Why a link is closed, as the WebSocket close code (4000-4999 are an application's own)."""

    SHUTDOWN = 1001
    TOO_LONG = 1009
    REPLACED = 4000
    MALFORMED = 4001
    NO_RESUME = 4002
    UNEXPECTED = 4003
    SILENT = 4004
    BAD_ACK = 4005
    BAD_CURSOR = 4006
    STALLED = 4007
    VERSION = 4008


class Origin(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Where a carried-over record first stood: `[epoch, seq]`. A hub that has it there must not count it again."""

    epoch: Epoch
    seq: Count


class Record(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One journal entry. `utc_s` is a label; `mono_s` is the camera's monotonic clock within the boot `boot`."""

    seq: Count
    utc_s: Real
    synchronised: bool
    boot: Name
    mono_s: Real
    body: Body
    origin: Origin | None = None


class ClockFacts(msgspec.Struct, frozen=True, gc=False):
    """The camera's clocks at one moment, so that a hub can correct labels given before the clock was set."""

    boot: Name
    mono_s: Real
    utc_s: Real
    synchronised: bool


class Capabilities(msgspec.Struct, frozen=True):
    """What a camera can do: the kinds of rules it knows, its outputs with their roles, the models by what they are for,
    how it keeps evidence, what may be fetched, and the orders it takes with the version of each.
    """

    rules: list[str] = []
    outputs: dict[str, str] = {}
    models: dict[str, str] = {}
    evidence: str = "off"
    attachments: list[str] = []
    commands: dict[str, Count] = {}


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """Camera: who I am, what I can do and how far my journal reaches. Sent first, and again when the epoch changed.

    Commands on this link carry `challenge`, which is random and new with every link.
    """

    protocol: Count
    device: Name
    model: str
    fw: str
    api: str
    epoch: Epoch
    last_seq: Count
    durable: bool
    heartbeat_s: Real
    clock: ClockFacts
    challenge: Token = "0" * 32
    capabilities: Capabilities = Capabilities()


class Resume(msgspec.Struct, frozen=True, tag_field="type", tag="resume", omit_defaults=True, gc=False):
    """Hub: I hold everything of `epoch` up to `seq` (0: nothing); send at most `window` records unacknowledged.

    `protocol` is the version the hub goes by; hubs of version 0 do not say it.
    """

    hub: Name
    epoch: Epoch
    seq: Count
    window: Annotated[int, Meta(ge=1, le=4096)] = 256
    protocol: Count = 0


class Gap(msgspec.Struct, frozen=True, gc=False):
    """The numbers `first` to `last` were given but had to be dropped: the journal was full, or they were damaged."""

    first: Count
    last: Count


class Batch(msgspec.Struct, frozen=True, tag_field="type", tag="events", omit_defaults=True):
    """Camera: all that follows `after` up to and including `through`; records and gaps together leave no hole."""

    device: Name
    epoch: Epoch
    after: Count
    through: Count
    records: list[Record]
    gaps: list[Gap] = []


class Ack(msgspec.Struct, frozen=True, tag_field="type", tag="ack", gc=False):
    """Hub: everything of `epoch` up to `seq` is on my disk, synced."""

    epoch: Epoch
    seq: Count


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping", omit_defaults=True, gc=False):
    """Either side: answer with a pong of the same `n`. A camera adds its clocks and whether its journal is durable."""

    n: Count
    clock: ClockFacts | None = None
    durable: bool | None = None


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong", gc=False):
    """Either side: the answer to a ping."""

    n: Count


FromCamera = Hello | Batch | Ping | Pong | Result | Part | Done | Undone
FromHub = Resume | Ack | Ping | Pong | Command | Fetch | Take | Leave
Message = FromCamera | FromHub

_T = TypeVar("_T")
_SEVERITY_WORDS: tuple[SeverityWord, ...] = ("info", "warning", "critical")


def plain(value: object) -> object:
    """Mappings and numpy scalars as Python's own, for msgspec's `enc_hook`. Raises TypeError for anything else."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


_UNREADABLE = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)
_encoder = msgspec.msgpack.Encoder(enc_hook=plain)
_body_decoder: msgspec.msgpack.Decoder[Body] = msgspec.msgpack.Decoder(Body)
_read_body = _body_decoder.decode  # bound once: this is the hot path of a hub that drains a weekend's events
_camera_decoder: msgspec.msgpack.Decoder[FromCamera] = msgspec.msgpack.Decoder(FromCamera)
_hub_decoder: msgspec.msgpack.Decoder[FromHub] = msgspec.msgpack.Decoder(FromHub)

encode_body: Callable[[Body], bytes] = _encoder.encode
"""The body as msgpack; one that came by the wire, or could be sealed, can always be written."""


def body_of(item: Item) -> Body:
    """The wire form of a domain value."""
    if isinstance(item, Event):
        return EventBody(item.kind, item.t_s, _SEVERITY_WORDS[item.severity], item.data)
    if isinstance(item, HealthSample):
        return HealthBody(item.what, item.state.value, item.t_s, item.since_s, item.confidence, item.detail)
    return IncidentBody(
        id=item.id,
        kind=item.kind,
        rule=item.rule,
        state=item.state.value,
        severity=_SEVERITY_WORDS[item.severity],
        t_s=item.t_s,
        opened_s=item.opened_s,
        tracks=list(item.tracks),
        zone=item.zone,
        line=item.line,
        factors=item.factors,
        actions=list(item.actions),
    )


def seal(item: Item) -> bytes:
    """Encode for the journal, proving first that no hub has to refuse it (NaN, depth, size). Raises WireError."""
    try:
        encoded = encode_body(body_of(item))
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise WireError(f"this {type(item).__name__} cannot be written: {error}") from error
    decode_body(encoded)
    if len(encoded) > BODY_LIMITS.items:  # every value takes at least one byte
        scan(encoded, BODY_LIMITS)
    return encoded


def decode_body(encoded: bytes) -> Body:
    """Depth, types and finite numbers are checked by the schema; the size was when it was sealed. Raises WireError."""
    try:
        return _read_body(encoded)
    except _UNREADABLE as error:
        raise WireError(f"not an event of this protocol: {error}") from error


def encode(message: Message) -> bytes:
    """One message as msgpack: a map with the key `type`."""
    return _encoder.encode(message)


def decode_from_hub(message: bytes) -> FromHub:
    """What a hub sent to a camera. Raises WireError for anything that is not the protocol."""
    scan(message)
    return _decode(_hub_decoder, message)


def decode_from_camera(message: bytes) -> FromCamera:
    """What a camera sent to a hub. Raises WireError for anything that is not the protocol."""
    scan(message)
    decoded = _decode(_camera_decoder, message)
    if isinstance(decoded, Batch):
        _check_tiling(decoded)
    return decoded


def record_items(record: Record) -> tuple[int, int]:
    """How many bytes and values a record takes within a batch."""
    encoded = _encoder.encode(record)
    return len(encoded), scan(encoded)


def _decode(decoder: msgspec.msgpack.Decoder[_T], message: bytes) -> _T:
    try:
        return decoder.decode(message)
    except _UNREADABLE as error:
        raise WireError(f"not a message of this protocol: {error}") from error


def _check_tiling(batch: Batch) -> None:
    spans = [(record.seq, record.seq) for record in batch.records] + [(gap.first, gap.last) for gap in batch.gaps]
    at = batch.after
    for first, last in sorted(spans):
        if first != at + 1 or last < first:
            raise WireError(f"the batch does not say what became of number {at + 1}")
        at = last
    if at != batch.through:
        raise WireError(f"the batch ends at {at}, not at {batch.through} as it says")
