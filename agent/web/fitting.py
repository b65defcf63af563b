"""What whoever fits a camera needs over the API: aim, the walk test with its record, what is drawn, configuration, log.

| `GET /v1/aim` | how sharp, exposed and level the next picture is |
| `GET, POST /v1/walk-test`, `POST /v1/walk-test/end`, `GET /v1/walk-test/{file}` | the test, its end, its record |
| `GET, POST /v1/zones` | the zones, lines, masks and rules of the configuration; a change is on trial |
| `GET, POST /v1/mount` | how the camera hangs; a change is on trial |
| `GET, POST /v1/config` | the whole configuration, in the same way; a technician sees marks in place of its secrets |
| `POST /v1/restart` | begin anew |
| `GET /v1/logs` | the last lines of the program's log |
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from agent.config_text import DRAWN
from agent.domain import Json
from agent.errors import ConfigError, OperatorError
from agent.events.kinds import Count, Digest
from agent.events.orders import MAX_CONFIG
from agent.fitting.configuration import ConfigDesk, Wish
from agent.fitting.desk import AimDesk, WalkDesk
from agent.fitting.measuring import Sizes
from agent.fitting.record import FILES
from agent.hub.callers import Role
from agent.logbook import LEVELS, LogBook
from agent.web.bodies import Reason, Who, Words, answer, read_body, read_query, refused
from agent.web.callers import caller_of, who_says

Tables = Annotated[list[dict[str, Any]], Meta(max_length=128)]
MEDIA = {".json": "application/json", ".html": "text/html", ".sig": "text/plain"}
MOST_LINES = 1000


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/walk-test`."""

    by: Who = ""


class End(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/walk-test/end`; with the stature of whoever walked it measures how the camera hangs."""

    note: Words = ""
    stature_m: Annotated[float, Meta(ge=1.2, le=2.3)] | None = None
    tape_m: Annotated[float, Meta(ge=1.5, le=20)] | None = None


class SetMount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/mount`: how the camera hangs; what is left out stays as it is."""

    reason: Reason
    by: Who = ""
    base: Digest | None = None
    height_m: float | None = None
    tilt_deg: float | None = None
    view_deg: float | None = None


class SetDrawn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/zones`: the tables to put in place of the old ones; those left out stay."""

    reason: Reason
    by: Who = ""
    base: Digest | None = None
    zone: Tables | None = None
    line: Tables | None = None
    privacy_mask: Tables | None = None
    motion_mask: Tables | None = None
    object_mask: Tables | None = None
    rule: Tables | None = None


class SetConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/config`: a whole configuration to try; `base` is the hash of the one that it is to replace."""

    text: Annotated[str, Meta(max_length=MAX_CONFIG)]
    reason: Reason
    by: Who = ""
    base: Digest | None = None


class Restart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/restart`."""

    reason: Reason
    by: Who = ""


class Tail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/logs`."""

    level: Literal["debug", "info", "warning", "error", "critical"] = "debug"
    after: Count = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_LINES)] = MOST_LINES


