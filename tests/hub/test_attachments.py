"""Stills and clips over real links: whole, resumed, and never in the way of events."""

from __future__ import annotations

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import LinkClosed, OperatorError, WireError
from agent.events.pieces import MIN_WINDOW, PART_BYTES, Done, Fetch, Leave, Part, Take, Undone
from agent.events.wire import PROTOCOL, Batch, CloseCode, Hello, Resume, decode_from_camera, decode_from_hub, encode
from agent.hub.attachments import MOST_SNAPSHOTS, Attachments, StoredFile
from agent.hub.fetching import Damaged, FetchRefused, Memory, Shelf
from agent.hub.pace import AIM_S, LEAST, Pace, RoundTrip
from agent.hub.sending import MOST_AT_ONCE
from tests.hub.linking import Camera, camera_with, following

VIDEO = random.Random(7).randbytes(1_000_003)
CLIP = "clip/20261118T091500Z-1a2b3c4d/clip.mp4"


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(VIDEO)
    return path


@pytest.fixture
async def camera(tmp_path: Path, video: Path) -> AsyncIterator[Camera]:
    size = len(VIDEO)

    async def opened(clip_id: str, name: str, who: str) -> StoredFile:
        if name != video.name:
            raise OperatorError(f"clip {clip_id} has no such file")
        return StoredFile(video, size, "video/mp4")

    async with camera_with(tmp_path / "j.db", {}, attachments=Attachments(opened)) as made:
        yield made


async def test_a_clip_arrives_whole(camera: Camera, tmp_path: Path) -> None:
    async with following(camera) as hub:
        kept, seen = Shelf(tmp_path / "hub" / "clip.mp4"), Memory()
        done = await hub.client.fetch(CLIP, kept)
        await hub.client.fetch(CLIP, seen)
    assert (done.size, done.media, done.sha256) == (len(VIDEO), "video/mp4", hashlib.sha256(VIDEO).hexdigest())
    assert kept.path.read_bytes() == seen.content == VIDEO
    assert [path.name for path in kept.path.parent.iterdir()] == ["clip.mp4"]


async def test_a_broken_link_is_resumed_where_it_broke(camera: Camera, tmp_path: Path) -> None:
    path = tmp_path / "hub" / "clip.mp4"

    class Breaking(Shelf):
        async def write(self, data: bytes) -> None:
            if self.have > 300_000:
                raise LinkClosed("the hub's power is cut")
            await super().write(data)

    async with following(camera) as hub:
        with pytest.raises(LinkClosed):
            await hub.client.fetch(CLIP, Breaking(path))
    had = Shelf(path).have
    assert 300_000 < had < len(VIDEO)
    assert not path.exists()
    async with following(camera) as hub:
        await hub.client.fetch(CLIP, Shelf(path))
    assert path.read_bytes() == VIDEO


async def test_what_is_not_what_the_camera_has_is_thrown_away(camera: Camera, tmp_path: Path) -> None:
    path = tmp_path / "hub" / "clip.mp4"
    Shelf(path)
    path.with_name("clip.mp4.part").write_bytes(b"something else")
    async with following(camera) as hub:
        with pytest.raises(Damaged):
            await hub.client.fetch(CLIP, Shelf(path))
        assert not path.exists()
        await hub.client.fetch(CLIP, Shelf(path))
    assert path.read_bytes() == VIDEO


async def test_what_cannot_be_sent_is_told(camera: Camera, video: Path) -> None:
    async with following(camera) as hub:
        for what, why in (
            ("clip/20261118T091500Z-1a2b3c4d/other.mp4", "no such file"),
            ("clip/only-this", "there is no clip/only-this"),
            ("snapshot/00.jpg", "there is no snapshot/00.jpg"),
        ):
            with pytest.raises(FetchRefused, match=why):
                await hub.client.fetch(what, Memory())
        longer = Memory()
        longer.content = VIDEO + b"more"
        with pytest.raises(FetchRefused, match="it has 1000003 bytes"):
            await hub.client.fetch(CLIP, longer)


async def test_an_erased_clip_is_not_sent_to_its_end(camera: Camera, video: Path) -> None:
    class Erasing(Memory):
        async def write(self, data: bytes) -> None:
            await asyncio.to_thread(video.unlink, missing_ok=True)
            await super().write(data)

    async with following(camera) as hub:
        kept = Erasing()
        with pytest.raises(FetchRefused, match="cannot be read any more"):
            await hub.client.fetch(CLIP, kept)
    assert len(kept.content) < len(VIDEO)


