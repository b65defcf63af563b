"""The time between two frames: work for whoever comes is done then, so that no frame pays for it."""

from __future__ import annotations

from collections.abc import Callable

LONGEST_S = 0.1
"""Where frames follow each other without a pause, nobody waits for one any longer than this."""


class Interlude:
    """Times are of a monotonic clock. Before `follow` no frame is ever in hand."""

    def __init__(self, longest_s: float = LONGEST_S) -> None:
        self._longest_s = longest_s
        self._in_hand: Callable[[], bool] = lambda: False
        self._since_s: float | None = None

    def follow(self, in_hand: Callable[[], bool]) -> None:
        """Ask this from now on whether a frame is being walked."""
        self._in_hand = in_hand

    def is_awaited(self, now_s: float) -> bool:
        """Whether it is better to come back later."""
        if not self._in_hand():
            self._since_s = None
            return False
        if self._since_s is None:
            self._since_s = now_s
        return now_s - self._since_s < self._longest_s
