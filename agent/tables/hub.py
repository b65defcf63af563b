"""How the camera and its hub come together where the hub cannot find it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent import schema
from agent.hostport import split
from agent.schema import Bad, setting


def place_of(raw: object) -> str:
    """HOST:PORT, with an IPv6 address as the host in brackets. Raises Bad."""
    place = schema.text(raw)
    try:
        split(place)
    except ValueError as error:
        raise Bad(f"{schema.describe(raw)} is no place: {error}", hint='such as "hub.shop.example:8750"') from None
    return place


_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?", re.IGNORECASE)


def domain_of(raw: object) -> str:
    """A domain of the DNS, without the dot at its end. Raises Bad."""
    name = schema.text(raw).removesuffix(".")
    if len(name) > 200 or not all(map(_LABEL.fullmatch, name.split("."))):
        raise Bad(f"{schema.describe(raw)} is no domain", hint='letters, digits and dots, such as "shop.example"')
    if name.lower().rpartition(".")[2] == "local":
        raise Bad(f"{name} is asked by multicast, which needs no setting", hint="a domain of the shop's DNS server")
    return name


@dataclass(frozen=True, slots=True)
class HubConfig:
    """How the camera comes to its hub where the hub cannot find it by mDNS, or cannot reach it at all."""

    call: str | None = setting(place_of, None, help="HOST:PORT where its hub takes calls; for claimed cameras")
    domain: str | None = setting(domain_of, None, help="DNS domain that lists where hubs take calls, likewise")

    @property
    def place(self) -> tuple[str, int] | None:
        """Host and port of `call`."""
        return None if self.call is None else split(self.call)