async def test_snapshots_are_held_until_newer_ones_come() -> None:
    attachments = Attachments()
    names = [attachments.keep(bytes([n])) for n in range(MOST_SNAPSHOTS + 2)]
    assert (await attachments.open(names[-1], "kim")).size == 1
    with pytest.raises(OperatorError):
        await attachments.open(names[1], "kim")


async def test_events_pass_while_a_hub_takes_nothing_of_a_clip(camera: Camera) -> None:
    class Slow(Memory):
        async def write(self, data: bytes) -> None:
            await super().write(data)
            await go_on.wait()

    go_on, kept = asyncio.Event(), Slow()
    async with following(camera) as hub:
        fetching = asyncio.create_task(hub.client.fetch(CLIP, kept))
        for n in range(50):
            await camera.happen(n)
            await hub.until(n)
        assert len(kept.content) <= PART_BYTES
        go_on.set()
        await fetching
    assert kept.content == VIDEO


async def raw_link(http: aiohttp.ClientSession, url: str) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(url)
    hello = decode_from_camera(await socket.receive_bytes())
    assert isinstance(hello, Hello)
    await socket.send_bytes(encode(Resume("hub-a", hello.epoch, 0, protocol=PROTOCOL)))
    return socket


async def test_never_more_is_under_way_than_the_window_and_events_come_between(camera: Camera) -> None:
    async with aiohttp.ClientSession() as http:
        socket = await raw_link(http, camera.url)
        await socket.send_bytes(encode(Fetch(1, CLIP, 0, MIN_WINDOW)))
        got, taken = 0, 0
        while got < MIN_WINDOW:
            part = decode_from_camera(await socket.receive_bytes())
            assert isinstance(part, Part)
            got += len(part.data)
        await camera.happen(1)
        assert isinstance(decode_from_camera(await socket.receive_bytes()), Batch)
        while True:
            taken = got
            await socket.send_bytes(encode(Take(1, taken)))
            message = decode_from_camera(await socket.receive_bytes())
            if isinstance(message, Done):
                break
            assert isinstance(message, Part)
            assert message.offset == got
            got += len(message.data)
            assert got - taken <= MIN_WINDOW
        assert got == len(VIDEO)
        await socket.close()