@dataclass(frozen=True, slots=True)
class FittingApi:
    """The routes; `note` journals an event of a kind."""

    aim: AimDesk
    walk: WalkDesk
    config: ConfigDesk
    book: LogBook
    note: Callable[[str, dict[str, Json]], None]

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.add_routes(
            [
                web.get("/v1/aim", self.show_aim),
                web.get("/v1/walk-test", self.show_walk),
                web.post("/v1/walk-test", self.begin_walk),
                web.post("/v1/walk-test/end", self.end_walk),
                web.get("/v1/walk-test/{file}", self.record),
                web.get("/v1/zones", self.show_drawn),
                web.post("/v1/zones", self.draw),
                web.get("/v1/mount", self.show_mount),
                web.post("/v1/mount", self.set_mount),
                web.get("/v1/config", self.show_config),
                web.post("/v1/config", self.set_config),
                web.post("/v1/restart", self.restart),
                web.get("/v1/logs", self.logs),
            ]
        )

    async def show_aim(self, _: web.Request) -> web.Response:
        """Measure the next picture. Raises HTTPServiceUnavailable where none comes."""
        facts = await self.aim.facts()
        if facts is None:
            raise web.HTTPServiceUnavailable(text="the camera gives no picture at present\n")
        return answer(facts)

    async def show_walk(self, _: web.Request) -> web.Response:
        """How the walk test stands."""
        return answer(self.walk.facts())

    async def begin_walk(self, request: web.Request) -> web.Response:
        """Begin one."""
        wish = await read_body(request, Begin)
        try:
            return answer(self.walk.begin(who_says(request, wish.by)))
        except OperatorError as error:
            raise refused(error) from None

    async def end_walk(self, request: web.Request) -> web.Response:
        """End it; answers with its record."""
        wish = await read_body(request, End)
        sizes = Sizes(wish.stature_m, wish.tape_m) if wish.stature_m is not None else None
        return await _done(self.walk.end(wish.note, sizes))

    async def record(self, request: web.Request) -> web.Response:
        """A file of the last record. Raises HTTPNotFound where there is none."""
        name = request.match_info["file"]
        if name not in FILES or name not in self.walk.files:
            raise web.HTTPNotFound(text="there is no such record: end a walk test first\n")
        media = next(media for suffix, media in MEDIA.items() if name.endswith(suffix))
        headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
        return web.Response(body=self.walk.files[name], content_type=media, charset="utf-8", headers=headers)

    async def show_drawn(self, _: web.Request) -> web.Response:
        """What is drawn into the picture, as it stands in the configuration's file."""
        return await _done(self.config.drawn())

    async def draw(self, request: web.Request) -> web.Response:
        """Try other zones, lines, masks or rules; the camera restarts under them."""
        said = await read_body(request, SetDrawn)
        wish = Wish(said.reason, who_says(request, said.by), said.base)
        return await _done(self.config.draw({key: getattr(said, key) for key in DRAWN}, wish))

    async def show_mount(self, _: web.Request) -> web.Response:
        """How the camera hangs, as far as it is known."""
        return await _done(self.config.mounted(self.walk.view()))

    async def set_mount(self, request: web.Request) -> web.Response:
        """Try another height, tilt or view; the camera restarts under it."""
        said = await read_body(request, SetMount)
        wish = Wish(said.reason, who_says(request, said.by), said.base)
        mount = {"height_m": said.height_m, "tilt_deg": said.tilt_deg, "view_deg": said.view_deg}
        return await _done(self.config.mount(mount, wish))

    async def show_config(self, request: web.Request) -> web.Response:
        """The configuration's file, and what is on trial; the secrets in it are the hub's and the camera's own."""
        return await _done(self.config.shown(secrets=caller_of(request).role >= Role.HUB))

    async def set_config(self, request: web.Request) -> web.Response:
        """Try another one. Raises HTTPForbidden where a technician would have the camera talk to somebody else."""
        said = await read_body(request, SetConfig)
        if caller_of(request).role < Role.HUB:
            await self._check_ways(said.text)
        return await _done(self.config.try_out(said.text, Wish(said.reason, who_says(request, said.by), said.base)))

    async def _check_ways(self, text: str) -> None:
        try:
            changed = await self.config.ways_changed(text)
        except OperatorError:
            return  # what is wrong with it is told by the trial
        if changed:
            tables = ", ".join(f"[{table}]" for table in changed)
            words = (
                f"{tables} would change: whom the camera talks to is for the hub, or for somebody on the camera itself"
            )
            raise web.HTTPForbidden(text=f"{words}: leave it as it was, and ask whoever keeps the hub\n")

    async def restart(self, request: web.Request) -> web.Response:
        """Begin another life."""
        wish = await read_body(request, Restart)
        try:
            told = self.config.restart()
        except OperatorError as error:
            raise refused(error) from None
        self.note("restart", {"reason": wish.reason, "by": who_says(request, wish.by)})
        return answer(told)

    async def logs(self, request: web.Request) -> web.Response:
        """The newest lines behind `after` that are at least of `level`, at most `limit`."""
        asked = read_query(request, Tail)
        lines = self.book.after(asked.after, LEVELS[asked.level])[-asked.limit :]
        return answer({"lines": [line.facts() for line in lines]})


async def _done(work: Awaitable[dict[str, Any]]) -> web.Response:
    """What it answers; mistakes of a configuration as a list."""
    try:
        return answer(await work)
    except ConfigError as error:
        problems = [{"path": one.path, "message": one.message, "hint": one.hint} for one in error.problems]
        return answer({"problems": problems}, status=422)
    except OperatorError as error:
        raise refused(error) from None
