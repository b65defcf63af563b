"""Looks at the network that this computer is on, one question each: addresses, names, time, multicast, way outside."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import struct
from contextlib import suppress
from pathlib import Path

import aiohttp
import ifaddr

from agent.doctor.steps import Step
from agent.hub.addresses import own_addresses
from hal.kernel import KernelFiles
from hal.network import Network
from hal.ports import Clock

GROUP, MDNS_PORT, NTP_PORT = "224.0.0.251", 5353, 123
HEAR_S, ANSWER_S = 2.5, 3.0
NTP_EPOCH_S = 2_208_988_800
"""Between 1900, the beginning of NTP's time, and 1970 (RFC 5905)."""
MOST_OFF_S = 1.0
_QUESTION = (
    struct.pack("!6H", 0, 0, 1, 0, 0, 0) + b"\x09_services\x07_dns-sd\x04_udp\x05local\x00" + b"\x00\x0c\x00\x01"
)
"""Which services are there? (RFC 6763, 9), asked of everybody."""


async def network_steps(ntp: str, page: str, clock: Clock, *, offline: bool) -> list[Step]:
    """All of them, in some three seconds; `offline` asks nothing outside the own network."""
    inside = [addresses(), gateway()]
    outside = () if offline else (names(ntp), time_server(ntp, NTP_PORT, clock), portal(page))
    left = [Step(name, "skipped", "not asked: --offline") for name in ("dns", "ntp", "internet")] if offline else []
    return [*inside, *left, *await asyncio.gather(*outside, multicast())]


def addresses() -> Step:
    """Whether this computer has an address that DHCP or somebody gave it; a hint at a wrong VLAN where not."""
    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str)]
    outside = [one for one in found if not ipaddress.ip_address(one).is_loopback]
    given = [one for one in outside if not ipaddress.ip_address(one).is_link_local]
    if given:
        return Step("address", "ok", ", ".join(given) + _tags())
    if outside:
        advice = "no DHCP server answered: is the switch port in the right VLAN?"
        return Step("address", "fault", f"only {', '.join(outside)}, which it gave itself{_tags()}", advice)
    return Step("address", "fault", "none", "plug the cable in, or set up the radio")


def _tags() -> str:
    """The VLANs that this computer tags by itself, as the kernel lists them."""
    lines = KernelFiles(Path("/")).text("proc/net/vlan/config").splitlines()[2:]
    names = [line.split("|")[0].strip() for line in lines]
    return f" (tagged: {', '.join(names)})" if names else ""


def gateway() -> Step:
    """Whether the way out of the network answered lately."""
    network = Network(KernelFiles(Path("/")))
    if network.link_up() is False:
        return Step("gateway", "fault", "the link is down", "check cable, switch and power")
    reached = network.gateway_reached()
    if reached is None:
        return Step("gateway", "unknown", "there is no way out, or nothing was sent to it lately")
    if not reached:
        return Step("gateway", "fault", "it does not answer", "wrong VLAN or address? check the switch port")
    return Step("gateway", "ok", "answers")


async def names(host: str) -> Step:
    """Whether a name outside can be looked up."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ANSWER_S):
            found = await loop.getaddrinfo(host, None, family=socket.AF_INET, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError) as error:
        advice = "is the DNS server of /etc/resolv.conf right, and is port 53 open? Without internet use --offline"
        return Step("dns", "fault", f"{host} is not found ({str(error) or 'timed out'})", advice)
    return Step("dns", "ok", f"{host} is {found[0][4][0]}")


async def time_server(host: str, port: int, clock: Clock) -> Step:
    """Ask an NTP server what time it is (SNTP, RFC 5905) and compare."""
    advice = "let UDP port 123 out, or name a server of yours with --ntp"
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        try:
            async with asyncio.timeout(ANSWER_S):
                place = (await loop.getaddrinfo(host, port, family=socket.AF_INET, type=socket.SOCK_DGRAM))[0][4]
                await loop.sock_connect(sock, place)
                asked = clock.wall().utc_s
                await loop.sock_sendall(sock, b"\x23" + bytes(47))
                answer = await loop.sock_recv(sock, 512)
                heard = clock.wall().utc_s
        except (OSError, TimeoutError) as error:
            return Step("ntp", "fault", f"{host} does not answer ({str(error) or 'timed out'})", advice)
    if len(answer) < 48 or answer[0] & 7 != 4 or not 1 <= answer[1] <= 15:
        return Step("ntp", "fault", f"{host} has no time to give", advice)
    received, sent = (_seconds(answer, at) for at in (32, 40))
    off_s = ((received - asked) + (sent - heard)) / 2
    if abs(off_s) > MOST_OFF_S:
        return Step("ntp", "warning", f"this clock is {-off_s:+.1f} s off {host}", "wait a minute, then look again")
    return Step("ntp", "ok", f"{host}: this clock is within {abs(off_s):.3f} s")


def _seconds(packet: bytes, at: int) -> float:
    whole, part = struct.unpack_from("!II", packet, at)
    return float(whole - NTP_EPOCH_S + part / 2**32)


async def multicast(own: frozenset[str] | None = None) -> Step:
    """Whether mDNS goes both ways: a question is sent to everybody, and others' answers are heard."""
    advice = "the switch or access point may hold multicast back (IGMP snooping, client isolation), or nobody is there"
    own = own_addresses() if own is None else own
    try:
        with _member() as sock:
            senders = await _heard(sock)
    except OSError as error:
        return Step("mdns", "fault", f"multicast cannot be used ({error.strerror})", "is there a network interface?")
    others = senders - own
    if others:
        return Step("mdns", "ok", f"both ways: {', '.join(sorted(others)[:4])} answered")
    if senders:
        return Step("mdns", "unknown", "out it goes (this computer hears itself), nobody else answered", advice)
    return Step(
        "mdns", "fault", "not even this computer's own question was heard", "does a firewall drop UDP port 5353?"
    )


def _member() -> socket.socket:
    """A socket of the multicast group, beside others on the same port."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
        sock.bind(("", MDNS_PORT))
        member = struct.pack("=4s4s", socket.inet_aton(GROUP), socket.inet_aton("0.0.0.0"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def _heard(sock: socket.socket) -> set[str]:
    """From whom anything was heard after the question was asked."""
    loop, senders = asyncio.get_running_loop(), set[str]()
    await loop.sock_sendto(sock, _QUESTION, (GROUP, MDNS_PORT))
    with suppress(TimeoutError):
        async with asyncio.timeout(HEAR_S):
            while True:
                _, sender = await loop.sock_recvfrom(sock, 9000)
                senders.add(sender[0])
    return senders


async def portal(url: str) -> Step:
    """Whether a page that is known is given as it is: a captive portal gives its own."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_S)
    try:
        async with aiohttp.ClientSession(timeout=timeout) as http, http.get(url, allow_redirects=False) as answer:
            body = (await answer.content.read(4096)).decode(errors="replace")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        return Step(
            "internet", "warning", f"{url} does not answer ({str(error) or 'timed out'})", "a shop may do without"
        )
    if answer.status in (200, 204) and not body.lstrip().lower().startswith(("<!doctype", "<html")):
        return Step("internet", "ok", "reached, and no captive portal")
    advice = "log in there once, or have the camera's hardware address let through"
    where = answer.headers.get("Location", url)
    return Step("internet", "fault", f"a captive portal answers in its place ({answer.status}, {where[:80]})", advice)
