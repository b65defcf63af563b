"""Customer insight over the API: the aggregates and the heat map."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf, isfinite

import msgspec
from aiohttp import web

from agent.insight.desk import InsightDesk
from agent.tables.insight import InsightConfig
from agent.web.bodies import answer, read_query


class Between(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """The query of `GET /v1/insight`: UTC, ISO 8601 or seconds since 1970."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class InsightApi:
    """What anybody may ask about customers as a crowd."""

    desk: InsightDesk
    settings: InsightConfig

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/insight", self.rows)
        app.router.add_get("/v1/insight/heatmap.png", self.heat_map)

    async def rows(self, request: web.Request) -> web.Response:
        """The aggregates of a time; `from` and `to` are UTC, ISO 8601 or seconds since 1970."""
        asked = read_query(request, Between)
        start_s, end_s = _moment(asked.start, "from", -inf), _moment(asked.end, "to", inf)
        if start_s >= end_s:
            raise web.HTTPBadRequest(text="`from` is not before `to`: ask for a time that has a length\n")
        rows = await self.desk.rows(start_s, end_s)
        about = {"enabled": self.settings.enabled, "period_s": self.settings.period_s}
        return answer({"rows": rows, "least_people": self.settings.least_people, **about})

    async def heat_map(self, _: web.Request) -> web.Response:
        """Where people stand, as a picture."""
        picture = await asyncio.to_thread(self.desk.heat_png)
        return web.Response(body=picture, content_type="image/png")


def _moment(text: str | None, key: str, otherwise: float) -> float:
    if text is None:
        return otherwise
    try:
        seconds = float(text) if text.replace(".", "", 1).isdecimal() else _iso(text)
    except (ValueError, OverflowError):
        seconds = inf
    if not isfinite(seconds):
        raise web.HTTPBadRequest(text=f"`{key}` is no time: give UTC as 2026-11-22T09:00 or as seconds since 1970\n")
    return seconds


def _iso(text: str) -> float:
    moment = datetime.fromisoformat(text.replace(" ", "+"))  # a query turns a bare + into a space
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
