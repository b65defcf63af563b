"""How much of an attachment may be under way: little enough that an event behind it does not wait. Pure."""

from __future__ import annotations

from agent.events.pieces import PART_BYTES

AIM_S = 0.25
"""How long bytes may be under way until the hub has taken them; what is sent behind them waits as long."""
LEAST = 4 * 1024


class Pace:
    """A window that grows while the hub takes what it gets at once, and halves when that takes longer than the aim.

    It grows fast until it has met the aim once, slowly then.

    The queue is kept short where it arises, whichever buffer that is (compare LEDBAT, RFC 6817): the delay is measured
    from a part's sending until the hub says that it is on its disk.
    """

    def __init__(self, most: int, sent: int = 0) -> None:
        self._most = most
        self._window = min(most, 2 * PART_BYTES)
        self._sent = self._taken = sent
        self._step = PART_BYTES // 2
        self._under_way: list[tuple[int, float]] = []

    @property
    def window(self) -> int:
        """Bytes that may be under way now."""
        return self._window

    @property
    def sent_bytes(self) -> int:
        """Up to which byte it was sent."""
        return self._sent

    def room(self) -> int:
        """Bytes that may be sent now, in one part."""
        part = min(PART_BYTES, max(LEAST, self._window // 2))
        return min(part, max(0, self._window - (self._sent - self._taken)))

    def sent(self, length: int, now_s: float) -> None:
        """A part of that length goes out."""
        self._sent += length
        self._under_way.append((self._sent, now_s))

    def taken(self, through: int, now_s: float) -> bool:
        """The hub has everything up to there; false for what was never sent."""
        if through > self._sent:
            return False
        self._taken = max(self._taken, through)
        while self._under_way and self._under_way[0][0] <= self._taken:
            _, since_s = self._under_way.pop(0)
            self._adapt(now_s - since_s)
        return True

    def _adapt(self, delay_s: float) -> None:
        if delay_s > AIM_S:
            self._window = max(LEAST, self._window // 2)
            self._step = LEAST // 4
        else:
            self._window = min(self._most, self._window + self._step)
