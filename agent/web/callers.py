"""Who made a request: put into it by the middleware of `agent.web.api`, asked for by handlers."""

from __future__ import annotations

from aiohttp import web

from agent.hub.callers import STRANGER, Caller

_CALLER = web.RequestKey("caller", Caller)


def note_caller(request: web.Request, caller: Caller) -> None:
    """Say who made this request."""
    request[_CALLER] = caller


def caller_of(request: web.Request) -> Caller:
    """Who made this request; a stranger where nobody has said."""
    caller: Caller = request.get(_CALLER, STRANGER)
    return caller


def name_of(request: web.Request) -> str:
    """Who made this request, for logs: the name that is proven, else the address."""
    return caller_of(request).name or request.remote or ""


def who_says(request: web.Request, by: str) -> str:
    """Who wants something: the name on a certificate goes before what is said, that before the local user's."""
    caller = caller_of(request)
    return caller.name if caller.bound else by or caller.name
