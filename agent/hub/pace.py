"""How much may be under way: little enough that what comes behind it does not wait, on whatever link. Pure."""

from __future__ import annotations

from collections.abc import Callable

from agent.events.pieces import PART_BYTES

AIM_S = 0.25
"""How long bytes may be under way until the hub has taken them; what is sent behind them waits as long."""
LEAST = 4 * 1024
_MOST_PINGS = 8


class Pace:
    """A window that grows while the hub takes what it gets at once, and halves when that takes longer than the aim.

    It grows fast until it has met the aim once, slowly then.

    The queue is kept short where it arises, whichever buffer that is (compare LEDBAT, RFC 6817): the delay is measured
    from a part's sending until the hub says that it is on its disk, less `base_s`, the way there and back of a link on
    which nothing waits.
    """

    def __init__(
        self,
        most: int,
        sent: int = 0,
        *,
        first: int = 2 * PART_BYTES,
        aim_s: float = AIM_S,
        base_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._most = most
        self._aim_s = aim_s
        self._base_s = base_s
        self._window = min(most, first)
        self._sent = self._taken = sent
        self._step = PART_BYTES // 2
        self._under_way: list[tuple[int, float]] = []

    @property
    def window(self) -> int:
        """Bytes that may be under way now."""
        return self._window

    @property
    def under_way(self) -> int:
        """Bytes that are under way."""
        return self._sent - self._taken

    @property
    def sent_bytes(self) -> int:
        """Up to which byte it was sent."""
        return self._sent

    def room(self) -> int:
        """Bytes that may be sent now, in one part."""
        part = min(PART_BYTES, max(LEAST, self._window // 2))
        return min(part, max(0, self._window - self.under_way))

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
        if delay_s - self._base_s() > self._aim_s:
            self._window = max(LEAST, self._window // 2)
            self._step = LEAST // 4
        else:
            self._window = min(self._most, self._window + self._step)


class RoundTrip:
    """The shortest way there and back of a link, by its pings; 0 while none was answered."""

    def __init__(self) -> None:
        self._sent: dict[int, float] = {}
        self.least_s = 0.0

    def pinged(self, number: int, now_s: float) -> None:
        """A ping goes out; of those that are never answered only the newest are remembered."""
        self._sent[number] = now_s
        while len(self._sent) > _MOST_PINGS:
            del self._sent[next(iter(self._sent))]

    def ponged(self, number: int, now_s: float) -> None:
        """It was answered."""
        if (sent_s := self._sent.pop(number, None)) is not None:
            took_s = now_s - sent_s
            self.least_s = min(self.least_s or took_s, took_s)
