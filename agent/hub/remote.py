"""A hub's requests to one of its cameras: over TLS with the camera's key pinned, and refusals told apart."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from agent.errors import LinkClosed, OperatorError
from agent.hub.keyring import CameraPin, Keyring
from agent.hub.pinning import PinnedContext, WrongKey, pinned_context

TIMEOUT_S = 10.0
_SOON_S = 0.5
_CERTIFICATE_ALERTS = ("ALERT_UNKNOWN_CA", "ALERT_ACCESS_DENIED", "CERTIFICATE")

Look = Callable[[str], Awaitable[Sequence[str]]]
"""Looks for a camera by its id; the addresses (https://host:port) where it may be. Hints, as all of mDNS."""


async def nowhere(camera: str) -> Sequence[str]:
    """Looks for nothing."""
    return ()


class Refused(OperatorError):
    """The camera has answered, and does not do it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class NotReached(LinkClosed):
    """There was no connection; nothing was sent."""


class Impostor(NotReached):
    """Whoever answers at a camera's address does not hold its key."""


class CertificateRefused(LinkClosed):
    """The camera ended the connection when it saw the hub's certificate."""


@dataclass(frozen=True, slots=True)
class Remote:
    """One camera. `authority` is with which of the hub's to call: by default the one that the camera takes."""

    keyring: Keyring
    pin: CameraPin
    look: Look = nowhere

    def context(self, authority: int | None = None) -> ssl.SSLContext:
        """For connections to this camera and no other, with the hub's certificate. Raises OperatorError."""
        return own_context(self.keyring, self.pin, authority)

    async def get(self, path: str, *, authority: int | None = None) -> dict[str, Any]:
        """What the camera answers. Raises Refused, LinkClosed."""
        return await self._call("GET", path, None, authority)

    async def post(self, path: str, said: Mapping[str, object], *, authority: int | None = None) -> dict[str, Any]:
        """What the camera answers when it is told something. Raises Refused, LinkClosed."""
        return await self._call("POST", path, said, authority)

    async def _call(
        self, method: str, path: str, said: Mapping[str, object] | None, authority: int | None
    ) -> dict[str, Any]:
        """At its last address; where it is not there, wherever else it may be."""
        context = self.context(authority)
        try:
            return await request(context, method, self.pin.url(path), said)
        except LinkClosed as error:
            if isinstance(error, CertificateRefused):
                raise
            last = error
        for address in await self.look(self.pin.id):
            try:
                return await request(context, method, address + path, said)
            except LinkClosed as error:
                last = error
        raise last


def own_context(keyring: Keyring, pin: CameraPin, authority: int | None = None) -> ssl.SSLContext:
    """A context for one camera with the hub's certificate. Raises OperatorError."""
    own = keyring.authority(authority or pin.authority).own
    try:
        return pinned_context(pin.fp, own)
    except OSError as error:  # ssl.SSLError is one
        raise OperatorError(f"the hub's certificate in {own} cannot be used: {error}") from None


async def request(
    context: ssl.SSLContext, method: str, url: str, said: Mapping[str, object] | None = None
) -> dict[str, Any]:
    """One request on a connection of its own; its answer as JSON. Raises Refused, LinkClosed and its kinds."""
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout) as http,
            http.request(method, url, json=said, ssl=context, allow_redirects=False) as response,
        ):
            body = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise await why_closed(url, error, context) from error
    if response.status != 200:
        words = body[:1000].decode(errors="replace").strip() or f"{url} answered {response.status}"
        raise Refused(response.status, words)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise Refused(200, f"{url} did not answer as a camera does") from None


async def why_closed(url: str, error: Exception, context: ssl.SSLContext | None) -> LinkClosed:
    """Why there is no connection, or no longer; `context` as it was used for it."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError) and isinstance(error.certificate_error, WrongKey):
        return Impostor(f"{url}: {error.certificate_error.args[0]}; nothing was sent there")
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotReached(f"{url}: {error}")
    refused = _is_refusal(error)
    if isinstance(error, aiohttp.ClientConnectionError) and isinstance(context, PinnedContext):
        refused = refused or await _is_refused(url, context)
    if refused:
        return CertificateRefused(f"{url}: the camera refuses this hub's certificate (revoked, or claimed by another)")
    return LinkClosed(f"{url}: {error or type(error).__name__}")


async def _is_refused(url: str, context: PinnedContext) -> bool:
    """Whether the camera refuses the certificate, asked by connections on which nothing is said.

    In TLS 1.3 a client has finished when the server looks at its certificate. A refusal comes with the first read, is
    lost to a reset where a request was under way already, and asyncio's servers give no reason. What is sure is that a
    camera ends a connection with this certificate, and at the same time keeps one without any.
    """
    try:
        return await _is_ended(url, context) and not await _is_ended(url, pinned_context(context.fp))
    except ssl.SSLError as error:
        return _is_refusal(error)
    except OSError:
        return False


async def _is_ended(url: str, context: ssl.SSLContext) -> bool:
    """Whether the camera ends a silent connection soon. Raises OSError."""
    address = URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port, ssl=context)
    try:
        async with asyncio.timeout(_SOON_S):
            return not await reader.read(1)
    except TimeoutError:
        return False
    except ConnectionError:
        return True
    finally:
        writer.transport.abort()


def _is_refusal(error: BaseException | None) -> bool:
    """Whether the peer has said in TLS that it does not take our certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLError) and any(word in (error.reason or "") for word in _CERTIFICATE_ALERTS):
            return True
        error = error.__cause__ or error.__context__
    return False
