"""Takes a hub's commands: each is checked, done once, audited, and its result kept for when it is asked again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.domain import Event, Json
from agent.errors import ConfigError, JournalError, OperatorError, WireError
from agent.events.orders import (
    MOST_LIFE_S,
    VERSIONS,
    Command,
    GetConfig,
    GetZones,
    Order,
    OutputOff,
    Result,
    Silence,
    do_of,
    read_order,
)
from agent.events.scan import scan
from agent.events.wire import plain
from agent.hub.callers import Caller, Role
from agent.hub.results import ResultBook
from agent.hub.tally import MOST, PERIOD_S, Tally

log = logging.getLogger(__name__)

AUDIT = "command"
CLOSE_S = 5.0
MOST_PROBLEMS = 50
MOST_WORDS = 4000
_LOOKS = (GetConfig, GetZones)
"""They change nothing: done anew after a restart they harm nobody."""
_URGENT = (Silence, OutputOff)
"""They wait for no disk: what sounds is to be quiet even where the journal hangs."""


_NOTHING_DONE = frozenset(("refused", "expired", "duplicate"))


class Failed(OperatorError):
    """What was ordered may be done, but did not succeed."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who orders: what the connection has proven, what the hub calls itself, and the person it names."""

    caller: Caller
    hub: str
    by: str = ""

    @property
    def who(self) -> str:
        """In words, for the journal and the audit log."""
        return ", ".join(word for word in (self.by, self.caller.name or self.hub) if word)


Handler = Callable[[Any, Asker], Awaitable[Mapping[str, Any]]]
"""Does one kind of order; what it returns is the result's data. Raises OperatorError where it is not done."""


