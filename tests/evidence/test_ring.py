"""The ring keeps the last seconds, whole groups only, within its bounds and at hardly more than their own size."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.evidence.ring import Ring
from hal.ports import EncodedPacket, VideoShape

SHAPE = VideoShape(640, 360, 15.0)


def packets(count: int, *, group: int = 15, size: int = 2000, start_s: float = 0.0) -> list[EncodedPacket]:
    filler = random.Random(1)
    return [
        EncodedPacket(filler.randbytes(size), n % group == 0, start_s + n / 15, start_s + n / 15, SHAPE)
        for n in range(count)
    ]


def filled(row: list[EncodedPacket], seconds: float = 5.0, most: int = 1 << 20) -> Ring:
    ring = Ring(seconds, most)
    for packet in row:
        ring.add(packet)
    return ring


def test_it_gives_back_what_was_put_in() -> None:
    row = packets(40)
    ring = filled(row)
    assert [one.packet for one in ring.since(1)] == row
    assert [one.number for one in ring.since(20)] == list(range(20, 41))


def test_it_holds_the_time_asked_for_and_at_most_a_group_more() -> None:
    ring = filled(packets(300), seconds=5.0)
    span = ring.span()
    assert span is not None
    assert 5.0 <= span[1] - span[0] < 6.0


def test_it_never_holds_more_than_its_bytes() -> None:
    ring = filled(packets(300, size=5000), seconds=60.0, most=200_000)
    assert ring.payload <= 200_000
    assert ring.since(0)[0].packet.keyframe


def test_a_group_without_end_is_let_go_rather_than_filling_the_memory() -> None:
    row = packets(300, group=1000, size=5000)
    ring = filled(row, most=200_000)
    assert ring.payload <= 200_000
    ring.add(row[0])
    assert [one.packet for one in ring.since(0)][-1] == row[0]


@pytest.mark.parametrize("size", [300, 2000, 20_000])
def test_it_costs_hardly_more_than_its_content(size: int) -> None:
    ring = filled(packets(400, size=size, group=15), seconds=15.0, most=64 << 20)
    assert ring.footprint / ring.payload <= (1.05 if size >= 2000 else 1.25)


def test_a_clip_begins_with_the_key_picture_before_its_time() -> None:
    ring = filled(packets(70), seconds=60.0)
    for t_s, number in ((0.0, 1), (0.9, 1), (1.0, 16), (1.5, 16), (4.1, 61), (-5.0, 1), (99.0, 61)):
        assert ring.begin_at(t_s) == number, t_s


def test_what_comes_before_the_first_key_picture_is_of_no_use() -> None:
    ring = filled(packets(30)[5:])
    assert ring.since(0)[0].packet.keyframe
    assert len(ring.since(0)) == 15


def test_an_empty_ring_has_no_span() -> None:
    ring = Ring(5, 1000)
    assert ring.span() is None
    assert ring.since(0) == []
    ring = filled(packets(20))
    ring.clear()
    assert ring.span() is None


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 400)), max_size=40), st.integers(0, 50))
def test_numbers_never_lie(row: list[tuple[bool, int]], wanted: int) -> None:
    ring = Ring(1.0, 4000)
    kept: dict[int, EncodedPacket] = {}
    for n, (key, size) in enumerate(row):
        packet = EncodedPacket(bytes([n % 256]) * size, key, n / 15, n / 15, SHAPE)
        before = ring.since(0)[-1:]
        ring.add(packet)
        after = ring.since(0)[-1:]
        if after and after != before:
            kept[after[0].number] = packet
    for number, packet in ring.since(wanted):
        assert number >= wanted
        assert kept[number] == packet
