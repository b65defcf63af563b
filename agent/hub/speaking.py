"""At which of this computer's addresses multicast DNS has to be spoken, for announcing and for browsing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from zeroconf import IPVersion

from agent.hub.addresses import lasting_addresses


def speaking_from(addresses: Iterable[str]) -> list[str]:
    """Where multicast has to be spoken so that whoever reaches one of these addresses hears it: IPv6 once a link."""
    present, chosen = lasting_addresses(), dict[tuple[str, int], str]()
    for address in addresses:
        if ":" not in address:
            chosen[address, 4] = address
            continue
        for link in [own.link for own in present if own.address == address]:
            near = [own.address for own in present if own.link == link and own.ip.version == 6 and own.ip.is_link_local]
            chosen.setdefault((link, 6), next(iter(near), address))
    return list(chosen.values())


def kinds_of(addresses: Sequence[str]) -> IPVersion:
    """What is spoken at these addresses."""
    return IPVersion.All if any(":" in address for address in addresses) else IPVersion.V4Only
