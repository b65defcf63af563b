"""The tills (points of sale) that tell this camera what they book."""

from __future__ import annotations

from dataclasses import dataclass

from agent import schema
from agent.schema import setting


@dataclass(frozen=True, slots=True)
class TillConfig:
    """One till that tells its bookings over the API (`POST /v1/till`).

    An operator's name never reaches the disk: it is dropped, or replaced by a mark that only this camera can make.
    """

    terminal: str = setting(schema.name, help="what the till system calls it")
    zone: str = setting(
        schema.name, help="the [[zone]] of kind checkout where its customers stand, without the staff's side"
    )
    clock_error_s: float = setting(
        schema.number(0, 600), 3.0, help="seconds by which its clock may be off, either way; doubt favours the people"
    )
    token: str | None = setting(
        schema.secret, None, help="what it must send as `Authorization: Bearer`; needed off loopback"
    )
    operators: str = setting(schema.choice("drop", "mark"), "drop", help="what becomes of an operator's name")