@pytest.mark.parametrize(
    ("messages", "code"),
    [
        ([Fetch(1, CLIP), Fetch(1, CLIP)], CloseCode.UNEXPECTED),
        ([Fetch(1, CLIP), Take(1, 999_999)], CloseCode.BAD_ACK),
    ],
    ids=["the same number twice", "taken before it was sent"],
)
async def test_breaches_end_the_link(camera: Camera, messages: list[Fetch | Take], code: CloseCode) -> None:
    async with aiohttp.ClientSession() as http:
        socket = await raw_link(http, camera.url)
        for message in messages:
            await socket.send_bytes(encode(message))
        while (answer := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.BINARY:
            pass
        assert answer.data == code


async def test_only_so_many_at_once_and_what_is_left_makes_room(camera: Camera) -> None:
    async with aiohttp.ClientSession() as http:
        socket = await raw_link(http, camera.url)
        for n in range(MOST_AT_ONCE + 1):
            await socket.send_bytes(encode(Fetch(n, CLIP, 0, MIN_WINDOW)))
        while not isinstance(message := decode_from_camera(await socket.receive_bytes()), Undone):
            pass
        assert message.n == MOST_AT_ONCE
        await socket.send_bytes(encode(Leave(0)))
        await socket.send_bytes(encode(Take(0, 1)))  # too late, and passed over
        await socket.send_bytes(encode(Fetch(9, CLIP, len(VIDEO) - 1)))
        while not isinstance(message := decode_from_camera(await socket.receive_bytes()), Done):
            assert not isinstance(message, Undone)
        assert message.n == 9
        await socket.close()


def test_the_window_grows_on_a_fast_link_and_shrinks_on_a_slow_one() -> None:
    fast, slow = Pace(256 * 1024), Pace(256 * 1024)
    for _ in range(200):
        for pace, delay_s in ((fast, AIM_S / 10), (slow, AIM_S * 2)):
            if length := pace.room():
                pace.sent(length, 0.0)
            pace.taken(pace.sent_bytes, delay_s)
    assert fast.window == 256 * 1024
    assert (slow.window, slow.room()) == (LEAST, LEAST)


def test_on_a_slow_link_an_event_waits_about_the_aim() -> None:
    """A link of 40 kB/s that queues all it is given: how long what is sent now would wait."""
    pace, queue, now_s, rate = Pace(256 * 1024), [], 0.0, 40_000.0
    waits, free_s = [], 0.0
    for _ in range(400):
        while length := pace.room():
            pace.sent(length, now_s)
            free_s = max(free_s, now_s) + length / rate
            queue.append((free_s, pace.sent_bytes))
        waits.append(free_s - now_s)
        now_s, through = queue.pop(0)
        pace.taken(through, now_s)
    assert max(waits[40:]) < 1.0
    assert sorted(waits[40:])[180] < 2 * AIM_S


def test_a_long_way_is_no_queue() -> None:
    """The same delay lets a window grow where it is the way there and back, and shrink where it is a queue."""
    for base_s, window in ((0.6, 256 * 1024), (0.0, LEAST)):
        pace = Pace(256 * 1024, base_s=lambda base_s=base_s: base_s)  # type: ignore[misc]
        for _ in range(200):
            if length := pace.room():
                pace.sent(length, 0.0)
            pace.taken(pace.sent_bytes, 0.7)
        assert pace.window == window


def test_the_way_there_and_back_is_that_of_the_quickest_ping() -> None:
    way = RoundTrip()
    way.ponged(1, 5.0)
    assert way.least_s == 0.0
    for number, (sent_s, back_s) in enumerate([(1.0, 1.7), (2.0, 2.5), (3.0, 5.0)]):
        way.pinged(number, sent_s)
        way.ponged(number, back_s)
    assert way.least_s == 0.5
    for number in range(100):
        way.pinged(number, 9.0)
    way.ponged(0, 9.1)
    assert way.least_s == 0.5, "who answers after so many others measures nothing"


@given(st.lists(st.tuples(st.integers(0, 200_000), st.floats(0, 5)), max_size=60), st.integers(PART_BYTES, 1 << 20))
def test_the_pace_keeps_its_bounds(steps: list[tuple[int, float]], most: int) -> None:
    pace, sent, taken, now_s = Pace(most), 0, 0, 0.0
    for take, wait_s in steps:
        now_s += wait_s
        if length := pace.room():
            pace.sent(length, now_s)
            sent += length
        assert LEAST <= pace.window <= most
        assert 0 <= pace.room() <= PART_BYTES
        assert sent - taken <= most
        assert pace.taken(take, now_s) == (take <= sent)
        taken = max(taken, take if take <= sent else 0)


NAMES = [
    "clip/../../etc/passwd",
    "clip/a/..",
    "/clip/a/b",
    "clip//b",
    "clip/.hidden/x",
    "snapshot",
    "CLIP/a/b",
    "a/b\n",
]


@pytest.mark.parametrize("what", NAMES)
def test_names_stay_below_their_folder(what: str) -> None:
    with pytest.raises(WireError):
        decode_from_hub(encode(Fetch(1, what)))


pieces = (
    st.builds(Fetch, st.integers(0, 2**53), st.just(CLIP), st.integers(0, 1 << 30), st.integers(MIN_WINDOW, 4 << 20))
    | st.builds(Take, st.integers(0, 2**53), st.integers(0, 1 << 30))
    | st.builds(Leave, st.integers(0, 2**53))
)


@given(pieces, st.data())
def test_a_damaged_request_is_read_or_refused(message: Fetch | Take | Leave, data: st.DataObject) -> None:
    assert decode_from_hub(encode(message)) == message
    encoded = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode_from_hub(bytes(encoded))
    except WireError:
        return


@given(st.builds(Part, st.integers(0, 9), st.integers(0, 1 << 30), st.integers(0, 1 << 30), st.binary(max_size=99)))
def test_a_part_comes_back_or_is_refused(part: Part) -> None:
    if part.data:
        assert decode_from_camera(encode(part)) == part
    else:
        with pytest.raises(WireError):
            decode_from_camera(encode(part))


@given(st.dictionaries(st.sampled_from(["n", "what", "offset", "window", "through"]), st.integers() | st.text()))
def test_no_request_does_more_than_be_refused(fields: dict[str, object]) -> None:
    for tag in ("fetch", "take", "leave"):
        try:
            encoded = msgspec.msgpack.encode({"type": tag, **fields})
        except OverflowError:
            continue
        try:
            decode_from_hub(encoded)
        except WireError:
            continue
