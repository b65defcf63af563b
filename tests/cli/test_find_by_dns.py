"""Cameras found by a domain of the DNS, and what the network check says of a camera that calls its hub."""

from __future__ import annotations

import pytest

from agent.cli.probes import calls_of
from agent.hub.dnssd import CAMERAS
from tests.cli.camera import Said, aislewatch
from tests.hub.dns_server import DnsServer, dns_server

pytestmark = pytest.mark.timeout(90)


async def find(zone: DnsServer, *words: str) -> Said:
    return await aislewatch("find", "--domain", "shop.example", "--dns", f"127.0.0.1:{zone.port}", *words)


async def test_listed_cameras_are_found_and_an_empty_list_is_told() -> None:
    async with dns_server() as zone:
        missing = await find(zone)
        assert (missing.code, "there is no _aislewatch._tcp.shop.example" in missing.err) == (3, True)
        zone.lists(CAMERAS, "till", ("192.0.2.7", 8743), facts='"id=c7" "tls=1" "state=claimed" "fw=1.2"')
        zone.lists(CAMERAS, "door", ("2001:db8::8", 8743), facts='"id=c8" "tls=1"')
        door, till = (await find(zone, "--json")).json
        assert (door["name"], door["addresses"], door["port"]) == ("door", ["2001:db8::8"], 8743)
        assert (till["name"], till["addresses"], till["facts"]["id"]) == ("till", ["192.0.2.7"], "c7")
        assert "192.0.2.7:8743" in (await find(zone)).out


@pytest.mark.parametrize(
    ("calls", "state", "said"),
    [
        ({"places": ["192.0.2.1:8750"], "standing_by": "192.0.2.1:8750", "trouble": ""}, "ok", "a call stands by"),
        ({"places": [], "standing_by": None, "trouble": "the DNS says SERVFAIL"}, "warning", "SERVFAIL"),
    ],
)
def test_the_check_says_where_the_camera_calls(calls: dict[str, object], state: str, said: str) -> None:
    (step,) = calls_of({"state": "claimed", "call_home": {"domain": "shop.example", **calls}})
    assert (step.state, said in step.detail, "shop.example" in step.detail) == (state, True, True)
    assert calls_of({"state": "unclaimed", "call_home": {"domain": "shop.example", **calls}}) == []
    assert calls_of({"state": "claimed", "call_home": None}) == []
