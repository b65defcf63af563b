"""The camera's health over the API, and the word that its scene was changed on purpose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from aiohttp import web

from agent.domain import Event
from agent.errors import OperatorError
from agent.health.desk import HealthDesk, rebase
from agent.health.watch import PictureWatch
from agent.web.bodies import Reason, Who, answer, read_body, refused
from hal.ports import Clock


class Rebase(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/health/rebase`: the camera was moved, cleaned or refocused on purpose."""

    reason: Reason
    by: Who = ""


class Resume(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/health/resume`: the camera may leave safe mode."""

    reason: Reason
    by: Who = ""


@dataclass(frozen=True, slots=True)
class HealthApi:
    """`picture` is None where nobody looks after it. `resume_sight` leaves safe mode, false where this is none."""

    desk: HealthDesk
    picture: PictureWatch | None
    clock: Clock
    report: Callable[[Event], None]
    resume_sight: Callable[[str], Awaitable[bool]]

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/health", self.show)
        app.router.add_post("/v1/health/rebase", self.rebase)
        app.router.add_post("/v1/health/resume", self.resume)

    async def show(self, _: web.Request) -> web.Response:
        """What is wrong, since when, how sure, what to do."""
        return answer(self.desk.facts())

    async def rebase(self, request: web.Request) -> web.Response:
        """Learn the scene anew; journaled with who and why."""
        wish = await read_body(request, Rebase)
        try:
            rebase(self.picture, self.report, self.clock.monotonic(), wish.reason, wish.by)
        except OperatorError as error:
            raise refused(error) from None
        return answer({"learning": True})

    async def resume(self, request: web.Request) -> web.Response:
        """Leave safe mode by starting anew; journaled with who and why."""
        wish = await read_body(request, Resume)
        if not await self.resume_sight(f"{wish.by or 'somebody'}: {wish.reason}"):
            raise web.HTTPConflict(text="the camera is not in safe mode\n")
        self.report(Event("resume", self.clock.monotonic(), data={"reason": wish.reason, "by": wish.by}))
        return answer({"resuming": True})
