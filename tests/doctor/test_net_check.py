"""What the check of the network says: of addresses, ways out and multicast, over one kind of IP or both."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from agent.doctor.net_check import addresses, heard_by_multicast, ways_out
from agent.hub.addresses import Own
from hal.kernel import KernelFiles
from hal.network import Network
from hal.ping import answer_to, echo, request


def owned(*texts: str) -> list[Own]:
    return [Own(ip_address(text), "eth0") for text in ("127.0.0.1", "::1", *texts)]


@pytest.mark.parametrize(
    ("there", "state", "words"),
    [
        (["10.0.0.5", "fd77::5", "fe80::5"], "ok", "10.0.0.5, fd77::5"),
        (["10.0.0.5", "fe80::5"], "ok", "10.0.0.5, of IPv4 only"),
        (["2001:db8::5", "fe80::5"], "ok", "2001:db8::5, of IPv6 only"),
        (["169.254.7.7", "fd77::5"], "ok", "fd77::5, of IPv6 only"),
        (["169.254.7.7", "fe80::5"], "fault", "only fe80::5, 169.254.7.7, which it gave itself"),
        (["fe80::5"], "fault", "only fe80::5, which it gave itself"),
        ([], "fault", "none"),
    ],
)
def test_addresses_of_both_kinds_count(there: list[str], state: str, words: str) -> None:
    step = addresses(owned(*there))
    assert (step.state, step.detail) == (state, words)
    assert bool(step.advice) == (state == "fault")


def test_without_dhcp_and_router_a_hub_on_the_link_is_still_there() -> None:
    assert "on this very link" in addresses(owned("fe80::5")).advice
    assert "on this very link" not in addresses(owned("169.254.7.7")).advice


@pytest.mark.parametrize(
    ("reached", "state", "words"),
    [
        ({}, "unknown", "no way out"),
        ({"IPv4": True}, "ok", "it answers (there is none but of IPv4)"),
        ({"IPv6": False}, "fault", "it does not answer (there is none but of IPv6)"),
        ({"IPv6": None}, "unknown", "it cannot be asked (there is none but of IPv6)"),
        ({"IPv4": True, "IPv6": True}, "ok", "that of IPv4 answers, that of IPv6 answers"),
        ({"IPv4": True, "IPv6": None}, "ok", "that of IPv4 answers, that of IPv6 cannot be asked"),
        ({"IPv4": True, "IPv6": False}, "warning", "that of IPv4 answers, that of IPv6 does not answer"),
        ({"IPv4": None, "IPv6": False}, "fault", "that of IPv4 cannot be asked, that of IPv6 does not answer"),
    ],
)
def test_one_way_out_is_enough_and_a_dead_one_is_told(reached: dict[str, bool | None], state: str, words: str) -> None:
    step = ways_out(reached)
    assert step.state == state
    assert words in step.detail


OWN = frozenset({"10.0.0.5", "fe80::5"})


@pytest.mark.parametrize(
    ("heard", "state", "words"),
    [
        ({}, "fault", "cannot be used"),
        ({"IPv4": set()}, "fault", "not even this computer's own"),
        ({"IPv4": {"10.0.0.5"}, "IPv6": {"fe80::5"}}, "unknown", "nobody else answered"),
        ({"IPv4": {"10.0.0.5", "10.0.0.9"}, "IPv6": {"fe80::5"}}, "ok", "both ways, over IPv4 only: 10.0.0.9 answered"),
        ({"IPv6": {"fe80::5", "fe80::9"}}, "ok", "both ways, over IPv6 only: fe80::9 answered"),
        ({"IPv4": {"10.0.0.9"}, "IPv6": {"fe80::9"}}, "ok", "both ways: 10.0.0.9, fe80::9 answered"),
    ],
)
def test_multicast_of_either_kind_will_do(heard: dict[str, set[str]], state: str, words: str) -> None:
    step = heard_by_multicast(heard, OWN)
    assert step.state == state
    assert words in step.detail


NOWHERE = "00000000000000000000000000000000 00 00000000000000000000000000000000 00"
NEAR, FAR = "fe800000000000000000000000000001", "20010db8000000000000000000000001"


@pytest.mark.parametrize(
    ("lines", "gateway"),
    [
        ([], ""),
        ([f"{NOWHERE} {NEAR} 00000400 1 0 00000003 eth0"], "fe80::1%eth0"),
        (
            [f"{NOWHERE} {NEAR} 00000400 1 0 00000003 eth0", f"{NOWHERE} {FAR} 00000064 1 0 00000003 eth1"],
            "2001:db8::1",
        ),
        ([f"{NOWHERE} {'0' * 32} ffffffff 1 0 00200200 lo"], ""),
        ([f"{FAR} 40 {'0' * 32} 00 {NEAR} 00000400 1 0 00000003 eth0"], ""),
        ([f"{NOWHERE} {NEAR[:-2]} 00000400 1 0 00000003 eth0"], ""),
        (["nonsense", f"{NOWHERE} zz 00000400 1 0 00000003 eth0"], ""),
    ],
)
def test_the_way_out_over_ipv6_is_the_best_that_leads_somewhere(tmp_path: Path, lines: list[str], gateway: str) -> None:
    (tmp_path / "proc/net").mkdir(parents=True)
    (tmp_path / "proc/net/ipv6_route").write_text("\n".join(lines) + "\n")
    assert Network(KernelFiles(tmp_path)).gateway6() == gateway


def test_echoes_over_ipv6_come_back() -> None:
    found = echo("::1", count=3, every_s=0.01)
    if found is None:
        pytest.skip("no IPv6 here, or this user may send no echo requests")
    assert (found.sent, found.answered) == (3, 3)


def test_an_echo_of_ipv6_is_told_from_what_is_none() -> None:
    mark = b"12345678"
    packet = request(mark, 7, 128)
    assert answer_to(mark, b"\x81" + packet[1:]) == 7
    assert answer_to(mark, packet) is None


def test_there_is_no_echo_from_a_name_or_from_nowhere() -> None:
    assert echo("router.example", count=1) is None
    assert echo("fe80::1%nowhere0", count=1) is None
