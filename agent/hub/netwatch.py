"""Hears from the kernel (rtnetlink) that an address or a link of this computer has changed, as it happens."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import socket
import struct
from contextlib import suppress
from typing import Self

_LINK, _IPV4, _IPV6 = 0x1, 0x10, 0x100
"""RTMGRP_LINK, RTMGRP_IPV4_IFADDR and RTMGRP_IPV6_IFADDR: RTM_NEWLINK, DELLINK, NEWADDR and DELADDR."""
_ROOM = 1 << 16
_GET_FLAGS, _RUNNING = 0x8913, 0x40
"""SIOCGIFFLAGS and IFF_RUNNING: the interface is up, and its cable or radio joined to something."""
_REQUEST = struct.Struct("16sH22x")
_MOST_AT_ONCE = 64

_log = logging.getLogger(__name__)


class NetWatch:
    """A context manager; `changed` waits for news, but not for ever: where the kernel tells nothing, looking helps."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._news = asyncio.Event()

    def __enter__(self) -> Self:
        opened = None
        try:
            opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            opened.setblocking(False)
            opened.bind((0, _LINK | _IPV4 | _IPV6))
            asyncio.get_running_loop().add_reader(opened, self._heard)
            self._socket = opened
        except (OSError, AttributeError) as error:  # a sandbox forbids it, or this is no Linux
            _log.debug("the kernel does not tell of its addresses (%s); they are looked up instead", error)
            if opened is not None:
                opened.close()
        return self

    def __exit__(self, *_: object) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    async def changed(self, within_s: float) -> None:
        """Return when something has changed, and after `within_s` in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._news.wait()
        self._news.clear()

    def _heard(self) -> None:
        """What it says does not matter: whoever waits looks for themselves. Lost messages (ENOBUFS) are news, too."""
        assert self._socket is not None
        self._news.set()
        with suppress(OSError):
            for _ in range(_MOST_AT_ONCE):
                self._socket.recv(_ROOM)


def joined_links() -> frozenset[str]:
    """The interfaces of this computer that are joined to a network now."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        for _, name in socket.if_nameindex():
            with suppress(OSError):  # it is gone
                told = fcntl.ioctl(asking, _GET_FLAGS, _REQUEST.pack(name.encode(), 0))
                if _REQUEST.unpack(told)[1] & _RUNNING:
                    found.add(name)
    return frozenset(found)
