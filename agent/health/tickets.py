"""Which forecasts ask for action: a ticket is opened when an end is near, and closed when it no longer is; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from agent.health.forecast import Forecast, is_due

GONE_DAYS = 5
"""A forecast that fails to come for fewer days is still believed."""
ASKED_DAYS = 3
"""An end must be near for so many days before it is believed."""


class Tickets:
    """The forecasts of one camera, looked at once a day; `asked` are the days since when an end has been near."""

    def __init__(self) -> None:
        self.told: dict[str, Forecast] = {}
        self.asked: dict[str, int] = {}

    def update(self, day: int, found: Mapping[str, Forecast | None]) -> list[tuple[Forecast, bool]]:
        """Take what was found on `day`; what has changed: what was not known or has become due (true), or is over."""
        changes: list[tuple[Forecast, bool]] = []
        for metric, forecast in found.items():
            before = self.told.get(metric)
            if forecast is not None:
                now = self.told[metric] = replace(forecast, due=self._due(forecast, before))
                changes += [(now, True)] if before is None or before.due != now.due else []
            elif before is not None and day - before.day >= GONE_DAYS:
                changes.append((self.forget(metric) or before, False))
        return changes

    def forget(self, metric: str) -> Forecast | None:
        """A service, or the lack of a trend, ends what was told of a metric."""
        self.asked.pop(metric, None)
        return self.told.pop(metric, None)

    def _due(self, forecast: Forecast, before: Forecast | None) -> bool:
        due_before = before is not None and before.due
        if not is_due(forecast, due_before):
            self.asked.pop(forecast.metric, None)
            return False
        since = self.asked.setdefault(forecast.metric, forecast.day)
        return due_before or forecast.day - since >= ASKED_DAYS - 1
