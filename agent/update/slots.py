"""What an update is: a record of how far it came, and the decisions at every start. Pure: values in, values out.

The slot that is kept changes in one place only, after the new system was found well while it was tried. Until then
every start, by whatever it was cut short, comes back to the slot before.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from agent.errors import OperatorError

JUDGED_WITHIN_S = 210.0
"""A new system that is not well by then is left (with the restart it stays below 5 minutes)."""


class Slot(StrEnum):
    """One of the two places that a system can lie in."""

    A = "A"
    B = "B"

    @property
    def other(self) -> Slot:
        return Slot.B if self is Slot.A else Slot.A


class Phase(StrEnum):
    """How far an update came."""

    NONE = "none"
    WRITING = "writing"
    TRYING = "trying"
    KEPT = "kept"
    BACK = "back"


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last update: which version into which slot, what ran before, and why it ended as it did."""

    phase: Phase = Phase.NONE
    target: Slot = Slot.B
    version: str = ""
    before: str = ""
    why: str = ""

    @property
    def pending(self) -> bool:
        """Whether a start has something to decide."""
        return self.phase in (Phase.WRITING, Phase.TRYING)


class Offer(msgspec.Struct, frozen=True):
    """What a bundle whose signature holds says of itself: for which camera, and its version."""

    compatible: str
    version: str


class Refused(OperatorError):
    """This bundle is not for this camera, or not now."""


def order_of(version: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What orders versions such as 0.1.0+20261122.0318: the release, then the build. Raises Refused."""
    if not re.fullmatch(r"\d+(\.\d+)*(\+\d+(\.\d+)*)?", version):
        raise Refused(f"{version!r} is no version of this image")
    release, _, build = version.partition("+")
    numbers = tuple(int(part) for part in release.split("."))
    return numbers + (0,) * (4 - len(numbers)), tuple(int(part) for part in build.split(".") if part)


def begin(record: Record, offer: Offer, *, running: Offer, slot: Slot, kept: Slot) -> Record:
    """The record of an update that may begin. Raises Refused: wrong camera, not newer, or another one is not ended."""
    if record.phase is Phase.TRYING:
        raise Refused(f"version {record.version} is being tried", hint="wait: it is kept or left within 5 minutes")
    if slot is not kept:
        raise Refused(f"this system runs from slot {slot}, which is not the one that is kept", hint="restart first")
    if offer.compatible != running.compatible:
        raise Refused(f"this bundle is for {offer.compatible}, this camera is {running.compatible}")
    if order_of(offer.version) <= order_of(running.version):
        hint = "an older system might not read what the newer one has written; flash the card to go back"
        raise Refused(f"version {offer.version} is not newer than {running.version}", hint=hint)
    return Record(Phase.WRITING, slot.other, offer.version, running.version)


def trying(record: Record) -> Record:
    """The slot is written: from now on a start in it judges the new system."""
    return msgspec.structs.replace(record, phase=Phase.TRYING)


def woke(record: Record, *, slot: Slot, kept: Slot) -> Record:
    """What a start makes of the record; one that is still TRYING is in its new system, which has to be judged."""
    if record.phase is Phase.WRITING:
        return ended(record, Phase.BACK, "it was cut short while it was written")
    if record.phase is not Phase.TRYING:
        return record
    if slot is not record.target:
        return ended(record, Phase.BACK, record.why or "the new system did not start, or did not live to be judged")
    return ended(record, Phase.KEPT, "") if kept is slot else record


def ended(record: Record, phase: Phase, why: str) -> Record:
    """The record of an update that is over."""
    return msgspec.structs.replace(record, phase=phase, why=why)
