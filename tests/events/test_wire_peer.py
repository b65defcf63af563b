"""Hubs are written in any language: the wire is plain msgpack, proven with the reference implementation of msgpack."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from agent.domain import Event, Severity
from agent.events.wire import Ack, Batch, Message, Ping, Record, Resume, body_of, decode_from_hub, encode

EPOCH = "0123456789abcdef"


def test_a_batch_is_read_by_any_msgpack() -> None:
    body = body_of(Event("dwell", 12.25, Severity.INFO, {"track": 4, "zone": "table", "dwell_s": 13.3}))
    record = Record(7, 1.7e9, True, "b00t", 12.5, body)
    read: dict[str, Any] = msgpack.unpackb(encode(Batch("cam-1", EPOCH, 6, 7, [record])))
    assert read["type"] == "events"
    assert (read["device"], read["epoch"], read["after"], read["through"]) == ("cam-1", EPOCH, 6, 7)
    assert read["records"][0]["seq"] == 7
    assert read["records"][0]["body"]["data"] == {"track": 4, "zone": "table", "dwell_s": 13.3}


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({"type": "ack", "epoch": EPOCH, "seq": 9}, Ack(EPOCH, 9)),
        ({"type": "ping", "n": 3}, Ping(3)),
        (
            {"type": "resume", "hub": "hub-1", "epoch": EPOCH, "seq": 5, "protocol": 1},
            Resume("hub-1", EPOCH, 5, protocol=1),
        ),
    ],
)
def test_what_any_msgpack_writes_is_understood(written: dict[str, Any], message: Message) -> None:
    assert decode_from_hub(msgpack.packb(written)) == message
