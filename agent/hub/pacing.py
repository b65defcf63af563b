"""How fast a hub may speak: whatever comes too soon waits with it, unread, and so does what comes behind it.

Commands and fetches have a pace, and all messages together a wider one, in which long ones count more. Both are the
hub's, over all its links one after the other: to hang up and come again makes nobody faster.
"""

from __future__ import annotations

from agent.hub.bucket import Bucket, Buckets, Rate

ASKS = Rate(per_s=20.0, at_once=40)
"""Commands and fetches."""
MESSAGES = Rate(per_s=200.0, at_once=400)
"""Messages of any kind: enough to take a clip at 50 Mbit/s, part by part."""
BYTES_EACH = 1024
"""A message counts once, and once more for each of these."""


class Pacing:
    """Shared by all links of a camera. `slowed` is how many messages had to wait, since the start."""

    def __init__(self, asks: Rate = ASKS, messages: Rate = MESSAGES) -> None:
        self._asks = Buckets(asks)
        self._messages = Buckets(messages)
        self.slowed = 0

    def message_s(self, hub: str, size: int, now_s: float) -> float:
        """A message of so many bytes has come: after how many seconds it may be looked at."""
        return self._claimed(self._messages.of(hub), now_s, 1.0 + size // BYTES_EACH)

    def ask_s(self, hub: str, now_s: float) -> float:
        """It is a command or a fetch: after how many seconds it may be done."""
        return self._claimed(self._asks.of(hub), now_s, 1.0)

    def _claimed(self, bucket: Bucket, now_s: float, tokens: float) -> float:
        wait_s = bucket.wait_s(now_s)
        bucket.take(now_s, tokens)
        self.slowed += wait_s > 0.0
        return wait_s
