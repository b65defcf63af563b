"""Times for pictures whose stamps are missing, repeated, jumping or late."""

from __future__ import annotations


class VideoTime:
    """Times within a video, from 0 and strictly rising whatever the presentation stamps do."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._offset_s: float | None = None
        self._last_s = float("-inf")

    def place(self, stamp_s: float | None) -> float:
        """The time of the next picture; one without a stamp, or stamped in the past, follows after one step."""
        t_s = self._shifted(stamp_s)
        if t_s is None or t_s <= self._last_s:
            t_s = max(0.0, self._last_s + self._step_s)
            if stamp_s is not None:
                self._offset_s = t_s - stamp_s
        self._last_s = t_s
        return t_s

    def _shifted(self, stamp_s: float | None) -> float | None:
        if stamp_s is None or self._offset_s is None:
            return None
        return stamp_s + self._offset_s


class ArrivalTime:
    """Maps a stream's stamps to the monotonic clock, without the jitter of the network.

    The least delayed arrival tells how the two clocks relate; a slow drift and a jump of either are followed.
    """

    _DRIFT = 0.01
    _JUMP_S = 1.0

    def __init__(self) -> None:
        self._offset_s: float | None = None
        self._last_s = float("-inf")

    def place(self, stamp_s: float | None, arrival_s: float) -> float:
        """The monotonic time of exposure: strictly rising, and after the arrival by no more than that demands."""
        t_s = arrival_s if stamp_s is None else stamp_s + self._follow(arrival_s - stamp_s)
        self._last_s = max(t_s, self._last_s + 1e-6)
        return self._last_s

    def _follow(self, seen_s: float) -> float:
        offset_s = self._offset_s
        if offset_s is None or seen_s < offset_s or seen_s - offset_s > self._JUMP_S:
            offset_s = seen_s
        self._offset_s = offset_s + (seen_s - offset_s) * self._DRIFT
        return self._offset_s
