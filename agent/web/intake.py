"""What other devices tell the camera: `GET /v1/inputs`, `POST /v1/inputs/NAME` and `POST /v1/till`; see docs/inputs.md.

Whoever tells must work on the camera itself or send the token that the input's or till's table names. Each of them has
a pace of its own, so that one that goes wild silences none of the others.
"""

from __future__ import annotations

import hmac
import math
from collections.abc import Sequence
from typing import Any, Literal

from aiohttp import hdrs, web

from agent.domain import Json
from agent.hub.callers import Role
from agent.moments import BadMoment, Moment, Told, moment_of
from agent.schema import nearest
from agent.sensors import Level, Sensors
from agent.tables.wiring import InputConfig
from agent.tills import Answer, Booking, Result, TillDesk
from agent.warmth import ThermalWatch
from agent.web.bodies import answer, read_body, shaped
from agent.web.callers import caller_of
from hal.ports import Clock

OLDEST_S = 3600.0
"""Rules forget what inputs told after an hour."""
MAX_ERROR_S = 10.0
MOST = 200
"""Bookings in one body."""
BURST, PER_S = 200, 20.0


class Change(Told, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happened to an input; a pulse is active for a moment."""

    state: Literal["active", "inactive", "pulse"]


class Pace:
    """Lets `BURST` through at once and `PER_S` a second for long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left, self._at_s = float(BURST), clock.monotonic()

    def take(self, count: int = 1) -> None:
        """Use some up. Raises HTTPTooManyRequests when there is none left."""
        now_s = self._clock.monotonic()
        self._left, self._at_s = min(self._left + (now_s - self._at_s) * PER_S, BURST), now_s
        if self._left < count:
            wait_s = math.ceil((count - self._left) / PER_S)
            raise web.HTTPTooManyRequests(
                text="too many at once; try again later\n", headers={"Retry-After": f"{wait_s}"}
            )
        self._left -= count


def add_intake(
    app: web.Application, sensors: Sensors, tills: TillDesk, clock: Clock, thermal: ThermalWatch | None = None
) -> None:
    """Take what is told, on `app`."""
    routes = _Intake(sensors, tills, clock, thermal)
    app.router.add_get("/v1/inputs", routes.inputs)
    app.router.add_post("/v1/inputs/{name}", routes.tell)
    app.router.add_post("/v1/till", routes.book)


class _Intake:
    """The handlers."""

    def __init__(self, sensors: Sensors, tills: TillDesk, clock: Clock, thermal: ThermalWatch | None) -> None:
        self._sensors, self._tills, self._clock, self._thermal = sensors, tills, clock, thermal
        self._paces = {name: Pace(clock) for name in sensors.levels}
        self._till_pace = Pace(clock)

    async def inputs(self, _: web.Request) -> web.Response:
        """Every input with its level, last change and source, every till with what it told, and the thermal array."""
        now_s = self._clock.monotonic()
        tills: list[Json] = [
            {
                "terminal": terminal,
                "zone": self._tills.tills[terminal].zone,
                "accepted": status.accepted,
                "duplicates": status.duplicates,
                "last_age_s": None if status.last_s is None else round(now_s - status.last_s, 1),
            }
            for terminal, status in self._tills.statuses.items()
        ]
        inputs: list[Json] = [_described(level, now_s) for level in self._sensors.levels.values()]
        return answer({"inputs": inputs, "tills": tills, "thermal": self._warmth(now_s)})

    def _warmth(self, now_s: float) -> Json:
        """What the thermal array made out last; None without one, or before its first picture."""
        latest = self._thermal.latest if self._thermal else None
        if latest is None:
            return None
        return {
            "bodies": latest.bodies,
            "contrast_k": latest.contrast_k,
            "trouble": latest.trouble,
            "age_s": round(now_s - latest.t_s, 1),
        }

    async def tell(self, request: web.Request) -> web.Response:
        """An input that has no pin changed."""
        name = request.match_info["name"]
        level = self._sensors.levels.get(name)
        if level is None:
            _admit_bearer(request, None, f"input {name!r}")
            hint = (
                nearest(name, list(self._sensors.levels)) if self._sensors.levels else "add an [[input]] of that name"
            )
            raise web.HTTPNotFound(text=f"no input is called {name!r}: {hint}\n")
        _admit(request, level.config)
        self._paces[name].take()
        if level.config.pin is not None:
            raise web.HTTPConflict(text=f"input {name!r} is wired to pin {level.config.pin}: nobody else can tell it\n")
        change = await read_body(request, Change)
        moment = self._moment(change)
        return answer({"name": name, "changed": self._apply(level, change, moment), "active": level.active})

    def _moment(self, change: Change) -> Moment:
        try:
            moment = moment_of(change, self._clock, oldest_s=OLDEST_S)
        except BadMoment as error:
            raise web.HTTPUnprocessableEntity(text=f"the time {error}\n") from None
        if math.isinf(moment.error_s):
            raise web.HTTPUnprocessableEntity(text="one of the clocks is not set: send age_s, or no time at all\n")
        if moment.error_s > MAX_ERROR_S:
            raise web.HTTPUnprocessableEntity(
                text=f"a time that may be off by more than {MAX_ERROR_S:g} s is of no use\n"
            )
        return moment

    def _apply(self, level: Level, change: Change, moment: Moment) -> bool:
        """Pass on what is news; telling the same level again is not."""
        name, active = level.config.name, change.state == "active"
        if change.state == "pulse":
            self._sensors.pulse(name, moment.t_s, moment.error_s)
            return True
        if level.active == active and moment.t_s >= (level.changed_s or -math.inf):
            return False
        self._sensors.tell(name, active, moment.t_s, moment.error_s)
        return True

    async def book(self, request: web.Request) -> web.Response:
        """One booking, or a list of them: each is answered for itself."""
        if not (await request.read()).lstrip().startswith(b"["):
            return await self._book_one(request)
        raws = await read_body(request, list[Any])
        if len(raws) > MOST:
            raise web.HTTPRequestEntityTooLarge(MOST, len(raws), text=f"send at most {MOST} bookings at once\n")
        self._till_pace.take(len(raws))
        return answer([_plain(one) for one in await self._book_many(request, raws)])

    async def _book_one(self, request: web.Request) -> web.Response:
        booking = await read_body(request, Booking)
        self._admit_till(request, booking)
        self._till_pace.take()
        (one,) = await self._tills.take([booking])
        if one.result is Result.REFUSED:
            raise web.HTTPUnprocessableEntity(text=f"booking {one.id!r}: {one.error}\n")
        if one.result is Result.AGAIN:
            raise web.HTTPServiceUnavailable(text=f"booking {one.id!r}: {one.error}\n", headers={"Retry-After": "10"})
        return answer(_plain(one))

    async def _book_many(self, request: web.Request, raws: Sequence[object]) -> list[Answer]:
        """The good ones are taken; the answers stand in the order of the bookings."""
        answers: list[Answer | None] = []
        good: list[Booking] = []
        for raw in raws:
            number = ""
            try:
                booking = shaped(raw, Booking)
                number = booking.id
                self._admit_till(request, booking)
            except web.HTTPClientError as error:
                answers.append(Answer(number, Result.REFUSED, (error.text or "").strip()))
            else:
                answers.append(None)
                good.append(booking)
        taken = iter(await self._tills.take(good))
        return [one or next(taken) for one in answers]

    def _admit_till(self, request: web.Request, booking: Booking) -> None:
        till = self._tills.tills.get(booking.terminal)
        if till is None:
            _admit_bearer(request, None, f"till {booking.terminal!r}")
            hint = nearest(booking.terminal, list(self._tills.tills)) if self._tills.tills else "add a [[till]]"
            raise web.HTTPNotFound(text=f"no [[till]] has the terminal {booking.terminal!r}: {hint}\n")
        _admit_bearer(request, till.token, f"till {booking.terminal!r}")


def _admit(request: web.Request, config: InputConfig) -> None:
    _admit_bearer(request, config.token, f"input {config.name!r}")


def _admit_bearer(request: web.Request, token: str | None, what: str) -> None:
    """Who sends the token, or without one works on the camera. Raises HTTPUnauthorized.

    A stranger hears the same of what has no token or is not there at all.
    """
    if token is None and caller_of(request).role == Role.LOCAL:
        return
    sent = request.headers.get(hdrs.AUTHORIZATION, "").encode("utf-8", "replace")
    if token is None or not hmac.compare_digest(sent, f"Bearer {token}".encode()):
        raise web.HTTPUnauthorized(
            text=f"{what} needs its token as `Authorization: Bearer TOKEN`; one without is told on the camera itself\n",
            headers={hdrs.WWW_AUTHENTICATE: "Bearer"},
        )


def _described(level: Level, now_s: float) -> dict[str, Json]:
    return {
        "name": level.config.name,
        "kind": level.config.kind,
        "source": level.source,
        "active": level.active,
        "changed_age_s": None if level.changed_s is None else round(now_s - level.changed_s, 1),
        "error_s": level.error_s,
    }


def _plain(one: Answer) -> dict[str, Json]:
    fields: dict[str, Json] = {"id": one.id, "result": str(one.result)}
    return fields | ({"error": one.error} if one.error else {})
