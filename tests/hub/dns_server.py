"""A DNS server of our own on loopback, over UDP and TCP: it answers for one zone, or as a broken one does."""

from __future__ import annotations

import asyncio
import functools
import struct
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from agent.hub.dnssd import Domain

UDP_BYTES = 1232
named = functools.cache(dns.name.from_text)


@dataclass
class DnsServer:
    """`records` are lines of a zone file, `NAME TTL TYPE DATA`, with absolute names; `asked` what was asked for.

    With `rcode` set every answer is that; with `silent` there is none.
    """

    records: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    rcode: dns.rcode.Rcode = dns.rcode.NOERROR
    silent: bool = False
    tcp: int = 0
    port: int = 0

    def domain(self, name: str = "shop.example", patience_s: float = 5.0) -> Domain:
        """A domain that is asked of this server."""
        return Domain(name, ("127.0.0.1", self.port), patience_s)

    def lists(
        self, service: str, name: str, place: tuple[str, int], *, ttl: int = 60, rank: str = "0 0", facts: str = '""'
    ) -> None:
        """List one instance, with a name of its own for its address."""
        instance, host = f"{name}.{service}.shop.example.", f"{name}.hosts.shop.example."
        kind = "AAAA" if ":" in place[0] else "A"
        self.records += [
            f"{service}.shop.example. {ttl} PTR {instance}",
            f"{instance} {ttl} SRV {rank} {place[1]} {host}",
            f"{instance} {ttl} TXT {facts}",
            f"{host} {ttl} {kind} {place[0]}",
        ]

    def answer(self, wire: bytes, *, over_tcp: bool) -> bytes | None:
        """What it says to a question."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        self.asked.append(f"{question.name} {dns.rdatatype.to_text(question.rdtype)}")
        self.tcp += over_tcp
        if self.silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA | dns.flags.RA
        response.set_rcode(self.rcode)
        if self.rcode == dns.rcode.NOERROR:
            response.answer = self._found(question.name, question.rdtype)
            if not response.answer and not any(named(one.split()[0]) == question.name for one in self.records):
                response.set_rcode(dns.rcode.NXDOMAIN)
        full = response.to_wire(max_size=65535)
        if over_tcp or len(full) <= UDP_BYTES:
            return full
        short = dns.message.make_response(query)
        short.flags |= dns.flags.AA | dns.flags.TC
        return short.to_wire()

    def _found(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> list[dns.rrset.RRset]:
        data: list[str] = []
        ttl = 0
        for record in self.records:
            owner, ttl_text, kind_text, text = record.split(maxsplit=3)
            if named(owner) == name and dns.rdatatype.from_text(kind_text) == kind:
                data.append(text)
                ttl = int(ttl_text)
        return [dns.rrset.from_text_list(name, ttl, dns.rdataclass.IN, kind, data)] if data else []


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._server.answer(data, over_tcp=False)) is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def dns_server(records: Sequence[str] = (), port: int = 0) -> AsyncIterator[DnsServer]:
    """A running one, the same port for both; a free one by default."""
    server, loop = DnsServer([*records]), asyncio.get_running_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!H", await reader.readexactly(2))
        if (answer := server.answer(await reader.readexactly(length), over_tcp=True)) is not None:
            writer.write(struct.pack("!H", len(answer)) + answer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", port)
    server.port = listening.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(server), ("127.0.0.1", server.port))
    try:
        yield server
    finally:
        udp.close()
        listening.close()
