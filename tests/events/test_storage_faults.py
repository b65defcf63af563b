"""A journal on storage that lies, breaks, fills up or turns read-only."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.domain import Event, Severity
from agent.errors import JournalError
from agent.events.journal import Journal, JournalLimits, Position, Slice
from agent.events.wire import EventBody, HealthBody
from hal.system import SystemClock
from tests.faults.disks import small_disk_at

LIMITS = JournalLimits(group_s=0.01, retry_s=0.05, cursor_s=0.01)


def alarm(number: int) -> Event:
    return Event("restricted", float(number), Severity.WARNING, {"n": number, "text": "x" * 200})


def numbers(part: Slice) -> list[int]:
    bodies = (record.body for record in part.records)
    return [int(str(body.data["n"])) for body in bodies if isinstance(body, EventBody) and "n" in body.data]


def kinds(part: Slice) -> list[str]:
    return [
        body.what if isinstance(body, HealthBody) else getattr(body, "kind", "")
        for body in (r.body for r in part.records)
    ]


async def filled(path: Path, count: int) -> str:
    """A closed journal with `count` alarms; its epoch."""
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        for n in range(count):
            await journal.append(alarm(n))
        return journal.head.epoch


async def everything(path: Path) -> tuple[Slice, Journal]:
    journal = await Journal.open(path, SystemClock(), LIMITS)
    return await journal.read(Position("", 0), limit=10_000), journal


async def test_a_file_that_is_no_database_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    path.write_bytes(b"these are not the pages you are looking for" * 100)
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        assert journal.head.durable
        assert kinds(await journal.read(Position("", 0))) == ["journal_replaced"]
        assert journal.stats().replaced == 1
    assert (tmp_path / "j.db.damaged").read_bytes().startswith(b"these are not")


async def test_what_can_be_read_of_a_damaged_file_is_salvaged(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    epoch = await filled(path, 400)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = os.urandom(4096)
    path.write_bytes(content)
    part, journal = await everything(path)
    await journal.close()
    assert part.epoch != epoch
    saved = numbers(part)
    assert 300 < len(saved) < 400
    assert saved == sorted(set(saved))
    origins = [(r.origin.epoch, r.origin.seq) for r in part.records if r.origin is not None]
    assert origins == [(epoch, n + 1) for n in saved]
    assert kinds(part)[-1] == "journal_replaced"


@pytest.mark.parametrize("seed", range(25))
async def test_any_damage_leaves_a_journal_that_works(tmp_path: Path, seed: int) -> None:
    """Bits flipped or the end cut off: every event that is read back is one that was written, and alarms work."""
    path, chance = tmp_path / "j.db", random.Random(seed)
    await filled(path, 60)
    content = bytearray(path.read_bytes())
    if seed % 3 == 0:
        del content[chance.randrange(len(content)) :]
    for _ in range(chance.randint(1, 20) if seed % 3 else 0):
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)
    part, journal = await everything(path)
    async with journal:
        place = await journal.append(alarm(1000))
        assert place is not None
        assert numbers(await journal.read(Position(place.epoch, place.seq - 1))) == [1000]
        assert journal.head.durable
    saved = numbers(part)
    assert set(saved) <= set(range(60))
    assert len(saved) == len(set(saved))


async def test_damage_found_while_running_is_survived(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    await filled(path, 300)
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        with path.open("r+b") as file:
            file.seek(4096 * 3)
            file.write(os.urandom(4096 * 12))
        await journal.read(Position(journal.head.epoch, 0), limit=10_000)
        place = await journal.append(alarm(1000))
        assert place is not None
        part = await journal.read(Position("", 0), limit=10_000)
        assert journal.head.durable
    assert numbers(part)[-1] == 1000


async def test_a_newer_schema_is_refused_with_a_hint(tmp_path: Path) -> None:
    await filled(tmp_path / "j.db", 1)
    with closing(sqlite3.connect(tmp_path / "j.db")) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="newer version"):
        await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS)


async def test_without_a_disk_the_journal_lives_in_ram_and_moves_when_there_is_one(tmp_path: Path) -> None:
    folder = tmp_path / "card"
    async with await Journal.open(folder / "j.db", SystemClock(), LIMITS) as journal:
        assert not journal.head.durable
        in_ram = await journal.append(alarm(1))
        assert in_ram is not None
        assert kinds(await journal.read(Position("", 0)))[0] == "StorageFailure"
        folder.mkdir()
        head = journal.head
        async with asyncio.timeout(10):
            while not head.durable:
                head = await journal.wait_for_new(Position(head.epoch, head.last_seq))
        await journal.append(alarm(2))
        part = await journal.read(Position("", 0))
    assert part.epoch == head.epoch != in_ram.epoch
    assert numbers(part) == [1, 2]
    origins = [(r.origin.epoch, r.origin.seq) for r in part.records if r.origin is not None]
    assert in_ram in origins
    assert kinds(part) == ["StorageFailure", "restricted", "StorageFailure", "restricted"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk_at(tmp_path / "disk") as disk:
        yield disk


async def remount(disk: Path, how: str) -> None:
    process = await asyncio.create_subprocess_exec("mount", "-o", f"remount,{how}", str(disk))
    assert await process.wait() == 0


async def until_durable(journal: Journal, durable: bool) -> None:
    async with asyncio.timeout(20):
        while journal.head.durable is not durable:
            head = journal.head
            if head.durable is not durable:
                await journal.wait_for_new(Position(head.epoch, head.last_seq))


async def test_a_full_disk_loses_nothing_and_is_left_again(small_disk: Path) -> None:
    async with await Journal.open(small_disk / "j.db", SystemClock(), LIMITS) as journal:
        await journal.append(alarm(0))
        (small_disk / "clip.mp4").write_bytes(bytes(700 * 1024))
        n = 0
        while journal.head.durable:
            n += 1
            assert await journal.append(alarm(n)) is not None
        await journal.append(alarm(n + 1))
        assert journal.stats().disk_failures >= 1
        (small_disk / "clip.mp4").unlink()
        await until_durable(journal, True)
        await journal.append(alarm(n + 2))
        part = await journal.read(Position("", 0), limit=10_000)
    assert numbers(part) == list(range(n + 3))
    assert "StorageFailure" in kinds(part)


async def test_a_disk_that_turns_read_only_is_survived(small_disk: Path) -> None:
    async with await Journal.open(small_disk / "j.db", SystemClock(), LIMITS) as journal:
        await journal.append(alarm(0))
        await journal.keep("rules", b"before")
    await remount(small_disk, "ro")
    async with await Journal.open(small_disk / "j.db", SystemClock(), LIMITS) as journal:
        await journal.append(alarm(1))
        assert not journal.head.durable
        await remount(small_disk, "rw")
        await until_durable(journal, True)
        part = await journal.read(Position("", 0))
        assert await journal.kept("rules") == b"before"
    assert numbers(part) == [0, 1]
