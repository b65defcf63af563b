"""Looks services up in a DNS domain: DNS-SD (RFC 6763), asked of the system's resolvers where no multicast passes.

What a domain says is a hint, as all of mDNS is: whoever is found there has to prove by its key who it is.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.errors import OperatorError
from agent.hostport import split
from agent.schema import Bad
from agent.tables.hub import domain_of

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

HUBS, CAMERAS = "_aislewatch-hub._tcp", "_aislewatch._tcp"
"""What is listed: hubs that take calls of cameras, and cameras."""
Place = tuple[str, int]
DNS_PORT = 53
ANSWER_S, TRY_S = 6.0, 2.0
"""How long one question may take in all, and before another server is asked it."""
MOST, AT_ONCE = 512, 16
"""Instances of one domain that are looked at, and how many at a time."""
LEAST_S, LONGEST_S = 2.0, 3600.0
"""Between these a listing counts for as long as its records say."""
_KINDS = ("PTR", "SRV", "TXT", "A", "AAAA", "CNAME", "SOA")


class LookupFailed(OperatorError):
    """Nobody could say; what was said before may still be so."""


class NotListed(LookupFailed):
    """The domain says that there is no such thing."""


class Target(NamedTuple):
    """One server of an instance (RFC 2782), with the addresses of its name."""

    priority: int
    weight: int
    addresses: tuple[str, ...]
    port: int


class Instance(NamedTuple):
    """One listed hub or camera; `facts` are those of its TXT record."""

    name: str
    targets: tuple[Target, ...]
    facts: dict[str, str]


class Listing(NamedTuple):
    """What a domain lists, and how many seconds that counts."""

    instances: tuple[Instance, ...]
    good_for_s: float


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain. `server` (address and port) is asked in place of the system's resolvers."""

    name: str
    server: Place | None = None
    patience_s: float = ANSWER_S

    async def look(self, service: str) -> Listing:
        """All instances of a service that can be reached. Raises LookupFailed, NotListed."""
        asking = await asyncio.to_thread(_asking, self)
        name = f"{service}.{self.name.rstrip('.')}."
        pointed = await asking.records(name, "PTR")
        room, tasks = asyncio.Semaphore(AT_ONCE), []
        async with asyncio.TaskGroup() as group:
            for instance in sorted({one.target for one in pointed})[:MOST]:
                tasks.append(group.create_task(asking.instance(instance, room)))
        found = [task.result() for task in tasks]
        instances = tuple(one for one in found if isinstance(one, Instance))
        if not instances:
            raise next((one for one in found if isinstance(one, LookupFailed)), NotListed(f"{name} lists nothing"))
        return Listing(instances, min(max(asking.good_for_s, LEAST_S), LONGEST_S))


class _Asking:
    """The questions of one lookup; `good_for_s` is the shortest life of all records seen."""

    def __init__(self, resolver: Resolver, backend: Any) -> None:
        self._resolver = resolver
        self._backend = backend
        self.good_for_s = inf

    async def records(self, name: Any, kind: str) -> Sequence[Any]:
        """The records of a name; none where it has none of this kind. Raises LookupFailed, NotListed."""
        from dns.exception import DNSException, Timeout
        from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers

        try:
            answer = await self._resolver.resolve(name, kind, search=False, backend=self._backend)
        except NoAnswer:
            return ()
        except NXDOMAIN:
            hint = "does the zone hold it, and is this its name?"
            raise NotListed(f"there is no {name} in the DNS", hint=hint) from None
        except Timeout:
            hint = "are the DNS servers of /etc/resolv.conf right, and is port 53 open?"
            raise LookupFailed(f"no DNS server has answered about {name}", hint=hint) from None
        except NoNameservers as error:
            raise LookupFailed(f"the DNS cannot answer about {name}: {_refusals(error)}") from None
        except (DNSException, OSError) as error:
            raise LookupFailed(f"{name} cannot be looked up: {error or type(error).__name__}") from None
        self.good_for_s = min(self.good_for_s, answer.chaining_result.minimum_ttl)
        self._prefer(answer.nameserver)
        return [*answer]

    def _prefer(self, answering: str | None) -> None:
        """Who answers is asked first from now on: a silent server costs `TRY_S` once, not with every question."""
        servers = self._resolver.nameservers
        self._resolver.nameservers = sorted(servers, key=lambda one: getattr(one, "address", one) != answering)

    async def instance(self, name: Any, room: asyncio.Semaphore) -> Instance | LookupFailed:
        """All about one instance, or why it cannot be reached."""
        async with room:
            try:
                targets = [await self._target(one) for one in await self.records(name, "SRV")]
                texts = await self.records(name, "TXT")
            except LookupFailed as error:
                return error
        label = name.labels[0].decode(errors="replace")
        reachable = tuple(one for one in targets if one.addresses)
        if not reachable:
            return NotListed(f"{name} leads to no address", hint="it needs an SRV record, and its target A or AAAA")
        return Instance(label, reachable, _facts(part for one in texts for part in one.strings))

    async def _target(self, record: Any) -> Target:
        """The addresses of one SRV record; none where its name has none, or is the root: not offered."""
        addresses: list[str] = []
        if record.target.labels != (b"",):
            for kind in ("A", "AAAA"):
                try:
                    addresses += [one.address for one in await self.records(record.target, kind)]
                except NotListed:
                    break
        return Target(record.priority, record.weight, tuple(addresses), record.port)


