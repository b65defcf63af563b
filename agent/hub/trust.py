"""Whom the camera trusts: the pinned authorities of its one hub, what they revoked, and what that makes of a caller.

`identity/trust.json` holds it, replaced as a whole and synced. What widens the trust counts once it is on the disk;
what narrows it counts at once, also where the disk fails, and is then told as not kept.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from agent.durable import sync_folder, write_durably
from agent.errors import OperatorError
from agent.hub.callers import STRANGER, Caller, Role
from agent.hub.trust_certificates import BadAuthority, Holder, holder_of, read_authority
from hal.ports import Clock

MOST_AUTHORITIES = 2
MOST_REMEMBERED = 64

log = logging.getLogger(__name__)


class AlreadyClaimed(OperatorError):
    """The camera has a hub."""


class NotAllowed(OperatorError):
    """A change with which a hub would lock itself out."""


class NotKept(OperatorError):
    """The disk did not take a change."""


class Pins(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: authorities as PEM, serial numbers of revoked certificates in hex, when the camera was claimed."""

    store: str = ""
    hub: str = ""
    authorities: tuple[str, ...] = ()
    revoked: tuple[str, ...] = ()
    claimed_utc_s: float = 0.0


class CameraTrust:
    """Belongs to the event loop. `watch` is told of every change, when it counts."""

    def __init__(self, path: Path, clock: Clock, pins: Pins | None = None) -> None:
        self._path = path
        self._clock = clock
        self._changing = asyncio.Lock()
        self._watchers: list[Callable[[], None]] = []
        self._take(pins or Pins())

    @classmethod
    def open(cls, path: Path, clock: Clock) -> CameraTrust:
        """What the last run kept. A file that cannot be read trusts nobody: it is put aside, and said so."""
        try:
            return cls(path, clock, msgspec.json.decode(path.read_bytes(), type=Pins))
        except FileNotFoundError:
            return cls(path, clock)
        except (OSError, msgspec.DecodeError, BadAuthority) as error:
            log.error("%s cannot be read (%s): nobody is trusted, the camera has to be paired anew", path, error)
            if path.exists():
                path.replace(path.with_suffix(".bad"))
            return cls(path, clock)

    @property
    def pins(self) -> Pins:
        return self._pins

    @property
    def claimed(self) -> bool:
        return bool(self._pins.authorities)

    @property
    def state(self) -> str:
        """As it is announced."""
        return "claimed" if self.claimed else "unclaimed"

    def watch(self, changed: Callable[[], None]) -> None:
        """Tell somebody of every change."""
        self._watchers.append(changed)

    def holder(self, certificate: bytes) -> Holder | None:
        """Whom a client's certificate (DER) makes of its holder, whether it is revoked or not."""
        if certificate not in self._holders:
            if len(self._holders) >= MOST_REMEMBERED:
                self._holders.clear()
            self._holders[certificate] = holder_of(certificate, self._authorities)
        return self._holders[certificate]

    def caller(self, certificate: bytes | None) -> Caller:
        """Who somebody with this certificate (DER) is now; who has none is a stranger."""
        holder = self.holder(certificate) if certificate else None
        if holder is None or holder.serial in self._revoked or self._is_over(holder):
            return STRANGER
        return Caller(holder.role, holder.name, holder.serial)

    def check(self, authority: str) -> None:
        """Whether this (PEM) could be pinned. Raises BadAuthority."""
        read_authority(authority)

    async def claim(self, authority: str, store: str, hub: str) -> None:
        """Take this hub. Raises AlreadyClaimed, BadAuthority or NotKept."""
        read_authority(authority)
        async with self._changing:
            if self.claimed:
                raise AlreadyClaimed(f"this camera belongs to {self._pins.hub}", hint="unpair it first")
            pins = Pins(store, hub, (authority,), claimed_utc_s=round(self._clock.wall().utc_s, 3))
            await self._keep(pins)
            self._take(pins)

    async def accept(self, authorities: Sequence[str], asking: Holder) -> None:
        """Pin these authorities instead. Raises BadAuthority, NotAllowed or NotKept.

        The authority of whoever asks stays in, unless all that shall stay are pinned already: a hub that changes its
        authority has two pins for a while, and no step of it can lock the hub out.
        """
        if not 1 <= len(authorities) <= MOST_AUTHORITIES:
            raise BadAuthority(f"one authority, or {MOST_AUTHORITIES} while they change")
        wanted = [read_authority(pem) for pem in authorities]
        async with self._changing:
            if asking.authority not in wanted and not all(one in self._authorities for one in wanted):
                raise NotAllowed("your own authority would be gone", hint="pin both first, then the new one alone")
            pins = msgspec.structs.replace(self._pins, authorities=tuple(authorities))
            await self._keep(pins)
            self._take(pins)

    async def revoke(self, serials: Sequence[str], asking: Holder) -> None:
        """These certificates are revoked, and no others. Raises NotAllowed or NotKept."""
        if asking.serial in serials:
            raise NotAllowed("your own certificate is among them", hint="ask with another one of the hub")
        async with self._changing:
            pins = msgspec.structs.replace(self._pins, revoked=tuple(serials))
            self._take(pins)
            await self._keep(pins)

    async def forget(self) -> None:
        """Have no hub any more. Raises NotKept."""
        async with self._changing:
            self._take(Pins())
            await self._keep(None)

    def _take(self, pins: Pins) -> None:
        """From now on this counts. Raises BadAuthority."""
        self._authorities = tuple(read_authority(pem) for pem in pins.authorities)
        self._pins = pins
        self._revoked = frozenset(pins.revoked)
        self._holders: dict[bytes, Holder | None] = {}
        for changed in self._watchers:
            changed()

    async def _keep(self, pins: Pins | None) -> None:
        try:
            await asyncio.to_thread(_write, self._path, pins)
        except OSError as error:
            raise NotKept(f"the disk does not take it: {error.strerror}", hint="try again") from None

    def _is_over(self, holder: Holder) -> bool:
        """Only a pass for technicians ends, and only for a camera that knows what time it is."""
        wall = self._clock.wall()
        return holder.role is Role.TECHNICIAN and wall.synchronised and wall.utc_s >= holder.end_utc_s


def _write(path: Path, pins: Pins | None) -> None:
    """Raises OSError."""
    if pins is not None:
        write_durably(path, msgspec.json.encode(pins), mode=0o600)
    elif path.exists():
        path.unlink()
        sync_folder(path.parent)
