"""A weekend, and a week, without the hub: everything arrives in order with true times, and what did not is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from agent.beside import beside
from agent.domain import Event, Severity
from agent.events.journal import Journal, JournalLimits
from agent.events.wire import EventBody
from agent.hub.backoff import Backoff
from agent.hub.identity import Identity
from agent.hub.ledger import Entry, Ledger
from agent.hub.link import LinkServer, LinkSettings
from agent.hub.receiver import Hub
from agent.web.api import Facts, create_app, serving
from hal.simulated.clock import ManualClock
from hal.system import SystemClock

IDENTITY = Identity(id="cam0007", model="test", fw="0.1.0")
WEEK_S, START_UTC_S = 7 * 86_400.0, 1_767_225_600.0


@asynccontextmanager
async def linked(journal: Journal, ledger: Ledger) -> AsyncIterator[None]:
    """The hub is back while this lasts."""
    link = LinkServer(journal, IDENTITY, LinkSettings(close_s=0.2))
    async with serving(create_app(Facts(lambda: IDENTITY, dict, list), link), "127.0.0.1", 0) as running:
        hub = Hub(ledger, None, None, Backoff(0.01, 0.05))
        async with beside(hub.run([f"http://127.0.0.1:{running.port}/v1/link"], browse=False)):
            yield
        await link.close()


async def drained(journal: Journal, ledger: Ledger) -> None:
    """Wait until the hub has acknowledged all there is."""
    async with asyncio.timeout(60):
        while journal.cursor(ledger.hub_id).seq < journal.head.last_seq:  # noqa: ASYNC110  a cursor has no event
            await asyncio.sleep(0.01)


def telemetry(n: int, t_s: float) -> Event:
    return Event("dwell", t_s, data={"n": n})


def alarm(n: int, t_s: float) -> Event:
    return Event("restricted", t_s, Severity.WARNING, {"n": n})


def number(entry: Entry) -> int | None:
    data = entry.body.data if isinstance(entry.body, EventBody) else {}
    return int(str(data["n"])) if "n" in data else None


async def test_ten_thousand_events_are_drained_while_new_ones_come(tmp_path: Path) -> None:
    async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal:
        for n in range(10_000):
            done = journal.append_nowait(telemetry(n, float(n)))
            if n % 1000 == 999:
                await asyncio.wrap_future(done)
        with Ledger(tmp_path / "hub.db") as ledger:
            async with linked(journal, ledger):
                for n in range(10_000, 10_200):
                    await journal.append(alarm(n, float(n)))
                await drained(journal, ledger)
            entries = list(ledger.events())
            assert [number(entry) for entry in entries] == list(range(10_200))
            assert [entry.seq for entry in entries] == list(range(1, 10_201))
            assert ledger.gaps() == []


async def test_a_week_without_the_hub_arrives_in_order_with_true_times(tmp_path: Path) -> None:
    clock = ManualClock(50.0, utc_s=START_UTC_S)
    times: list[float] = []
    async with await Journal.open(tmp_path / "cam.db", clock, JournalLimits(group_s=0.0)) as journal:
        for n in range(2_016):  # one every five minutes
            clock.sleep(WEEK_S / 2_016)
            times.append(clock.wall().utc_s)
            await asyncio.wrap_future(journal.append_nowait((alarm if n % 7 == 0 else telemetry)(n, clock.monotonic())))
        with Ledger(tmp_path / "hub.db") as ledger:
            async with linked(journal, ledger):
                await drained(journal, ledger)
            entries = list(ledger.events())
    assert [number(entry) for entry in entries] == list(range(2_016))
    assert [entry.utc_s for entry in entries] == pytest.approx(times, abs=1e-3)
    assert all(entry.synchronised for entry in entries)


async def test_times_given_before_the_clock_was_set_arrive_true(tmp_path: Path) -> None:
    clock = ManualClock(5.0, utc_s=0.0, synchronised=False)
    async with await Journal.open(tmp_path / "cam.db", clock) as journal:
        for n in range(100):
            clock.sleep(3600.0)
            await journal.append(alarm(n, clock.monotonic()))
        clock.set_wall(START_UTC_S, synchronised=True)
        with Ledger(tmp_path / "hub.db") as ledger:
            async with linked(journal, ledger):
                await drained(journal, ledger)
            entries = list(ledger.events())
    expected = [START_UTC_S - (99 - n) * 3600.0 for n in range(100)]
    assert [entry.utc_s for entry in entries] == pytest.approx(expected, abs=1e-3)
    assert all(entry.synchronised for entry in entries)


async def test_a_hint_of_the_time_labels_and_is_never_called_synchronised(tmp_path: Path) -> None:
    clock = ManualClock(5.0, utc_s=0.0, synchronised=False)
    async with await Journal.open(tmp_path / "cam.db", clock) as journal:
        assert journal.hint_time(START_UTC_S) == START_UTC_S
        clock.sleep(60.0)
        await journal.append(alarm(0, clock.monotonic()))
        facts = journal.clock_facts()
        assert (facts.utc_s, facts.synchronised) == (60.0, False)
        with Ledger(tmp_path / "hub.db") as ledger:
            async with linked(journal, ledger):
                await drained(journal, ledger)
            (entry,) = ledger.events()
        assert (entry.utc_s, entry.synchronised) == (START_UTC_S + 60.0, False)
        clock.set_wall(START_UTC_S + 500.0, synchronised=True)
        clock.sleep(1.0)
        await journal.append(alarm(1, clock.monotonic()))
        with Ledger(tmp_path / "other.db") as ledger:
            async with linked(journal, ledger):
                await drained(journal, ledger)
            first, second = ledger.events()
    assert (first.utc_s, first.synchronised) == (START_UTC_S + 500.0, True)
    assert (second.utc_s, second.synchronised) == (START_UTC_S + 501.0, True)


@pytest.mark.parametrize("alarms_every", [1, 3, 10])
async def test_beyond_the_cap_gaps_say_exactly_what_is_missing(tmp_path: Path, alarms_every: int) -> None:
    clock, cap, count = ManualClock(0.0, utc_s=START_UTC_S), 200, 700
    limits = JournalLimits(max_events=cap, group_s=0.0)
    async with await Journal.open(tmp_path / "cam.db", clock, limits) as journal:
        for n in range(count):
            clock.sleep(WEEK_S / count)
            kind = alarm if n % alarms_every == 0 else telemetry
            await journal.append(kind(n, clock.monotonic()))
        with Ledger(tmp_path / "hub.db") as ledger:
            async with linked(journal, ledger):
                await drained(journal, ledger)
            entries, gaps = list(ledger.events()), ledger.gaps()
    kept = [entry.seq for entry in entries]
    missing = [seq for _, _, first, last in gaps for seq in range(first, last + 1)]
    assert sorted(kept + missing) == list(range(1, count + 1))
    assert [number(entry) for entry in entries] == [seq - 1 for seq in kept]
    assert cap * 0.98 <= len(kept) <= cap
    alarms = {n + 1 for n in range(0, count, alarms_every)}
    if len(alarms) <= cap * 0.98:
        assert alarms <= set(kept)
    else:
        assert set(kept) - alarms <= {count - 1, count}
        assert sorted(alarms & set(kept)) == sorted(alarms)[-len(alarms & set(kept)) :]


async def test_a_hub_that_comes_back_in_the_middle_gets_the_rest_once(tmp_path: Path) -> None:
    clock = ManualClock(0.0, utc_s=START_UTC_S)
    with Ledger(tmp_path / "hub.db") as ledger:
        async with await Journal.open(tmp_path / "cam.db", clock, JournalLimits(max_events=100)) as journal:
            for part in range(5):
                for n in range(part * 90, part * 90 + 90):
                    clock.sleep(60.0)
                    await journal.append(alarm(n, clock.monotonic()))
                async with linked(journal, ledger):
                    await drained(journal, ledger)
        assert [number(entry) for entry in ledger.events()] == list(range(450))
        assert ledger.gaps() == []
