"""Echo requests to a neighbour (ICMP, RFC 792 and 4443): how many come back, and how soon."""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress
from statistics import median
from typing import NamedTuple

_REQUEST, _REPLY = 8, 0
_REQUEST6, _REPLY6 = 128, 129
_HEAD = struct.Struct("!BBHHH")


class Echo(NamedTuple):
    """How many were sent and answered, and the median time of an answer in milliseconds; None without any."""

    sent: int
    answered: int
    median_ms: float | None


def echo(address: str, *, count: int = 50, every_s: float = 0.02, wait_s: float = 0.5) -> Echo | None:
    """Ask so often, and wait for late answers; takes about `count * every_s + wait_s`.

    The address is of either kind of IP, a link-local one with its link behind it (fe80::1%eth0).

    None where this user may send no such packets (net.ipv4.ping_group_range), or there is no way to the address.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(address, None, flags=socket.AI_NUMERICHOST)[0]
        with _socket(family) as channel:
            channel.connect(place)
            return _asked(channel, count, every_s, wait_s)
    except OSError:
        return None


def _socket(family: int) -> socket.socket:
    """Raises OSError."""
    protocol = socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP
    with suppress(PermissionError):
        return socket.socket(family, socket.SOCK_DGRAM, protocol)
    return socket.socket(family, socket.SOCK_RAW, protocol)


def _asked(channel: socket.socket, count: int, every_s: float, wait_s: float) -> Echo:
    mark, took, kind = os.urandom(8), dict[int, float](), _REQUEST6 if channel.family == socket.AF_INET6 else _REQUEST
    sent = [0.0] * count
    for number in range(count):
        sent[number] = time.monotonic()
        with suppress(BlockingIOError, ConnectionRefusedError):
            channel.send(request(mark, number, kind))
        _hear(channel, mark, sent, took, sent[number] + every_s)
    _hear(channel, mark, sent, took, time.monotonic() + wait_s)
    return Echo(count, len(took), 1e3 * median(took.values()) if took else None)


def _hear(channel: socket.socket, mark: bytes, sent: list[float], took: dict[int, float], until_s: float) -> None:
    """Take answers until then, or until all are there."""
    while len(took) < len(sent) and (left_s := until_s - time.monotonic()) > 0:
        channel.settimeout(left_s)
        try:
            packet = channel.recv(2048)
        except (TimeoutError, ConnectionRefusedError):
            continue
        number = answer_to(mark, packet)
        if number is not None and number < len(sent):
            took.setdefault(number, time.monotonic() - sent[number])


def request(mark: bytes, number: int, kind: int = _REQUEST) -> bytes:
    """An echo request; `mark` tells the answers to ours from all others. Of IPv6 the kernel makes the checksum."""
    head = _HEAD.pack(kind, 0, 0, int.from_bytes(mark[:2]), number)
    return _HEAD.pack(kind, 0, checksum(head + mark), int.from_bytes(mark[:2]), number) + mark


def answer_to(mark: bytes, packet: bytes) -> int | None:
    """The number of the request that a packet answers; None for any other. A raw socket gives the IP header, too."""
    if packet and packet[0] >> 4 == 4:
        packet = packet[4 * (packet[0] & 0x0F) :]
    if len(packet) < _HEAD.size or packet[_HEAD.size :] != mark:
        return None
    kind, _, _, _, number = _HEAD.unpack_from(packet)
    return int(number) if kind in (_REPLY, _REPLY6) else None


def checksum(packet: bytes) -> int:
    """The Internet checksum (RFC 1071) of an even number of bytes."""
    total: int = sum(word for (word,) in struct.iter_unpack("!H", packet))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
