"""Takes orders from the broker, by the desk that the hub's commands go to: the same checks, audit and results.

A broker keeps and repeats messages, so an order says until when it is good, by UTC; the camera has to know the time to
take it. One that was retained is refused. The same bytes are the same order: it is done once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from agent.domain import Json
from agent.errors import OperatorError
from agent.events.kinds import Real, Token, Who
from agent.events.orders import Arm, Command, Order, OutputOff, Result, Silence, TryOutput, do_of, pack_order
from agent.hub.callers import Caller, Role
from agent.hub.commands import Asker
from hal.ports import Clock

MOST_BYTES = 4096
HUB = "mqtt"
_CALLER = Caller(Role.HUB, HUB)
_ANY = "0" * 32
Take = Callable[[Command, str, Asker], Awaitable[Result]]
"""The desk of commands: `CommandDesk.take`."""

Allowed = Arm | Silence | TryOutput | OutputOff
"""All that may be ordered by a broker."""


class Wish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order as it comes: good until `expires_utc_s`; `id` is to find its result by, `by` is a person."""

    order: Allowed
    expires_utc_s: Real
    id: Token | None = None
    by: Who = ""


_decoder = msgspec.json.Decoder(Wish)


class Ordering:
    """Belongs to the event loop."""

    def __init__(self, take: Take, clock: Clock) -> None:
        self._take = take
        self._clock = clock

    async def obey(self, payload: bytes, *, retained: bool) -> dict[str, Json]:
        """Have an order done; what became of it, for whoever asked. It raises nothing."""
        try:
            wish = _read(payload, retained=retained)
            expires_s = self._expiry(wish)
        except OperatorError as error:
            return {"outcome": "refused", "reason": f"{error}{': ' + error.hint if error.hint else ''}"}
        order: Order = wish.order
        command = Command(wish.id or _fingerprint(payload), _ANY, expires_s, pack_order(order), wish.by)
        result = await self._take(command, _ANY, Asker(_CALLER, HUB, wish.by))
        facts: dict[str, Json] = {"id": result.id, "do": do_of(order), "outcome": result.outcome}
        facts |= {"reason": result.reason, "data": result.data, "repeated": result.repeated}
        return facts

    def _expiry(self, wish: Wish) -> float:
        """On the camera's monotonic clock. Raises OperatorError while the camera does not know the time.

        What silences is taken then, too: it can do no harm by being late.
        """
        wall = self._clock.wall()
        if wall.synchronised:
            return self._clock.monotonic() + wish.expires_utc_s - wall.utc_s
        if isinstance(wish.order, Silence | OutputOff):
            return self._clock.monotonic() + 1.0
        raise OperatorError("the camera does not know the time yet", hint="give it a time server, or use its hub")


def _read(payload: bytes, *, retained: bool) -> Wish:
    """Raises OperatorError that says what is wrong."""
    if retained:
        raise OperatorError("the order was retained by the broker", hint="publish orders without the retain flag")
    if len(payload) > MOST_BYTES:
        raise OperatorError(f"an order of {len(payload)} bytes is too long", hint=f"at most {MOST_BYTES}")
    try:
        return _decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise OperatorError(f"not an order: {error}", hint="see docs/mqtt.md") from None


def _fingerprint(payload: bytes) -> str:
    return hashlib.sha256(payload).hexdigest()[:32]
