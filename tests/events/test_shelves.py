"""What other parts file in the journal's database: found by time, replaced by key, and saved from damage."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from agent.domain import Event, Severity
from agent.events.journal import Filed, Journal, JournalLimits
from hal.system import SystemClock
from tests.faults.disks import small_disk_at

LIMITS = JournalLimits(group_s=0.01, retry_s=0.05, cursor_s=0.01)


def records(count: int, size: int = 100) -> list[Filed]:
    return [Filed(f"k{n:04d}", float(n), bytes([n % 256]) * size) for n in range(count)]


async def until_durable(journal: Journal, durable: bool) -> None:
    async with asyncio.timeout(20):
        while journal.head.durable is not durable:  # noqa: ASYNC110  a disk sends no event
            await asyncio.sleep(0.01)


async def test_records_are_found_by_time_newest_first_cut_and_outlive_the_journal(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        await journal.file("a", records(10), {"through": b"7"})
        await journal.file("b", records(1))
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        assert await journal.filed("a") == records(10)
        assert [record.key for record in await journal.filed("a", 2.0, 8.0, limit=3)] == ["k0005", "k0006", "k0007"]
        assert await journal.kept("through") == b"7"
        assert await journal.filed("nothing") == []


async def test_a_record_under_the_same_key_is_replaced(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        await journal.file("a", records(2))
        await journal.file("a", [Filed("k0001", 9.0, b"new")])
        assert await journal.filed("a") == [records(1)[0], Filed("k0001", 9.0, b"new")]


async def test_a_whole_number_is_a_time_too(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        await journal.file("a", [Filed("k", 7, b"value")])
        assert await journal.filed("a") == [Filed("k", 7.0, b"value")]


async def test_trimming_removes_the_older_ones_of_one_shelf(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        await journal.file("a", records(10))
        await journal.file("b", records(10))
        assert await journal.trim("a", 6.0) == 6
        assert [record.key for record in await journal.filed("a")] == ["k0006", "k0007", "k0008", "k0009"]
        assert len(await journal.filed("b")) == 10


async def test_a_journal_of_the_first_schema_gets_the_shelves(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        await journal.append(Event("x", 1.0, Severity.WARNING))
    with closing(sqlite3.connect(path)) as base:
        base.executescript(
            "DROP TABLE filed; ALTER TABLE cursors DROP COLUMN crc; ALTER TABLE state DROP COLUMN crc;"
            "PRAGMA user_version = 1;"
        )
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        assert journal.head.last_seq == 1
        await journal.file("a", records(1))
        assert await journal.filed("a") == records(1)


@pytest.mark.parametrize("seed", range(3))
async def test_what_can_be_read_of_damaged_shelves_is_saved(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "j.db"
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        await journal.file("a", records(400, size=300))
    content = bytearray(path.read_bytes())
    middle = len(content) // 4096 * (seed + 1) // 5 * 4096
    content[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(content)
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        saved = await journal.filed("a")
        assert journal.stats().replaced == 1
    assert len(saved) > 100
    assert set(saved) <= set(records(400, size=300))


async def test_what_is_filed_while_the_disk_fails_is_brought_over(tmp_path: Path) -> None:
    with small_disk_at(tmp_path / "disk") as disk:
        async with await Journal.open(disk / "j.db", SystemClock(), LIMITS) as journal:
            await journal.file("a", records(3))
            (disk / "clip.mp4").write_bytes(bytes(900 * 1024))
            await journal.file("a", [Filed("k0001", 50.0, b"while it failed" * 20_000)], {"through": b"8"})
            await until_durable(journal, False)
            (disk / "clip.mp4").unlink()
            await until_durable(journal, True)
            found = {record.key: record.value for record in await journal.filed("a")}
            assert await journal.kept("through") == b"8"
        assert found == {"k0000": b"\x00" * 100, "k0001": b"while it failed" * 20_000, "k0002": b"\x02" * 100}
