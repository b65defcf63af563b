"""Opens the sockets at which a server listens: of one address, or of both kinds of IP under one port."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable

from agent.hub.addresses import ANY4, ANY6

BACKLOG = 64
_TRIES = 8
"""How often a free port is looked for that is free of both kinds."""

_log = logging.getLogger(__name__)

Factory = Callable[[], asyncio.Protocol]


async def listen(factory: Factory, host: str, port: int, *, start: bool = True) -> list[asyncio.Server]:
    """Listen at a host: `::` is every address of both kinds, 0.0.0.0 every one of IPv4. Raises OSError.

    Without `start` the addresses are taken, and nobody listens there yet.
    """
    if host != ANY6:
        return [await _at(factory, host, port, start)]
    try:
        return await _at_both(factory, port, start)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, None):  # none since Python 3.13
            raise
    _log.warning("this computer has no IPv6: listening at %s in place of %s", ANY4, ANY6)
    return [await _at(factory, ANY4, port, start)]


def port_of(server: asyncio.Server) -> int:
    """The port it listens at."""
    number: int = server.sockets[0].getsockname()[1]
    return number


async def _at_both(factory: Factory, port: int, start: bool) -> list[asyncio.Server]:
    """Two sockets: one for both kinds would show addresses of IPv4 in the disguise of IPv6. Raises OSError."""
    for left in reversed(range(_TRIES)):
        six = await _at(factory, ANY6, port, start)
        try:
            return [six, await _at(factory, ANY4, port_of(six), start)]
        except OSError as error:
            six.close()
            if port or not left or error.errno != errno.EADDRINUSE:
                raise
    raise AssertionError("the last try returns or raises")


async def _at(factory: Factory, host: str, port: int, start: bool) -> asyncio.Server:
    """Raises OSError, also where asyncio passes over a kind of address that the kernel does not have."""
    server = await asyncio.get_running_loop().create_server(factory, host, port, backlog=BACKLOG, start_serving=start)
    if not server.sockets:
        raise OSError(errno.EAFNOSUPPORT, "this computer has no such kind of address")
    return server
