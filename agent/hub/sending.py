"""Sends attachments to one hub in parts, beside the journal and never in its way."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Coroutine

from agent.errors import OperatorError
from agent.events.pieces import MOST_BYTES, Done, Fetch, Leave, Part, Take, Undone
from agent.events.wire import CloseCode
from agent.hub.attachments import Attachments, Source
from agent.hub.line import Ended, Line
from agent.hub.pace import Pace

MOST_AT_ONCE, MOST_LEAVING = 2, 6
"""How many are sent at a time, and how many that the hub has left may wait for their last part to be gone."""
READ_BYTES = 256 * 1024


class Sender:
    """What one hub fetches. `who` names it in the audit log; `base_s` is how long the way to it and back takes."""

    def __init__(
        self, line: Line, attachments: Attachments, who: Callable[[], str], base_s: Callable[[], float]
    ) -> None:
        self._line = line
        self._attachments = attachments
        self._who = who
        self._base_s = base_s
        self._sending: dict[int, _Sending] = {}
        self._at_work = 0

    def refusal(self, fetch: Fetch) -> Undone | None:
        """Why there is no room for one more, if there is none. Raises Ended for a number that is in use."""
        if fetch.n in self._sending:
            raise Ended(CloseCode.UNEXPECTED, f"fetch {fetch.n} is going on")
        if len(self._sending) >= MOST_AT_ONCE or self._at_work >= MOST_AT_ONCE + MOST_LEAVING:
            return Undone(fetch.n, f"{MOST_AT_ONCE} are being sent: ask again after one of them")
        return None

    def send(self, fetch: Fetch) -> Coroutine[None, None, None]:
        """What is to run to send what is asked for, or to say why not."""
        sending = self._sending[fetch.n] = _Sending(fetch, self._line, self._base_s)
        self._at_work += 1
        return self._run(fetch, sending)

    async def _run(self, fetch: Fetch, sending: _Sending) -> None:
        try:
            await sending.run(await self._attachments.open(fetch.what, self._who()))
        except _Left:
            pass
        except OSError as error:
            await self._line.send(Undone(fetch.n, f"it cannot be read any more: {error.strerror or error}"))
        except OperatorError as error:
            await self._line.send(Undone(fetch.n, str(error)))
        finally:
            self._at_work -= 1
            if self._sending.get(fetch.n) is sending:
                del self._sending[fetch.n]

    def taken(self, take: Take) -> None:
        """The hub has a part; one that is too late for its fetch is passed over. Raises Ended for what was not sent."""
        if (sending := self._sending.get(take.n)) is not None:
            sending.taken(take.through)

    def leave(self, leave: Leave) -> None:
        """The hub wants no more of it."""
        if (sending := self._sending.pop(leave.n, None)) is not None:
            sending.leave()


class _Left(Exception):
    """The hub wants no more."""


class _Sending:
    """One attachment on its way."""

    def __init__(self, fetch: Fetch, line: Line, base_s: Callable[[], float]) -> None:
        self._fetch = fetch
        self._line = line
        self._pace = Pace(fetch.window, fetch.offset, base_s=base_s)
        self._moved = asyncio.Event()
        self._left = False
        self._block = b""
        self._block_at = 0

    def taken(self, through: int) -> None:
        if not self._pace.taken(through, asyncio.get_running_loop().time()):
            raise Ended(CloseCode.BAD_ACK, f"byte {through} of fetch {self._fetch.n} was never sent")
        self._moved.set()

    def leave(self) -> None:
        self._left = True
        self._moved.set()

    async def run(self, source: Source) -> None:
        """Raises OSError, OperatorError, _Left, Ended."""
        offset, size = self._fetch.offset, source.size
        if offset > size or size > MOST_BYTES:
            raise OperatorError(f"it has {size} bytes, not {offset}" if offset > size else f"{size} bytes are too many")
        digest = await self._digest_before(source, offset)
        while offset < size:
            data = await self._next(source, offset, await self._room())
            digest.update(data)
            self._pace.sent(len(data), asyncio.get_running_loop().time())
            await self._line.send(Part(self._fetch.n, offset, size, data))
            offset += len(data)
        await self._line.send(Done(self._fetch.n, size, digest.hexdigest(), source.media))

    async def _digest_before(self, source: Source, offset: int) -> hashlib._Hash:
        """The hash of what the hub has already: at the end it vouches for the whole."""
        digest = hashlib.sha256()
        for at in range(0, offset, READ_BYTES):
            digest.update(await source.read(at, min(READ_BYTES, offset - at)))
        return digest

    async def _room(self) -> int:
        """Wait until something may be sent; how many bytes."""
        while not self._left and not self._pace.room():
            self._moved.clear()
            await self._moved.wait()
        if self._left:
            raise _Left
        return self._pace.room()

    async def _next(self, source: Source, offset: int, length: int) -> bytes:
        """The next bytes, of a block read ahead."""
        if not self._block_at <= offset < self._block_at + len(self._block):
            self._block_at, self._block = offset, await source.read(offset, min(READ_BYTES, source.size - offset))
        start = offset - self._block_at
        return self._block[start : start + length]
