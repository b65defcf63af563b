"""The camera's end of the hub link: a WebSocket that streams the journal, takes commands and sends attachments."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web

from agent.events.journal import Journal
from agent.events.scan import MESSAGE_LIMITS
from agent.events.wire import CloseCode
from agent.hub.callers import STRANGER, Caller
from agent.hub.identity import Identity
from agent.hub.pacing import Pacing
from agent.hub.services import LinkServices, events_only
from agent.hub.session import LinkSettings, Session
from agent.hub.stream import LinkStatus

_PROTOCOL_ERROR = 1002
_BREACHES = (_PROTOCOL_ERROR, CloseCode.TOO_LONG, CloseCode.MALFORMED, CloseCode.UNEXPECTED, CloseCode.BAD_ACK)

__all__ = ["LinkCounts", "LinkServer", "LinkSettings", "LinkStatus"]


@dataclass(slots=True)
class LinkCounts:
    """Since the start."""

    opened: int = 0
    refused: int = 0
    rejected: int = 0
    silent: int = 0


class LinkServer:
    """Accepts hubs on `/v1/link`. Each hub has its own session and its own cursor in the journal."""

    def __init__(
        self,
        journal: Journal,
        identity: Identity,
        settings: LinkSettings | None = None,
        services: LinkServices | None = None,
    ) -> None:
        self._journal = journal
        self._identity = identity
        self._settings = settings or LinkSettings()
        self._services = services or events_only(journal)
        self._sessions: set[Session] = set()
        self._idle = asyncio.Event()
        self._closing = False
        self.pacing = Pacing(self._settings.asks, self._settings.messages)
        self.counts = LinkCounts()

    def links(self) -> list[LinkStatus]:
        """The hubs that are connected now."""
        return [session.status() for session in self._sessions]

    async def handle(self, request: web.Request, caller: Caller = STRANGER) -> web.StreamResponse:
        """Serve one hub until it goes; one whose certificate proves its name can go by no other.

        Raises HTTPServiceUnavailable when there are too many.
        """
        if self._closing or len(self._sessions) >= self._settings.max_links:
            self.counts.refused += 1
            raise web.HTTPServiceUnavailable(text="no room for another hub\n")
        socket = web.WebSocketResponse(
            max_msg_size=MESSAGE_LIMITS.size,
            compress=False,
            timeout=self._settings.close_s,
            autoping=False,  # the session answers them, at the pace of all messages
            writer_limit=1 << 18,
        )
        shared = self._journal, self._identity, self._settings, self._services, self.pacing
        session = Session(socket, *shared, caller, self._replace)
        self._sessions.add(session)
        self._idle.clear()
        self.counts.opened += 1
        try:
            await socket.prepare(request)
            self._count(await session.run(request.transport))
        finally:
            self._sessions.discard(session)
            if not self._sessions:
                self._idle.set()
        return socket

    def hang_up(self) -> None:
        """End every link that stands now; hubs come back by themselves."""
        for session in self._sessions:
            session.end(CloseCode.SHUTDOWN, "the camera stops")

    async def close(self) -> None:
        """Say goodbye to every hub; what is not acknowledged is sent again when they come back."""
        self._closing = True
        self.hang_up()
        if self._sessions:
            await self._idle.wait()
        await self._services.commands.close()

    def _replace(self, new: Session) -> None:
        """The same hub connected anew: the older connection is a dead one that has not been noticed yet."""
        for session in self._sessions:
            if session is not new and session.hub == new.hub:
                session.end(CloseCode.REPLACED, "this hub has connected anew")

    def _count(self, code: int) -> None:
        if code in _BREACHES:
            self.counts.rejected += 1
        if code in (CloseCode.SILENT, CloseCode.STALLED, CloseCode.NO_RESUME):
            self.counts.silent += 1
