"""The camera's HTTP door: identity, status, metrics and the hub link, behind limits for every visitor."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from agent.domain import Json
from agent.hub.callers import Caller, Role
from agent.hub.identity import Identity
from agent.metrics import CONTENT_TYPE, Metric, exposition
from agent.web.access import check_access
from agent.web.bodies import answer
from agent.web.callers import caller_of, note_caller
from agent.web.commission import admitted, cookie_session, held
from agent.web.doors import PlainDoor
from agent.web.guard import Door, Doorkeeper, WebCounts, WebLimits
from agent.web.serving import opened
from agent.web.sessions import Sessions

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
KEEPER = web.AppKey("keeper", Doorkeeper)


class Link(Protocol):
    """What the API needs of the hub link."""

    async def handle(self, request: web.Request, caller: Caller) -> web.StreamResponse: ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the API's answers come from; each is asked anew for every request."""

    identity: Callable[[], Identity]
    status: Callable[[], Mapping[str, Json]]
    metrics: Callable[[], Iterable[Metric]]


@dataclass(frozen=True, slots=True)
class Serving:
    """A running server."""

    host: str
    port: int
    keeper: Doorkeeper

    @property
    def counts(self) -> WebCounts:
        return self.keeper.counts


def create_app(
    facts: Facts,
    link: Link | None = None,
    limits: WebLimits | None = None,
    sessions: Sessions | None = None,
    keeper: Doorkeeper | None = None,
) -> web.Application:
    """The application with the routes under `/v1` and `/metrics`; others may be added before it is served.

    `keeper` stands at its doors; without one it gets one of its own, which keeps the `limits`.
    """
    keeper = keeper or Doorkeeper(limits or WebLimits())
    app = web.Application(client_max_size=keeper.limits.max_body, middlewares=[_guarded(keeper, sessions)])
    app[KEEPER] = keeper
    app.on_response_prepare.append(_add_headers)

    async def identity(_: web.Request) -> web.Response:
        return answer(facts.identity().facts())

    async def status(_: web.Request) -> web.Response:
        return answer(facts.status())

    async def metrics(_: web.Request) -> web.Response:
        text = exposition(facts.metrics())
        return web.Response(body=text.encode(), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})

    async def openapi(_: web.Request) -> web.Response:
        return web.Response(body=await asyncio.to_thread(_document), content_type="application/json")

    app.router.add_get("/v1/openapi.json", openapi)
    app.router.add_get("/v1/identity", identity)
    app.router.add_get("/v1/status", status)
    app.router.add_get("/metrics", metrics)

    async def serve_hub(request: web.Request) -> web.StreamResponse:
        assert link is not None
        return await link.handle(request, caller_of(request))

    if link is not None:
        app.router.add_get("/v1/link", serve_hub)
    return app


def _document() -> bytes:
    from agent.web.openapi import encoded  # its types are loaded only where somebody asks for it

    return encoded()


@asynccontextmanager
async def serving(app: web.Application, host: str, port: int, door: Door | None = None) -> AsyncIterator[Serving]:
    """Serve what `create_app` made at one door while the context lasts; port 0 takes a free one.

    Raises OSError when the address is not to be had.
    """
    async with opened(app, app[KEEPER]) as doors:
        yield Serving(host, await doors.listen(door or PlainDoor(), host, port), app[KEEPER])


def _guarded(keeper: Doorkeeper, sessions: Sessions | None) -> Middleware:
    """What every request passes: refusals first, its body read within a deadline, then the handler."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        transport = request.transport
        keeper.working(transport)
        try:
            _refuse(request)
            caller, session = keeper.caller(transport), None
            if sessions is not None and caller.role is Role.STRANGER:
                session = cookie_session(sessions, request)
            if sessions is not None and session is not None:
                await _read_body(request, keeper.limits.body_s, keeper.limits.max_body)
                caller = await admitted(sessions, session, request)
            note_caller(request, caller)
            await _held_up(keeper, caller, request)
            check_access(request, caller)
            is_stranger = caller.role is Role.STRANGER
            most = keeper.limits.max_strange_body if is_stranger else keeper.limits.max_body
            await _read_body(request, keeper.limits.body_s, most)
            if not is_stranger:
                keeper.proven(transport)
            with held(session, transport):
                response = await handler(request)
            if is_stranger and request.method == hdrs.METH_POST and response.status < 400:
                keeper.proven(transport)  # by a token
            return response
        finally:
            keeper.waiting(transport)

    return middleware


async def _held_up(keeper: Doorkeeper, caller: Caller, request: web.Request) -> None:
    """Wait until it is this caller's turn. Raises HTTPForbidden where they were cut off meanwhile."""
    wait_s = keeper.wait_s(caller, asyncio.get_running_loop().time())
    if wait_s > 0.0:
        await asyncio.sleep(wait_s)
        if request.transport is None or request.transport.is_closing():
            raise web.HTTPForbidden(text="the connection was cut\n")


def _refuse(request: web.Request) -> None:
    """Compressed bodies (bombs), other sites' pages, and names that a hostile DNS may have bound to this camera."""
    if request.headers.get(hdrs.CONTENT_ENCODING, "identity") != "identity":
        raise web.HTTPUnsupportedMediaType(text="compressed bodies are not accepted\n")
    if not _own_name(request.host):
        raise web.HTTPForbidden(text="ask for the camera by its address or its .local name\n")
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin.split("://", 1)[-1] != request.host:
        raise web.HTTPForbidden(text="pages of other sites are not served\n")


def _own_name(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    if name == "localhost" or name.endswith(".local"):
        return True
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


async def _read_body(request: web.Request, body_s: float, most: int) -> None:
    """Have the whole body in hand before a handler waits for it; of one that is too long nothing, where it says so."""
    if not request.can_read_body:
        return
    if (length := request.content_length or 0) > most:
        raise web.HTTPRequestEntityTooLarge(most, length)
    try:
        async with asyncio.timeout(body_s):
            length = len(await request.read())
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body did not arrive in time\n") from None
    except (ConnectionError, RuntimeError):  # aiohttp raises the latter when it reads on after the end
        raise web.HTTPBadRequest(text="the body broke off\n") from None
    if length > most:
        raise web.HTTPRequestEntityTooLarge(most, length)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers[hdrs.SERVER] = "aislewatch"  # and not which versions of what
    if request.app[KEEPER].is_spent(request.transport):
        response.force_close()
        response.headers[hdrs.CONNECTION] = "close"
