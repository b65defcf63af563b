"""Services that a DNS domain lists, asked of a real server on loopback, and of broken ones."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import dns.rcode
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import OperatorError
from agent.hub.directory import Directory
from agent.hub.dnssd import (
    CAMERAS,
    HUBS,
    LEAST_S,
    LONGEST_S,
    Domain,
    LookupFailed,
    NotListed,
    Target,
    domain_at,
    in_order,
)
from agent.hub.listed import cameras_in, places_in
from tests.hub.dns_server import DnsServer, dns_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def zone() -> AsyncIterator[DnsServer]:
    async with dns_server() as server:
        yield server


async def test_an_instance_is_found_with_its_addresses_its_port_and_its_facts(zone: DnsServer) -> None:
    zone.lists(HUBS, "back\\032office", ("192.0.2.7", 8750), facts='"hub=hub-a" "Hub=other" "flag" "=x"')
    zone.records.append("back\\032office.hosts.shop.example. 60 AAAA 2001:db8::7")
    listing = await zone.domain().look(HUBS)
    (found,) = listing.instances
    assert found.name == "back office"
    assert found.targets == (Target(0, 0, ("192.0.2.7", "2001:db8::7"), 8750),)
    assert found.facts == {"hub": "hub-a", "flag": ""}


async def test_a_listing_counts_as_long_as_the_shortest_of_its_records(zone: DnsServer) -> None:
    zone.lists(HUBS, "a", ("192.0.2.7", 1), ttl=300)
    assert (await zone.domain().look(HUBS)).good_for_s == 300
    zone.records[-1] = zone.records[-1].replace(" 300 ", " 45 ")
    assert (await zone.domain().look(HUBS)).good_for_s == 45
    zone.records[-1] = zone.records[-1].replace(" 45 ", " 0 ")
    assert (await zone.domain().look(HUBS)).good_for_s == LEAST_S
    zone.records = [record.replace(" 300 ", " 604800 ").replace(" 0 A ", " 604800 A ") for record in zone.records]
    assert (await zone.domain().look(HUBS)).good_for_s == LONGEST_S


async def test_a_long_list_comes_by_tcp(zone: DnsServer) -> None:
    for number in range(60):
        zone.lists(CAMERAS, f"aislewatch-camera-{number:04}", ("192.0.2.7", 8743), facts=f'"id=c{number}" "tls=1"')
    found, _ = await cameras_in(zone.domain())
    assert [camera.id for camera in found] == [f"c{number}" for number in range(60)]
    assert zone.tcp == 1
    assert await places_in(zone.domain(), "c7") == ["https://192.0.2.7:8743"]


async def test_what_leads_nowhere_is_passed_over_and_said_where_there_is_nothing_else(zone: DnsServer) -> None:
    zone.lists(HUBS, "gone", ("192.0.2.7", 1))
    zone.records = [record for record in zone.records if " A " not in record]
    zone.records.append(f"{HUBS}.shop.example. 60 PTR closed.{HUBS}.shop.example.")
    zone.records.append(f"closed.{HUBS}.shop.example. 60 SRV 0 0 0 .")
    with pytest.raises(NotListed, match="leads to no address"):
        await zone.domain().look(HUBS)
    zone.lists(HUBS, "there", ("192.0.2.8", 2))
    assert [one.name for one in (await zone.domain().look(HUBS)).instances] == ["there"]


@pytest.mark.parametrize("name", ["shop.example", "no.such.example"])
async def test_a_domain_that_lists_nothing_says_so(zone: DnsServer, name: str) -> None:
    zone.records = ["shop.example. 60 A 192.0.2.1"]
    with pytest.raises(NotListed, match=f"there is no {HUBS}.{name}"):
        await zone.domain(name).look(HUBS)


@pytest.mark.parametrize(
    ("rcode", "said"), [(dns.rcode.SERVFAIL, "says SERVFAIL"), (dns.rcode.REFUSED, "says REFUSED")]
)
async def test_a_server_that_cannot_answer_is_named(zone: DnsServer, rcode: dns.rcode.Rcode, said: str) -> None:
    zone.rcode = rcode
    with pytest.raises(LookupFailed, match=said) as failed:
        await zone.domain().look(HUBS)
    assert not isinstance(failed.value, NotListed)


async def test_a_silent_server_is_given_up(zone: DnsServer) -> None:
    zone.silent = True
    with pytest.raises(LookupFailed, match="no DNS server has answered"):
        await zone.domain(patience_s=0.3).look(HUBS)


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".example", "shop example", "shop.local"])
def test_a_domain_that_is_none_is_refused_in_words(name: str) -> None:
    with pytest.raises(OperatorError):
        domain_at(name, None)


@pytest.mark.parametrize(
    ("server", "place"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5300", ("192.0.2.53", 5300)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5300", ("2001:db8::53", 5300)),
    ],
)
def test_a_server_is_named_by_its_address(server: str, place: tuple[str, int]) -> None:
    assert domain_at("shop.example", server) == Domain("shop.example", place)
    for wrong in ("dns.example", f"{server}x", ""):
        with pytest.raises(OperatorError):
            domain_at("shop.example", wrong or " ")


targets = st.lists(st.builds(Target, st.integers(0, 3), st.integers(0, 9), st.just(("192.0.2.1",)), st.integers(1, 9)))


@given(targets, st.integers(0, 99))
def test_each_target_comes_once_and_lower_priorities_first(given_: list[Target], seed: int) -> None:
    ordered = in_order(given_, random.Random(seed))
    assert Counter(ordered) == Counter(given_)
    assert [one.priority for one in ordered] == sorted(one.priority for one in given_)


def test_equals_share_by_weight() -> None:
    chance = random.Random(1)
    pair = [Target(0, 30, ("192.0.2.1",), 1), Target(0, 10, ("192.0.2.2",), 2), Target(0, 0, ("192.0.2.3",), 3)]
    first = Counter(in_order(pair, chance)[0].port for _ in range(2000))
    assert 1380 < first[1] < 1620
    assert first[3] < 20


async def test_the_own_hub_is_called_before_others_and_the_configured_place_before_all(zone: DnsServer) -> None:
    zone.lists(HUBS, "other", ("192.0.2.1", 1), facts='"hub=hub-b"')
    zone.lists(HUBS, "spare", ("192.0.2.2", 2), rank="1 0", facts='"hub=hub-a"')
    zone.lists(HUBS, "first", ("192.0.2.3", 3), facts='"hub=hub-a"')
    directory = Directory(("hub.example", 9), zone.domain(), lambda: "hub-a")
    by_order = [("hub.example", 9), ("192.0.2.3", 3), ("192.0.2.2", 2), ("192.0.2.1", 1)]
    assert await directory.places() == by_order
    directory.taken(("192.0.2.2", 2))
    assert (await directory.places())[0] == ("192.0.2.2", 2)


async def test_a_domain_is_asked_again_when_its_records_have_lived_or_nobody_takes_calls(zone: DnsServer) -> None:
    zone.lists(HUBS, "a", ("192.0.2.1", 1), ttl=1)
    directory = Directory(None, zone.domain(), lambda: "")
    for _ in range(3):
        assert await directory.places() == [("192.0.2.1", 1)]
    assert zone.asked.count(f"{HUBS}.shop.example. PTR") == 1
    directory.refused()
    await directory.places()
    assert zone.asked.count(f"{HUBS}.shop.example. PTR") == 2
    zone.records.clear()
    zone.lists(HUBS, "a", ("192.0.2.9", 1))
    async with asyncio.timeout(20):
        while await directory.places() != [("192.0.2.9", 1)]:  # noqa: ASYNC110  only asking tells
            await asyncio.sleep(0.05)


async def test_what_a_domain_said_counts_while_it_cannot_be_asked_and_not_when_it_says_otherwise(
    zone: DnsServer,
) -> None:
    zone.lists(HUBS, "a", ("192.0.2.1", 1))
    directory = Directory(None, zone.domain(), lambda: "")
    await directory.places()
    directory.refused()
    zone.rcode = dns.rcode.SERVFAIL
    assert await directory.places() == [("192.0.2.1", 1)]
    assert "SERVFAIL" in directory.trouble
    zone.rcode = dns.rcode.NOERROR
    zone.records.clear()
    assert await directory.places() == []
    assert "there is no" in directory.trouble


OWN_RESOLVER = """
ip link set lo up && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"
"""


def in_namespaces(resolvers: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a program where nothing but itself is on the network, and /etc/resolv.conf is this file."""
    own = ["unshare", "--user", "--map-root-user", "--net", "--mount", "sh", "-c", OWN_RESOLVER, "sh", str(resolvers)]
    return subprocess.run([*own, *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_servers_of_resolv_conf_are_asked(tmp_path: Path) -> None:
    """Two of them, and the first does not answer."""
    resolvers = tmp_path / "resolv.conf"
    resolvers.write_text("nameserver 127.0.0.77\nnameserver 127.0.0.1\nsearch other.example\n")
    if in_namespaces(resolvers, "true").returncode:
        pytest.skip("namespaces of one's own cannot be made here")
    said = in_namespaces(resolvers, sys.executable, "-m", "tests.hub.system_lookup")
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == {"places": [["192.0.2.1", 8750], ["192.0.2.2", 8750]], "trouble": ""}
