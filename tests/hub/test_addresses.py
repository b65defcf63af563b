"""Which addresses are told, in which order, and that the sandbox of the unit lets them through."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from agent.hub.addresses import lasting_addresses, on_each_link, own_addresses, preference, reachable_addresses
from agent.hub.speaking import speaking_from

UNIT = Path(__file__).parents[2] / "systemd" / "system" / "aislewatch.service"
NAMED = {  # systemd.resource-control(5)
    "localhost": ["127.0.0.0/8", "::1/128"],
    "link-local": ["169.254.0.0/16", "fe80::/64"],
    "multicast": ["224.0.0.0/4", "ff00::/8"],
}
FLAGGED = "{address} 03 40 00 {flags:02x}     eth0\n"


def test_the_likeliest_to_answer_come_first() -> None:
    told = ["fe80::1", "2001:db8::1", "169.254.7.7", "fd00::1", "192.168.1.4", "10.0.0.1"]
    assert sorted(told, key=preference) == [
        *("10.0.0.1", "192.168.1.4"),
        *("fd00::1", "2001:db8::1", "fe80::1", "169.254.7.7"),
    ]


def test_a_configured_address_is_told_only_where_it_is() -> None:
    assert reachable_addresses("127.0.0.1") == ("127.0.0.1",)
    assert reachable_addresses("192.0.2.200") == ()
    assert reachable_addresses("2001:db8::dead") == ()
    assert reachable_addresses("no-address") == ()


def test_an_address_says_that_it_is_passing(tmp_path: Path) -> None:
    """Each of the kernel's flags at an address that this computer does have."""
    if "::1" not in own_addresses():
        pytest.skip("no IPv6 here")
    own = next(own for own in lasting_addresses() if own.address == "::1")
    listed = tmp_path / "proc/net/if_inet6"
    listed.parent.mkdir(parents=True)
    told = {}
    for name, flags in {
        "permanent": 0x80,
        "temporary": 0x01,
        "failed": 0x08,
        "deprecated": 0x20,
        "tentative": 0x40,
    }.items():
        listed.write_text(FLAGGED.format(address=ipaddress.ip_address(own.address).packed.hex(), flags=flags))
        told[name] = own in lasting_addresses(tmp_path)
    assert told == {"permanent": True, "temporary": False, "failed": False, "deprecated": False, "tentative": False}


def test_every_address_of_ipv4_speaks_and_no_link_twice() -> None:
    assert speaking_from(["127.0.0.1", "192.0.2.9"]) == ["127.0.0.1", "192.0.2.9"]
    assert speaking_from(["127.0.0.1", "::1", "127.0.0.1"]) == ["127.0.0.1"], "loopback has no multicast of IPv6"


def test_only_an_address_of_a_link_needs_to_be_looked_for_on_each() -> None:
    for host in ("10.0.0.1", "fd00::1", "fe80::1%eth7", "hub.local", "169.254.1.1"):
        assert on_each_link(host) == [host]
    assert all(place.startswith("fe80::1%") for place in on_each_link("fe80::1"))


@pytest.mark.parametrize("address", ["10.1.2.3", "192.168.7.7", "fd12::1", "fe80::1", "224.0.0.251", "ff02::fb", "::1"])
def test_the_units_sandbox_lets_a_shops_addresses_through(address: str) -> None:
    lines = [line.partition("=") for line in UNIT.read_text(encoding="utf-8").splitlines()]
    words = [word for key, _, value in lines if key == "IPAddressAllow" for word in value.split()]
    allowed = [ipaddress.ip_network(net) for word in words for net in NAMED.get(word, [word])]
    assert any(ipaddress.ip_address(address) in net for net in allowed)
    families = next(value.split() for key, _, value in lines if key == "RestrictAddressFamilies")
    assert {"AF_INET", "AF_INET6", "AF_NETLINK"} <= set(families)
