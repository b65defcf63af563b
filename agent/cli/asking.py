"""Asks a running camera over its API, and says in words why there is no answer."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import msgspec

from agent.cli.reaching import reach
from agent.errors import OperatorError

T = TypeVar("T")
TIMEOUT_S = 10.0
NOBODY = "is the agent running there? (`aislewatch run`, or systemctl status aislewatch)"


class NoAnswer(OperatorError):
    """Nobody is there, or not ready: it may be worth to try again."""


class _Mistaken(msgspec.Struct):
    problems: list[dict[str, str]]


def ask(url: str, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the camera answers to GET, as JSON. Raises OperatorError."""
    return asyncio.run(_once(url, lambda talk: talk.get(path, query)))


def tell(url: str, path: str, said: Mapping[str, object]) -> dict[str, Any]:
    """Tell the camera something by POST; what it answers. Raises OperatorError."""
    return asyncio.run(_once(url, lambda talk: talk.post(path, said)))


def fetch(url: str, path: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """The bytes of something, such as a picture. Raises OperatorError."""
    return asyncio.run(_once(url, lambda talk: talk.content(path), timeout_s))


def who(by: str | None) -> str:
    """The name given, or that of who is logged in here."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


class Talk:
    """A conversation with one camera, over one connection as far as it lasts."""

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self.session = session
        self.base = base

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What it answers, as JSON. Raises OperatorError."""
        return _object(await self.content(path, query), self.base + path)

    async def post(self, path: str, said: Mapping[str, object]) -> dict[str, Any]:
        """The same, after telling it something. Raises OperatorError."""
        return _object(await self._answer("POST", path, said=said), self.base + path)

    async def content(self, path: str, query: Mapping[str, str] | None = None) -> bytes:
        """The bytes of something, such as a picture. Raises OperatorError."""
        return await self._answer("GET", path, query=query)

    async def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        said: Mapping[str, object] | None = None,
    ) -> bytes:
        address = self.base + path
        try:
            async with self.session.request(method, address, params=query, json=said) as response:
                body = await response.read()
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise NoAnswer(f"no camera answers at {address}: {str(error) or 'timed out'}", hint=NOBODY) from None
        if response.status == 200:
            return body
        if 400 <= response.status < 500:
            raise OperatorError(_complaint(body) or f"{address} answered {response.status}")
        words = body.decode(errors="replace").strip() if response.status == 503 else ""
        raise NoAnswer(words or f"{address} answered {response.status}", hint=NOBODY)


@asynccontextmanager
async def talking(url: str, timeout_s: float = TIMEOUT_S) -> AsyncIterator[Talk]:
    """Talk to a camera. Raises OperatorError."""
    way = await asyncio.to_thread(reach, url)
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    async with aiohttp.ClientSession(timeout=timeout, connector=way.connector()) as session:
        yield Talk(session, way.base)


async def _once(url: str, work: Callable[[Talk], Awaitable[T]], timeout_s: float = TIMEOUT_S) -> T:
    async with talking(url, timeout_s) as talk:
        return await work(talk)


def _complaint(body: bytes) -> str:
    """What is wrong, in words; mistakes of a configuration one a line."""
    try:
        problems = msgspec.json.decode(body, type=_Mistaken).problems
    except msgspec.DecodeError:
        return body.decode(errors="replace").strip()
    lines = [f"  {one['path']}: {one['message']}" + (f" ({one['hint']})" if one["hint"] else "") for one in problems]
    return "\n".join(["the configuration has mistakes:", *lines])


def _object(body: bytes, address: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise OperatorError(f"{address} did not answer as a camera does", hint=NOBODY) from None
