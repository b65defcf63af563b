"""The sessions of the commissioning page over the API: offered, entered by a link, given a key, listed, ended.

Binding to the TLS channel itself (RFC 9266) would be void here: browsers open several connections, and tell no page of
its channel. So each request is signed instead, by a key that the browser cannot give away (`agent.web.sessions`).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated

import msgspec
import segno
from aiohttp import web

from agent.beside import beside
from agent.errors import OperatorError
from agent.hostport import join
from agent.hub.callers import STRANGER, Caller, Role
from agent.hub.claims import Claims
from agent.hub.trust import CameraTrust
from agent.web.access import CLOSED, NOT_BY_SESSION, least_role, route_of
from agent.web.bodies import SEAL_QUERY, answer, last_answer, read_body, read_query, refused
from agent.web.callers import caller_of
from agent.web.doors import certificate_of
from agent.web.sessions import OFFER_S, Asked, NoSession, Session, Sessions

COOKIE, SEAL = "__Host-aislewatch", "X-Aislewatch-Seal"
SHELL = frozenset({"GET /", "GET /static/{name}", "POST /v1/sessions/key"})
"""What needs the cookie only: the page itself holds nothing of the camera's, and a browser cannot sign its loading."""
ENTERED = '<!doctype html><html lang="en"><title>Aislewatch</title><meta http-equiv="refresh" content="0;url=/">'
SWEEP_S = 5.0
MOST_QR = 400
HOLDER = Caller(Role.HUB, "who holds the claim")
_SESSION = web.RequestKey("session", Session)


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/sessions/key`: the browser's public key, an uncompressed point of P-256 in base64."""

    key: Annotated[str, msgspec.Meta(max_length=100)]


class Qr(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/qr.svg`."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=MOST_QR)]


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where browsers reach this camera: the TLS port, and the addresses from the network."""

    port: Callable[[], int]
    addresses: Callable[[], Sequence[str]]

    def links(self, code: str) -> list[str]:
        """The links by which a code is entered."""
        hosts = self.addresses() or ["127.0.0.1"]
        return [f"https://{join(host, self.port())}/enter/{code}" for host in hosts]


@dataclass(frozen=True, slots=True)
class SessionsApi:
    """The routes. `claims` is what an unclaimed camera waits for: who could become its hub may see its page."""

    sessions: Sessions
    claims: Claims
    where: Whereabouts

    def add_to(self, app: web.Application) -> None:
        """Add the routes, and end sessions in time."""
        app.router.add_get("/enter/{code}", self.enter)
        app.router.add_get("/v1/sessions", self.listed)
        app.router.add_post("/v1/sessions", self.offer)
        app.router.add_post("/v1/sessions/key", self.give_key)
        app.router.add_post("/v1/sessions/{id}/end", self.end)
        app.cleanup_ctx.append(self._swept)

    async def offer(self, request: web.Request) -> web.Response:
        """Let a browser in for whoever asks; the links are for one browser, once."""
        try:
            code = self.sessions.offer(caller_of(request), certificate_of(request.transport))
        except OperatorError as error:
            raise refused(error) from None
        links = self.where.links(code)
        return answer({"url": links[0], "urls": links, "expires_s": OFFER_S})

    async def enter(self, request: web.Request) -> web.Response:
        """Use the code of a link, or the token of an open claim; sends on to the page.

        By a page and not by a redirect: that would still be of the site where the link stood, without our cookie.
        """
        if not request.secure:
            raise web.HTTPForbidden(text=CLOSED)
        code, address = request.match_info["code"][:64], request.remote or ""
        try:
            token = self.sessions.enter(code, address)
        except NoSession:
            token = self._entered_by_claim(code, address)
        entered = web.Response(text=ENTERED, content_type="text/html")
        entered.set_cookie(COOKIE, token, path="/", secure=True, httponly=True, samesite="Strict")
        return entered

    async def give_key(self, request: web.Request) -> web.Response:
        """Take the key by which the browser signs from now on."""
        session = session_of(request)
        if session is None:
            raise web.HTTPForbidden(text=CLOSED)
        said = await read_body(request, Key)
        try:
            self.sessions.give_key(session, base64.b64decode(said.key, validate=True))
        except OperatorError as error:
            raise refused(error) from None
        except (binascii.Error, ValueError):
            raise web.HTTPBadRequest(text="this is no key\n") from None
        return answer({"id": session.id, "left_s": self.sessions.left_s(session)})

    async def listed(self, _: web.Request) -> web.Response:
        """Every session, without its secrets."""
        return answer({"sessions": self.sessions.listed()})

    async def end(self, request: web.Request) -> web.Response:
        """End one at once, with all its connections."""
        try:
            self.sessions.end(request.match_info["id"], caller_of(request), request.transport)
        except OperatorError as error:
            raise web.HTTPNotFound(text=f"{error}\n") from None
        return last_answer({"ended": request.match_info["id"]})

    def _entered_by_claim(self, token: str, address: str) -> str:
        """Raises HTTPForbidden, with the words that every stranger gets."""
        try:
            self.claims.check(token)
            return self.sessions.enter_for(HOLDER, address)
        except OperatorError:
            raise web.HTTPForbidden(text=CLOSED) from None

    async def _swept(self, _: web.Application) -> AsyncIterator[None]:
        async with beside(self._sweep(), "sessions"):
            yield

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self.sessions.sweep()


def admission(trust: CameraTrust) -> Callable[[Caller, bytes | None], bool]:
    """Whether this caller with this certificate (DER), if any, is one whom this trust lets in now."""

    def admits(caller: Caller, certificate: bytes | None) -> bool:
        if certificate is not None:
            return trust.caller(certificate) == caller
        return caller is not HOLDER or not trust.claimed

    return admits


def add_page(app: web.Application) -> None:
    """The routes that the page needs whoever looks at it: who one is, and QR codes."""
    app.router.add_get("/v1/me", me)
    app.router.add_get("/v1/qr.svg", qr)


async def me(request: web.Request) -> web.Response:
    """What the page may do, and as whom."""
    caller, session = caller_of(request), session_of(request)
    return answer(
        {"role": caller.role.name.lower(), "name": caller.name, "session": session.id if session else None},
    )


async def qr(request: web.Request) -> web.Response:
    """A short text as a QR code (SVG). Raises HTTPBadRequest for a long one."""
    text = read_query(request, Qr).text
    drawn = io.BytesIO()
    segno.make(text, micro=False, error="m").save(drawn, kind="svg", scale=4, dark="#000", light="#fff", omitsize=True)
    return web.Response(body=drawn.getvalue(), content_type="image/svg+xml")


def session_of(request: web.Request) -> Session | None:
    """The session by which a request was made."""
    found: Session | None = request.get(_SESSION)
    return found


def cookie_session(sessions: Sessions, request: web.Request) -> Session | None:
    """The session of whoever made this request, by their cookie and address, over TLS only; it is not proven yet."""
    token = request.cookies.get(COOKIE)
    return sessions.of_cookie(token, request.remote or "") if token and request.secure else None


async def admitted(sessions: Sessions, session: Session, request: web.Request) -> Caller:
    """For whom a request counts that came with a session's cookie; its body has been read.

    Raises HTTPForbidden where a session may not, or the request is not signed by its browser.
    """
    request[_SESSION] = session
    route = route_of(request)
    if route in SHELL:
        return STRANGER if least_role(route) is Role.STRANGER else session.caller
    if route in NOT_BY_SESSION:
        raise web.HTTPForbidden(text="this is not done from the page: use the command line, or the hub\n")
    seal = request.headers.get(SEAL) or request.query.get(SEAL_QUERY, "")
    asked = Asked(request.method, _unsealed(request.raw_path), await request.read())
    try:
        sessions.unseal(session, asked, seal)
    except NoSession as error:
        raise web.HTTPForbidden(text=f"{error}\n") from None
    return session.caller


@contextmanager
def held(session: Session | None, transport: asyncio.BaseTransport | None) -> Iterator[None]:
    """While a request is handled, its connection ends with its session."""
    if session is None:
        yield
        return
    session.transports.add(transport)
    try:
        yield
    finally:
        session.transports.discard(transport)


def _unsealed(path: str) -> str:
    """The path as it was signed: the seal is its last parameter, where it stands there."""
    for mark in (f"?{SEAL_QUERY}=", f"&{SEAL_QUERY}="):
        head, found, _ = path.partition(mark)
        if found:
            return head
    return path
