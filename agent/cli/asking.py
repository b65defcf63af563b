"""Asks a running camera over its API, and says in words why there is no answer."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from agent.cli.reaching import reach
from agent.errors import OperatorError

TIMEOUT_S = 10.0
NOBODY = "is the agent running there? (`aislewatch run`, or systemctl status aislewatch)"


def ask(url: str, path: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
    """What the camera answers to GET, as JSON. Raises OperatorError."""
    return _object(asyncio.run(_request("GET", url, path, query=query)), url + path)


def tell(url: str, path: str, said: Mapping[str, object]) -> dict[str, Any]:
    """Tell the camera something by POST; what it answers. Raises OperatorError."""
    return _object(asyncio.run(_request("POST", url, path, said=said)), url + path)


def fetch(url: str, path: str, timeout_s: float = TIMEOUT_S) -> bytes:
    """The bytes of something, such as a picture. Raises OperatorError."""
    return asyncio.run(_request("GET", url, path, timeout_s=timeout_s))


def who(by: str | None) -> str:
    """The name given, or that of who is logged in here."""
    if by is not None:
        return by
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


async def _request(
    method: str,
    url: str,
    path: str,
    *,
    query: Mapping[str, str] | None = None,
    said: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    way = reach(url)
    timeout, address = aiohttp.ClientTimeout(total=timeout_s), way.base + path
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=way.connector()) as session,
            session.request(method, address, params=query, json=said) as response,
        ):
            body = await response.read()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise OperatorError(f"no camera answers at {address}: {error or 'timed out'}", hint=NOBODY) from None
    if response.status == 200:
        return body
    if 400 <= response.status < 500:
        raise OperatorError(body.decode(errors="replace").strip() or f"{address} answered {response.status}")
    raise OperatorError(f"{address} answered {response.status}", hint=NOBODY)


def _object(body: bytes, address: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError:
        raise OperatorError(f"{address} did not answer as a camera does", hint=NOBODY) from None
