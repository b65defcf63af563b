"""Factory reset over the API; also of a camera that has no TLS door, or whose identity is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from agent.domain import Event
from agent.errors import OperatorError
from agent.events.kinds import Reason, Who
from agent.reset import FactoryReset
from agent.web.bodies import last_answer, read_body
from agent.web.callers import who_says


class Reset(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/factory-reset`; `confirm` is the camera's id."""

    confirm: Annotated[str, msgspec.Meta(max_length=64)]
    reason: Reason
    by: Who = ""


@dataclass(frozen=True, slots=True)
class ResetApi:
    """`fp` is the key that will be gone, "" where there is none."""

    id: str
    fp: str
    reset: FactoryReset
    report: Callable[[Event], None]

    def add_to(self, app: web.Application) -> None:
        """Add the route."""
        app.router.add_post("/v1/factory-reset", self.factory_reset)

    async def factory_reset(self, request: web.Request) -> web.StreamResponse:
        """Forget everything and start anew; the answer is sent before it begins."""
        said = await read_body(request, Reset)
        if said.confirm != self.id:
            raise web.HTTPConflict(text=f"confirm it with the camera's id, {self.id}\n")
        try:
            await self.reset.order(self.id, self.fp, said.reason, who_says(request, said.by))
        except OperatorError as error:
            raise web.HTTPServiceUnavailable(text=f"{error}\n") from None
        self.report(self.reset.event())
        response = last_answer({"id": self.id, "state": "resetting"})
        await response.prepare(request)
        await response.write_eof()
        self.reset.ordered.set()
        return response
