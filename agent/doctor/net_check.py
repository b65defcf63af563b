"""Looks at the network that this computer is on, one question each: addresses, names, time, multicast, way outside."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import suppress
from pathlib import Path

import aiohttp

from agent.doctor.steps import Step
from agent.hub.addresses import Own, lasting_addresses, own_addresses, preference
from hal.kernel import KernelFiles
from hal.network import Network
from hal.ping import echo
from hal.ports import Clock

GROUP, GROUP6, MDNS_PORT, NTP_PORT = "224.0.0.251", "ff02::fb", 5353, 123
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
    outside = () if offline else (names(ntp), time_server(ntp, NTP_PORT, clock), portal(page))
    left = [Step(name, "skipped", "not asked: --offline") for name in ("dns", "ntp", "internet")] if offline else []
    way, *told = await asyncio.gather(asyncio.to_thread(gateway), *outside, multicast())
    return [addresses(), way, *left, *told]


def addresses(present: Sequence[Own] | None = None) -> Step:
    """Whether DHCP, a router or somebody gave this computer an address; a hint at a wrong VLAN where not."""
    outside = [own for own in (lasting_addresses() if present is None else present) if not own.ip.is_loopback]
    given = [own for own in outside if not own.ip.is_link_local]
    if given:
        kinds = {own.ip.version for own in given}
        only = "" if len(kinds) == 2 else f", of IPv{kinds.pop()} only"
        return Step("address", "ok", ", ".join(sorted({own.address for own in given}, key=preference)) + only + _tags())
    if outside:
        own_making = ", ".join(sorted({own.address for own in outside}, key=preference))
        advice = "no DHCP server and no router answered: is the switch port in the right VLAN?"
        if any(own.ip.version == 6 for own in outside):
            advice += " A hub on this very link reaches the camera all the same"
        return Step("address", "fault", f"only {own_making}, which it gave itself{_tags()}", advice)
    return Step("address", "fault", "none", "plug the cable in, or set up the radio")


def _tags() -> str:
    """The VLANs that this computer tags by itself, as the kernel lists them."""
    lines = KernelFiles(Path("/")).text("proc/net/vlan/config").splitlines()[2:]
    names = [line.split("|")[0].strip() for line in lines]
    return f" (tagged: {', '.join(names)})" if names else ""


def gateway() -> Step:
    """Whether the ways out of the network answer; that of IPv4 may give its hardware address only, and no echo."""
    network = Network(KernelFiles(Path("/")))
    if network.link_up() is False:
        return Step("gateway", "fault", "the link is down", "check cable, switch and power")
    there = {"IPv4": network.gateway(), "IPv6": network.gateway6()}
    reached = {kind: _reached(address) for kind, address in there.items() if address}
    if "IPv4" in reached and not reached["IPv4"]:
        reached["IPv4"] = network.gateway_reached()
    return ways_out(reached)


def _reached(address: str) -> bool | None:
    """Whether a gateway returns echoes; None where this user may not ask."""
    found = echo(address, count=3, every_s=0.1)
    return bool(found.answered) if found else None


def ways_out(reached: Mapping[str, bool | None]) -> Step:
    """What to say of the ways out there are, by the kind of IP: they answer or not, or nobody knows."""
    if not reached:
        return Step("gateway", "unknown", "there is no way out: whatever is on this network only can be reached")
    words = {True: "answers", False: "does not answer", None: "cannot be asked"}
    detail = ", ".join(f"that of {kind} {words[answer]}" for kind, answer in reached.items())
    if len(reached) == 1:
        kind, answer = next(iter(reached.items()))
        detail = f"it {words[answer]} (there is none but of {kind})"
    if True in reached.values():
        is_fine = False not in reached.values()
        advice = "" if is_fine else "whatever has that kind of address only is out of reach: look at the router"
        return Step("gateway", "ok" if is_fine else "warning", detail, advice)
    if False in reached.values():
        return Step("gateway", "fault", detail, "wrong VLAN or address? check the switch port")
    return Step("gateway", "unknown", detail)


async def names(host: str) -> Step:
    """Whether a name outside can be looked up."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ANSWER_S):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError) as error:
        advice = "is the DNS server of /etc/resolv.conf right, and is port 53 open? Without internet use --offline"
        return Step("dns", "fault", f"{host} is not found ({str(error) or 'timed out'})", advice)
    return Step("dns", "ok", f"{host} is {found[0][4][0]}")


