"""Pairing: a claim is opened on the camera, a hub brings its token, and later changes or ends the trust."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from agent.domain import Event, Json, Severity
from agent.errors import OperatorError
from agent.events.kinds import Name, Reason, Who
from agent.hub.callers import Role
from agent.hub.claims import LASTS_S, ClaimClosed, Claims, NoClaim, WrongToken
from agent.hub.trust import AlreadyClaimed, CameraTrust, NotKept
from agent.hub.trust_certificates import MAX_PEM, BadAuthority, Holder
from agent.web.bodies import answer, last_answer, read_body, refused
from agent.web.callers import who_says
from agent.web.doors import certificate_of
from agent.web.guard import Doorkeeper
from hal.ports import Clock

Pem = Annotated[str, msgspec.Meta(max_length=MAX_PEM)]
Serial = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{1,40}\Z")]
MOST_REVOKED = 4096


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/claim`: let a hub come."""

    by: Who = ""


class Pair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/pair`: the token that the camera shows, the hub's authority, its shop and its name."""

    token: Annotated[str, msgspec.Meta(max_length=64)]
    ca: Pem
    store: Annotated[str, msgspec.Meta(max_length=64)]
    hub: Name


class Unpair(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/unpair`."""

    reason: Reason
    by: Who = ""


class Authorities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/trust/authorities`: the hub's authority, or the old and the new one while it changes."""

    authorities: Annotated[list[Pem], msgspec.Meta(min_length=1, max_length=2)]


class Revoked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/trust/revoked`: all certificates of this hub that are void, by their serial numbers in hex."""

    serials: Annotated[list[Serial], msgspec.Meta(max_length=MOST_REVOKED)]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a hub reaches the camera: its id, the fingerprint of its key, and the TLS door."""

    id: str
    fp: str
    port: Callable[[], int]
    addresses: Callable[[], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class NoPairingApi:
    """For a camera without a TLS door."""

    def add_to(self, app: web.Application) -> None:
        """Add the route that says so."""
        app.router.add_post("/v1/claim", self.claim)

    async def claim(self, _: web.Request) -> web.Response:
        """Raises HTTPConflict."""
        raise web.HTTPConflict(
            text="no hub can come to this camera: api.tls_port is -1, or `aislewatch health` says why\n"
        )


@dataclass(frozen=True, slots=True)
class PairingApi:
    """Every change is journaled and audited with who asked for it; so is every wrong token."""

    place: Place
    trust: CameraTrust
    claims: Claims
    keeper: Doorkeeper
    clock: Clock
    report: Callable[[Event], None]

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_post("/v1/claim", self.claim)
        app.router.add_post("/v1/pair", self.pair)
        app.router.add_post("/v1/unpair", self.unpair)
        app.router.add_post("/v1/trust/authorities", self.authorities)
        app.router.add_post("/v1/trust/revoked", self.revoked)

    async def claim(self, request: web.Request) -> web.Response:
        """Show a token. Raises HTTPConflict where the camera has a hub."""
        said = await read_body(request, Claim)
        if self.trust.claimed:
            raise refused(AlreadyClaimed(f"this camera belongs to {self.trust.pins.hub}", hint="unpair it first"))
        token = self.claims.open()
        self._note("claim", by=who_says(request, said.by))
        shown = {"id": self.place.id, "fp": self.place.fp, "token": token, "expires_s": LASTS_S}
        return answer({**shown, "port": self.place.port(), "addresses": self.place.addresses()})

    async def pair(self, request: web.Request) -> web.Response:
        """Take the hub that brings the token: the camera is its own from now on."""
        if not request.secure:
            raise web.HTTPForbidden(text="a token is taken over TLS only\n")
        said = await read_body(request, Pair)
        try:
            self._admit(said)
            await self.trust.claim(said.ca, said.store, said.hub)
        except (NoClaim, ClaimClosed, AlreadyClaimed, WrongToken, BadAuthority, NotKept) as error:
            raise _refusal(error) from None
        self._note("paired", Severity.INFO, hub=said.hub, store=said.store, address=request.remote or "")
        return answer({"id": self.place.id, "fp": self.place.fp, "state": self.trust.state})

    def _admit(self, said: Pair) -> None:
        """The token counts once, and not at all where what came with it cannot be pinned. Raises its refusals."""
        if self.trust.claimed:
            raise AlreadyClaimed("this camera has a hub already", hint="unpair it first")
        try:
            self.claims.check(said.token)
        except WrongToken as error:
            self._note("wrong_token", Severity.WARNING, hub=said.hub, said=error.hint)
            raise
        self.trust.check(said.ca)
        self.claims.close()

    async def unpair(self, request: web.Request) -> web.Response:
        """Have no hub any more."""
        said, hub = await read_body(request, Unpair), self.trust.pins.hub
        if not self.trust.claimed:
            raise web.HTTPConflict(text="this camera has no hub\n")
        await self._change(request, self.trust.forget())
        self._note("unpaired", Severity.WARNING, hub=hub, reason=said.reason, by=who_says(request, said.by))
        return last_answer({"id": self.place.id, "state": self.trust.state})

    async def authorities(self, request: web.Request) -> web.Response:
        """Pin another authority of the same hub."""
        holder, said = self._holder(request), await read_body(request, Authorities)
        await self._change(request, self.trust.accept(said.authorities, holder))
        self._note("authorities", count=len(said.authorities), by=holder.name)
        return answer({"authorities": len(said.authorities)})

    async def revoked(self, request: web.Request) -> web.Response:
        """These certificates count no more."""
        holder, said = self._holder(request), await read_body(request, Revoked)
        serials = sorted({f"{int(serial, 16):x}" for serial in said.serials})
        await self._change(request, self.trust.revoke(serials, holder))
        self._note("revoked", serials=len(serials), by=holder.name)
        return answer({"revoked": len(serials)})

    def _holder(self, request: web.Request) -> Holder:
        """The hub that asks. Raises HTTPForbidden for whoever is not one by its certificate."""
        certificate = certificate_of(request.transport)
        holder = self.trust.holder(certificate) if certificate else None
        if holder is None or holder.role is not Role.HUB:
            raise web.HTTPForbidden(text="only the hub itself changes what the camera trusts\n")
        return holder

    async def _change(self, request: web.Request, change: Awaitable[None]) -> None:
        """Change the trust; whoever loses by it is cut off at once, and who asked only after the answer."""
        with self.keeper.sparing(request.transport):
            try:
                await change
            except OperatorError as error:
                raise _refusal(error) from None

    def _note(self, what: str, severity: Severity = Severity.INFO, **data: Json) -> None:
        self.report(Event("pairing", self.clock.monotonic(), severity, {"what": what, **data}))


_REFUSALS: dict[type[OperatorError], type[web.HTTPException]] = {
    WrongToken: web.HTTPForbidden,
    NoClaim: web.HTTPGone,
    ClaimClosed: web.HTTPTooManyRequests,
    BadAuthority: web.HTTPUnprocessableEntity,
    NotKept: web.HTTPServiceUnavailable,
}


def _refusal(error: OperatorError) -> web.HTTPException:
    kind = _REFUSALS.get(type(error))
    return refused(error) if kind is None else kind(text=f"{error}{': ' + error.hint if error.hint else ''}\n")
