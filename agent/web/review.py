"""Incidents over the API: to look at, to decide, to write notes on, to have explained; and the alert budget."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from aiohttp import web

from agent.errors import OperatorError
from agent.review.desk import Review
from agent.review.entry import Entry, Verdict
from agent.web.bodies import Text, Who, Words, answer, read_body, read_query, refused

MOST = 200


class Decide(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/incidents/ID/decision`; to dismiss needs a reason."""

    decision: Verdict
    reason: Words = ""
    note: Text = ""
    by: Who = ""


class Annotate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/incidents/ID/notes`."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    by: Who = ""


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/incidents`; `before` goes on behind that incident."""

    state: Literal["open", "updated", "closed", "confirmed", "dismissed"] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=MOST)] = 50
    before: str | None = None


@dataclass(frozen=True, slots=True)
class ReviewApi:
    """What people may ask and say about incidents. What they say is journaled before it is answered."""

    review: Review

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/incidents", self.page)
        app.router.add_get("/v1/incidents/{id}", self.show)
        app.router.add_get("/v1/incidents/{id}/explanation", self.explain)
        app.router.add_post("/v1/incidents/{id}/decision", self.decide)
        app.router.add_post("/v1/incidents/{id}/notes", self.annotate)
        app.router.add_get("/v1/budget", self.budget)

    async def page(self, request: web.Request) -> web.Response:
        """Incidents, newest first."""
        asked = read_query(request, Page)
        try:
            entries = self.review.keeper.book.page(state=asked.state, before=asked.before, limit=asked.limit)
        except KeyError:
            raise web.HTTPBadRequest(text="`before` names no incident that is kept here\n") from None
        return answer(
            {"incidents": [self.review.told(entry) for entry in entries], "kept": len(self.review.keeper.book)}
        )

    async def show(self, request: web.Request) -> web.Response:
        """One incident with its decisions and notes."""
        entry = self.review.keeper.book.get(request.match_info["id"])
        if entry is None:
            raise _unknown(request)
        return answer(self.review.told(entry))

    async def explain(self, request: web.Request) -> web.Response:
        """Why it is what it is."""
        explanation = self.review.explain(request.match_info["id"])
        if explanation is None:
            raise _unknown(request)
        return answer(explanation)

    async def decide(self, request: web.Request) -> web.Response:
        """Confirm or dismiss; saying the same again changes nothing, another word later counts instead."""
        said = await read_body(request, Decide)
        deciding = self.review.keeper.decide(
            request.match_info["id"], said.decision, by=said.by, reason=said.reason, note=said.note
        )
        return await self._said(request, deciding)

    async def annotate(self, request: web.Request) -> web.Response:
        """Write a note on it."""
        said = await read_body(request, Annotate)
        return await self._said(request, self.review.keeper.annotate(request.match_info["id"], said.text, by=said.by))

    async def budget(self, _: web.Request) -> web.Response:
        """How the alert budget stands."""
        return answer(self.review.budget.status())

    async def _said(self, request: web.Request, saying: Awaitable[Entry]) -> web.Response:
        try:
            return answer(self.review.told(await saying))
        except KeyError:
            raise _unknown(request) from None
        except OperatorError as error:
            raise refused(error) from None


def _unknown(request: web.Request) -> web.HTTPNotFound:
    return web.HTTPNotFound(text=f"no incident {request.match_info['id'][:80]!r} is kept here\n")
