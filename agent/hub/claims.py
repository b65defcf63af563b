"""Claims: the camera shows a token once, and whoever brings it within ten minutes becomes its hub.

The token is in RAM only, so that a restart ends a claim. 128 bit cannot be guessed in five tries; the tries are counted
so that nobody has to believe that.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from agent.errors import OperatorError

LASTS_S = 600.0
TRIES = 5
TOKEN_BYTES = 16
_AGAIN = "`aislewatch pair` on the camera shows a new token"


class NoClaim(OperatorError):
    """Nobody is being waited for: no claim was opened, or its time is over."""


class WrongToken(OperatorError):
    """Not the token that the camera shows."""


class ClaimClosed(OperatorError):
    """Too many wrong tokens."""


@dataclass(slots=True)
class _Claim:
    token: bytes
    until_s: float
    left: int = TRIES


class Claims:
    """At most one claim at a time: a new one ends the one before it. `monotonic` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._claim: _Claim | None = None

    def open(self) -> str:
        """Begin a claim; its token, 26 letters of base32."""
        token = secrets.token_bytes(TOKEN_BYTES)
        self._claim = _Claim(token, self._monotonic() + LASTS_S)
        return base64.b32encode(token).decode().rstrip("=")

    def close(self) -> None:
        """End the claim, which was used or is wanted no more."""
        self._claim = None

    @property
    def awaited(self) -> bool:
        """Whether somebody with the token would be let in now."""
        claim = self._claim
        return claim is not None and claim.left > 0 and self._monotonic() < claim.until_s

    def check(self, token: str) -> None:
        """Whoever has this token may go on. Raises NoClaim, WrongToken or ClaimClosed; each wrong token is counted."""
        claim = self._claim
        if claim is None or self._monotonic() >= claim.until_s:
            self._claim = None
            raise NoClaim("this camera waits for nobody", hint=_AGAIN)
        if claim.left <= 0:
            raise ClaimClosed(f"closed after {TRIES} wrong tokens", hint=_AGAIN)
        if not hmac.compare_digest(_decoded(token), claim.token):
            claim.left -= 1
            raise WrongToken("this is not the token that the camera shows", hint=f"{claim.left} tries are left")


def _decoded(token: str) -> bytes:
    """The bytes of a token as a person may type it; what is no base32 is no token of any camera."""
    letters = token.replace("-", "").replace(" ", "").upper()
    try:
        return base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        return b""
