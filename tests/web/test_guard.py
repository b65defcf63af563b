"""Who counts as one stranger: an address of IPv4, and of IPv6 a network in which addresses are free for the taking."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from agent.hub.callers import STRANGER, Caller
from agent.web.guard import Doorkeeper, WebLimits

LIMITS = WebLimits(max_connections=12, max_each=4)


class Line(asyncio.Transport):
    """A connection from an address, as far as a guard sees it."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 40_000, 0, 0) if ":" in address else (address, 40_000)})
        self.cut = False

    def abort(self) -> None:
        self.cut = True

    def pause_reading(self) -> None:
        """Nothing comes."""


class OpenDoor:
    """Everybody is a stranger."""

    def context(self) -> None:
        """Nothing is encrypted."""

    def caller(self, transport: asyncio.BaseTransport) -> Caller:
        return STRANGER


def doorkeeper() -> Doorkeeper:
    """One behind whom somebody answers."""
    keeper = Doorkeeper(LIMITS)
    keeper.serve(asyncio.Protocol)
    return keeper


def coming(keeper: Doorkeeper, addresses: Iterator[str] | list[str]) -> list[Line]:
    """One connection from each address, in order."""
    make: Any = keeper.guarding(OpenDoor())
    lines = [Line(address) for address in addresses]
    for line in lines:
        make().connection_made(line)
    return lines


def standing(lines: list[Line]) -> list[bool]:
    return [not line.cut for line in lines]


async def test_a_stranger_of_ipv4_is_few_and_keeps_nobody_else_out() -> None:
    keeper = doorkeeper()
    flood = coming(keeper, ["192.0.2.1"] * 9)
    assert standing(flood) == [True] * 4 + [False] * 5
    assert standing(coming(keeper, ["192.0.2.2", "2001:db8::1"])) == [True, True]
    assert (keeper.counts.refused, keeper.counts.displaced) == (5, 0)


async def test_one_address_of_ipv6_is_few_as_well() -> None:
    keeper = doorkeeper()
    assert standing(coming(keeper, ["2001:db8::1"] * 9)) == [True] * 4 + [False] * 5


async def test_all_addresses_of_one_network_are_one_stranger_who_makes_room_for_its_neighbour() -> None:
    keeper = doorkeeper()
    flood = coming(keeper, [f"2001:db8:0:7::{number:x}" for number in range(1, 100)])
    assert standing(flood) == [False] * 95 + [True] * 4
    elsewhere = coming(keeper, ["2001:db8:0:8::1", "fe80::1", "192.0.2.1"])
    neighbour = coming(keeper, ["2001:db8:0:7:ffff::1"])
    assert standing(elsewhere + neighbour) == [True] * 4
    assert keeper.counts.displaced == 96


async def test_the_first_of_all_makes_room_where_all_places_are_taken() -> None:
    keeper = doorkeeper()
    lines = coming(keeper, [f"192.0.2.{number}" for number in range(1, 14)])
    assert standing(lines) == [False, *[True] * 12]


async def test_closed_it_lets_nobody_in_who_was_on_the_way() -> None:
    keeper = Doorkeeper(LIMITS)
    keeper.close()
    assert standing(coming(keeper, ["192.0.2.1"])) == [False]
    assert keeper.connections == 0
