"""Who speaks to the camera: what somebody at one of its doors has proven to be."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """What a caller may do; every role may do what those below it may.

    A stranger has proven nothing. A technician holds a certificate that the hub made for some hours. A hub holds one of
    the pinned authority. Who is local works on the camera itself.
    """

    STRANGER = 0
    TECHNICIAN = 1
    HUB = 2
    LOCAL = 3


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller: the `name` of the certificate or local user; the certificate's `serial` in hex, "" without one."""

    role: Role
    name: str = ""
    serial: str = ""

    @property
    def bound(self) -> bool:
        """Whether a certificate proves the name: then whoever it is can go by no other."""
        return bool(self.serial)


STRANGER = Caller(Role.STRANGER)
