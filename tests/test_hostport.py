"""HOST:PORT as text is read back as it was written, whatever kind of address it holds."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.hostport import bracketed, join, split

HOSTS = st.ip_addresses().map(str) | st.from_regex(r"[a-z0-9][a-z0-9.-]{0,40}", fullmatch=True)


@given(HOSTS, st.integers(1, 65535))
def test_what_was_joined_is_split_again(host: str, port: int) -> None:
    assert split(join(host, port)) == (host, port)


@given(st.ip_addresses(v=6))
def test_only_ipv6_stands_in_brackets(address: ipaddress.IPv6Address) -> None:
    assert bracketed(str(address)) == f"[{address}]"
    assert bracketed(f"[{address}]") == f"[{address}]"
    assert bracketed("10.0.0.1") == "10.0.0.1"
    assert bracketed("hub.local") == "hub.local"


def test_a_zone_stays_with_its_address() -> None:
    assert split("[fe80::1%eth0]:8743") == ("fe80::1%eth0", 8743)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "host",
        "host:",
        ":80",
        "::1:80",
        "[::1]",
        "[::1]80",
        "[host]:80",
        "a b:80",
        "h:0",
        "h:65536",
        "h:٣",
        "[]:1",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|is no port"):
        split(text)


@given(st.text(max_size=40))
def test_any_text_is_split_or_refused(text: str) -> None:
    try:
        host, port = split(text)
    except ValueError:
        return
    assert host
    assert 0 < port < 65536
