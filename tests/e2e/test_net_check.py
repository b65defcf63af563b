"""The check of the network between two namespaces: what IPv6 alone can do is seen, and what is missing is told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.network import Cable, cable_with_ipv6
from tests.e2e.programs import output_of

CHECK = """
import asyncio, json
from agent.doctor.net_check import network_steps
from hal.system import SystemClock
steps = asyncio.run(network_steps("", "", SystemClock(), offline=True))
print(json.dumps({step.name: [step.state, step.detail] for step in steps}))
"""


@pytest.fixture
def joined() -> Iterator[Cable]:
    with cable_with_ipv6() as made:
        yield made


async def checked(*namespaces: str) -> list[dict[str, Any]]:
    """What the check says in each of these at the same time: they hear each other's question."""

    async def one(namespace: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(await output_of(Cable.inside(namespace), "-c", CHECK))
        return found

    return await asyncio.gather(*map(one, namespaces))


async def until_heard(joined: Cable, words: str) -> None:
    """Until the camera's end says this of multicast: both ends must have asked within the same seconds."""
    async with asyncio.timeout(90):
        while True:
            seen, _ = await checked(joined.camera, joined.hub)
            if seen["mdns"][0] == "ok" and words in seen["mdns"][1]:
                return


@pytest.mark.timeout(120)
async def test_a_link_without_ipv4_and_router_is_told_as_it_is(joined: Cable) -> None:
    """mDNS goes both ways over IPv6; a hub there would do, and yet something is probably wrong with the port."""
    (found,) = await checked(joined.camera)
    near = joined.near(joined.camera)
    assert found["address"] == ["fault", f"only {near}, which it gave itself"]
    assert found["gateway"][0] == "unknown"
    await until_heard(joined, f"over IPv6 only: {joined.near(joined.hub)} answered")


@pytest.mark.timeout(120)
async def test_a_router_of_ipv6_is_asked_at_its_address_on_the_link(joined: Cable) -> None:
    joined.address(joined.camera, "fd77::5/64", "nodad")
    joined.way_out(joined.camera, joined.near(joined.hub))
    (found,) = await checked(joined.camera)
    assert found["address"] == ["ok", "fd77::5, of IPv6 only"]
    assert found["gateway"] == ["ok", "it answers (there is none but of IPv6)"]
    joined.way_out(joined.camera, "fe80::dead")
    (found,) = await checked(joined.camera)
    assert found["gateway"] == ["fault", "it does not answer (there is none but of IPv6)"]


@pytest.mark.timeout(120)
async def test_with_both_kinds_both_are_told(joined: Cable) -> None:
    for end, number in ((joined.camera, 5), (joined.hub, 1)):
        joined.address(end, f"10.77.0.{number}/24")
        joined.address(end, f"fd77::{number}/64", "nodad")
        joined.way_out(end, f"10.77.0.{6 - number}")
    joined.way_out(joined.camera, "fd77::1")
    await until_heard(joined, "both ways: 10.77.0.1, ")
    (found,) = await checked(joined.camera)
    assert found["address"] == ["ok", "10.77.0.5, fd77::5"]
    assert found["gateway"] == ["ok", "that of IPv4 answers, that of IPv6 answers"]


@pytest.mark.timeout(120)
async def test_a_pulled_cable_is_told_before_anything_else(joined: Cable) -> None:
    joined.address(joined.camera, "fd77::5/64", "nodad")
    joined.way_out(joined.camera, joined.near(joined.hub))
    joined.link(joined.hub, up=False)
    (found,) = await checked(joined.camera)
    assert found["gateway"] == ["fault", "the link is down"]
