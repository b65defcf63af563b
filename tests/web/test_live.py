"""The live page's server over real connections: what viewers get, what they cannot do to each other or the camera."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, ExitStack, closing
from typing import Any

import numpy as np
import simplejpeg
from aiohttp import BodyPartReader, ClientResponse, ClientWebSocketResponse, MultipartReader, WSMsgType

from agent.domain import Box, Json
from agent.web.live import LiveLimits
from tests.web.scenes import Camera, camera, noise, outcome, picture, showing, track

VIEWERS = LiveLimits().viewers
WALKER = track(4, Box(0.6, 0.3, 0.7, 0.9))
STRANGER = track(5, Box(0.6, 0.3, 0.8, 0.95), confirmed=False)


async def until(listener: ClientWebSocketResponse, kind: str, **wanted: object) -> dict[str, Any]:
    """The next message of a kind whose fields are as wanted."""
    while True:
        message: dict[str, Any] = await listener.receive_json()
        if message["type"] == kind and all(message.get(key) == value for key, value in wanted.items()):
            return message


async def jpegs(response: ClientResponse, count: int) -> list[bytes]:
    reader, found = MultipartReader.from_response(response), list[bytes]()
    while len(found) < count:
        part = await reader.next()
        assert isinstance(part, BodyPartReader)
        assert part.headers["Content-Type"] == "image/jpeg"
        found.append(bytes(await part.read()))
    return found


async def test_the_scene_comes_first_then_frames() -> None:
    async with camera(on=True) as shop, shop.client.ws_connect(shop.url + "v1/live") as listener:
        scene = await listener.receive_json()
        assert scene["type"] == "scene"
        assert scene["camera"] == "aisle-3"
        assert scene["zones"][0] == {
            "name": "stock",
            "kind": "restricted",
            "polygon": [[0.5, 0.5], [1.0, 0.5], [1.0, 1.0], [0.5, 1.0]],
        }
        assert scene["lines"] == [{"name": "entrance", "points": [[0.1, 0.0], [0.1, 1.0]]}]
        assert scene["outputs"] == [{"name": "siren", "pattern": "blink", "hz": 2.0}]
        first = await until(listener, "frame")
        assert "tracks" not in first
        shop.feed.offer(outcome(30, [WALKER, STRANGER]))
        frame = await until(listener, "frame", t_s=2.0)
        assert frame["size"] == [320, 180]
        assert [(t["id"], t["confirmed"]) for t in frame["tracks"]] == [(4, True), (5, False)]
        assert frame["tracks"][0]["box"] == [0.6, 0.3, 0.7, 0.9]
        assert frame["tracks"][0]["foot"] == [0.65, 0.9]
        assert frame["zones"] == {"stock": 1}
        assert frame["outputs"] == [{"name": "siren", "state": "active", "on": True, "faulted": False}]


async def test_rates_are_those_of_the_last_seconds_and_gaps_count_as_drops() -> None:
    async with camera() as shop, shop.client.ws_connect(shop.url + "v1/live") as listener:
        await listener.receive_json()
        shop.show(0, 1, 2, 5)
        frame = await until(listener, "frame", n=4)
        while not frame["stages_ms"]:
            frame = await until(listener, "frame")
        assert frame["stages_ms"]["invoke"] == 8.0
        assert "alarm" not in frame["stages_ms"]
        assert frame["dropped"] == 2
        assert frame["fps"] > 0


async def test_events_before_and_after_the_viewer_came() -> None:
    async with camera() as shop:
        shop.feed.note({"type": "event", "kind": "dwell", "zone": "stock"})
        async with shop.client.ws_connect(shop.url + "v1/live") as listener:
            before = await until(listener, "event")
            assert (before["n"], before["recent"], before["fields"]["kind"]) == (1, True, "dwell")
            await until(listener, "frame")
            shop.feed.note({"type": "incident", "id": "a-1", "kind": "restricted", "state": "open", "tracks": [4]})
            after = await until(listener, "event")
            assert (after["n"], after["recent"], after["fields"]["tracks"]) == (2, False, [4])
            assert after["at_s"] >= before["at_s"] > 1.6e9


async def test_open_incidents_stay_until_closed() -> None:
    async with camera() as shop, shop.client.ws_connect(shop.url + "v1/live") as listener:
        await until(listener, "frame")
        head: dict[str, Json] = {"type": "incident", "id": "a-1", "kind": "restricted", "zone": "stock", "tracks": [4]}
        shop.feed.note({**head, "state": "open", "severity": "warning"})
        assert (await until(listener, "event"))["recent"] is False
        shop.feed.note({**head, "state": "updated", "severity": "critical"})
        shown = {"id": "a-1", "kind": "restricted", "zone": "stock", "tracks": [4], "severity": "critical"}
        await until(listener, "frame", incidents=[shown])
        shop.feed.note({**head, "state": "closed", "severity": "critical"})
        await until(listener, "frame", incidents=[])


async def test_a_late_viewer_gets_a_bounded_past() -> None:
    async with camera() as shop:
        for number in range(1000):
            shop.feed.note({"type": "event", "kind": "dwell", "number": number})
        async with shop.client.ws_connect(shop.url + "v1/live") as listener:
            assert (await until(listener, "event"))["n"] == 801


async def test_facts_are_asked_for_while_somebody_watches_and_sent_when_they_change() -> None:
    answers: list[dict[str, Json]] = [{"hub": {"text": "linked", "state": "ok"}}, {"hub": "gone"}]
    asked = []

    def facts() -> dict[str, Json]:
        asked.append(True)
        return answers[min(len(asked), len(answers)) - 1]

    async with camera() as shop:
        shop.feed.status_from(facts)
        shop.show(1, 2, 3)
        assert not asked
        async with shop.client.ws_connect(shop.url + "v1/live") as listener:
            assert (await until(listener, "status"))["facts"] == {"hub": {"text": "linked", "state": "ok"}}
            assert (await until(listener, "status"))["facts"] == {"hub": "gone"}


async def test_pictures_are_jpegs_of_the_newest_frames() -> None:
    async with camera() as shop, showing(shop), shop.client.get(shop.url + "live.mjpg") as response:
        assert response.content_type == "multipart/x-mixed-replace"
        for jpeg in await jpegs(response, 3):
            assert simplejpeg.decode_jpeg_header(jpeg)[:2] == (180, 320)


async def test_limited_range_becomes_full_range() -> None:
    async with camera() as shop:
        for luma, grey in ((16, 0), (235, 255), (126, 128)):
            asked = asyncio.create_task(shop.client.get(shop.url + "live.jpg"))
            await shop.watched(by=1)
            shop.feed.offer(outcome(luma, shown=picture(luma)))
            async with await asked as response:
                assert response.content_type == "image/jpeg"
                pixels = simplejpeg.decode_jpeg(await response.read(), "GRAY")
            assert np.abs(pixels.astype(int) - grey).max() <= 2
            await shop.watched(by=0)


async def test_a_wide_picture_is_made_smaller() -> None:
    async with camera() as shop:
        asked = asyncio.create_task(shop.client.get(shop.url + "live.jpg"))
        await shop.watched(by=1)
        shop.feed.offer(outcome(0, shown=picture(width=2560, height=1441)))
        async with await asked as response:
            assert simplejpeg.decode_jpeg_header(await response.read())[:2] == (720, 1280)


async def test_a_camera_without_pictures_says_so() -> None:
    limits = LiveLimits(still_s=0.05)
    async with camera(limits=limits) as shop, shop.client.get(shop.url + "live.jpg") as response:
        assert response.status == 503
        assert "no picture" in await response.text()


async def test_one_viewer_too_many_is_refused_in_plain_words() -> None:
    async with camera() as shop, showing(shop), AsyncExitStack() as stack:
        for _ in range(VIEWERS):
            await stack.enter_async_context(shop.client.get(shop.url + "live.mjpg"))
        async with shop.client.get(shop.url + "live.mjpg") as refused:
            assert refused.status == 503
            assert "watching this camera already" in await refused.text()
            assert refused.headers["Retry-After"] == "10"


async def test_one_listener_too_many_is_told_to_come_later() -> None:
    async with camera() as shop, AsyncExitStack() as stack:
        for _ in range(VIEWERS):
            listener = await stack.enter_async_context(shop.client.ws_connect(shop.url + "v1/live"))
            await until(listener, "scene")
        refused = await stack.enter_async_context(shop.client.ws_connect(shop.url + "v1/live"))
        goodbye = await refused.receive()
        assert (goodbye.type, goodbye.data) == (WSMsgType.CLOSE, 1013)
        assert "watching this camera already" in str(goodbye.extra)


async def test_a_seat_is_free_again_when_a_viewer_leaves() -> None:
    async with camera() as shop:
        for _ in range(VIEWERS + 2):
            async with shop.client.ws_connect(shop.url + "v1/live") as listener:
                await until(listener, "scene")
            await shop.watched(by=0)
        for _ in range(VIEWERS + 2):
            async with showing(shop), shop.client.get(shop.url + "live.mjpg") as response:
                await jpegs(response, 1)
                response.close()
            await shop.watched(by=0)


async def test_a_viewer_who_leaves_a_stalled_camera_is_noticed() -> None:
    async with camera() as shop:
        async with shop.client.get(shop.url + "live.mjpg") as response:
            assert shop.feed.watchers == 1
            response.close()
        await shop.watched(by=0)


def deaf_viewer(shop: Camera) -> socket.socket:
    """Asks for pictures and never reads one."""
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.connect((shop.host, shop.port))
    deaf.sendall(f"GET /live.mjpg HTTP/1.1\r\nHost: {shop.host}:{shop.port}\r\n\r\n".encode())
    return deaf


async def test_a_stalled_viewer_holds_up_nobody() -> None:
    async with camera() as shop, showing(shop, noise()):
        with closing(await asyncio.to_thread(deaf_viewer, shop)):
            await shop.watched(by=1)
            async with shop.client.get(shop.url + "live.mjpg") as response:
                assert len(await jpegs(response, 20)) == 20
            assert shop.feed.watchers >= 1


async def test_a_stalled_viewer_is_cut_off() -> None:
    async with camera(limits=LiveLimits(stall_s=0.2)) as shop, showing(shop, noise()):
        with closing(await asyncio.to_thread(deaf_viewer, shop)):
            await shop.watched(by=1)
            await shop.watched(by=0)


async def test_nothing_is_encoded_or_kept_for_nobody() -> None:
    async with camera() as shop:
        shop.show(*range(100))
        assert shop.routes.stream.encoded == 0
        assert shop.feed.latest is None
        async with showing(shop), shop.client.get(shop.url + "live.mjpg") as response:
            await jpegs(response, 2)
            assert shop.feed.latest is not None
        await shop.watched(by=0)
        made = shop.routes.stream.encoded
        assert made >= 2
        shop.show(*range(200, 300))
        await asyncio.sleep(0)
        assert shop.routes.stream.encoded == made
        assert shop.feed.latest is None


async def test_pictures_are_made_once_for_all() -> None:
    async with camera() as shop, AsyncExitStack() as stack:
        viewers = [await stack.enter_async_context(shop.client.get(shop.url + "live.mjpg")) for _ in range(VIEWERS)]
        shop.show(1)
        pictures = await asyncio.gather(*(jpegs(viewer, 1) for viewer in viewers))
        assert all(picture == pictures[0] for picture in pictures)
        assert shop.routes.stream.encoded == 1


async def test_a_viewer_who_talks_is_sent_away() -> None:
    async with camera() as shop, shop.client.ws_connect(shop.url + "v1/live") as listener:
        await until(listener, "scene")
        await listener.send_str("x" * 10)
        while (message := await listener.receive()).type == WSMsgType.TEXT:
            pass
        assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED)


async def test_viewers_are_sent_home_when_the_camera_stops() -> None:
    async with camera() as shop:
        listener = await shop.client.ws_connect(shop.url + "v1/live")
        response = await shop.client.get(shop.url + "live.mjpg")
        await until(listener, "scene")
        shop.feed.close()
        while (message := await listener.receive()).type == WSMsgType.TEXT:
            pass
        assert (message.type, message.data) == (WSMsgType.CLOSE, 1001)
        assert await response.read() == b""
        await listener.close()


async def test_a_frame_after_the_end_of_the_loop_is_harmless() -> None:
    shops: list[Camera] = []
    stack = ExitStack()

    async def watch() -> None:
        async with camera() as shop:
            shops.append(shop)
            stack.enter_context(shop.feed.watching())

    await asyncio.to_thread(asyncio.run, watch())
    shops[0].show(1)
    assert shops[0].feed.latest is not None
    stack.close()


async def test_headers_keep_the_page_to_itself() -> None:
    async with camera() as shop:
        for path, kind in (("", "text/html"), ("static/live.js", "text/javascript"), ("static/live.css", "text/css")):
            async with shop.client.get(shop.url + path) as response:
                assert response.status == 200
                assert response.content_type == kind
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                policy = response.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy
                assert "unsafe" not in policy


async def test_only_the_page_own_files_are_served() -> None:
    async with camera() as shop:
        for path in ("static/missing.js", "static/..%2flive.py", "static/%2e%2e/live.py", "static/"):
            async with shop.client.get(shop.url + path) as response:
                assert response.status == 404
