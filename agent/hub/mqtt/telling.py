"""What the camera tells a broker: topics, and payloads in the words of docs/design/semantics.md. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import msgspec

from agent.domain import Json
from agent.events.journal import Slice
from agent.events.lines import event_fields
from agent.events.wire import Body, Gap, HealthBody, Origin, Record, plain
from hal.ports import WallTime

MOST_ON_THE_WAY = 16
"""Publications that are not confirmed yet; brokers usually take 20."""
ONLINE, OFFLINE = b"online", b"offline"
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]")


class Message(NamedTuple):
    """What is published at once; the broker keeps a retained one for whoever subscribes later."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Topics:
    """The camera's own topics: `beginning/device/...`."""

    beginning: str
    device: str

    @property
    def base(self) -> str:
        return f"{self.beginning}/{level(self.device)}"

    @property
    def status(self) -> str:
        """Retained `online` or `offline`; the latter is the Last Will, too."""
        return f"{self.base}/status"

    @property
    def info(self) -> str:
        """Retained: who the camera is."""
        return f"{self.base}/info"

    @property
    def command(self) -> str:
        """What the camera listens to."""
        return f"{self.base}/command"

    @property
    def result(self) -> str:
        """What became of commands."""
        return f"{self.base}/result"

    def state(self, what: str) -> str:
        """Retained: how something is now, such as `occupancy/till`."""
        return "/".join([self.base, "state", *map(level, what.split("/"))])

    def body(self, body: Body) -> str:
        """Where an event, an incident or a finding is told."""
        tag = str(body.__struct_config__.tag)
        return f"{self.base}/{tag}/{level(body.what if isinstance(body, HealthBody) else body.kind)}"

    @property
    def gap(self) -> str:
        """Numbers that were given and had to be dropped."""
        return f"{self.base}/gap"


def level(word: str) -> str:
    """A word as one level of a topic."""
    return _UNSAFE.sub("_", word) or "_"


def encoded(fields: Mapping[str, Json]) -> bytes:
    """JSON as it goes out."""
    return msgspec.json.encode(fields, enc_hook=plain)


def record_fields(device: str, epoch: str, record: Record) -> dict[str, Json]:
    """A record's fields with its place: where it first stood, so that (device, epoch, seq) tells repetitions."""
    place = record.origin or Origin(epoch, record.seq)
    wall = WallTime(record.utc_s, record.synchronised)
    return {"device": device, "epoch": place.epoch, "seq": place.seq, **event_fields(record.body, wall)}


def entries(part: Slice) -> Iterator[Record | Gap]:
    """A part of the journal in the order of its numbers."""
    found: list[Record | Gap] = [*part.records, *part.gaps]
    yield from sorted(found, key=lambda one: one.first if isinstance(one, Gap) else one.seq)


def message_of(topics: Topics, epoch: str, entry: Record | Gap) -> Message:
    """What is published of one entry."""
    if isinstance(entry, Gap):
        fields: dict[str, Json] = {
            "type": "gap",
            "device": topics.device,
            "epoch": epoch,
            "first": entry.first,
            "last": entry.last,
        }
        return Message(topics.gap, encoded(fields))
    return Message(topics.body(entry.body), encoded(record_fields(topics.device, epoch, entry)))
