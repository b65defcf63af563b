"""The camera's models over the API: which it has, and how fast one finds people on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated

import msgspec
from aiohttp import web

from agent.domain import Json
from agent.errors import OperatorError
from agent.web.bodies import answer, read_body, refused
from hal.errors import HalError


class Bench(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/checks/model`."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=63)]
    runs: Annotated[int, msgspec.Meta(ge=5, le=100)] = 50


@dataclass(frozen=True, slots=True)
class ModelsApi:
    """The routes; both functions take their time, and are called on another thread."""

    listed: Callable[[], Iterable[Mapping[str, Json]]]
    bench: Callable[[str, int], Mapping[str, Json]]
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/models", self.show)
        app.router.add_post("/v1/checks/model", self.time)

    async def show(self, _: web.Request) -> web.Response:
        """Every model that is known, and whether its file is here. Raises HTTPConflict where the list is damaged."""
        try:
            return answer({"models": await asyncio.to_thread(lambda: list(self.listed()))})
        except OperatorError as error:
            raise refused(error) from None

    async def time(self, request: web.Request) -> web.Response:
        """Time one beside the camera's own work, one after the other. Raises HTTPConflict where it cannot be loaded."""
        wish = await read_body(request, Bench)
        try:
            async with self._one:
                return answer(await asyncio.to_thread(self.bench, wish.name, wish.runs))
        except OperatorError as error:
            raise refused(error) from None
        except HalError as error:
            raise web.HTTPConflict(text=f"{error}\n") from None
