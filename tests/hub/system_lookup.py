"""Looks a domain up by the system's resolvers, in namespaces where these are a server of our own. A program."""

from __future__ import annotations

import asyncio
import json

from agent.hub.directory import Directory
from agent.hub.dnssd import DNS_PORT, HUBS, Domain
from tests.hub.dns_server import dns_server


async def main() -> None:
    """Print the places where a camera would call."""
    async with dns_server(port=DNS_PORT) as zone:
        zone.lists(HUBS, "spare", ("192.0.2.2", 8750), rank="1 0")
        zone.lists(HUBS, "first", ("192.0.2.1", 8750))
        directory = Directory(None, Domain("shop.example"), lambda: "hub-a")
        print(json.dumps({"places": await directory.places(), "trouble": directory.trouble}))


if __name__ == "__main__":
    asyncio.run(main())
