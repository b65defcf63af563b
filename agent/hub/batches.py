"""Cuts a part of the journal into messages that stay within every limit of the link."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from agent.events.journal import Slice
from agent.events.scan import MESSAGE_LIMITS
from agent.events.wire import Batch, Gap, Record, record_items

BATCH_BYTES = MESSAGE_LIMITS.size // 2
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

    def fits(self, size: int, items: int, most_bytes: int) -> bool:
        empty = not (self.records or self.gaps)
        return empty or (self.size + size <= most_bytes and self.items + items <= _BATCH_ITEMS)

    def add(self, entry: Record | Gap, size: int, items: int) -> None:
        if isinstance(entry, Gap):
            self.gaps.append(entry)
            self.through = entry.last
        else:
            self.records.append(entry)
            self.through = entry.seq
        self.size += size
        self.items += items


def batches(device: str, part: Slice, most_bytes: Callable[[], int]) -> Iterator[tuple[Batch, int]]:
    """Messages that together say what became of every number of `part`, in order, each with about how long it is.

    One is no longer than `most_bytes` says when it is made, unless a single record is.
    """
    filling = _Filling(part.after, part.after)
    entries = _in_order(part)
    for entry in entries:
        size, items = (_GAP_BYTES, _GAP_ITEMS) if isinstance(entry, Gap) else record_items(entry)
        if not filling.fits(size, items, min(BATCH_BYTES, most_bytes())):
            yield _batch(device, part.epoch, filling), filling.size
            filling = _Filling(filling.through, filling.through)
        filling.add(entry, size, items)
    if entries:
        yield _batch(device, part.epoch, filling), filling.size


def _in_order(part: Slice) -> list[Record | Gap]:
    entries: list[Record | Gap] = list(part.records)
    entries.extend(part.gaps)
    return sorted(entries, key=lambda entry: entry.first if isinstance(entry, Gap) else entry.seq)


def _batch(device: str, epoch: str, filling: _Filling) -> Batch:
    return Batch(device, epoch, filling.after, filling.through, filling.records, filling.gaps)
