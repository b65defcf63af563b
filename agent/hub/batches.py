"""Cuts a part of the journal into messages that stay within every limit of the link."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from agent.events.journal import Slice
from agent.events.scan import MESSAGE_LIMITS
from agent.events.wire import Batch, Gap, Record, record_items

_BATCH_BYTES = MESSAGE_LIMITS.size // 2
_BATCH_ITEMS = MESSAGE_LIMITS.items - 64  # room for the batch's own fields
_GAP_ITEMS = 5
_GAP_BYTES = 32


@dataclass(slots=True)
class _Filling:
    after: int
    through: int
    records: list[Record] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    size: int = 0
    items: int = 0

    def fits(self, size: int, items: int) -> bool:
        empty = not (self.records or self.gaps)
        return empty or (self.size + size <= _BATCH_BYTES and self.items + items <= _BATCH_ITEMS)

    def add(self, entry: Record | Gap, size: int, items: int) -> None:
        if isinstance(entry, Gap):
            self.gaps.append(entry)
            self.through = entry.last
        else:
            self.records.append(entry)
            self.through = entry.seq
        self.size += size
        self.items += items


def batches(device: str, part: Slice) -> Iterator[Batch]:
    """Messages that together say what became of every number of `part`, in order."""
    filling = _Filling(part.after, part.after)
    entries = _in_order(part)
    for entry in entries:
        size, items = (_GAP_BYTES, _GAP_ITEMS) if isinstance(entry, Gap) else record_items(entry)
        if not filling.fits(size, items):
            yield _batch(device, part.epoch, filling)
            filling = _Filling(filling.through, filling.through)
        filling.add(entry, size, items)
    if entries:
        yield _batch(device, part.epoch, filling)


def _in_order(part: Slice) -> list[Record | Gap]:
    entries: list[Record | Gap] = list(part.records)
    entries.extend(part.gaps)
    return sorted(entries, key=lambda entry: entry.first if isinstance(entry, Gap) else entry.seq)


def _batch(device: str, epoch: str, filling: _Filling) -> Batch:
    return Batch(device, epoch, filling.after, filling.through, filling.records, filling.gaps)