def _asking(domain: Domain) -> _Asking:
    """Loads the library and reads the system's settings: not on the loop's thread. Raises LookupFailed."""
    from dns import rdata, rdataclass, rdatatype
    from dns.asyncbackend import get_backend
    from dns.asyncresolver import Resolver
    from dns.exception import DNSException
    from dns.nameserver import Do53Nameserver

    for kind in _KINDS:
        rdata.get_rdata_class(rdataclass.IN, rdatatype.from_text(kind))  # type: ignore[no-untyped-call]
    try:
        resolver = Resolver(configure=domain.server is None)
    except DNSException as error:
        raise LookupFailed(f"this computer knows no DNS server: {error}", hint="see /etc/resolv.conf") from None
    if domain.server is not None:
        resolver.nameservers = [Do53Nameserver(*domain.server)]
    resolver.timeout, resolver.lifetime = min(TRY_S, domain.patience_s), domain.patience_s
    return _Asking(resolver, get_backend("asyncio"))


def _refusals(error: Any) -> str:
    """Which server said what."""
    from dns import rcode

    said = (
        f"{server} says {rcode.to_text(response.rcode()) if response else problem}"
        for server, _, _, problem, response in error.kwargs.get("errors", ())
    )
    return ", ".join(dict.fromkeys(said)) or "there is none"


def _facts(strings: Iterable[bytes]) -> dict[str, str]:
    """Of a key that stands there twice the first counts (RFC 6763, 6.4)."""
    facts: dict[str, str] = {}
    for string in strings:
        key, _, value = string.decode(errors="replace").partition("=")
        if key:
            facts.setdefault(key.lower(), value)
    return facts


def in_order(targets: Iterable[Target], chance: random.Random) -> list[Target]:
    """The lowest priority first; among equals by lot, each as likely as its weight says (RFC 2782)."""
    left, ordered = sorted(targets, key=lambda one: (one.priority, one.weight)), list[Target]()
    while left:
        first = [one for one in left if one.priority == left[0].priority]
        chosen = chance.choices(first, [one.weight or 0.01 for one in first])[0]
        left.remove(chosen)
        ordered.append(chosen)
    return ordered


def domain_at(name: str, server: str | None) -> Domain:
    """The domain of this name, asked of this server or the system's. Raises OperatorError."""
    try:
        return Domain(domain_of(name), _server_of(server) if server else None)
    except Bad as error:
        raise OperatorError(str(error), hint=error.hint) from None


def _server_of(text: str) -> Place:
    """ADDRESS or ADDRESS:PORT of a DNS server, an IPv6 address with a port in brackets. Raises OperatorError."""
    try:
        host, port = split(text) if text.count(":") == 1 or "]:" in text else (text.strip("[]"), DNS_PORT)
        return str(ipaddress.ip_address(host)), port
    except ValueError:
        raise OperatorError(f"{text} is no address of a DNS server", hint="such as 192.0.2.53") from None
