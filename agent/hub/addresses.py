"""Which addresses this computer has, and at which of them a server that listens on some host can be reached.

Addresses are texts; a link-local one of IPv6 (fe80::/10) means something on its own link only, and needs the link's
name behind it (a zone, fe80::1%eth0) where a connection is opened to it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import ifaddr

from hal.kernel import KernelFiles

ANY4, ANY6 = "0.0.0.0", "::"
_ANY = ("", ANY4, ANY6)
# Flags of /proc/net/if_inet6 (linux/if_addr.h): privacy addresses change, old ones end, and others are not sure to be
# this computer's yet, or are another's.
_TEMPORARY, _DAD_FAILED, _DEPRECATED, _TENTATIVE = 0x01, 0x08, 0x20, 0x40
_NOT_TO_BE_TOLD = _TEMPORARY | _DAD_FAILED | _DEPRECATED | _TENTATIVE
Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
_UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")


class Own(NamedTuple):
    """An address of this computer, without a zone, and the link that it is on."""

    ip: Ip
    link: str

    @property
    def address(self) -> str:
        return str(self.ip)


def reachable_addresses(host: str) -> tuple[str, ...]:
    """For a loopback host the loopback address; for all interfaces the network's addresses; otherwise the host itself.

    0.0.0.0 is all of IPv4, :: all of both kinds; the best come first. Told are only lasting addresses, and those that
    are good on one link alone where they are needed: those that DHCP failed to give (169.254/16) where IPv4 has no
    others; those of IPv6 (fe80::/10) where the link is the only one and a shop's own addresses, which every sandbox
    lets through, are missing. More would be a conflict to an avahi of the same host name, which tells no more.
    """
    present = [own for own in lasting_addresses() if host != ANY4 or own.ip.version == 4]
    if host not in _ANY:
        wanted = _ip("127.0.0.1" if host == "localhost" else host)
        return tuple({own.address for own in present if own.ip == wanted})
    outside = [own for own in present if not own.ip.is_loopback]
    routable = [own for own in outside if not own.ip.is_link_local]
    told = [*routable, *(own for own in outside if own.ip.is_link_local and _is_needed(own, outside))]
    return tuple(sorted({own.address for own in told}, key=preference))


def _is_needed(near: Own, outside: Sequence[Own]) -> bool:
    """Whether the camera would be hard to reach without this link-local address."""
    others = [own.ip for own in outside if not own.ip.is_link_local]
    if near.ip.version == 4:
        return all(ip.version == 6 for ip in others)
    return len({own.link for own in outside}) == 1 and not any(ip.version == 4 or ip in _UNIQUE_LOCAL for ip in others)


def preference(address: str) -> tuple[int, str]:
    """A key to sort addresses by, those that are likeliest to be reached in a shop first."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4:
        return (4 if ip.is_link_local else 0), address
    return (3 if ip.is_link_local else 1 if ip in _UNIQUE_LOCAL else 2), address


def on_each_link(host: str) -> list[str]:
    """The host as connections can be opened to it: a link-local address without a zone may be on any of our links."""
    ip = _ip(host)
    if ip is None or ip.version == 4 or not ip.is_link_local or "%" in host:
        return [host]
    links = {own.link for own in lasting_addresses() if own.ip.version == 6 and own.ip.is_link_local}
    return [f"{host}%{link}" for link in sorted(links)]


def lasting_addresses(root: Path = Path("/")) -> list[Own]:
    """Every address of this computer, but for those of IPv6 that are temporary, ending, or not sure to be its own."""
    passing = _passing(KernelFiles(root))
    found = [own for own in _present() if own.ip not in passing]
    return sorted(found, key=lambda own: (own.ip.version, own.ip, own.link))


def own_addresses() -> frozenset[str]:
    """Every address of this computer, of both kinds; those of IPv6 without their zone."""
    return frozenset(own.address for own in _present())


def _present() -> Iterator[Own]:
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            yield Own(address, adapter.name.partition(":")[0])  # what follows is a label of this address only


def _passing(files: KernelFiles) -> set[Ip]:
    """The addresses of IPv6 that are not to be told: `address ifindex prefix scope flags name`, all hex."""
    lines = (line.split() for line in files.text("proc/net/if_inet6").splitlines())
    found = [fields for fields in lines if len(fields) == 6 and int(fields[4], 16) & _NOT_TO_BE_TOLD]
    return {ipaddress.IPv6Address(bytes.fromhex(fields[0])) for fields in found}


def _ip(host: str) -> Ip | None:
    """A configured host where it is an address and no name, without its zone."""
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
