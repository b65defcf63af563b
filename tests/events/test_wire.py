"""The wire format: examples, and anything a stranger may send."""

from __future__ import annotations

import math
from contextlib import suppress
from types import MappingProxyType

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.domain import Event, HealthSample, HealthState, Incident, IncidentState, Severity
from agent.errors import WireError
from agent.events.orders import Command, Result
from agent.events.pieces import Done, Undone
from agent.events.scan import MESSAGE_LIMITS, Limits, scan
from agent.events.wire import (
    Ack,
    Batch,
    Capabilities,
    ClockFacts,
    EventBody,
    FromCamera,
    FromHub,
    Gap,
    Hello,
    IncidentBody,
    Message,
    Origin,
    Ping,
    Pong,
    Record,
    Resume,
    body_of,
    decode_body,
    decode_from_camera,
    decode_from_hub,
    encode,
    seal,
)

EPOCH = "0123456789abcdef"
CLOCK = ClockFacts("b00t", 12.5, 1.7e9, True)
pack = msgspec.msgpack.encode

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
deeper = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=6
)
facts = st.dictionaries(st.text(max_size=8), scalars | st.lists(scalars, max_size=5), max_size=8)
numbers = st.integers(0, 2**53)
times = st.floats(allow_nan=False, allow_infinity=False)
bodies = st.builds(EventBody, st.text(max_size=20), times, st.sampled_from(["info", "warning", "critical"]), facts)
clocks = st.builds(ClockFacts, st.just("b00t"), times, times, st.booleans())
tokens = st.text("0123456789abcdef", min_size=32, max_size=32)
answers = st.builds(
    Result,
    tokens,
    st.sampled_from(["ok", "refused", "failed", "expired", "duplicate"]),
    st.text(max_size=40),
    facts,
    st.booleans(),
)
abilities = st.builds(
    Capabilities,
    st.lists(st.text(max_size=8), max_size=3),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    st.text(max_size=8),
    st.lists(st.text(max_size=8), max_size=3),
    st.dictionaries(st.text(max_size=8), numbers, max_size=3),
)
from_camera = (
    answers
    | st.builds(Done, numbers, st.integers(0, 1 << 30), st.just("0" * 64), st.text(max_size=20))
    | st.builds(Undone, numbers, st.text(max_size=40))
    | st.builds(
        Hello,
        *(st.just(1), st.just("cam-1"), st.text(max_size=9), st.text(max_size=9), st.just("v0"), st.just(EPOCH)),
        *(numbers, st.booleans(), st.floats(0, 60), clocks, tokens, abilities),
    )
)
from_hub = (
    st.builds(Resume, st.just("hub-1"), st.just(EPOCH), numbers, st.integers(1, 4096))
    | st.builds(Ack, st.just(EPOCH), numbers)
    | st.builds(Ping, numbers)
    | st.builds(Pong, numbers)
    | st.builds(Command, tokens, tokens, times, st.builds(lambda order: pack(order), facts).map(msgspec.Raw))
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max((depth(part) for part in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((depth(part) for part in value), default=0)
    return 0


def count(value: object) -> int:
    if isinstance(value, dict):
        return 1 + sum(1 + count(part) for part in value.values())
    if isinstance(value, list):
        return 1 + sum(count(part) for part in value)
    return 1


@given(from_hub)
def test_what_a_hub_says_comes_back(message: FromHub) -> None:
    assert decode_from_hub(encode(message)) == message


@given(st.lists(bodies, max_size=5), clocks)
def test_what_a_camera_says_comes_back(events: list[EventBody], clock: ClockFacts) -> None:
    records = [Record(3 + n, 1.5, n % 2 == 0, "b00t", 0.5, body, Origin(EPOCH, n)) for n, body in enumerate(events)]
    batch = Batch("cam-1", EPOCH, 0, 2 + len(records), records, [Gap(1, 2)])
    hello = Hello(0, "cam-1", "model", "fw", "v0", EPOCH, 7, True, 5.0, clock)
    for message in (batch, hello, Ping(1, clock, False)):
        assert decode_from_camera(encode(message)) == message


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_raise_a_wire_error(message: bytes) -> None:
    for decode in (decode_from_hub, decode_from_camera, decode_body):
        with suppress(WireError):
            decode(message)


@given(from_hub, st.data())
def test_a_damaged_message_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    encoded = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_from_hub(bytes(encoded))
    except WireError:
        return
    assert isinstance(decoded, FromHub)


@given(from_camera, st.data())
def test_a_damaged_answer_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    encoded = bytearray(encode(message))
    assert decode_from_camera(bytes(encoded)) == message
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_from_camera(bytes(encoded))
    except WireError:
        return
    assert isinstance(decoded, FromCamera)


@given(deeper)
def test_the_scan_agrees_with_a_parser(value: object) -> None:
    encoded = pack(value)
    if depth(value) > MESSAGE_LIMITS.depth or count(value) > MESSAGE_LIMITS.items:
        with pytest.raises(WireError):
            scan(encoded)
    else:
        assert scan(encoded) == count(value)


@given(st.binary(max_size=60))
def test_what_passes_the_scan_can_be_parsed(message: bytes) -> None:
    try:
        items = scan(message)
    except WireError:
        return
    with suppress(msgspec.DecodeError, UnicodeDecodeError):  # text that is not UTF-8: the typed decoder's business
        assert count(msgspec.msgpack.decode(message)) == items


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (bytes(300_000), "longer"),
        (b"\x91" * 9 + b"\x00", "deeper"),
        (b"\x91" * 200_000, "deeper"),
        (b"\xdd\xff\xff\xff\xff", "more than"),
        (b"\xdc\x10\x01" + bytes(4097), "more than"),
        (b"\xdf\x00\x00\x10\x00", "more than"),
        (b"\xd4\x01\x00", "extension"),
        (b"\xc7\x01\x05a", "extension"),
        (b"\xc1", "reserved"),
        (b"\x82\xa1a\x01\xa1a\x02", "twice"),
        (b"\x81\x01\x02", "not text"),
        (b"\x81\x90\x02", "not text"),
        (pack(math.nan), "finite"),
        (pack(math.inf), "finite"),
        (b"\xca\x7f\xc0\x00\x00", "finite"),
        (b"\x00\x00", "follow"),
        (b"\xa5abc", "short"),
        (b"\xcd\x00", "short"),
        (b"\x92\x00", "short"),
        (b"", "short"),
    ],
)
def test_what_the_scan_refuses(message: bytes, complaint: str) -> None:
    with pytest.raises(WireError, match=complaint):
        scan(message)


def test_the_scan_goes_to_its_limits() -> None:
    assert scan(b"\x91" * 8 + b"\x00") == 9
    assert scan(pack([0] * 4095)) == 4096
    assert scan(pack("x" * 100), Limits(size=102, depth=1, items=1)) == 1


@pytest.mark.parametrize(
    "item",
    [
        Event("dwell", 25.6, data={"track": 4, "zone": "table", "dwell_s": 13.3, "box": [0.1, 0.2, 0.3, 0.4]}),
        Event("fault", 1.0, Severity.CRITICAL, {"deep": {"er": [{"est": None}]}}),
        Incident(
            "i-1", "loitering", "r", IncidentState.UPDATED, Severity.WARNING, 9.0, 3.0, (1, 2), "z", None, {"f": 0.5}
        ),
        HealthSample("defocused", HealthState.FAULT, 31.0, 27.5, 0.97, "sharpness fell"),
    ],
)
def test_a_sealed_item_reads_back(item: Event | Incident | HealthSample) -> None:
    assert decode_body(seal(item)) == body_of(item)


def test_numpy_scalars_and_read_only_mappings_are_taken_as_they_are_meant() -> None:
    data = MappingProxyType({"score": np.float32(0.5), "track": np.int64(3), "sure": np.bool_(True)})
    read = decode_body(seal(Event("seen", np.float64(1.5), data=data)))  # type: ignore[arg-type]
    assert read == EventBody("seen", 1.5, "info", {"score": 0.5, "track": 3, "sure": True})


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, [[[[1]]]], {1: 2}, object(), 2**70, "\ud800", list(range(2000)), "x" * 70_000],
    ids=["nan", "infinity", "deep", "number key", "object", "huge", "surrogate", "many", "long"],
)
def test_what_no_hub_could_read_is_not_sealed(value: object) -> None:
    with pytest.raises(WireError):
        seal(Event("bad", 0.0, data={"value": value}))  # type: ignore[dict-item]


