"""What somebody did between the goods and the door: when they were at goods, when at a till."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from agent.rules.spans import Span, Spans


@dataclass(slots=True)
class Errand:
    """One person's; `concealed_s` is when something last looked like concealing."""

    goods: Spans = field(default_factory=Spans)
    tills: Spans = field(default_factory=Spans)
    concealed_s: float = -math.inf

    def unpaid(self, least_s: float) -> Span | None:
        """The last time at the goods, for at least so long, if there was none at a till since."""
        last = next((span for span in reversed([*self.goods]) if span[1] - span[0] >= least_s), None)
        return None if last is None or self.tills.touch(math.nextafter(last[1], math.inf), math.inf) else last

    @property
    def concealed(self) -> bool:
        """Whether something looked like concealing since they were last at a till before the goods."""
        return self.concealed_s > max((end_s for _, end_s in self.tills), default=-math.inf)

    @property
    def last_s(self) -> float:
        """When they were last at either."""
        return max((end_s for spans in (self.goods, self.tills) for _, end_s in spans), default=-math.inf)

    def join(self, later: Errand) -> None:
        """Take in what somebody did who is now said to be the same."""
        self.goods.join(later.goods)
        self.tills.join(later.tills)
        self.concealed_s = max(self.concealed_s, later.concealed_s)

    def then(self, other: Errand, since_s: float) -> Errand:
        """This errand up to a moment, the other one from then on."""
        moments = [s for s in (self.concealed_s,) if s <= since_s] + [s for s in (other.concealed_s,) if s > since_s]
        goods, tills = self.goods.then(other.goods, since_s), self.tills.then(other.tills, since_s)
        return Errand(goods, tills, max(moments, default=-math.inf))
