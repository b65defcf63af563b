"""At which of this computer's addresses multicast DNS has to be spoken, for announcing and for browsing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from zeroconf import IPVersion

from agent.hub.addresses import Own, lasting_addresses


def speaking_from(addresses: Iterable[str]) -> list[str]:
    """Where multicast has to be spoken so that whoever reaches one of these addresses hears it: IPv6 once a link."""
    present = lasting_addresses()
    return list(dict.fromkeys(speaker for address in addresses for speaker in _speakers(address, present)))


def kinds_of(addresses: Sequence[str]) -> IPVersion:
    """What is spoken at these addresses."""
    return IPVersion.All if any(":" in address for address in addresses) else IPVersion.V4Only


def _speakers(address: str, present: Sequence[Own]) -> Iterator[str]:
    if ":" not in address:
        yield address
    elif address == "::1":
        yield "127.0.0.1"  # the kernel has no way for multicast of IPv6 on loopback
    else:
        for link in [own.link for own in present if own.address == address]:
            yield next((own.address for own in present if own.link == link and _is_near(own)), address)


def _is_near(own: Own) -> bool:
    return own.ip.version == 6 and own.ip.is_link_local
