"""The ways out: link, radio, and whether the gateway answered lately, all without sending anything."""

from __future__ import annotations

import ipaddress
import socket
import struct
from typing import NamedTuple

from hal.kernel import KernelFiles, first_number

_USES_GATEWAY = 0x2
_COMPLETE = 0x2
_USABLE, _REJECTS = 0x1, 0x200
"""Flags of a route (linux/route.h and ipv6_route.h): up, and one that leads nowhere."""


class _Route(NamedTuple):
    """A way out of the network: interface, the gateway's address, and its preference (lower is better)."""

    interface: str
    gateway: str
    metric: int


class Network:
    """Reads procfs and sysfs."""

    def __init__(self, files: KernelFiles) -> None:
        self._files = files

    def link_up(self) -> bool | None:
        """Whether the link that leads out is up, or any where none does; None without an interface."""
        route = self._route() or self._route6()
        names = (
            [route.interface] if route else [path.parent.name for path in self._files.found("sys/class/net/*/device")]
        )
        return any(self._files.text(f"sys/class/net/{name}/carrier") == "1" for name in names) if names else None

    def gateway_reached(self) -> bool | None:
        """Whether the gateway of IPv4 told its hardware address when the kernel last asked (the neighbour table).

        None where there is no such gateway, or nothing was sent to it lately.
        """
        route = self._route()
        if route is None:
            return None
        for line in self._files.text("proc/net/arp").splitlines()[1:]:
            fields = line.split()
            if len(fields) > 2 and fields[0] == route.gateway and (flags := _hex(fields[2])) is not None:
                return bool(flags & _COMPLETE)
        return None

    def gateway(self) -> str:
        """The address of the way out over IPv4; "" where there is none."""
        route = self._route()
        return route.gateway if route else ""

    def gateway6(self) -> str:
        """The same over IPv6; with its link where it is good on that alone (fe80::1%eth0)."""
        route = self._route6()
        if route is None:
            return ""
        is_near = ipaddress.IPv6Address(route.gateway).is_link_local
        return f"{route.gateway}%{route.interface}" if is_near else route.gateway

    def wifi_dbm(self) -> float | None:
        """The signal level of the first radio in /proc/net/wireless; its fourth column, with a dot behind."""
        for line in self._files.text("proc/net/wireless").splitlines()[2:]:
            fields = line.split()
            if len(fields) > 3:
                return first_number(fields[3].rstrip("."))
        return None

    def _route(self) -> _Route | None:
        lines = self._files.text("proc/net/route").splitlines()[1:]
        routes = [route for line in lines if (route := _default(line.split()))]
        return min(routes, key=lambda route: route.metric, default=None)

    def _route6(self) -> _Route | None:
        lines = self._files.text("proc/net/ipv6_route").splitlines()
        routes = [route for line in lines if (route := _default6(line.split()))]
        return min(routes, key=lambda route: route.metric, default=None)


def _default(fields: list[str]) -> _Route | None:
    """A line of the routing table, where it is a way out."""
    if len(fields) < 8 or fields[1].strip("0") or fields[7].strip("0"):
        return None
    gateway, flags = _hex(fields[2]), _hex(fields[3])
    if gateway is None or flags is None or not flags & _USES_GATEWAY or not fields[6].isdigit():
        return None
    return _Route(fields[0], socket.inet_ntoa(struct.pack("=I", gateway & 0xFFFFFFFF)), int(fields[6]))


def _default6(fields: list[str]) -> _Route | None:
    """The same of IPv6: `to length from length gateway metric users uses flags interface`, all hex but the last."""
    if len(fields) < 10 or fields[0].strip("0") or fields[1] != "00":
        return None
    metric, flags = _hex(fields[5]), _hex(fields[8])
    if metric is None or flags is None or flags & (_USABLE | _USES_GATEWAY | _REJECTS) != _USABLE | _USES_GATEWAY:
        return None
    try:
        return _Route(fields[9], str(ipaddress.IPv6Address(bytes.fromhex(fields[4]))), metric)
    except ValueError:
        return None


def _hex(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None
