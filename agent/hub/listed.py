"""Cameras that a DNS domain lists, for a hub and for whoever looks for them where no multicast passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from agent.errors import OperatorError
from agent.hub.backoff import Backoff
from agent.hub.discover import Found
from agent.hub.dnssd import CAMERAS, Domain, Instance

BACKOFF = Backoff(first_s=2.0, most_s=60.0)


async def cameras_in(domain: Domain) -> tuple[list[Found], float]:
    """The cameras that it lists, by name, and for how many seconds that counts. Raises LookupFailed."""
    listing = await domain.look(CAMERAS)
    return sorted(map(_found, listing.instances), key=lambda camera: camera.name), listing.good_for_s


async def places_in(domain: Domain, camera: str) -> Sequence[str]:
    """Where the camera of this id is listed, https://host:port: its key has to prove it. Raises LookupFailed."""
    found, _ = await cameras_in(domain)
    return [url for one in found if one.id == camera for url in one.urls("")]


async def follow(domain: Domain, found: Callable[[Found], None], failed: Callable[[OperatorError], None]) -> None:
    """Tell of every listed camera, and again whenever the records have lived their time; until cancelled."""
    failures = 0
    while True:
        try:
            cameras, pause_s = await cameras_in(domain)
        except OperatorError as error:
            failed(error)
            pause_s, failures = BACKOFF.pause_s(failures), failures + 1
        else:
            failures = 0
            for camera in cameras:
                found(camera)
        await asyncio.sleep(pause_s)


def _found(instance: Instance) -> Found:
    """As mDNS would have told of it; of several servers the first counts."""
    target = min(instance.targets)
    return Found(instance.name, target.addresses, target.port, instance.facts)
