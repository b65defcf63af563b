"""Which addresses this computer has, and at which of them a server that listens on some host can be reached."""

from __future__ import annotations

import ipaddress

import ifaddr

_ANY = ("", "0.0.0.0", "::")


def reachable_addresses(host: str) -> tuple[str, ...]:
    """For a loopback host the loopback address; for all interfaces the network's addresses; otherwise the host itself.

    Addresses that DHCP failed to give (169.254/16) are named only when there are no others.
    """
    present = sorted(address for adapter in ifaddr.get_adapters() for ip in adapter.ips if (address := _ipv4(ip)))
    if host == "localhost":
        host = "127.0.0.1"
    if host not in _ANY:
        return tuple(address for address in present if address == host)
    outside = [address for address in present if not ipaddress.ip_address(address).is_loopback]
    routable = [address for address in outside if not ipaddress.ip_address(address).is_link_local]
    return tuple(routable or outside)


def own_addresses() -> frozenset[str]:
    """Every address of this computer, of both kinds; those of IPv6 without their zone."""
    ips = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips)
    return frozenset(ip if isinstance(ip, str) else str(ipaddress.ip_address(ip[0])) for ip in ips)


def _ipv4(ip: ifaddr.IP) -> str:
    return ip.ip if isinstance(ip.ip, str) else ""
