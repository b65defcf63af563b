"""The live page and what feeds it: `/`, `/static/..`, `/live.mjpg`, `/live.jpg` and the WebSocket `/v1/live`.

At most `LiveLimits.viewers` watch at a time. Whoever does not read goes on with the newest later, or is dropped.
"""

from __future__ import annotations

import asyncio
import socket as sockets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import resources

from aiohttp import WSCloseCode, web

from agent.domain import Json
from agent.web.callers import name_of
from agent.web.feed import LiveFeed
from agent.web.messages import FrameMessages, encode, note_message, scene_message, status_message
from agent.web.picture import Picture, PictureStream

__all__ = ["LiveFeed", "LiveLimits", "LiveRoutes", "add_live"]

PICTURE_EVERY_S = 0.06
MESSAGE_EVERY_S = 0.06
HEARTBEAT_S = 1.0
PING_S = 15.0
CLOSE_S = 2.0
SEND_BUFFER = 1 << 18
BOUNDARY = "frame"
FULL = "as many people as it can serve are watching this camera already; try again when one has left"
SCRIPTS = (
    *("page", "ask", "sealing", "dom", "words", "senses", "live", "geometry", "overlay", "panels"),
    *("plan", "draft", "drawing", "places", "aim", "walk", "outputs", "health", "history", "chart", "scale"),
    *("incidents", "camera", "looking", "trial", "standing", "floor"),
)
PAGES = {
    "page.html": "text/html",
    "live.css": "text/css",
    "page.css": "text/css",
    "icon.svg": "image/svg+xml",
    **{f"{name}.js": "text/javascript" for name in SCRIPTS},
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class LiveLimits:
    """How many may watch, how long one may not read before being cut off, how long a still waits for a frame."""

    viewers: int = 4
    stall_s: float = 10.0
    still_s: float = 3.0


def add_live(
    app: web.Application,
    feed: LiveFeed,
    limits: LiveLimits | None = None,
    seen: Callable[[str, str], None] | None = None,
) -> LiveRoutes:
    """Serve the live page from `app`; its viewers are sent home when the app shuts down.

    `seen` is told what is looked at (`still`, `live`) and by whom (a name, or an address).
    """
    routes = LiveRoutes(feed, limits or LiveLimits(), seen)
    app.add_routes(
        [
            web.get("/", routes.page),
            web.get("/static/{name}", routes.static),
            web.get("/live.jpg", routes.still),
            web.get("/live.mjpg", routes.pictures),
            web.get("/v1/live", routes.messages),
        ]
    )

    async def close(_: web.Application) -> None:
        feed.close()

    app.on_shutdown.append(close)
    return routes


class Seats:
    """Room for so many viewers at a time."""

    def __init__(self, room: int) -> None:
        self._room = room

    @property
    def free(self) -> int:
        return self._room

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Sit down. Raises HTTPServiceUnavailable when every seat is taken."""
        if not self._room:
            raise web.HTTPServiceUnavailable(text=FULL + "\n", headers={**HEADERS, "Retry-After": "10"})
        self._room -= 1
        try:
            yield
        finally:
            self._room += 1


class LiveRoutes:
    """The handlers. `stream.encoded` tells how many pictures had to be made."""

    def __init__(self, feed: LiveFeed, limits: LiveLimits, seen: Callable[[str, str], None] | None = None) -> None:
        self._seen = seen or (lambda what, who: None)
        self.feed = feed
        self.limits = limits
        self.stream = PictureStream(feed)
        self._frames = FrameMessages(feed)
        self._picture_seats = Seats(limits.viewers)
        self._message_seats = Seats(limits.viewers)
        self._files: dict[str, bytes] = {}

    async def page(self, _: web.Request) -> web.Response:
        """The page itself."""
        return await self._file("page.html")

    async def static(self, request: web.Request) -> web.Response:
        """Its style, scripts and icon. Raises HTTPNotFound for any other name."""
        return await self._file(request.match_info["name"])

    async def still(self, request: web.Request) -> web.Response:
        """One JPEG of now. Raises HTTPServiceUnavailable when the camera gives none."""
        self._seen("still", name_of(request))
        if picture := await self.stream.next(self.limits.still_s):
            return web.Response(body=picture.jpeg, content_type="image/jpeg", headers=HEADERS)
        raise web.HTTPServiceUnavailable(text="the camera gives no picture at present\n", headers=HEADERS)

    async def pictures(self, request: web.Request) -> web.StreamResponse:
        """JPEGs without end (multipart/x-mixed-replace). Raises HTTPServiceUnavailable when every seat is taken."""
        with self._picture_seats.taken(), self.feed.watching():
            self._seen("live", name_of(request))
            response = web.StreamResponse(headers=HEADERS)
            response.content_type = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
            _shorten_send_buffer(request)
            await response.prepare(request)
            await self._send_pictures(request, response)
        return response

    async def messages(self, request: web.Request) -> web.WebSocketResponse:
        """What the page draws over the picture and beside it, as JSON messages; the viewer has nothing to say."""
        socket = web.WebSocketResponse(heartbeat=PING_S, timeout=CLOSE_S, max_msg_size=1024, compress=False)
        await socket.prepare(request)
        if not self._message_seats.free:
            # A browser's script sees the close code of a WebSocket, but never the status that refuses one.
            await socket.close(code=WSCloseCode.TRY_AGAIN_LATER, message=FULL.encode())
            return socket
        with self._message_seats.taken(), self.feed.watching():
            await self._converse(socket)
        return socket

    async def _file(self, name: str) -> web.Response:
        if name not in PAGES:
            raise web.HTTPNotFound(text="no such file\n", headers=HEADERS)
        if name not in self._files:
            self._files[name] = await asyncio.to_thread(_read, name)
        return web.Response(body=self._files[name], content_type=PAGES[name], charset="utf-8", headers=HEADERS)

    async def _send_pictures(self, request: web.Request, response: web.StreamResponse) -> None:
        """Until the viewer goes, stalls or the feed ends; whoever was slow goes on with the newest."""
        number = self.feed.offered
        part = f"--{BOUNDARY}\r\n".encode()
        with suppress(ConnectionError):
            while request.transport is not None:
                picture = await self._picture_after(number)
                if picture is None and self.feed.closed:
                    return
                if picture is None:
                    continue
                number = picture.number
                part += _part(picture.jpeg)
                if not await self._sent(request, response, part):
                    return
                part = b""
                await asyncio.sleep(PICTURE_EVERY_S)

    async def _sent(self, request: web.Request, response: web.StreamResponse, part: bytes) -> bool:
        """Send; false when the viewer did not take it in time and was cut off."""
        try:
            async with asyncio.timeout(self.limits.stall_s):
                await response.write(part)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
            return False
        return True

    async def _picture_after(self, number: int) -> Picture | None:
        """The next picture; None after a while without, so that a viewer who left is noticed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT_S):
                return await self.stream.after(number)
        return None

    async def _converse(self, socket: web.WebSocketResponse) -> None:
        """Tell until the viewer goes; one who says anything is no viewer of ours and is sent away."""
        async with asyncio.TaskGroup() as tasks:
            teller = tasks.create_task(self._tell(socket))
            await socket.receive()
            teller.cancel()
        await socket.close()

    async def _tell(self, socket: web.WebSocketResponse) -> None:
        """The scene once, then what is new, at most every `MESSAGE_EVERY_S` and at least every `HEARTBEAT_S`."""
        teller = _Teller(self.feed, self._frames, socket)
        with suppress(ConnectionError):
            await socket.send_str(encode(scene_message(self.feed.config)))
            while not self.feed.closed:
                news = self.feed.news
                await teller.tell()
                await asyncio.sleep(MESSAGE_EVERY_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(HEARTBEAT_S):
                        await news.wait()
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the camera stops")


class _Teller:
    """What one listener has been told; notes from before they came are marked as recent."""

    def __init__(self, feed: LiveFeed, frames: FrameMessages, socket: web.WebSocketResponse) -> None:
        self._feed = feed
        self._frames = frames
        self._socket = socket
        self._came = feed.noted
        self._noted = 0
        self._facts: Mapping[str, Json] = {}

    async def tell(self) -> None:
        """Send the facts and notes that are new, and the frame of now."""
        if (facts := self._feed.facts()) != self._facts:
            self._facts = facts
            await self._socket.send_str(encode(status_message(facts)))
        for note in self._feed.notes_after(self._noted):
            self._noted = note.number
            await self._socket.send_str(encode(note_message(note, recent=note.number <= self._came)))
        await self._socket.send_str(self._frames.text())


def _read(name: str) -> bytes:
    return resources.files("agent.web").joinpath("static", name).read_bytes()


def _part(jpeg: bytes) -> bytes:
    """One part with the boundary that ends it: a browser shows a picture only when it has seen that."""
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + f"\r\n--{BOUNDARY}\r\n".encode()


def _shorten_send_buffer(request: web.Request) -> None:
    """Keep old pictures from piling up in the kernel for a viewer who reads slowly."""
    if request.transport is None:
        return
    connection = request.transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(sockets.SOL_SOCKET, sockets.SO_SNDBUF, SEND_BUFFER)
