"""Counts lives that ended too soon, and says when the camera should rather start without what may bring it down; pure.

A start that is followed by another before two minutes have gone was a short life. Some in a row make the next one a
safe one, which sees nothing but can be asked. A life of some length, another configuration or another version makes
the count begin anew; so does an hour in safety, or a person's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

SHORT_S = 120.0
GOOD_S = 3600.0
"""So long in safety, and the camera tries to see again."""
DAY_S = 86_400.0
MOST_STARTS = 64


class Lives(NamedTuple):
    """`short` lives in a row before this one, under the configuration `config`; UTC of the last `starts`."""

    short: int = 0
    config: str = ""
    starts: Sequence[float] = ()

    def begun(self, config: str, utc_s: float) -> Lives:
        """As it is at a start: what came before under another configuration does not count."""
        starts = [at_s for at_s in self.starts if 0 <= utc_s - at_s < DAY_S][-MOST_STARTS:]
        return Lives(self.short if config == self.config else 0, config, [*starts, utc_s])

    def ended_now(self) -> Lives:
        """What the next start should find if this life ended now, at once."""
        return self._replace(short=self.short + 1)

    def lasting(self) -> Lives:
        """What it should find once this life has lasted, or a person says so."""
        return self._replace(short=0)


def encode(lives: Lives) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(lives)


def decode(kept: bytes | None) -> Lives:
    """As it was kept; one that cannot be read counts nothing."""
    try:
        return msgspec.json.decode(kept, type=Lives) if kept else Lives()
    except msgspec.DecodeError:
        return Lives()
