"""The journal on a real SQLite file."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.domain import Event, Incident, IncidentState, Severity
from agent.errors import JournalError, WireError
from agent.events.journal import Journal, JournalLimits, Position
from agent.events.wire import EventBody
from hal.system import SystemClock

LIMITS = JournalLimits(group_s=0.02, retry_s=0.05, cursor_s=0.02)


def telemetry(number: int = 0) -> Event:
    return Event("dwell", float(number), data={"n": number})


def alarm(number: int = 0) -> Event:
    return Event("restricted", float(number), Severity.WARNING, {"n": number})


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with await Journal.open(tmp_path / "journal.db", SystemClock(), LIMITS) as opened:
        yield opened


def numbers(records: object) -> list[object]:
    return [record.body.data["n"] for record in records if "n" in record.body.data]  # type: ignore[attr-defined]


async def test_numbers_rise_by_one_and_survive_a_restart(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        first = [await journal.append(alarm(n)) for n in range(3)]
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        after = await journal.append(telemetry(3))
        part = await journal.read(Position(journal.head.epoch, 0))
    assert [place.seq for place in first if place] == [1, 2, 3]
    assert after is not None
    assert after.seq == 4
    assert {place.epoch for place in (*first, after) if place} == {part.epoch}
    assert numbers(part.records) == [0, 1, 2, 3]
    assert part.gaps == []
    assert part.through == 4


async def test_telemetry_shares_a_commit_and_an_alarm_has_its_own(tmp_path: Path) -> None:
    patient = JournalLimits(group_s=60.0)
    async with await Journal.open(tmp_path / "j.db", SystemClock(), patient) as journal:
        waiting = [journal.append_nowait(telemetry(n)) for n in range(50)]
        await journal.append(alarm(50))
        assert all(future.done() for future in waiting)
        assert journal.stats().commits == 2
        await asyncio.gather(journal.append(alarm(51)), journal.append(alarm(52)))
        assert journal.stats().commits == 4
        part = await journal.read(Position(journal.head.epoch, 0))
    assert numbers(part.records) == list(range(53))


async def test_telemetry_does_not_wait_for_company_for_ever(journal: Journal) -> None:
    assert await journal.append(telemetry()) == (journal.head.epoch, 1)


async def test_events_from_many_threads_are_all_numbered(journal: Journal) -> None:
    def work(base: int) -> None:
        for n in range(100):
            journal.append_nowait(telemetry(base + n))

    threads = [threading.Thread(target=work, args=(100 * index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        await asyncio.to_thread(thread.join)
    await journal.append(alarm(400))
    part = await journal.read(Position(journal.head.epoch, 0), limit=1000)
    assert sorted(int(str(n)) for n in numbers(part.records)) == list(range(401))
    assert [record.seq for record in part.records] == list(range(1, 402))


async def test_an_event_no_hub_could_read_is_refused_at_the_door(journal: Journal) -> None:
    with pytest.raises(WireError):
        await journal.append(Event("bad", 0.0, data={"score": float("nan")}))
    assert journal.head.last_seq == 0


async def test_cursors_are_kept_and_never_move_back(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        for n in range(5):
            await journal.append(alarm(n))
        epoch = journal.head.epoch
        journal.acknowledge("hub-a", Position(epoch, 4))
        journal.acknowledge("hub-a", Position(epoch, 2))
        journal.acknowledge("hub-b", Position(epoch, 99))
        journal.acknowledge("mqtt", Position("0" * 16, 3))
    async with await Journal.open(path, SystemClock(), LIMITS) as journal:
        assert journal.cursor("hub-a") == (epoch, 4)
        assert journal.cursor("hub-b") == (epoch, 5)
        assert journal.cursor("mqtt") == (epoch, 0)


async def test_a_waiting_consumer_is_woken(journal: Journal) -> None:
    waiting = asyncio.create_task(journal.wait_for_new(Position(journal.head.epoch, 0)))
    await asyncio.sleep(0)
    assert not waiting.done()
    await journal.append(alarm())
    assert (await waiting).last_seq == 1


async def test_a_full_journal_evicts_telemetry_first_and_says_what_is_missing(tmp_path: Path) -> None:
    limits = JournalLimits(max_events=100, group_s=0.001)
    async with await Journal.open(tmp_path / "j.db", SystemClock(), limits) as journal:
        for n in range(150):
            await journal.append(alarm(n) if n % 10 == 0 else telemetry(n))
        part = await journal.read(Position(journal.head.epoch, 0), limit=1000)
    kept = {record.seq for record in part.records}
    missing = {seq for gap in part.gaps for seq in range(gap.first, gap.last + 1)}
    assert kept | missing == set(range(1, 151))
    assert not kept & missing
    assert len(kept) <= 100
    assert {n + 1 for n in range(0, 150, 10)} <= kept


async def test_when_only_alarms_are_left_the_oldest_goes(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), JournalLimits(max_events=10)) as journal:
        for n in range(15):
            await journal.append(alarm(n))
        part = await journal.read(Position(journal.head.epoch, 0))
    assert numbers(part.records) == list(range(5, 15))
    assert [(gap.first, gap.last) for gap in part.gaps] == [(1, 5)]


async def test_a_full_queue_drops_telemetry_and_leaves_a_gap_record(tmp_path: Path) -> None:
    limits = JournalLimits(max_pending=10, group_rows=1000, group_s=30.0)
    async with await Journal.open(tmp_path / "j.db", SystemClock(), limits) as journal:
        futures = [journal.append_nowait(telemetry(n)) for n in range(15)]
        await journal.append(alarm(15))
        part = await journal.read(Position(journal.head.epoch, 0))
    assert [n for n, future in enumerate(futures) if future.result() is None] == [0, *range(10, 15)]
    gap = part.records[0].body
    assert isinstance(gap, EventBody)
    assert gap.kind == "gap"
    assert gap.data == {"reason": "queue_full", "dropped": 6, "alarms": 0}
    assert numbers(part.records) == [*range(1, 10), 15]


async def test_incidents_count_as_alarms(journal: Journal) -> None:
    incident = Incident("i-1", "loitering", "spirits", IncidentState.OPEN, Severity.INFO, 3.0, 1.0, (4,), "spirits")
    place = await journal.append(incident)
    assert place == (journal.head.epoch, 1)


async def test_small_values_are_kept(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        await journal.keep("rules", b"one")
        await journal.keep("rules", b"two")
    async with await Journal.open(tmp_path / "j.db", SystemClock(), LIMITS) as journal:
        assert await journal.kept("rules") == b"two"
        assert await journal.kept("other") is None


async def test_close_writes_what_waits_and_leaves_no_thread(tmp_path: Path) -> None:
    journal = await Journal.open(tmp_path / "j.db", SystemClock(), JournalLimits(group_s=60.0))
    future = journal.append_nowait(telemetry())
    await journal.close()
    await journal.close()
    assert future.result() == (journal.head.epoch, 1)
    assert not [thread for thread in threading.enumerate() if thread.name == "journal"]
    with pytest.raises(JournalError, match="closed"):
        journal.append_nowait(telemetry())


async def test_two_processes_cannot_share_a_journal(journal: Journal, tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="in use"):
        await Journal.open(tmp_path / "journal.db", SystemClock(), LIMITS)


async def test_a_renewed_epoch_starts_a_new_count_of_trust(journal: Journal) -> None:
    for n in range(3):
        await journal.append(alarm(n))
    old = journal.head.epoch
    journal.acknowledge("hub", Position(old, 2))
    await journal.append(alarm(3))
    await journal.renew_epoch("hub is ahead")
    part = await journal.read(Position(old, 4))
    assert part.epoch == journal.head.epoch != old
    assert [record.origin is not None for record in part.records] == [True, True, False, False, False]
    assert part.records[0].origin is not None
    assert (part.records[0].origin.epoch, part.records[0].origin.seq) == (old, 1)
