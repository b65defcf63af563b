"""What the camera's own figures were and what is foretold of them, and the service log, over the API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from agent.health.foresight import Foresight
from agent.web.bodies import Reason, Who, answer, read_body, read_query

Part = Annotated[str, msgspec.Meta(max_length=40)]


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/service`: somebody did something to the camera; without parts those count that the words name."""

    words: Reason
    parts: Annotated[list[Part], msgspec.Meta(max_length=10)] = []
    by: Who = ""


class OfMetric(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/health/history`."""

    metric: str | None = None


@dataclass(frozen=True, slots=True)
class ForesightApi:
    """The routes about trends."""

    foresight: Foresight

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/health/history", self.history)
        app.router.add_get("/v1/service", self.services)
        app.router.add_post("/v1/service", self.serve)

    async def history(self, request: web.Request) -> web.Response:
        """One metric by days and hours, with threshold, forecast and services; without a metric, which there are."""
        metric = read_query(request, OfMetric).metric
        if metric is None:
            return answer({"metrics": self.foresight.metrics()})
        found = self.foresight.history(metric)
        if found is None:
            known = ", ".join(self.foresight.metrics()) or "none yet"
            raise web.HTTPNotFound(text=f"no metric is called {metric!r}; those with a history: {known}\n")
        return answer(found)

    async def services(self, _: web.Request) -> web.Response:
        """The service log, oldest first."""
        return answer({"services": self.foresight.services()})

    async def serve(self, request: web.Request) -> web.Response:
        """Note a service, for good; what begins anew by it."""
        done = await read_body(request, Done)
        try:
            noted = await self.foresight.serve(done.words, done.parts, done.by)
        except ValueError as error:
            raise web.HTTPBadRequest(text=f"{error}\n") from None
        return answer({**noted.facts(), "begins_anew": [*noted.metrics]})
