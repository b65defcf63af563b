"""Takes in whoever comes to a door of the network, and lets them wait there until it is their turn.

What waits is a bare socket: to accept and to drop one costs some twenty microseconds, a hundredth of a handshake. A
flood is accepted at intervals; what is too much waits in the kernel or is dropped there. All of it is done between two
frames.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from functools import partial

from agent.web.interlude import Interlude
from agent.web.turns import Turns

BACKLOG = 128
AT_ONCE, REST_S = 16, 0.01
"""So many are accepted on end; then the loop has so long for everybody else."""
LOOK_S = 0.004
"""How soon it looks again whether the frame in hand is done."""
TROUBLE_S = 1.0
"""Pause where nobody can be accepted, as without a free file descriptor."""

_log = logging.getLogger(__name__)


class Vestibule:
    """Belongs to the event loop. `let_in` takes over a connection; `turned_away` hears of each it was not."""

    def __init__(
        self,
        turns: Turns[socket.socket],
        network_of: Callable[[str], str],
        let_in: Callable[[socket.socket], None],
        turned_away: Callable[[], None],
        interlude: Interlude,
    ) -> None:
        self._turns = turns
        self._network_of = network_of
        self._let_in = let_in
        self._turned_away = turned_away
        self._interlude = interlude
        self._loop = asyncio.get_running_loop()
        self._listening: list[socket.socket] = []
        self._deaf: list[socket.socket] = []
        self._timers: dict[socket.socket | None, asyncio.TimerHandle] = {}

    def open(self, bound: Sequence[socket.socket]) -> None:
        """Listen at sockets that have an address, which are this vestibule's from now on. Raises OSError."""
        for one in bound:
            one.setblocking(False)
            one.listen(BACKLOG)
            self._listening.append(one)
            self._listen(one)

    def close(self) -> None:
        """Take nobody in any more, and send away who waits."""
        for timer in self._timers.values():
            timer.cancel()
        for one in self._listening:
            self._loop.remove_reader(one)
            one.close()
        self._listening.clear()
        for connection in self._turns.clear():
            connection.close()

    def _ready(self, listening: socket.socket) -> None:
        """Somebody has come."""
        rest_s = REST_S
        try:
            for _ in range(AT_ONCE):
                if self._interlude.is_awaited(self._loop.time()):
                    self._hear_later(listening)
                    return
                self._come(*listening.accept())
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            rest_s = 0.0
        except OSError as error:
            _log.warning("nobody can be let in at present: %s", error.strerror or error)
            rest_s = TROUBLE_S
        if rest_s:
            self._loop.remove_reader(listening)
            self._later(listening, rest_s, partial(self._listen, listening))
        self._call_in()

    def _hear_later(self, listening: socket.socket) -> None:
        """Once the frame in hand is done."""
        self._loop.remove_reader(listening)
        self._deaf.append(listening)
        self._later(None, LOOK_S, self._call_in)

    def _listen(self, listening: socket.socket) -> None:
        self._loop.add_reader(listening, self._ready, listening)

    def _come(self, connection: socket.socket, peer: Sequence[object]) -> None:
        connection.setblocking(False)
        gone = self._turns.come(connection, self._network_of(str(peer[0])), self._loop.time())
        if gone is not None:
            self._send_away(gone)

    def _call_in(self) -> None:
        """Everybody whose turn it is, unless a frame is in hand."""
        now_s = self._loop.time()
        if self._interlude.is_awaited(now_s):
            self._later(None, LOOK_S, self._call_in)
            return
        while self._deaf:
            self._listen(self._deaf.pop())
        for late in self._turns.late(now_s):
            self._send_away(late)
        while (connection := self._turns.next(now_s, self._is_there)) is not None:
            self._let_in(connection)
        if (pause_s := self._turns.pause_s(now_s)) is not None:
            self._later(None, pause_s, self._call_in)

    def _is_there(self, connection: socket.socket) -> bool:
        """Whether the other end has not hung up; what it said stays for the handshake."""
        try:
            if connection.recv(1, socket.MSG_PEEK):
                return True
        except (BlockingIOError, InterruptedError):
            return True
        except OSError:
            pass
        self._send_away(connection)
        return False

    def _send_away(self, connection: socket.socket) -> None:
        connection.close()
        self._turned_away()

    def _later(self, what: socket.socket | None, pause_s: float, chore: Callable[[], object]) -> None:
        """Once for each listening socket, and once for the next turn."""
        if what in self._timers:
            self._timers[what].cancel()
        self._timers[what] = self._loop.call_later(pause_s, chore)
