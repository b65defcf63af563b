"""Journal records for tests of review."""

from __future__ import annotations

from dataclasses import dataclass, field

from agent.domain import Event, HealthSample, Incident, IncidentState, Json, Severity
from agent.events.wire import Item, Record, body_of


@dataclass
class Tape:
    """Numbers records and gives each its time."""

    boot: str = "boot-1"
    utc_s: float = 1_800_000_000.0
    seq: int = 0
    records: list[Record] = field(default_factory=list)

    def add(self, item: Item, at_s: float | None = None) -> Record:
        """The item as the next record, at that time."""
        self.seq += 1
        self.utc_s = self.utc_s + 1 if at_s is None else at_s
        record = Record(self.seq, self.utc_s, True, self.boot, float(self.seq), body_of(item))
        self.records.append(record)
        return record

    def said(self, kind: str, at_s: float | None = None, **data: Json) -> Record:
        """An event."""
        return self.add(Event(kind, float(self.seq), data=data), at_s)

    def felt(self, sample: HealthSample) -> Record:
        """A health finding."""
        return self.add(sample)


def incident(
    number: int = 1,
    state: IncidentState = IncidentState.OPEN,
    severity: Severity = Severity.WARNING,
    rule: str = "loitering-spirits",
    t_s: float = 30.0,
    **factors: Json,
) -> Incident:
    """An incident of loitering."""
    return Incident(
        f"i-{number:05d}", "loitering", rule, state, severity, t_s, 30.0, (number,), "spirits", factors=factors
    )
