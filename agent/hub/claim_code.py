"""What a camera shows and a hub is told: whom to trust, where it is, and the token that proves who stood before it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from agent.errors import OperatorError
from agent.hostport import join, split

_SHAPE = re.compile(
    r"AISLEWATCH:1:(?P<id>[^:\s]{1,64}):(?P<fp>[0-9a-f]{64}):(?P<token>[a-z2-7]{26}):(?P<place>\S+)", re.I
)
_HINT = "copy the whole line that `aislewatch pair` prints on the camera, or scan its QR code"


@dataclass(frozen=True, slots=True)
class ClaimCode:
    """`fp` has 64 hex digits, `token` 26 letters of base32 (128 bit); it is a secret until it is used."""

    id: str
    fp: str
    token: str
    host: str
    port: int

    def text(self) -> str:
        """The code as it is printed and drawn as a QR code."""
        return f"AISLEWATCH:1:{self.id}:{self.fp}:{self.token}:{join(self.host, self.port)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code in a text. Raises OperatorError, which does not quote the token."""
        found = _SHAPE.fullmatch(text.strip())
        if found is None:
            raise OperatorError("this is no claim code of a camera", hint=_HINT)
        try:
            host, port = split(found["place"])
        except ValueError:
            raise OperatorError("the claim code has no address and port at its end", hint=_HINT) from None
        return cls(found["id"], found["fp"].lower(), found["token"].upper(), host, port)