class CommandDesk:
    """Belongs to the event loop; all links share one. `monotonic` is the camera's clock that commands expire by.

    What was done is reported each time. Of what was not, `most` of a hub and outcome within `period_s` are; how many
    more there were is told when that is over.
    """

    def __init__(
        self,
        handlers: Mapping[type[Order], Handler],
        book: ResultBook,
        monotonic: Callable[[], float],
        report: Callable[[Event], None],
        most: int = MOST,
        period_s: float = PERIOD_S,
    ) -> None:
        self._handlers = handlers
        self._book = book
        self._monotonic = monotonic
        self._report = report
        self._doing: dict[str, asyncio.Task[Result]] = {}
        self._not_done = Tally[Event](most)
        self._period_s = period_s
        self._period: asyncio.TimerHandle | None = None

    def versions(self) -> dict[str, int]:
        """The orders that are taken here."""
        names = (str(kind.__struct_config__.tag) for kind in self._handlers)
        return {name: VERSIONS[name] for name in names}

    async def take(self, command: Command, challenge: str, asker: Asker) -> Result:
        """See to a command that came over the link with this challenge.

        Whoever waits may go: what was begun is brought to its end, and asked again it answers what it answered first.
        """
        if asker.caller.role < Role.HUB:
            return self._audited(command, asker, Result(command.id, "refused", "commands take the hub's certificate"))
        if command.challenge != challenge:
            return self._audited(command, asker, Result(command.id, "refused", "the command is of another link"))
        digest = hashlib.sha256(bytes(command.order)).digest()
        if (known := self._book.find(command.id)) is not None:
            return self._audited(command, asker, await self._again(command, digest, known.digest))
        wrong = self._mistimed(command)
        if wrong is not None:
            self._book.note(command.id, digest, wrong)
            return self._audited(command, asker, wrong)
        return await asyncio.shield(self._begin(command, digest, asker))

    async def close(self) -> None:
        """Wait for what is being done, but not for ever: a disk that hangs must not keep the camera from ending."""
        if self._doing:
            await asyncio.wait(self._doing.values(), timeout=CLOSE_S)
        if self._period is not None:
            self._period.cancel()
            self._end_period()

    async def _again(self, command: Command, digest: bytes, first_digest: bytes) -> Result:
        if digest != first_digest:
            return Result(command.id, "duplicate", "another command had this id")
        if (doing := self._doing.get(command.id)) is not None:
            return msgspec.structs.replace(await asyncio.shield(doing), repeated=True)
        known = self._book.find(command.id)
        assert known is not None
        first = known.result or Result(command.id, "failed", "it was begun, and ended in an error of the camera's")
        return msgspec.structs.replace(first, repeated=True)

    def _mistimed(self, command: Command) -> Result | None:
        left_s = command.expires_s - self._monotonic()
        if left_s <= 0:
            return Result(command.id, "expired", f"its time was over {-left_s:.1f} s ago")
        if left_s > MOST_LIFE_S:
            return Result(command.id, "refused", f"a command lives for {MOST_LIFE_S:g} s at most, not {left_s:.1f} s")
        return None

    def _begin(self, command: Command, digest: bytes, asker: Asker) -> asyncio.Task[Result]:
        doing = asyncio.create_task(self._do(command, digest, asker), name=f"command {command.id}")
        self._doing[command.id] = doing
        doing.add_done_callback(lambda _: self._doing.pop(command.id))
        return doing

    async def _do(self, command: Command, digest: bytes, asker: Asker) -> Result:
        try:
            order = read_order(command.order)
        except WireError as error:
            result = Result(command.id, "refused", str(error))
            self._book.note(command.id, digest, result)
            return self._audited(command, asker, result)
        result = await self._once(command.id, digest, order, asker)
        return self._audited(command, asker, result, str(getattr(order, "reason", "")))

    async def _once(self, command: str, digest: bytes, order: Order, asker: Asker) -> Result:
        """Do it between two notes, so that neither a repetition nor a restart can make it be done twice."""
        if isinstance(order, _LOOKS):
            result = await self._done(command, order, asker)
            self._book.note(command, digest, result)
            return result
        noting = asyncio.ensure_future(self._book.begin(command, digest))
        try:
            if not isinstance(order, _URGENT):
                await noting
        except JournalError as error:
            result = Result(command, "failed", _words(error))
            self._book.note(command, digest, result)
            return result
        result = await self._done(command, order, asker)
        try:
            await noting
            await self._book.finish(result)
        except JournalError as error:
            log.warning("what became of command %s is known until the end of this run only: %s", command, error)
            self._book.note(command, digest, result)
        return result

    async def _done(self, command: str, order: Order, asker: Asker) -> Result:
        handler = self._handlers.get(type(order))
        if handler is None:
            return Result(command, "refused", f"{do_of(order)} cannot be done here")
        try:
            return _sendable(Result(command, "ok", data={**await handler(order, asker)}))
        except ConfigError as error:
            problems = [{"path": one.path, "message": one.message, "hint": one.hint} for one in error.problems]
            return _sendable(Result(command, "refused", str(error), {"problems": problems[:MOST_PROBLEMS]}))
        except (Failed, JournalError) as error:
            return Result(command, "failed", _words(error))
        except OperatorError as error:
            return Result(command, "refused", _words(error))

    def _audited(self, command: Command, asker: Asker, result: Result, why: str = "") -> Result:
        """Journal who ordered what and what became of it; the evidence's audit log takes it from there."""
        data: dict[str, Json] = {
            "id": command.id,
            "do": _do_in(command),
            "why": why,
            "outcome": result.outcome,
            "reason": result.reason[:200],
            "repeated": result.repeated,
            "hub": asker.hub,
            "who": asker.caller.name,
            "serial": asker.caller.serial,
            "by": asker.by,
        }
        event = Event(AUDIT, self._monotonic(), data={key: value for key, value in data.items() if value})
        if not (result.repeated or result.outcome in _NOTHING_DONE) or self._is_told(event, asker):
            self._report(event)
        return result

    def _is_told(self, event: Event, asker: Asker) -> bool:
        """Whether the journal gets a line for what changed nothing: nobody is to fill it by asking without end."""
        if self._period is None:
            self._period = asyncio.get_running_loop().call_later(self._period_s, self._end_period)
        who, facts = asker.caller.name or asker.hub, event.data
        return self._not_done.tells((who, facts["outcome"], "repeated" in facts), event)

    def _end_period(self) -> None:
        """Tell how many there were that have no line of their own."""
        self._period = None
        for times, last in self._not_done.turn():
            self._report(Event(AUDIT, self._monotonic(), data={**last.data, "times": times}))


def _sendable(result: Result) -> Result:
    """The result, or, where a hub would have to refuse it for its size, only what became of the command."""
    brief = msgspec.structs.replace(result, reason=result.reason[:MOST_WORDS])
    try:
        scan(msgspec.msgpack.encode(brief, enc_hook=plain))
    except WireError:
        reason = brief.reason or "done, but the answer is too long for a link"
        return msgspec.structs.replace(brief, reason=reason, data={})
    return brief


class _Named(msgspec.Struct):
    """As much as is asked of an order that may be of any kind."""

    do: str = ""


def _do_in(command: Command) -> str:
    """What is ordered, by its name; also of what was not even read."""
    try:
        return msgspec.msgpack.decode(command.order, type=_Named).do[:40]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def _words(error: OperatorError) -> str:
    return f"{error}{': ' + error.hint if error.hint else ''}"