@pytest.mark.parametrize(
    ("after", "through", "seqs", "gaps"),
    [
        (0, 3, [1, 3], []),
        (0, 3, [1, 2], []),
        (0, 2, [2, 1, 1], []),
        (0, 3, [1, 3], [Gap(1, 2)]),
        (0, 9, [1], [Gap(9, 2)]),
        (5, 6, [1], []),
    ],
)
def test_a_batch_that_hides_a_number_is_refused(after: int, through: int, seqs: list[int], gaps: list[Gap]) -> None:
    records = [Record(seq, 0.0, True, "b", 0.0, EventBody("e", 0.0)) for seq in seqs]
    with pytest.raises(WireError, match=r"number|batch"):
        decode_from_camera(encode(Batch("cam", EPOCH, after, through, records, gaps)))


def test_fields_of_a_later_version_are_passed_over() -> None:
    later = {"type": "ack", "epoch": EPOCH, "seq": 3, "mood": {"of": ["the", "hub"]}}
    assert decode_from_hub(pack(later)) == Ack(EPOCH, 3)


def test_an_incident_keeps_its_words() -> None:
    incident = Incident("i", "restricted", "r", IncidentState.CLOSED, Severity.CRITICAL, 2.0, 1.0)
    body = body_of(incident)
    assert isinstance(body, IncidentBody)
    assert (body.state, body.severity) == ("closed", "critical")
