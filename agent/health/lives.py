"""Counts lives that ended too soon, and says when the camera should rather start without what may bring it down; pure.

A start that is followed by another before two minutes have gone was a short life. Some in a row make the next one a
safe one, which sees nothing but can be asked. A life of some length, another configuration or another version makes
the count begin anew; so does an hour in safety, or a person's word.

A life that ended together with the whole computer was mostly cut by the plug, not by the program. Such lives count
half: a computer that starts again and again (by its watchdog, a driver) may be of the program's making, too.
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
    """`short` lives in a row before this one under the configuration `config`, and `cut` ones, which ended with the
    boot they were in; UTC of the last `starts`; the `boot` of this one, and whether it is still `open`: neither long
    enough nor stopped on purpose.
    """

    short: int = 0
    config: str = ""
    starts: Sequence[float] = ()
    cut: int = 0
    boot: str = ""
    open: bool = False

    def begun(self, config: str, utc_s: float, boot: str) -> Lives:
        """As it is at a start: what came before under another configuration does not count."""
        starts = [at_s for at_s in self.starts if 0 <= utc_s - at_s < DAY_S][-MOST_STARTS:]
        short, cut = self._counted(boot) if config == self.config else (0, 0)
        return Lives(short, config, [*starts, utc_s], cut, boot, open=True)

    def _counted(self, boot: str) -> tuple[int, int]:
        """Short and cut lives, the last one among them. A boot that nobody knows is taken for the same."""
        if not self.open:
            return self.short, self.cut
        same = not (boot and self.boot) or boot == self.boot
        return (self.short + 1, self.cut) if same else (self.short, self.cut + 1)

    def why_safe(self, limit: int) -> str:
        """Why this life should be a safe one; empty where fewer than `limit` were short, cut ones counting half."""
        if not limit or 2 * self.short + self.cut < 2 * limit:
            return ""
        cut = f", {self.cut} of them by a start of the whole computer" if self.cut else ""
        return f"{self.short + self.cut} starts in a row were each followed by another within {SHORT_S:g} s{cut}"

    def closed(self) -> Lives:
        """As the next start should find it once this life was stopped on purpose."""
        return self._replace(open=False)

    def lasting(self) -> Lives:
        """What it should find once this life has lasted, or a person says so."""
        return self._replace(short=0, cut=0, open=False)


def encode(lives: Lives) -> bytes:
    """As it is kept."""
    return msgspec.json.encode(lives)


def decode(kept: bytes | None) -> Lives:
    """As it was kept; one that cannot be read counts nothing."""
    try:
        return msgspec.json.decode(kept, type=Lives) if kept else Lives()
    except msgspec.DecodeError:
        return Lives()