async def time_server(host: str, port: int, clock: Clock) -> Step:
    """Ask an NTP server what time it is (SNTP, RFC 5905) and compare."""
    advice = "let UDP port 123 out, or name a server of yours with --ntp"
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ANSWER_S):
            with await _joined_to(host, port) as sock:
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


async def _joined_to(host: str, port: int) -> socket.socket:
    """A socket (UDP) to the first of a host's addresses to which there is a way. Raises OSError."""
    loop, failed = asyncio.get_running_loop(), OSError("it has no address")
    for family, kind, protocol, _, place in await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, place)
        except OSError as error:
            sock.close()
            failed = error
        else:
            return sock
    raise failed


def _seconds(packet: bytes, at: int) -> float:
    whole, part = struct.unpack_from("!II", packet, at)
    return float(whole - NTP_EPOCH_S + part / 2**32)


async def multicast(own: frozenset[str] | None = None) -> Step:
    """Whether mDNS goes both ways: a question is sent to everybody, and others' answers are heard, over either IP."""
    own = own_addresses() if own is None else own
    heard = dict(zip(("IPv4", "IPv6"), await asyncio.gather(_asked(_member), _asked(_member6)), strict=True))
    return heard_by_multicast({kind: found for kind, found in heard.items() if found is not None}, own)


def heard_by_multicast(heard: Mapping[str, Set[str]], own: Set[str]) -> Step:
    """What to say of the senders that were heard, by the kind of IP; a kind is left out that cannot be used."""
    if not heard:
        return Step("mdns", "fault", "multicast cannot be used", "is there a network interface?")
    others = {kind: senders - own for kind, senders in heard.items()}
    answered = [kind for kind, senders in others.items() if senders]
    if answered:
        everybody = sorted(set().union(*others.values()))
        only = "" if len(answered) == 2 else f", over {answered[0]} only"
        return Step("mdns", "ok", f"both ways{only}: {', '.join(everybody[:4])} answered")
    if any(heard.values()):
        advice = (
            "the switch or access point may hold multicast back (IGMP or MLD snooping, client isolation), or nobody "
            "is there"
        )
        return Step("mdns", "unknown", "out it goes (this computer hears itself), nobody else answered", advice)
    return Step(
        "mdns", "fault", "not even this computer's own question was heard", "does a firewall drop UDP port 5353?"
    )


Place = tuple[str, int] | tuple[str, int, int, int]
Member = tuple[socket.socket, list[Place]]
"""A socket of the multicast group, and where to send so that everybody in it hears."""


def _member() -> Member:
    """Of IPv4, by the interface that the kernel would take. Raises OSError."""
    sock = _shared(socket.AF_INET)
    try:
        member = struct.pack("=4s4s", socket.inet_aton(GROUP), socket.inet_aton("0.0.0.0"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
    except OSError:
        sock.close()
        raise
    return sock, [(GROUP, MDNS_PORT)]


def _member6() -> Member:
    """Of IPv6, on every link that has an address of its own there. Raises OSError."""
    near = {own.link for own in lasting_addresses() if own.ip.version == 6 and own.ip.is_link_local}
    links = [socket.if_nametoindex(link) for link in sorted(near)]
    if not links:
        raise OSError(errno.EADDRNOTAVAIL, "no link has an address of IPv6")
    sock = _shared(socket.AF_INET6)
    try:
        for link in links:
            member = struct.pack("=16sI", socket.inet_pton(socket.AF_INET6, GROUP6), link)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, member)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_LOOP, 1)
    except OSError:
        sock.close()
        raise
    return sock, [(GROUP6, MDNS_PORT, 0, link) for link in links]


def _shared(family: int) -> socket.socket:
    """A socket beside others on the port of mDNS. Raises OSError."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(("", MDNS_PORT))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def _asked(join: Callable[[], Member]) -> set[str] | None:
    """From whom anything was heard after the question was asked; None where that kind of IP cannot be used."""
    try:
        sock, places = join()
        with sock:
            return await _heard(sock, places)
    except OSError:
        return None


async def _heard(sock: socket.socket, places: Sequence[Place]) -> set[str]:
    """Addresses without their link. Raises OSError."""
    loop, senders = asyncio.get_running_loop(), set[str]()
    for place in places:
        await loop.sock_sendto(sock, _QUESTION, place)
    with suppress(TimeoutError):
        async with asyncio.timeout(HEAR_S):
            while True:
                _, sender = await loop.sock_recvfrom(sock, 9000)
                senders.add(sender[0].partition("%")[0])
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
