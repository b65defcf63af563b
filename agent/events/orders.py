"""What a hub may order a camera to do, each as a type; docs/protocol.md shows each with an example.

An order that is not understood is refused with a reason, it does not end the link: hubs may be newer than cameras.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from agent.errors import WireError
from agent.events.kinds import Digest, Real, Reason, Text, Token, Who, Words

MOST_LIFE_S = 30.0
"""How long a command may wait for the camera at most."""
MAX_DISARMED_S = 7 * 86_400
MAX_CONFIG = 128 * 1024
"""Characters of a configuration."""

Outcome = Literal["ok", "refused", "failed", "expired", "duplicate"]


class _Order(msgspec.Struct, frozen=True, tag_field="do", forbid_unknown_fields=True, omit_defaults=True):
    """The manner of all orders: a field that is not known may matter, so it is refused."""


class Arm(_Order, frozen=True, tag="arm"):
    """Arm, disarm or go by the schedules; disarming needs a reason, and may end by itself after `for_s`."""

    mode: Literal["schedule", "armed", "disarmed"]
    reason: Words = ""
    for_s: Annotated[float, Meta(gt=0, le=MAX_DISARMED_S)] | None = None


class Silence(_Order, frozen=True, tag="silence"):
    """End what sounds, or what one output sounds, for the incidents that are open now."""

    reason: Reason
    output: str | None = None


class TryOutput(_Order, frozen=True, tag="test_output"):
    """Try one output for some seconds; a siren needs `confirm`."""

    output: str
    seconds: Annotated[float, Meta(gt=0)] = 2.0
    confirm: bool = False


class OutputOff(_Order, frozen=True, tag="output_off"):
    """Switch one output off: end its test, and what it sounds for the incidents that are open now."""

    output: str
    reason: Reason


class Snapshot(_Order, frozen=True, tag="snapshot"):
    """Keep the newest picture as an attachment for some minutes."""

    reason: Reason


class Clip(_Order, frozen=True, tag="clip", rename={"start": "from", "end": "to"}):
    """Bring a stretch of time (UTC seconds): stored clips that show it, and a new one of what is still in memory."""

    start: Real
    end: Real
    reason: Reason


class GetConfig(_Order, frozen=True, tag="config_get"):
    """The configuration as it stands in the file."""


class SetConfig(_Order, frozen=True, tag="config_set"):
    """Try another configuration; `base` refuses it unless the one it replaces has this hash."""

    text: Annotated[str, Meta(max_length=MAX_CONFIG)]
    reason: Reason
    base: Digest | None = None


class GetZones(_Order, frozen=True, tag="zones_get"):
    """The zones and lines of the configuration."""


class SetZones(_Order, frozen=True, tag="zones_set"):
    """Try other zones and lines (those left out stay); all else in the configuration stays as it is written."""

    reason: Reason
    zones: Annotated[list[dict[str, Any]], Meta(max_length=64)] | None = None
    lines: Annotated[list[dict[str, Any]], Meta(max_length=64)] | None = None
    base: Digest | None = None


class HintTime(_Order, frozen=True, tag="time_hint"):
    """What time it is by the hub: used for labels while no time server vouches, never trusted as synchronised."""

    utc_s: Annotated[float, Meta(ge=0, le=253_402_300_799)]


class Rebase(_Order, frozen=True, tag="rebase"):
    """The camera was moved, cleaned or refocused on purpose: learn the scene anew."""

    reason: Reason


class Restart(_Order, frozen=True, tag="restart"):
    """End in order and begin again."""

    reason: Reason


class Decide(_Order, frozen=True, tag="decide"):
    """Confirm or dismiss an incident; to dismiss needs a reason."""

    incident: str
    decision: Literal["confirm", "dismiss"]
    reason: Words = ""
    note: Text = ""


class Annotate(_Order, frozen=True, tag="annotate"):
    """Write a note on an incident."""

    incident: str
    text: Annotated[Text, Meta(min_length=1)]


Order = (
    Arm
    | Silence
    | TryOutput
    | OutputOff
    | Snapshot
    | Clip
    | GetConfig
    | SetConfig
    | GetZones
    | SetZones
    | HintTime
    | Rebase
    | Restart
    | Decide
    | Annotate
)
VERSIONS: Mapping[str, int] = {str(kind.__struct_config__.tag): 1 for kind in Order.__args__}
"""The orders that there are, each with the version of its fields."""


class Command(msgspec.Struct, frozen=True, tag_field="type", tag="command", omit_defaults=True):
    """Hub: do this once. `challenge` is the hello's, `expires_s` on the camera's monotonic clock; `by` is a person."""

    id: Token
    challenge: Token
    expires_s: Real
    order: msgspec.Raw
    by: Who = ""


class Result(msgspec.Struct, frozen=True, tag_field="type", tag="result", omit_defaults=True):
    """Camera: what became of a command; `repeated` where it was asked again and the first result is told again."""

    id: Token
    outcome: Outcome
    reason: str = ""
    data: dict[str, Any] = {}
    repeated: bool = False


_decoder: msgspec.msgpack.Decoder[Order] = msgspec.msgpack.Decoder(Order)


def do_of(order: Order) -> str:
    """The order's name on the wire."""
    return str(order.__struct_config__.tag)


def pack_order(order: Order) -> msgspec.Raw:
    """The order as it stands in a command."""
    return msgspec.Raw(msgspec.msgpack.encode(order))


def read_order(raw: msgspec.Raw) -> Order:
    """What a command orders; its limits were checked with the message's. Raises WireError that says what is wrong."""
    try:
        return _decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise WireError(f"not an order of this version: {error}") from error
