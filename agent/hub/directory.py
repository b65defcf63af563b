"""Where a camera's hub takes calls: at the place that is configured, and wherever a DNS domain lists hubs.

The domain counts for as long as its records say, and is asked anew when nobody it lists takes calls. While it cannot be
asked, what it said before still counts. All of it is a hint: whom the camera obeys, the pinned authority decides.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from math import inf

from agent.hub.dnssd import HUBS, Domain, Instance, LookupFailed, NotListed, Place, in_order

NAME = "hub"
"""The key of a TXT record that names the hub, so that a camera calls its own before others'."""


class Directory:
    """`fixed` is tried first; `hub` gives the name of the camera's own."""

    def __init__(
        self,
        fixed: Place | None,
        domain: Domain | None,
        hub: Callable[[], str],
        chance: random.Random | None = None,
    ) -> None:
        self._fixed = [fixed] if fixed else []
        self._domain = domain
        self._hub = hub
        self._chance = chance or random.Random()
        self._listed: list[Place] = []
        self._taken: Place | None = None
        self._until_s = -inf
        self.trouble = ""

    @property
    def domain(self) -> str | None:
        return self._domain.name if self._domain else None

    def known(self) -> list[Place]:
        """The places as they were last, the one before all that took the last call."""
        places = list(dict.fromkeys([*self._fixed, *self._listed]))
        return sorted(places, key=lambda place: place != self._taken)

    async def places(self) -> list[Place]:
        """Where to call, the best first; none where nobody knows: see `trouble`."""
        now_s = asyncio.get_running_loop().time()
        if self._domain is not None and now_s >= self._until_s:
            try:
                found, good_for_s = await self._domain.look(HUBS)
            except LookupFailed as error:
                self.trouble = str(error)
                self._listed = [] if isinstance(error, NotListed) else self._listed
            else:
                self.trouble = ""
                self._listed, self._taken = [*self._ordered(found)], None
                self._until_s = now_s + good_for_s
        return self.known()

    def taken(self, place: Place) -> None:
        """The hub is there: it is called there first, until the domain is asked again."""
        self._taken = place

    def refused(self) -> None:
        """Nobody took the call anywhere: the domain may know better by now."""
        self._until_s = -inf

    def _ordered(self, found: tuple[Instance, ...]) -> Iterator[Place]:
        """Those of the own hub before others', each in the order of its records."""
        own = self._hub()
        for ours in (True, False):
            targets = [target for one in found if (one.facts.get(NAME) == own) is ours for target in one.targets]
            for target in in_order(targets, self._chance):
                yield from ((address, target.port) for address in target.addresses)
