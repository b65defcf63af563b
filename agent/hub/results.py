"""What became of commands: kept, also over a restart, so that no command is done twice however often it is asked."""

from __future__ import annotations

import logging

import msgspec

from agent.events.journal import Filed, Journal
from agent.events.kinds import Count, Token
from agent.events.orders import Result

log = logging.getLogger(__name__)

SHELF = "commands"
MOST = 512
"""How many commands are remembered; older ones cannot come again, because their time and their link are over."""
MOST_DATA = 16 * 1024
"""Bytes of a result that is worth keeping over a restart; of a longer one only its outcome is."""
CUT_SHORT = "the camera ended while it did this: see what became of it before you ask anew"


class Kept(msgspec.Struct, frozen=True):
    """One command: `digest` of what was ordered, and the result, None while it is being done."""

    id: Token
    digest: bytes
    number: Count
    result: Result | None = None


class ResultBook:
    """Belongs to the event loop. The journal files a command when it is begun, before it is done, and its result.

    Records are filed under a number that only rises, not under the time: clocks may be wrong.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, Kept] = {}
        self._number = 0

    @classmethod
    async def open(cls, journal: Journal) -> ResultBook:
        """Go on from the last run; what it had begun and not finished failed. Raises JournalError."""
        book = cls(journal)
        for filed in await journal.filed(SHELF):
            if kept := read_kept(filed.value):
                result = kept.result or Result(kept.id, "failed", CUT_SHORT)
                book._enter(msgspec.structs.replace(kept, result=result))
        return book

    def find(self, command: str) -> Kept | None:
        """What is known of a command by its id."""
        return self._known.get(command)

    def note(self, command: str, digest: bytes, result: Result) -> None:
        """Remember what was not done, for as long as this run lasts."""
        self._enter(Kept(command, digest, self._number + 1, result))

    async def begin(self, command: str, digest: bytes) -> None:
        """A command is about to be done; durable when this returns. Raises JournalError."""
        kept = Kept(command, digest, self._number + 1)
        self._enter(kept)
        await self._file(kept)
        await self._journal.trim(SHELF, self._number - MOST)

    async def finish(self, result: Result) -> None:
        """What became of it. Raises JournalError."""
        kept = msgspec.structs.replace(self._known[result.id], result=result)
        self._known[result.id] = kept
        if len(msgspec.msgpack.encode(result)) > MOST_DATA:
            kept = msgspec.structs.replace(kept, result=Result(result.id, result.outcome, result.reason))
        await self._file(kept)

    def _enter(self, kept: Kept) -> None:
        self._number = max(self._number, kept.number)
        self._known[kept.id] = kept
        while len(self._known) > MOST:
            self._known.pop(next(iter(self._known)))

    async def _file(self, kept: Kept) -> None:
        await self._journal.file(SHELF, [Filed(kept.id, float(kept.number), msgspec.msgpack.encode(kept))])


def read_kept(filed: bytes) -> Kept | None:
    """A command as it was filed; None, with a warning, where that cannot be read."""
    try:
        return msgspec.msgpack.decode(filed, type=Kept)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        log.warning("a command's result cannot be read and is forgotten: %s", error)
        return None
