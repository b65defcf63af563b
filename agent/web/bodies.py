"""JSON in and out of the API: typed bodies in, and what is wrong with one said in words."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TypeVar

import msgspec
from aiohttp import web

from agent.errors import Incomplete, JournalError, OperatorError
from agent.events.kinds import Reason, Text, Who, Words
from agent.events.wire import plain

__all__ = [
    "SEAL_QUERY",
    "Reason",
    "Text",
    "Who",
    "Words",
    "answer",
    "decoded",
    "last_answer",
    "read_body",
    "read_query",
    "refused",
    "shaped",
    "unknown",
]

T = TypeVar("T")
SEAL_QUERY = "seal"
"""A session's seal, where it stands in the query (`agent.web.commission`): of no concern to handlers."""


def answer(value: object, status: int = 200) -> web.Response:
    """A JSON answer."""
    return web.Response(body=msgspec.json.encode(value, enc_hook=plain), content_type="application/json", status=status)


def last_answer(value: object) -> web.Response:
    """A JSON answer after which the connection is closed: whoever asked may be somebody else now."""
    response = answer(value)
    response.force_close()
    return response


def decoded(body: bytes, kind: type[T]) -> T:
    """JSON as a value of this type. Raises HTTPBadRequest that says what is wrong and where."""
    try:
        plain_ones = _json.decode(body.decode())
    except RecursionError:
        raise web.HTTPBadRequest(text="the body is nested too deeply\n") from None
    except ValueError as error:  # UnicodeDecodeError is one
        raise web.HTTPBadRequest(text=f"the body is not as expected: {error}\n") from None
    return shaped(plain_ones, kind)


def shaped(value: object, kind: type[T]) -> T:
    """Dictionaries, lists and scalars as a value of this type. Raises HTTPBadRequest that says what is wrong."""
    try:
        return msgspec.convert(value, kind)
    except (ValueError, RecursionError) as error:  # msgspec.ValidationError is a ValueError
        raise web.HTTPBadRequest(text=f"the body is not as expected: {error}\n") from None


async def read_body(request: web.Request, kind: type[T]) -> T:
    """The body as a value of this type. Raises HTTPBadRequest that says what is wrong and where."""
    return decoded(await request.read(), kind)


def read_query(request: web.Request, kind: type[T]) -> T:
    """The query as a value of this type. Raises HTTPBadRequest that says what is wrong and where."""
    pairs = [pair for pair in request.query.items() if pair[0] != SEAL_QUERY]
    try:
        return msgspec.convert(_each_once(pairs), kind, strict=False)
    except ValueError as error:  # msgspec.ValidationError is one
        raise web.HTTPBadRequest(text=f"the query is not as expected: {error}\n") from None


def refused(error: OperatorError) -> web.HTTPException:
    """A wish that cannot be granted now, or not as it is, in the words of what refused it."""
    return _REFUSALS.get(type(error), web.HTTPConflict)(text=_words(error))


def unknown(error: OperatorError) -> web.HTTPNotFound:
    """A wish about what is not there, in the words of what looked for it."""
    return web.HTTPNotFound(text=_words(error))


_REFUSALS = {Incomplete: web.HTTPBadRequest, JournalError: web.HTTPServiceUnavailable}


def _words(error: OperatorError) -> str:
    return f"{error}{': ' + error.hint if error.hint else ''}\n"


def _each_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object whose keys differ: of two values under one key nobody knows which is meant. Raises ValueError."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _finite(text: str) -> float:
    """A number that fits. Raises ValueError."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"the number {text[:40]} is out of range")
    return number


_json = json.JSONDecoder(object_pairs_hook=_each_once, parse_float=_finite, parse_constant=_finite)
