"""The hub's side of attachments: fetched in parts, taken one by one, whole only when the hash agrees."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from agent.durable import PARTIAL, sync_file, sync_folder
from agent.errors import LinkClosed, OperatorError, WireError
from agent.events.pieces import MOST_BYTES, Done, Fetch, Leave, Part, Take, Undone
from agent.events.wire import FromHub

WINDOW = 256 * 1024
PATIENCE_S = 30.0
"""How long the camera may send nothing of an attachment: it hashes what the hub has before it goes on."""


class FetchRefused(OperatorError):
    """The camera does not send it."""


class Damaged(WireError):
    """What came is not what the camera has."""


class Sink(Protocol):
    """Where an attachment goes."""

    @property
    def have(self) -> int:
        """Bytes that are here already."""
        ...

    async def write(self, data: bytes) -> None:
        """Append."""
        ...

    async def finish(self, done: Done) -> None:
        """That was all. Raises Damaged where the hash is another."""
        ...


class Fetches:
    """What one link fetches; `heard` gets what the camera says of it."""

    def __init__(self, send: Callable[[FromHub], Awaitable[None]]) -> None:
        self._send = send
        self._open: dict[int, asyncio.Queue[Part | Done | Undone | LinkClosed]] = {}
        self._last = 0

    async def fetch(self, what: str, sink: Sink) -> Done:
        """Raises LinkClosed, FetchRefused, WireError."""
        self._last += 1
        n, over = self._last, False
        queue = self._open[n] = asyncio.Queue()
        try:
            await self._send(Fetch(n, what, sink.have, WINDOW))
            while not isinstance(message := await _next(queue), Done):
                over = isinstance(message, Undone)
                await self._take(message, sink)
            over = True
            await sink.finish(message)
            return message
        finally:
            del self._open[n]
            if not over:
                with suppress(LinkClosed):
                    await self._send(Leave(n))

    def heard(self, message: Part | Done | Undone) -> None:
        """Hand on what the camera says; of a fetch that is over it is passed over. Raises WireError for a flood."""
        queue = self._open.get(message.n)
        if queue is None:
            return
        if queue.qsize() > WINDOW // 1024:
            raise WireError("the camera sends more of an attachment than was asked for")
        queue.put_nowait(message)

    def abandon(self, error: LinkClosed) -> None:
        """The link is gone."""
        for queue in self._open.values():
            queue.put_nowait(error)

    async def _take(self, message: Part | Undone, sink: Sink) -> None:
        if isinstance(message, Undone):
            raise FetchRefused(message.reason)
        if message.offset != sink.have or message.offset + len(message.data) > message.size:
            raise WireError(f"a part at {message.offset}, where byte {sink.have} was due")
        await sink.write(message.data)
        await self._send(Take(message.n, sink.have))


async def _next(queue: asyncio.Queue[Part | Done | Undone | LinkClosed]) -> Part | Done | Undone:
    try:
        async with asyncio.timeout(PATIENCE_S):
            message = await queue.get()
    except TimeoutError:
        raise LinkClosed(f"nothing of the attachment came for {PATIENCE_S:g} s") from None
    if isinstance(message, LinkClosed):
        raise message
    return message


class Memory:
    """Keeps an attachment in memory."""

    def __init__(self) -> None:
        self.content = b""

    @property
    def have(self) -> int:
        return len(self.content)

    async def write(self, data: bytes) -> None:
        self.content += data

    async def finish(self, done: Done) -> None:
        """Raises Damaged."""
        if hashlib.sha256(self.content).hexdigest() != done.sha256:
            raise Damaged("the hash is another")


class Shelf:
    """A file on the hub's disk: `path` with a suffix while it comes, over links and restarts, then `path` itself."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._partial = path.with_name(path.name + PARTIAL)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._have = self._partial.stat().st_size if self._partial.exists() else 0

    @property
    def have(self) -> int:
        return self._have

    @property
    def path(self) -> Path:
        """Where it lies when it is whole."""
        return self._path

    async def write(self, data: bytes) -> None:
        """Raises OSError, WireError where it grows beyond what an attachment may have."""
        if self._have + len(data) > MOST_BYTES:
            raise WireError(f"an attachment of more than {MOST_BYTES} bytes")
        await asyncio.to_thread(self._append, data)
        self._have += len(data)

    async def finish(self, done: Done) -> None:
        """Give it its name, synced. Raises Damaged, and begins anew the next time; OSError."""
        await asyncio.to_thread(self._finish, done)

    def forget(self) -> None:
        """Begin anew."""
        self._partial.unlink(missing_ok=True)
        self._have = 0

    def _append(self, data: bytes) -> None:
        with self._partial.open("r+b" if self._have else "wb") as file:
            file.seek(self._have)
            file.truncate()
            file.write(data)

    def _finish(self, done: Done) -> None:
        if not self._have:
            self._partial.touch()
        with self._partial.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != done.sha256:
            self.forget()
            raise Damaged(f"{self._path.name} is not what the camera has: fetch it anew")
        sync_file(self._partial)
        self._partial.replace(self._path)
        sync_folder(self._path.parent)
