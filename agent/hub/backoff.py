"""How long whoever keeps a connection waits before the next try."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Doubling with each failure in a row, with jitter so that a shop's cameras do not march in step."""

    first_s: float = 0.25
    most_s: float = 15.0

    def pause_s(self, failures: int) -> float:
        """Seconds; for 0 at most `first_s`, doubled with each further one."""
        return float(min(self.most_s, self.first_s * 2 ** min(failures, 16)) * random.uniform(0.5, 1.0))
